package bounce

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"strings"
	"unicode"
)

// What a notification may cost us. Real ones have a handful of parts, and one
// recipient, or as many as shared a transaction.
const (
	maxDepth  = 4         // multiparts within multiparts
	maxParts  = 64        // of one multipart
	maxHeader = 256 << 10 // octets of a header block, and of the machine-readable part
	maxFields = 400       // of one block
	maxValue  = 4 << 10   // octets of one field
	maxPeople = 200       // recipients of one DSN
)

// field is one header field: its name in lower case, its value unfolded.
type field struct{ name, value string }

type fields []field

// get is the first field of that name: in a DSN a second one is an error of its
// author, and the first is what everybody reads.
func (f fields) get(name string) string {
	for _, one := range f {
		if one.name == name {
			return one.value
		}
	}
	return ""
}

func (f fields) has(name string) bool {
	for _, one := range f {
		if one.name == name {
			return true
		}
	}
	return false
}

// cutLine takes the first line off b, without its CRLF or LF. Mail is received
// with CRLF; a report that was stored and sent again may have lost it.
func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// cutBlock takes a block of header fields off b and the empty line after it
// (RFC 5322 §2.2). Lines that are no field are passed over, because a mail that
// cannot be read at all helps nobody.
func cutBlock(b []byte) (block fields, rest []byte) {
	read := 0
	for len(b) > 0 {
		var line []byte
		line, b = cutLine(b)
		if len(line) == 0 {
			break
		}
		if read += len(line); read > maxHeader || len(block) > maxFields {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			if n := len(block); n > 0 && len(block[n-1].value) < maxValue {
				block[n-1].value += " " + clean(line)
			}
			continue
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if ok {
			block = append(block, field{strings.ToLower(clean(name)), clean(value)})
		}
	}
	return block, b
}

// clean makes one line of what a stranger wrote: valid UTF-8 without control
// characters or space around it, at most maxValue octets.
func clean(line []byte) string {
	s := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, string(line[:min(len(line), maxValue)]))
	return strings.TrimSpace(s)
}

// contentType reads a Content-Type field: the media type in lower case, and
// parameters by lower-case name. It is lenient where mime.ParseMediaType gives
// up, such as on an unquoted boundary with a slash or an equals sign in it.
func contentType(value string) (media string, params map[string]string) {
	media, rest, _ := strings.Cut(value, ";")
	params = map[string]string{}
	for rest != "" {
		var name, text string
		if eq, semi := strings.IndexByte(rest, '='), strings.IndexByte(rest, ';'); eq < 0 || (semi >= 0 && semi < eq) {
			_, rest, _ = strings.Cut(rest, ";") // a parameter without value
			continue
		}
		name, rest, _ = strings.Cut(rest, "=")
		text, rest = parameter(strings.TrimLeft(rest, " "))
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := params[name]; !twice {
			params[name] = text
		}
	}
	return strings.ToLower(strings.TrimSpace(media)), params
}

// parameter reads a token or quoted-string up to the next semicolon.
func parameter(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		value, _, _ = strings.Cut(value, " ")
		return value, rest
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			_, rest, _ = strings.Cut(s[i:], ";")
			return b.String(), rest
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

// parts splits the body of a multipart at its boundary (RFC 2046 §5.1.1). A
// missing last delimiter ends the last part at the end of the mail: notifications
// are often cut.
func parts(body []byte, boundary string) [][]byte {
	if boundary == "" {
		return nil
	}
	var found [][]byte
	delimiter := []byte("--" + boundary)
	start := -1 // of the part under way
	for at := 0; at < len(body) && len(found) < maxParts; {
		line, rest := cutLine(body[at:])
		next := len(body) - len(rest)
		if bytes.HasPrefix(line, delimiter) {
			tail := bytes.TrimRight(line[len(delimiter):], " \t")
			last := bytes.Equal(tail, []byte("--"))
			if last || len(tail) == 0 {
				if start >= 0 {
					found = append(found, body[start:at])
				}
				if last {
					return found
				}
				start = next
			}
		}
		at = next
	}
	if start >= 0 && len(found) < maxParts {
		found = append(found, body[start:])
	}
	return found
}

// machinePart finds the message/delivery-status part of a mail, or its
// internationalized form (RFC 6533 §3), within multiparts but never within an
// attached message: that would be somebody else's notification.
func machinePart(head fields, body []byte, depth int) (status []byte, ok bool) {
	media, params := contentType(head.get("content-type"))
	switch {
	case media == "message/delivery-status" || media == "message/global-delivery-status":
		return decode(head.get("content-transfer-encoding"), body), true
	case strings.HasPrefix(media, "multipart/") && depth < maxDepth:
		for _, part := range parts(body, params["boundary"]) {
			inner, content := cutBlock(part)
			if status, ok := machinePart(inner, content, depth+1); ok {
				return status, true
			}
		}
	}
	return nil, false
}

// decode undoes a transfer encoding, up to maxHeader octets. RFC 3464 §2.1
// allows only 7bit; gateways do as they like.
func decode(encoding string, body []byte) []byte {
	var r io.Reader = bytes.NewReader(body)
	switch strings.ToLower(encoding) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	}
	// What precedes an encoding error is read as far as it goes.
	text, _ := io.ReadAll(io.LimitReader(r, maxHeader))
	return text
}
