package track

import (
	"bytes"
	"strings"
)

// findText lists the links of a plain text: what begins with http:// or https://
// where no word goes on, up to white space, brackets or the end of ASCII,
// without the punctuation of the sentence it stands in.
func findText(text, masked []byte, charset string) []edit {
	if bytes.Contains(masked, []byte("-----BEGIN PGP ")) {
		return nil // signed or encrypted within the text: any change breaks it
	}
	var list []edit
	for at := 0; ; {
		start := nextScheme(masked, at)
		if start < 0 {
			return list
		}
		end := start
		for end < len(masked) && isURL(masked[end]) {
			end++
		}
		at = end
		if start > 0 && (isWord(masked[start-1]) || strings.IndexByte("+-.=/@", masked[start-1]) >= 0) {
			continue
		}
		// In angle brackets a URL may go on in the next line (RFC 3986, appendix C);
		// one that has no end here is left alone.
		if start > 0 && masked[start-1] == '<' && (end == len(masked) || masked[end] != '>') {
			continue
		}
		if end < len(masked) && masked[end] == foreign && !punctuation(text[end:], charset) {
			continue // who knows where this URL ends
		}
		end = start + trim(masked[start:end])
		if url := string(text[start:end]); trackable(url) {
			list = append(list, edit{start: start, end: end, url: url})
		}
	}
}

// nextScheme finds http:// or https:// from at on, -1 for none.
func nextScheme(masked []byte, at int) int {
	for {
		i := bytes.Index(masked[at:], []byte("://"))
		if i < 0 {
			return -1
		}
		i += at
		for _, scheme := range []string{"https", "http"} {
			if start := i - len(scheme); start >= 0 && strings.EqualFold(string(masked[start:i]), scheme) {
				return start
			}
		}
		at = i + 3
	}
}

// trim says how much of a URL in a sentence is the URL: not the full stop behind
// it, and not a bracket that was opened before it.
func trim(url []byte) int {
	n := len(url)
	for n > 0 {
		c := url[n-1]
		switch {
		case strings.IndexByte(".,;:!?'", c) >= 0:
		case c == ')' && bytes.Count(url[:n], []byte(")")) > bytes.Count(url[:n], []byte("(")):
		case c == ']' && bytes.Count(url[:n], []byte("]")) > bytes.Count(url[:n], []byte("[")):
		case c == '}' && bytes.Count(url[:n], []byte("}")) > bytes.Count(url[:n], []byte("{")):
		default:
			return n
		}
		n--
	}
	return n
}

func isURL(c byte) bool {
	return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"' && c != '\\' && c != '`'
}

func isWord(c byte) bool { return isLetter(c) || c >= '0' && c <= '9' || c == '_' }
