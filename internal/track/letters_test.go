package track_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	nethtml "golang.org/x/net/html"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"github.com/myodai/myodai/internal/track"
)

// letter is one HTML text of testdata/letters.txt.
type letter struct{ name, html string }

func letters(t *testing.T) (list []letter) {
	t.Helper()
	all, err := os.ReadFile("testdata/letters.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range strings.Split(string(all), "==== ")[1:] {
		name, body, _ := strings.Cut(text, "\n")
		list = append(list, letter{name, strings.ReplaceAll(body, "\n", "\r\n")})
	}
	return list
}

// plain is the text that goes beside an HTML text.
const plain = "こんにちは、Zoë さん\r\n\r\n■ 新商品 https://shop.example/text?a=1&b=2\r\n詳しくは（https://shop.example/paren/）。「http://shop.example/kagi」\r\n" +
	"<https://shop.example/angle> www.shop.example mailto:a@b.example\r\n表示ソ能 https://shop.example/end.\r\n-- \r\n株式会社サンプル\r\n"

// form is a way to make a mail of an HTML text.
type form struct {
	name     string
	charset  string
	encoding encoding.Encoding
	make     func(html, text []byte, charset string) string
}

// part is an entity with a body in a transfer encoding.
func part(contentType, charset, transfer string, body []byte) string {
	head := "Content-Type: " + contentType + "; charset=" + charset + "\r\nContent-Transfer-Encoding: " + transfer + "\r\n\r\n"
	switch transfer {
	case "base64":
		return head + base64Lines(body, 76)
	case "quoted-printable":
		var b bytes.Buffer
		w := quotedprintable.NewWriter(&b)
		_, _ = w.Write(body)
		_ = w.Close()
		return head + b.String()
	}
	return head + string(body)
}

func base64Lines(body []byte, width int) string {
	text := base64.StdEncoding.EncodeToString(body)
	var b strings.Builder
	for len(text) > width {
		b.WriteString(text[:width] + "\r\n")
		text = text[width:]
	}
	return b.String() + text + "\r\n"
}

func multi(subtype, boundary string, parts ...string) string {
	return "Content-Type: multipart/" + subtype + ";\r\n boundary=\"" + boundary + "\"\r\n\r\nThis is a mail in parts.\r\n--" + boundary + "\r\n" +
		strings.Join(parts, "\r\n--"+boundary+"\r\n") + "\r\n--" + boundary + "--\r\nThe end https://epilogue.example/\r\n"
}

// ragged writes quoted-printable with soft line breaks in the middle of
// everything, and more octets escaped than need to be.
func ragged(body []byte) string {
	var b strings.Builder
	column := 0
	for i, c := range body {
		if c == '\r' || c == '\n' {
			b.WriteByte(c)
			column = 0
			continue
		}
		octets := string(rune(c))
		if c >= 0x7f || c == '=' || c < ' ' || i%17 == 0 || (c == ' ' && i+1 < len(body) && body[i+1] == '\r') {
			octets = fmt.Sprintf("=%02X", c)
		}
		if column+len(octets) > 40+i%35 {
			b.WriteString("=\r\n")
			column = 0
		}
		b.WriteString(octets)
		column += len(octets)
	}
	return b.String()
}

const attached = "Content-Type: text/html; charset=utf-8\r\nContent-Disposition: attachment; filename=a.html\r\n\r\n<a href=\"https://attached.example/\">x</a>"

var forms = []form{
	{"8bit", "utf-8", unicode.UTF8, func(h, _ []byte, c string) string { return part("text/html", c, "8bit", h) }},
	{"alternative, quoted-printable", "UTF-8", unicode.UTF8, func(h, p []byte, c string) string {
		return multi("alternative", "=_a", part("text/plain", c, "quoted-printable", p), part("text/html", c, "quoted-printable", h))
	}},
	{"alternative, base64", "utf-8", unicode.UTF8, func(h, p []byte, c string) string {
		return multi("alternative", "b b", part("text/plain", c, "base64", p), part("text/html", c, "base64", h))
	}},
	{"mixed with an attachment", "utf-8", unicode.UTF8, func(h, p []byte, c string) string {
		return multi("mixed", "m", multi("alternative", "m1", part("text/plain; format=flowed", c, "8bit", p), part("text/html", c, "quoted-printable", h)), attached,
			"Content-Type: message/rfc822\r\n\r\nSubject: x\r\nContent-Type: text/html\r\n\r\n<a href=\"https://within.example/\">x</a>")
	}},
	{"related within alternative", "utf-8", unicode.UTF8, func(h, p []byte, c string) string {
		return multi("alternative", "o", part("text/plain", c, "base64", p), multi("related; type=\"text/html\"", "i", part("text/html", c, "base64", h),
			"Content-Type: image/png\r\nContent-ID: <s1>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo="))
	}},
	{"ISO-2022-JP", "ISO-2022-JP", japanese.ISO2022JP, func(h, p []byte, c string) string {
		return multi("alternative", "j", part("text/plain", c, "7bit", p), part("text/html", c, "7bit", h))
	}},
	{"Shift_JIS", "Shift_JIS", japanese.ShiftJIS, func(h, p []byte, c string) string {
		return multi("alternative", "s", part("text/plain", c, "8bit", p), part("text/html", c, "8bit", h))
	}},
	{"EUC-JP", "euc-jp", japanese.EUCJP, func(h, p []byte, c string) string {
		return multi("alternative", "e", part("text/plain", c, "base64", p), part("text/html", c, "quoted-printable", h))
	}},
	{"with AMP", "utf-8", unicode.UTF8, func(h, p []byte, c string) string {
		return multi("alternative", "amp", part("text/plain", c, "quoted-printable", p),
			part("text/x-amp-html", c, "8bit", []byte("<!doctype html><html amp4email><body><a href=\"https://amp.example/\">x</a></body></html>")),
			part("text/html", c, "quoted-printable", h))
	}},
	{"ragged quoted-printable", "utf-8", unicode.UTF8, func(h, p []byte, c string) string {
		return multi("alternative", "r", "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\n"+ragged(p),
			"content-type:\ttext/html;\r\n\tcharset=\"utf-8\"\r\ncontent-transfer-encoding:\r\n QUOTED-PRINTABLE\r\n\r\n"+ragged(h))
	}},
}

// TestThreeHundredMails: every mail comes out with its links changed and nothing
// else, and what is put in their place leads where they led.
func TestThreeHundredMails(t *testing.T) {
	s := newServer(t, track.Options{})
	mails, links := 0, 0
	for _, l := range letters(t) {
		for _, f := range forms {
			t.Run(l.name+", "+f.name, func(t *testing.T) {
				encode := func(text string) []byte {
					b, err := encoding.HTMLEscapeUnsupported(f.encoding.NewEncoder()).Bytes([]byte(text))
					if err != nil {
						t.Fatal(err)
					}
					return b
				}
				source, text := encode(l.html), encode(plain)
				mail := []byte("From: a@shop.example\r\nSubject: =?utf-8?B?44GC?=\r\nMIME-Version: 1.0\r\n" + f.make(source, text, f.charset))
				before := bytes.Clone(mail)
				out := s.Rewrite(mail, newCopy(), author, both)
				if !bytes.Equal(mail, before) {
					t.Fatal("the mail that was given was changed")
				}
				for line := range bytes.SplitSeq(out, []byte("\r\n")) {
					if len(line) > 998 || bytes.ContainsAny(line, "\r\n") {
						t.Errorf("a line of %d octets: %.60q", len(line), line)
					}
				}
				was, is := entities(t, mail), entities(t, out)
				if len(was) != len(is) {
					t.Fatalf("%d entities became %d", len(was), len(is))
				}
				for i := range was {
					if header(was[i].header) != header(is[i].header) {
						t.Errorf("the header\n%s\nbecame\n%s", was[i].header, is[i].header)
					}
					found := undo(t, s, was[i].body, is[i].body)
					links += len(found)
					switch {
					case was[i].kind == "text/html" && !strings.Contains(was[i].header, "attachment"):
						if want := followed(l.html); !slices.Equal(found, want) {
							t.Errorf("links\n%q, want\n%q", found, want)
						}
					case was[i].kind == "text/plain":
						want := []string{"https://shop.example/text?a=1&b=2", "https://shop.example/paren/", "http://shop.example/kagi", "https://shop.example/angle", "https://shop.example/end"}
						if !slices.Equal(found, want) {
							t.Errorf("links of the text\n%q, want\n%q", found, want)
						}
					case len(found) > 0:
						t.Errorf("%s was changed", was[i].kind)
					}
				}
			})
			mails++
		}
	}
	if mails < 300 {
		t.Errorf("%d mails", mails)
	}
	t.Logf("%d mails, %d links", mails, links)
}

// header is a header without the one field that a longer line may change.
func header(text string) string { return transferPattern.ReplaceAllString(text, "$1") }

var transferPattern = regexp.MustCompile(`(?i)(Content-Type[^\r]*)\r\nContent-Transfer-Encoding: [78]bit$|Content-Transfer-Encoding:\[(?:[78]bit|quoted-printable)\]|\r\nContent-Transfer-Encoding: quoted-printable$`)

// entity is one leaf of a mail, decoded by other means than ours.
type entity struct {
	kind, header string
	body         []byte
}

func entities(t *testing.T, raw []byte) []entity {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	end := bytes.Index(raw, []byte("\r\n\r\n"))
	return walk(t, map[string][]string(m.Header), string(raw[:end]), m.Body)
}

func walk(t *testing.T, header map[string][]string, text string, body io.Reader) []entity {
	t.Helper()
	get := func(name string) string { return mail.Header(header).Get(name) }
	kind, params, err := mime.ParseMediaType(get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		list := []entity{{kind: kind, header: text}}
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if err == io.EOF {
				return list
			}
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, walk(t, map[string][]string(p.Header), fmt.Sprint(p.Header), p)...)
		}
	}
	switch strings.ToLower(strings.TrimSpace(get("Content-Transfer-Encoding"))) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return []entity{{kind, text, content}}
}

// undo puts what was there in the place of every tracking link and picture of
// now, and fails unless that gives before, octet for octet. It lists where the
// links lead.
func undo(t *testing.T, s *track.Server, before, now []byte) (found []string) {
	t.Helper()
	now = pixelPattern.ReplaceAll(now, nil)
	for _, attribute := range []string{` data-myodai-track="off"`, ` data-myodai-track='off'`} {
		before = bytes.ReplaceAll(before, []byte(attribute), nil)
	}
	rest, at := before, 0
	for _, place := range linkPattern.FindAllSubmatchIndex(now, -1) {
		if !bytes.HasPrefix(rest, now[at:place[0]]) {
			break
		}
		rest = rest[place[0]-at:]
		_, url, _, ok := s.ReadLink(platform, string(now[place[2]:place[3]]))
		if !ok {
			t.Fatalf("%s cannot be read", now[place[0]:place[1]])
		}
		n := 0
		for n <= len(rest) && !leads(string(rest[:n]), url) {
			n++
		}
		if n > len(rest) {
			t.Fatalf("%s is not in %.200s", url, rest)
		}
		rest, at, found = rest[n:], place[1], append(found, url)
	}
	if !bytes.Equal(rest, now[at:]) {
		t.Errorf("something else was changed:\n%q\nbecame\n%q", rest, now[at:])
	}
	return found
}

// leads reports whether a link as it stands in a text is to url.
func leads(raw, url string) bool {
	return raw == url || strings.Contains(raw, "&") && html.UnescapeString(raw) == url
}

// followed lists the links of an HTML text that are to be tracked, as another
// reader finds them: also in what Outlook reads and others take for a comment.
func followed(text string) (list []string) {
	z := nethtml.NewTokenizer(strings.NewReader(text))
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			return list
		case nethtml.CommentToken:
			if inner := string(z.Raw()); strings.HasPrefix(inner, "<!--[if") && strings.HasSuffix(inner, "-->") {
				if _, markup, ok := strings.Cut(inner, "]>"); ok && !strings.HasPrefix(markup, "<!--") {
					list = append(list, followed(markup)...)
				}
			}
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			token := z.Token()
			if token.Data != "a" && token.Data != "area" && !strings.HasPrefix(token.Data, "v:") {
				continue
			}
			href, off := "", false
			for _, a := range token.Attr {
				if a.Key == "href" && href == "" {
					href = strings.Trim(a.Val, " \t\r\n\f")
				}
				off = off || a.Key == "data-myodai-track"
			}
			if !off && track.Trackable(href) {
				list = append(list, href)
			}
		}
	}
}
