package track

import (
	"bytes"
	"encoding/base64"
	"mime/quotedprintable"
	"strings"
)

// The longest lines that may be written: of a message (RFC 5322 §2.1.1), and of
// quoted-printable, its soft line break included (RFC 2045 §6.7).
const (
	maxLine   = 998
	maxQuoted = 76
)

// decoded is a text as it was before it was encoded for transfer.
type decoded struct {
	text []byte
	// at says for each octet of text where it stands in the encoded body, and one
	// entry more where all ends. It is nil unless the encoding is quoted-printable.
	at []int
	// base64 only: the length of a line, and what follows the last of them.
	width int
	tail  []byte
}

// decodeBody decodes a body; ok is false for what cannot be decoded for certain,
// and for encodings that are not known.
func decodeBody(body []byte, encoding string) (d decoded, ok bool) {
	switch encoding {
	case "7bit", "8bit", "binary":
		return decoded{text: body}, true
	case "quoted-printable":
		return decodeQuoted(body)
	case "base64":
		return decodeBase64(body)
	}
	return decoded{}, false
}

// decodeQuoted decodes quoted-printable (RFC 2045 §6.7).
func decodeQuoted(body []byte) (d decoded, ok bool) {
	d.text, d.at = make([]byte, 0, len(body)), make([]int, 0, len(body)+1)
	for i := 0; i < len(body); {
		c := body[i]
		if c != '=' {
			d.text, d.at = append(d.text, c), append(d.at, i)
			i++
			continue
		}
		if n := softBreak(body[i+1:]); n > 0 {
			i += 1 + n
			continue
		}
		if i+2 >= len(body) {
			return d, false
		}
		high, low := hexadecimal(body[i+1]), hexadecimal(body[i+2])
		if high < 0 || low < 0 {
			return d, false
		}
		d.text, d.at = append(d.text, byte(high<<4|low)), append(d.at, i) // #nosec G115 -- two digits of four bits
		i += 3
	}
	d.at = append(d.at, len(body))
	return d, true
}

// softBreak is how many octets after a = belong to a soft line break, 0 if it is
// none. White space may have been added on the way.
func softBreak(rest []byte) int {
	n := 0
	for n < len(rest) && (rest[n] == ' ' || rest[n] == '\t') {
		n++
	}
	if bytes.HasPrefix(rest[n:], []byte("\r\n")) {
		return n + 2
	}
	return 0
}

func hexadecimal(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c - 'A' + 10)
	case c >= 'a' && c <= 'f':
		return int(c - 'a' + 10)
	}
	return -1
}

// decodeBase64 decodes base64 in lines (RFC 2045 §6.8).
func decodeBase64(body []byte) (d decoded, ok bool) {
	end := len(bytes.TrimRight(body, " \t\r\n"))
	d.tail = body[end:]
	d.width = end
	if i := bytes.Index(body[:end], []byte("\r\n")); i >= 0 {
		d.width = i
	}
	if d.width%4 != 0 || d.width > maxLine {
		return d, false
	}
	text, err := base64.StdEncoding.Strict().AppendDecode(nil, body[:end]) // skips line ends
	d.text = text
	return d, err == nil && len(text) > 0
}

// encodeBody writes the text with its edits done, in the encoding it had. What
// is not edited stays as it was, octet for octet, except in base64, where it
// stays so once it is decoded.
func (d decoded) encodeBody(body []byte, encoding string, edits []edit, put func(edit) string) []byte {
	switch encoding {
	case "quoted-printable":
		return d.editQuoted(body, edits, put)
	case "base64":
		return d.encodeBase64(apply(d.text, edits, put))
	}
	return apply(body, edits, put)
}

// longestLine is the length of the longest line without its end.
func longestLine(text []byte) int {
	longest := 0
	for line := range bytes.SplitSeq(text, []byte("\r\n")) {
		longest = max(longest, len(line))
	}
	return longest
}

// encodeQuoted writes a text as quoted-printable.
func encodeQuoted(text []byte) []byte {
	var b bytes.Buffer
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write(text) // a bytes.Buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// encodeBase64 writes lines as long as they were.
func (d decoded) encodeBase64(text []byte) []byte {
	all := base64.StdEncoding.AppendEncode(nil, text)
	out := make([]byte, 0, len(all)+2*len(all)/max(d.width, 4)+len(d.tail)+2)
	for len(all) > d.width {
		if d.width < 4 {
			break
		}
		out = append(append(out, all[:d.width]...), "\r\n"...)
		all = all[d.width:]
	}
	return append(append(out, all...), d.tail...)
}

// editQuoted writes what is put in as quoted-printable, between octets of the
// body that stay as they are, and breaks lines where they would become too long.
func (d decoded) editQuoted(body []byte, edits []edit, put func(edit) string) []byte {
	out := make([]byte, 0, len(body)+256*len(edits))
	at := 0
	for _, e := range edits {
		out = append(out, body[at:d.at[e.start]]...)
		column := len(out) - (bytes.LastIndexByte(out, '\n') + 1)
		for _, c := range []byte(put(e)) {
			octets := string(rune(c))
			if c == '=' || c < ' ' || c >= 0x7f {
				octets = "=" + strings.ToUpper(string("0123456789abcdef"[c>>4])+string("0123456789abcdef"[c&15]))
			}
			if column+len(octets) >= maxQuoted {
				out, column = append(out, "=\r\n"...), 0
			}
			out, column = append(out, octets...), column+len(octets)
		}
		at = d.at[e.end]
		// The rest of the line was written to fit behind something shorter.
		rest := bytes.IndexByte(body[at:], '\r')
		if rest < 0 {
			rest = len(body) - at
		}
		if rest > 0 && column+rest > maxQuoted {
			out = append(out, "=\r\n"...)
		}
	}
	return append(out, body[at:]...)
}
