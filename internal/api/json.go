package api

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/myodai/myodai"
)

// maxDepth bounds the nesting of arrays and objects in a body (T73).
const maxDepth = 64

// unmarshal reads a body. huma reads every body twice: into an any, which it
// validates, and then into the operation's type. The first pass is held to our
// own rules, too.
func unmarshal(data []byte, v any) error {
	if _, first := v.(*any); first {
		if err := checkJSON(data); err != nil {
			return err
		}
	}
	if err := json.Unmarshal(data, v); err != nil {
		if refusal, ok := errors.AsType[*myodai.Error](err); ok {
			return errors.New(refusal.Message) // a type of ours could not read it, and says why
		}
		return errors.New("is not what this operation takes") // the real text names Go types and quotes values
	}
	return nil
}

// checkJSON refuses what JSON allows and two programs may read differently:
// invalid UTF-8 and lone surrogates, repeated names, and null, which some take
// for absent and some for empty; and what is nested too deeply (RFC 8259 §4,
// §8.2, §9).
func checkJSON(data []byte) error {
	switch {
	case !utf8.Valid(data):
		return errors.New("is not valid UTF-8")
	case !json.Valid(data):
		return malformed(data)
	}
	w := walker{data: data}
	return w.value(0, "")
}

// malformed says where the JSON stops being JSON, without quoting it.
func malformed(data []byte) error {
	var syntax *json.SyntaxError
	var v any
	if err := json.Unmarshal(data, &v); errors.As(err, &syntax) {
		before := string(data[:min(int(syntax.Offset), len(data))])
		line := strings.Count(before, "\n") + 1
		return errors.New("is not valid JSON: line " + strconv.Itoa(line) + ", octet " + strconv.FormatInt(syntax.Offset, 10))
	}
	return errors.New("is not valid JSON")
}

// walker goes through a text that is known to be valid JSON.
type walker struct {
	data []byte
	at   int
}

// value walks over one value; path is its JSON pointer.
func (w *walker) value(depth int, path string) error {
	w.space()
	switch w.data[w.at] {
	case '{', '[':
		if depth == maxDepth {
			return errors.New("is nested more than " + strconv.Itoa(maxDepth) + " levels deep")
		}
		return w.members(depth, path)
	case '"':
		_, err := w.text(path)
		return err
	case 'n':
		return errors.New("has null at " + shown(path) + "; leave the field out instead")
	}
	for w.at < len(w.data) && !strings.ContainsRune(",]} \t\r\n", rune(w.data[w.at])) {
		w.at++
	}
	return nil
}

// members walks over an object or an array.
func (w *walker) members(depth int, path string) error {
	object := w.data[w.at] == '{'
	names := map[string]bool{}
	w.at++
	for i := 0; ; i++ {
		w.space()
		if c := w.data[w.at]; c == '}' || c == ']' {
			w.at++
			return nil
		} else if c == ',' {
			w.at++
			w.space()
		}
		name := strconv.Itoa(i)
		if object {
			var err error
			if name, err = w.text(path); err != nil {
				return err
			}
			if names[name] {
				return errors.New("has a name twice in " + shown(path))
			}
			names[name] = true
			w.space()
			w.at++ // the colon
		}
		if err := w.value(depth+1, path+"/"+name); err != nil {
			return err
		}
	}
}

// text walks over a string and returns what it means.
func (w *walker) text(path string) (string, error) {
	from, escaped := w.at, false
	for w.at++; w.data[w.at] != '"'; w.at++ {
		if w.data[w.at] == '\\' {
			escaped = true
			w.at++
		}
	}
	w.at++
	quoted := w.data[from:w.at]
	if !escaped {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	if loneSurrogate(quoted) {
		return "", errors.New("has half a surrogate pair in " + shown(path))
	}
	var s string
	err := json.Unmarshal(quoted, &s)
	return s, err
}

// loneSurrogate reports whether a quoted string escapes one half of a UTF-16
// pair without the other. Go would silently put U+FFFD in its place.
func loneSurrogate(quoted []byte) bool {
	unit := func(i int) uint64 {
		if i+6 > len(quoted) || quoted[i] != '\\' || quoted[i+1] != 'u' {
			return 0
		}
		u, _ := strconv.ParseUint(string(quoted[i+2:i+6]), 16, 32) // valid JSON, so it is hexadecimal
		return u
	}
	for i := 0; i < len(quoted); i++ {
		if quoted[i] != '\\' {
			continue
		}
		switch u := unit(i); {
		case u >= 0xd800 && u < 0xdc00 && unit(i+6) >= 0xdc00 && unit(i+6) < 0xe000:
			i += 11
		case u >= 0xd800 && u < 0xe000:
			return true
		default:
			i++
		}
	}
	return false
}

func (w *walker) space() {
	for w.at < len(w.data) && strings.IndexByte(" \t\r\n", w.data[w.at]) >= 0 {
		w.at++
	}
}

// shown is a path for people, who may have made up very long names.
func shown(path string) string {
	if path == "" {
		return "the body itself"
	}
	return cut(path)
}
