package dkim

import (
	"bytes"
	"fmt"
	"strconv"
)

// fws is what folding white space is made of (RFC 6376 §2.8).
const fws = " \t\r\n"

// tag is one name=value of a tag list, with the place of the value in the text
// it was read from: the verifier cuts out exactly that of b=.
type tag struct {
	name, value string
	start, end  int // of the value with the white space around it
}

// parseTags reads a tag list (RFC 6376 §3.2). Names are case-sensitive, values
// keep the white space inside them, a name must not come twice, and a final
// semicolon is allowed.
func parseTags(text []byte) ([]tag, error) {
	var list []tag
	for pos := 0; pos <= len(text); {
		end := len(text)
		if n := bytes.IndexByte(text[pos:], ';'); n >= 0 {
			end = pos + n
		}
		spec := text[pos:end]
		last := end == len(text)
		if last && len(list) > 0 && len(bytes.Trim(spec, fws)) == 0 {
			break
		}
		eq := bytes.IndexByte(spec, '=')
		if eq < 0 {
			return list, fmt.Errorf("%s is not of the form tag=value", shorten(string(bytes.Trim(spec, fws))))
		}
		name := string(bytes.Trim(spec[:eq], fws))
		if !isTagName(name) {
			return list, fmt.Errorf("%s is not the name of a tag", shorten(name))
		}
		if _, twice := find(list, name); twice {
			return list, fmt.Errorf("the tag %s= comes twice", name)
		}
		if len(list) == maxTags {
			return list, fmt.Errorf("there are more than %d tags", maxTags)
		}
		value := string(bytes.Trim(spec[eq+1:], fws))
		list = append(list, tag{name: name, value: value, start: pos + eq + 1, end: end})
		pos = end + 1
	}
	return list, nil
}

// maxTags bounds a tag list. RFC 6376 defines fifteen tags; the rest is slack.
const maxTags = 64

func find(list []tag, name string) (tag, bool) {
	for _, t := range list {
		if t.name == name {
			return t, true
		}
	}
	return tag{}, false
}

// isTagName is ALPHA *(ALPHA / DIGIT / "_").
func isTagName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// unfold takes all white space out of a value.
func unfold(s string) string {
	clean := make([]byte, 0, len(s))
	for i := range len(s) {
		switch s[i] {
		case ' ', '\t', '\r', '\n':
		default:
			clean = append(clean, s[i])
		}
	}
	return string(clean)
}

// shorten quotes what strangers wrote and keeps it from filling a message.
func shorten(s string) string {
	const most = 40
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
