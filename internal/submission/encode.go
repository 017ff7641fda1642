package submission

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/quotedprintable"
	"strings"
	"unicode/utf8"

	"github.com/myodai/myodai"
)

// lineWidth is where our own lines are broken (RFC 2045 §6.7 and §6.8, RFC 2047
// §2).
const lineWidth = 76

// fieldWriter writes one header field and folds it.
type fieldWriter struct {
	b      *bytes.Buffer
	column int
}

// beginField writes the name and the colon.
func beginField(b *bytes.Buffer, name string) *fieldWriter {
	b.WriteString(name + ":")
	return &fieldWriter{b: b, column: len(name) + 1}
}

// word writes space (white space, or "" for a single space) and a word that
// stays whole, on a new line when this one would become too long.
func (w *fieldWriter) word(space, word string) {
	if space == "" {
		space = " "
	}
	if w.column+len(space)+len(word) > lineWidth {
		w.b.Write(crlf)
		w.column = 0
	}
	w.b.WriteString(space + word)
	w.column += len(space) + len(word)
}

// end ends the field.
func (w *fieldWriter) end() { w.b.Write(crlf) }

// plain writes ASCII text, folded where it has white space, which stays as it
// is (RFC 5322 §2.2.3).
func (w *fieldWriter) plain(text string) {
	space := ""
	for text != "" {
		end := strings.IndexAny(text, " \t")
		if end < 0 {
			end = len(text)
		}
		w.word(space, text[:end])
		text = text[end:]
		rest := strings.TrimLeft(text, " \t")
		space, text = text[:len(text)-len(rest)], rest
	}
}

// encoded writes text as encoded-words of RFC 2047, cut between characters.
func (w *fieldWriter) encoded(text, after string) {
	const frame = len("=?UTF-8?B??=")
	for text != "" {
		// What fits on this line, or on a new one when less than a character does.
		room := (lineWidth - w.column - 1 - frame) / 4 * 3
		if room < utf8.UTFMax {
			room = (lineWidth - 1 - frame) / 4 * 3
		}
		n := 0
		for n < len(text) {
			_, size := utf8.DecodeRuneInString(text[n:])
			if n+size > room {
				break
			}
			n += size
		}
		word := "=?UTF-8?B?" + base64.StdEncoding.EncodeToString([]byte(text[:n])) + "?="
		if text = text[n:]; text == "" {
			word += after
		}
		w.word("", word)
	}
}

// text writes unstructured text: as it is when it can be, encoded otherwise.
func (w *fieldWriter) text(s string) {
	s = strings.TrimSpace(s)
	if isASCII(s) && !strings.Contains(s, "=?") && longestWord(s) < maxLine/2 {
		w.plain(s)
		return
	}
	w.encoded(s, "")
}

// longestWord is the length of the longest run without white space.
func longestWord(s string) int {
	longest := 0
	for word := range strings.FieldsSeq(s) {
		longest = max(longest, len(word))
	}
	return longest
}

// mailbox writes one mailbox and what stands after it.
func (w *fieldWriter) mailbox(m Mailbox, after string) {
	name := strings.TrimSpace(m.Name)
	switch {
	case name == "":
		w.word("", m.Address.String()+after)
		return
	case !isASCII(name) || strings.Contains(name, "=?"):
		w.encoded(name, "")
	case isPlainPhrase(name):
		w.plain(name)
	default:
		w.word("", `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name)+`"`)
	}
	w.word("", "<"+m.Address.String()+">"+after)
}

// isPlainPhrase reports whether an ASCII name is only atoms of RFC 5322 §3.2.3
// with single spaces between them.
func isPlainPhrase(name string) bool {
	for word := range strings.SplitSeq(name, " ") {
		if word == "" || strings.ContainsAny(word, "()<>[]:;@\\,.\"\t") {
			return false
		}
	}
	return true
}

// parameter writes a MIME parameter whose value is any text: quoted when it is
// short ASCII, in the encoded and continued form of RFC 2231 §3 and §4 otherwise.
func (w *fieldWriter) parameter(name, value string) {
	if isASCII(value) && len(value) < lineWidth-len(name)-6 {
		w.word("", name+`="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value)+`"`)
		return
	}
	const section = 45 // octets of encoded text, so that a line stays below lineWidth
	var part strings.Builder
	part.WriteString("UTF-8''")
	var parts []string
	for i := range len(value) {
		if part.Len()+3 > section {
			parts = append(parts, part.String())
			part.Reset()
		}
		if c := value[i]; isAttributeChar(c) {
			part.WriteByte(c)
		} else {
			fmt.Fprintf(&part, "%%%02X", c)
		}
	}
	parts = append(parts, part.String())
	for i, text := range parts {
		after := ";"
		if i == len(parts)-1 {
			after = ""
		}
		w.word("", fmt.Sprintf("%s*%d*=%s%s", name, i, text, after))
	}
}

// isAttributeChar reports whether c needs no percent sign in an extended
// parameter (RFC 2231 §7); it stays on the safe side.
func isAttributeChar(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '.' || c == '_'
}

// checkLine refuses text that does not fit on one line of a header (T31).
func checkLine(field, text string) error {
	if !utf8.ValidString(text) {
		return myodai.Refuse(myodai.CodeInvalid, field, "%s is not valid UTF-8", field)
	}
	for _, c := range text {
		if isControl(c) {
			return myodai.Refuse(myodai.CodeInvalid, field, "%s has the control character %U; leave it out", field, c)
		}
	}
	return nil
}

// writeText writes a text part's encoding field, the empty line, and the text
// with lines of at most lineWidth: quoted-printable, which people can read, or
// base64 where that is shorter. The text ends in a line end afterwards.
func writeText(b *bytes.Buffer, text string) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	text = strings.ReplaceAll(text, "\n", "\r\n")
	escaped := 0
	for i := range len(text) {
		if c := text[i]; c >= 0x7f || c == '=' {
			escaped++
		}
	}
	if escaped > len(text)/6 { // two octets more for each, against a third more
		b.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
		writeBase64(b, []byte(text))
		return
	}
	b.WriteString("Content-Transfer-Encoding: quoted-printable\r\n\r\n")
	w := quotedprintable.NewWriter(b)
	_, _ = w.Write([]byte(text)) // a bytes.Buffer takes everything
	_ = w.Close()
}

// writeBase64 writes data in lines of lineWidth (RFC 2045 §6.8).
func writeBase64(b *bytes.Buffer, data []byte) {
	const octets = lineWidth / 4 * 3
	for len(data) > 0 {
		n := min(octets, len(data))
		b.Write(base64.StdEncoding.AppendEncode(b.AvailableBuffer(), data[:n]))
		b.Write(crlf)
		data = data[n:]
	}
}
