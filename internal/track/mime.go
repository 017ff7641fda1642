package track

import (
	"bytes"
	"mime"
	"strings"
)

// isPlain reports whether the text stands in the message as it is.
func (l leaf) isPlain() bool {
	return l.encoding == "7bit" || l.encoding == "8bit" || l.encoding == "binary"
}

// maxDepth bounds how deep multiparts are followed.
const maxDepth = 16

// leaf is a text of a message that people read.
type leaf struct {
	header     int    // where its header begins in the message
	start, end int    // of its body, encoded, in the message
	html       bool   // plain text otherwise
	charset    string // as declared, "" for none
	encoding   string // 7bit, 8bit, quoted-printable or base64
}

// leaves lists the texts of a message, in order. Attachments, messages within
// messages, and everything that is signed or encrypted are none: a single octet
// changed there breaks the signature.
func leaves(message []byte) []leaf {
	return appendLeaves(nil, message, 0, len(message), 0)
}

// appendLeaves walks over the entity that message[start:end] is.
func appendLeaves(list []leaf, message []byte, start, end, depth int) []leaf {
	header, body := splitEntity(message[start:end])
	kind, params, ok := contentType(header)
	if !ok || depth > maxDepth {
		return list
	}
	from := end - len(body)
	encoding := strings.ToLower(strings.TrimSpace(headerValue(header, "Content-Transfer-Encoding")))
	switch {
	case kind == "multipart/signed" || kind == "multipart/encrypted":
		return list
	case strings.HasPrefix(kind, "multipart/"):
		for _, p := range parts(body, params["boundary"]) {
			list = appendLeaves(list, message, from+p[0], from+p[1], depth+1)
		}
		return list
	case kind != "text/html" && kind != "text/plain":
		return list
	}
	disposition, _, _ := strings.Cut(headerValue(header, "Content-Disposition"), ";")
	if strings.EqualFold(strings.TrimSpace(disposition), "attachment") {
		return list
	}
	if strings.EqualFold(params["delsp"], "yes") {
		return list // lines are broken within words, and so within URLs (RFC 3676 §4.2)
	}
	if encoding == "" {
		encoding = "7bit"
	}
	return append(list, leaf{header: start, start: from, end: end, html: kind == "text/html", charset: params["charset"], encoding: encoding})
}

// splitEntity cuts an entity at its first empty line.
func splitEntity(entity []byte) (header, body []byte) {
	if bytes.HasPrefix(entity, []byte("\r\n")) {
		return nil, entity[2:]
	}
	if i := bytes.Index(entity, []byte("\r\n\r\n")); i >= 0 {
		return entity[:i+2], entity[i+4:]
	}
	return entity, nil
}

// contentType reads the Content-Type of an entity, text/plain when it has none
// (RFC 2045 §5.2). It reports false for one that two readers might read in two
// ways: repeated, or not as the grammar has it.
func contentType(header []byte) (kind string, params map[string]string, ok bool) {
	value, n := headerField(header, "Content-Type")
	if n == 0 {
		return "text/plain", nil, true
	}
	kind, params, err := mime.ParseMediaType(value)
	return kind, params, err == nil && n == 1
}

func headerValue(header []byte, name string) string {
	value, _ := headerField(header, name)
	return value
}

// quotedHeader is the header of a text, the empty line after it included, once
// its body is quoted-printable.
func quotedHeader(header []byte) []byte {
	const name = "Content-Transfer-Encoding"
	var out []byte
	for rest := header; len(rest) > 0; {
		n := fieldLength(rest)
		if got, _, _ := bytes.Cut(rest[:n], []byte(":")); bytes.Equal(rest[:n], []byte("\r\n")) {
			out = append(out, name+": quoted-printable\r\n"...)
			out = append(out, rest...)
			return out
		} else if !strings.EqualFold(string(got), name) {
			out = append(out, rest[:n]...)
		}
		rest = rest[n:]
	}
	return out
}

// fieldLength is how long the first field of a header is, folding included.
func fieldLength(header []byte) int {
	end := 0
	for {
		i := bytes.Index(header[end:], []byte("\r\n"))
		if i < 0 {
			return len(header)
		}
		if end += i + 2; end >= len(header) || header[end] != ' ' && header[end] != '\t' {
			return end
		}
	}
}

// headerField is the first field of the given name on one line, and how many
// there are.
func headerField(header []byte, name string) (value string, n int) {
	for len(header) > 0 {
		end := fieldLength(header)
		if got, body, found := bytes.Cut(header[:end], []byte(":")); found && strings.EqualFold(string(got), name) {
			if n++; n == 1 {
				value = strings.TrimSpace(string(bytes.ReplaceAll(body, []byte("\r\n"), nil)))
			}
		}
		header = header[end:]
	}
	return value, n
}

// parts finds the parts of a multipart body (RFC 2046 §5.1.1), as octets from
// and to. The line end before a delimiter belongs to the delimiter.
func parts(body []byte, boundary string) (list [][2]int) {
	if boundary == "" {
		return nil
	}
	delimiter := []byte("--" + boundary)
	start := -1 // of the part that at is in
	for at := 0; at < len(body); {
		end, next := len(body), len(body)
		if i := bytes.IndexByte(body[at:], '\n'); i >= 0 {
			end, next = at+i, at+i+1
		}
		line := bytes.TrimRight(body[at:end], " \t\r")
		last := bytes.HasSuffix(line, []byte("--")) && bytes.Equal(line[:len(line)-2], delimiter)
		if last || bytes.Equal(line, delimiter) {
			if start >= 0 {
				list = append(list, [2]int{start, max(start, at-2)})
			}
			if start = next; last {
				return list
			}
		}
		at = next
	}
	if start >= 0 { // cut off, as it may be
		list = append(list, [2]int{start, len(body)})
	}
	return list
}
