package bounce

import (
	"bytes"
	"html"
	"io"
	"mime"
	"regexp"
	"strings"
	"unicode"

	"github.com/emersion/go-message/charset"
)

// maxText is how much of what a mail says to people is read, in octets.
const maxText = 64 << 10

// words reads the encoded-words of RFC 2047 in the charsets that mail uses.
var words = mime.WordDecoder{CharsetReader: charset.Reader}

// decoded is a header value as a person reads it. What cannot be decoded stays
// as it is.
func decoded(value string) string {
	text, err := words.DecodeHeader(value)
	if err != nil {
		return value
	}
	return clean([]byte(text))
}

// humanText is what a mail says to people: its first text/plain part, or else
// its first text/html part without the markup. Attached messages are not looked
// into.
func humanText(head fields, body []byte) string {
	if text, ok := textPart(head, body, "text/plain", 0); ok && strings.TrimSpace(text) != "" {
		return text
	}
	text, _ := textPart(head, body, "text/html", 0)
	return withoutMarkup(text)
}

func textPart(head fields, body []byte, want string, depth int) (text string, ok bool) {
	media, params := contentType(head.get("content-type"))
	switch {
	case media == want, want == "text/plain" && (media == "" || media == "text"):
		return inUTF8(decode(head.get("content-transfer-encoding"), body), params["charset"]), true
	case strings.HasPrefix(media, "multipart/") && depth < maxDepth:
		for _, part := range parts(body, params["boundary"]) {
			inner, content := cutBlock(part)
			if text, ok := textPart(inner, content, want, depth+1); ok {
				return text, true
			}
		}
	}
	return "", false
}

// inUTF8 turns octets of a charset into UTF-8 with LF for line ends and without
// other control characters. Old Japanese mailers write ISO-2022-JP and do not
// say so; its escapes give it away.
func inUTF8(octets []byte, name string) string {
	octets = octets[:min(len(octets), maxText)]
	if name = strings.ToLower(name); (name == "" || name == "us-ascii") && bytes.Contains(octets, []byte("\x1b$")) {
		name = "iso-2022-jp"
	}
	if name != "" && name != "us-ascii" && name != "utf-8" {
		if r, err := charset.Reader(name, bytes.NewReader(octets)); err == nil {
			// What precedes an error is read as far as it goes.
			octets, _ = io.ReadAll(io.LimitReader(r, 3*maxText))
		}
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || !unicode.IsControl(r) && r != unicode.ReplacementChar:
			return r
		case r == '\r':
			return -1
		}
		return ' '
	}, string(octets))
}

var (
	lineTags  = regexp.MustCompile(`(?i)<(?:br|/p|/div|/tr|/td|/li|/h[1-6])\b[^>]*>`)
	unseen    = regexp.MustCompile(`(?is)<(?:style|script|title)\b.*?</(?:style|script|title)>`)
	otherTags = regexp.MustCompile(`<[a-zA-Z/!][^>]*>`)
)

func withoutMarkup(text string) string {
	text = lineTags.ReplaceAllString(unseen.ReplaceAllString(text, ""), "\n")
	return html.UnescapeString(otherTags.ReplaceAllString(text, " "))
}
