package submission_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/submission"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// letter is the smallest draft.
func letter() submission.Draft {
	return submission.Draft{
		From: mailbox("Shop <news@example.com>"), To: []submission.Mailbox{mailbox("someone@example.net")},
		Subject: "Hello", Text: "Hello\n",
	}
}

func mailbox(s string) submission.Mailbox {
	m, err := submission.ParseMailbox(s)
	if err != nil {
		panic(err)
	}
	return m
}

// part is an entity as a reader sees it.
type part struct {
	kind     string // media type
	filename string
	text     string // decoded
}

// read takes a message apart with the standard library, which knows nothing of
// how we wrote it.
func read(t testing.TB, raw []byte) (*mail.Message, []part) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return m, readPart(t, m.Header.Get, m.Body)
}

func readPart(t testing.TB, field func(string) string, body io.Reader) []part {
	t.Helper()
	kind, params, err := mime.ParseMediaType(field("Content-Type"))
	if err != nil {
		t.Fatalf("Content-Type %q: %v", field("Content-Type"), err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := []part{{kind: kind}}
		for r := multipart.NewReader(body, params["boundary"]); ; {
			p, err := r.NextRawPart()
			if errors.Is(err, io.EOF) {
				return parts
			}
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, readPart(t, p.Header.Get, p)...)
		}
	}
	switch field("Content-Transfer-Encoding") {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	default:
		t.Fatalf("Content-Transfer-Encoding %q", field("Content-Transfer-Encoding"))
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	p := part{kind: kind, text: string(text)}
	if d := field("Content-Disposition"); d != "" {
		_, params, err := mime.ParseMediaType(d)
		if err != nil {
			t.Fatalf("Content-Disposition %q: %v", d, err)
		}
		p.filename = params["filename"]
	}
	return []part{p}
}

func TestCompose(t *testing.T) {
	d := letter()
	d.From = mailbox("株式会社サンプル <news@example.com>")
	d.To = []submission.Mailbox{mailbox("山田 太郎 <taro@example.net>"), mailbox(`"Doe, John" <john@example.net>`), mailbox("plain@example.net")}
	d.Cc = []submission.Mailbox{mailbox("Ms. Copy <cc@example.net>"), mailbox("taro@example.net")}
	d.Bcc = []submission.Mailbox{mailbox("Hidden <hidden@example.net>")}
	d.ReplyTo = []submission.Mailbox{mailbox("desk@example.org")}
	d.Subject = "【重要】ご注文ありがとうございます。お届け日時のご確認をお願いいたします（注文番号 12345）"
	d.Text = "ご注文ありがとうございます。\r\n.\r\nFrom here on\n"
	d.HTML = "<p>Thank you = danke</p>"
	d.Attachments = []submission.Attachment{
		{Filename: "請求書 2026年11月分（株式会社サンプル御中）最終版.pdf", ContentType: "application/pdf", Content: bytes.Repeat([]byte{0, 255, 13, 10}, 100)},
		{Filename: `a "b".txt`, ContentType: `text/plain; charset="us-ascii"; name=x`, Content: []byte("x")},
		{Filename: "empty.bin"},
	}
	d.Headers = map[string]string{
		"X-Campaign": "秋のセール", "List-Unsubscribe": "<https://example.com/u?id=1>, <mailto:u@example.com>",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "References": strings.Repeat("<abcdefghijklmnopqrstuvwxyz@example.com> ", 5),
	}
	raw, recipients, err := submission.Compose(d, noon, &counter{})
	if err != nil {
		t.Fatal(err)
	}
	want := addresses("taro@example.net", "john@example.net", "plain@example.net", "cc@example.net", "hidden@example.net")
	if !slices.Equal(recipients, want) {
		t.Errorf("recipients = %v, want %v", recipients, want)
	}
	if bytes.Contains(raw, []byte("hidden")) || bytes.Contains(raw, []byte("Hidden")) {
		t.Error("Bcc shows")
	}
	for line := range strings.SplitSeq(string(raw), "\r\n") {
		if len(line) > 76 {
			t.Errorf("line of %d octets: %s", len(line), line)
		}
		for i := range len(line) {
			if line[i] >= 0x80 || line[i] == '\n' {
				t.Fatalf("line %q", line)
			}
		}
	}
	m, parts := read(t, raw)
	checkFields(t, m.Header, d)
	wantParts := []part{
		{kind: "multipart/mixed"}, {kind: "multipart/alternative"},
		{kind: "text/plain", text: "ご注文ありがとうございます。\r\n.\r\nFrom here on\r\n"},
		{kind: "text/html", text: "<p>Thank you = danke</p>\r\n"},
		{kind: "application/pdf", filename: d.Attachments[0].Filename, text: string(d.Attachments[0].Content)},
		{kind: "text/plain", filename: d.Attachments[1].Filename, text: "x"},
		{kind: "application/octet-stream", filename: "empty.bin"},
	}
	if !slices.Equal(parts, wantParts) {
		t.Errorf("parts = %q, want %q", parts, wantParts)
	}
	l := newLedger()
	r := request(string(raw))
	r.Recipients = recipients
	got, err := engine(l).Submit(context.Background(), r)
	if err != nil || got.Message.Subject != d.Subject {
		t.Errorf("Submit = %q, %v", got.Message.Subject, err)
	}
}

// checkFields holds the decoded header against the draft.
func checkFields(t *testing.T, h mail.Header, d submission.Draft) {
	t.Helper()
	var decoder mime.WordDecoder
	for name, want := range map[string]string{
		"Subject": d.Subject, "X-Campaign": "秋のセール", "List-Unsubscribe": d.Headers["List-Unsubscribe"],
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "References": strings.TrimSpace(d.Headers["References"]),
		"Date": "Sun, 22 Nov 2026 12:00:00 +0000", "Mime-Version": "1.0",
	} {
		if got, err := decoder.DecodeHeader(h.Get(name)); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	for name, list := range map[string][]submission.Mailbox{"From": {d.From}, "To": d.To, "Cc": d.Cc, "Reply-To": d.ReplyTo} {
		got, err := h.AddressList(name)
		if err != nil || len(got) != len(list) {
			t.Errorf("%s: %v, %v", name, got, err)
			continue
		}
		for i, m := range list {
			if got[i].Name != m.Name || got[i].Address != m.Address.String() {
				t.Errorf("%s: %v, want %v", name, got[i], m)
			}
		}
	}
}

func TestComposeShapes(t *testing.T) {
	file := []submission.Attachment{{Filename: "a.txt", Content: []byte("x")}}
	for _, tt := range []struct {
		name string
		d    submission.Draft
		want []string
	}{
		{"text", submission.Draft{Text: "a"}, []string{"text/plain"}},
		{"HTML", submission.Draft{HTML: "a"}, []string{"text/html"}},
		{"both", submission.Draft{Text: "a", HTML: "b"}, []string{"multipart/alternative", "text/plain", "text/html"}},
		{"text and a file", submission.Draft{Text: "a", Attachments: file}, []string{"multipart/mixed", "text/plain", "application/octet-stream"}},
		{"only a file", submission.Draft{Attachments: file}, []string{"multipart/mixed", "application/octet-stream"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.d.From, tt.d.Bcc = mailbox("a@example.com"), []submission.Mailbox{mailbox("b@example.net")}
			raw, _, err := submission.Compose(tt.d, noon, &counter{})
			if err != nil {
				t.Fatal(err)
			}
			m, parts := read(t, raw)
			var kinds []string
			for _, p := range parts {
				kinds = append(kinds, p.kind)
			}
			if !slices.Equal(kinds, tt.want) {
				t.Errorf("parts = %q, want %q", kinds, tt.want)
			}
			for _, name := range []string{"Subject", "To", "Cc", "Bcc"} {
				if _, ok := m.Header[name]; ok {
					t.Errorf("there is a %s field", name)
				}
			}
		})
	}
}

func TestComposeRefuses(t *testing.T) {
	attach := func(name, kind string) func(d *submission.Draft) {
		return func(d *submission.Draft) {
			d.Attachments = []submission.Attachment{{Filename: name, ContentType: kind, Content: []byte("x")}}
		}
	}
	header := func(name, value string) func(d *submission.Draft) {
		return func(d *submission.Draft) { d.Headers = map[string]string{name: value} }
	}
	for _, tt := range []struct {
		name   string
		change func(d *submission.Draft)
		field  string
	}{
		{"no recipient", func(d *submission.Draft) { d.To = nil }, "to"},
		{"no body", func(d *submission.Draft) { d.Text = "" }, "text"},
		{"no author", func(d *submission.Draft) { d.From = submission.Mailbox{} }, "from"},
		{"text that is not UTF-8", func(d *submission.Draft) { d.Text = "\xff" }, "text"},
		{"subject that is not UTF-8", func(d *submission.Draft) { d.Subject = "\xff" }, "subject"},
		{"subject of two lines", func(d *submission.Draft) { d.Subject = "a\r\nFrom: b@rival.example" }, "subject"},
		{"subject with NUL", func(d *submission.Draft) { d.Subject = "a\x00" }, "subject"},
		{"name of two lines", func(d *submission.Draft) { d.From.Name = "a\nb" }, "from"},
		{"long name", func(d *submission.Draft) { d.To[0].Name = strings.Repeat("n", 321) }, "to"},
		{"address that was not parsed", func(d *submission.Draft) { d.To[0].Address.Domain = "example.net>\r\nX: y" }, "to"},
		{"address with CRLF in quotes", func(d *submission.Draft) { d.To[0].Address.Local = "a\r\nRCPT TO:<b" }, "to"},
		{"domain in another form", func(d *submission.Draft) { d.To[0].Address.Domain = "EXAMPLE.net" }, "to"},
		{"file in a folder", attach("../../etc/passwd", ""), "attachments"},
		{"file on a drive", attach(`C:\x`, ""), "attachments"},
		{"file without a name", attach("", ""), "attachments"},
		{"file of dots", attach("..", ""), "attachments"},
		{"file name of two lines", attach("a\r\nX: y", ""), "attachments"},
		{"file name of 256 octets", attach(strings.Repeat("a", 256), ""), "attachments"},
		{"not a type", attach("a", "pdf"), "attachments"},
		{"type of two lines", attach("a", "text/plain\r\nX: y"), "attachments"},
		{"a multipart", attach("a", "multipart/mixed"), "attachments"},
		{"a message", attach("a", "message/rfc822"), "attachments"},
		{"From as a header", header("From", "b@rival.example"), "headers"},
		{"Sender", header("Sender", "b@rival.example"), "headers"},
		{"Bcc", header("bcc", "b@rival.example"), "headers"},
		{"Received", header("Received", "x"), "headers"},
		{"Return-Path", header("Return-Path", "<x>"), "headers"},
		{"DKIM-Signature", header("DKIM-Signature", "v=1"), "headers"},
		{"Resent-From", header("Resent-From", "b@rival.example"), "headers"},
		{"Content-Type", header("Content-Type", "text/html"), "headers"},
		{"Message-ID", header("Message-ID", "<a@b>"), "headers"},
		{"name with a colon", header("X-A: b\r\nFrom", "c"), "headers"},
		{"name with a space", header("X-A ", "c"), "headers"},
		{"name that is only X-", header("X-", "c"), "headers"},
		{"name of 65", header("X-"+strings.Repeat("a", 63), "c"), "headers"},
		{"no name", header("", "c"), "headers"},
		{"value of two lines", header("X-A", "b\r\nFrom: c@rival.example"), "headers"},
		{"value folded", header("X-A", "b\r\n c"), "headers"},
		{"value with a lone CR", header("X-A", "b\rc"), "headers"},
		{"value of nothing", header("X-A", " "), "headers"},
		{"Japanese References", header("References", "<あ@example.com>"), "headers"},
		{"encoded-word in List-Unsubscribe", header("List-Unsubscribe", "=?utf-8?q?x?="), "headers"},
		{"word of 499", header("References", strings.Repeat("a", 499)), "headers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := letter()
			tt.change(&d)
			raw, _, err := submission.Compose(d, noon, &counter{})
			if got := refusal(t, err); got.Code != myodai.CodeInvalid || got.Field != tt.field || raw != nil {
				t.Errorf("refused with %s in %q: %s; want invalid in %q", got.Code, got.Field, got.Message, tt.field)
			}
		})
	}
}

// TestHeaderInjection tries 2,000 texts in five places: whatever is not refused
// leaves the number of fields and the text as they were (T31).
func TestHeaderInjection(t *testing.T) {
	pieces := []string{
		"\r\n", "\n", "\r", "\x00", "\u2028", "\u0085", "%0d%0a", "=0D=0A", "=?utf-8?Q?=0D=0A?=", "=?utf-8?B?DQo=?=", "\r\n ", "\\r\\n", `"`, "\\",
		",", ";", "<b@rival.example>", ":", "Bcc: b@rival.example", "あ", "\t",
	}
	n := 0
	for _, a := range pieces {
		for _, b := range pieces {
			for place := range 5 {
				n++
				inject(t, place, "x"+a+b+"y")
			}
		}
	}
	if n < 2000 {
		t.Errorf("tried %d texts, want 2,000", n)
	}
}

// inject puts the text into a place of a draft. The draft is refused, or reads
// back with as many fields as before.
func inject(t *testing.T, place int, text string) {
	t.Helper()
	d := letter()
	d.Headers = map[string]string{"X-A": "b", "List-Unsubscribe": "<mailto:a@example.com>"}
	d.Attachments = []submission.Attachment{{Filename: "a.txt", Content: []byte("x")}}
	fields := func() int {
		raw, _, err := submission.Compose(d, noon, &counter{})
		if err != nil {
			return -1
		}
		m, parts := read(t, raw)
		var decoder mime.WordDecoder
		if subject, _ := decoder.DecodeHeader(m.Header.Get("Subject")); subject != d.Subject {
			t.Fatalf("Subject = %q, want %q", subject, d.Subject)
		}
		if got := parts[len(parts)-1].filename; got != d.Attachments[0].Filename {
			t.Fatalf("filename = %q, want %q", got, d.Attachments[0].Filename)
		}
		if from, err := m.Header.AddressList("From"); err != nil || len(from) != 1 || from[0].Name != d.From.Name {
			t.Fatalf("From = %v, %v; want %q", from, err, d.From.Name)
		}
		return len(m.Header)
	}
	want := fields()
	switch place {
	case 0:
		d.Subject = text
	case 1:
		d.From.Name = text
	case 2:
		d.Headers["X-A"] = text
	case 3:
		d.Headers["List-Unsubscribe"] = text
	case 4:
		d.Attachments[0].Filename = text
	}
	if got := fields(); got != -1 && got != want {
		t.Fatalf("%q in place %d made %d fields of %d", text, place, got, want)
	}
}

func TestParseMailbox(t *testing.T) {
	for _, tt := range []struct{ in, name, address string }{
		{"a@example.com", "", "a@example.com"},
		{" a@Example.com ", "", "a@example.com"},
		{"<a@example.com>", "", "a@example.com"},
		{"山田  太郎 <taro@例え.example>", "山田 太郎", "taro@xn--r8jz45g.example"},
		{`"Doe, \"John\"" <john@example.com>`, `Doe, "John"`, "john@example.com"},
		{"=?UTF-8?B?5bGx55Sw?= <a@example.com>", "山田", "a@example.com"},
		{`"a b"@example.com`, "", `"a b"@example.com`},
		{`X <"a>b"@example.com>`, "X", `"a>b"@example.com`},
	} {
		got, err := submission.ParseMailbox(tt.in)
		if err != nil || got.Name != tt.name || got.Address.String() != tt.address {
			t.Errorf("ParseMailbox(%q) = %q, %q, %v; want %q, %q", tt.in, got.Name, got.Address, err, tt.name, tt.address)
		}
	}
	for _, in := range []string{"", "a", "a@example.com, b@example.com", "a@example.com (c)", "g: a@example.com;", "\xff <a@example.com>", "A <a@example.com> b"} {
		if got, err := submission.ParseMailbox(in); err == nil {
			t.Errorf("ParseMailbox(%q) = %v, want a refusal", in, got)
		}
	}
}

// FuzzCompose shows that what is composed can be submitted, and reads back as it
// was written.
func FuzzCompose(f *testing.F) {
	f.Add("Shop", "Hello", "Hello\n", "<p>", "a.txt", "value")
	f.Add("株式会社", "【重要】", ".\r\n", "", "請求書.pdf", "=?utf-8?q?x?=")
	f.Add(`a"\`, "a  b", "\x00\r", "=", `"`, "\t")
	f.Fuzz(func(t *testing.T, name, subject, text, html, filename, value string) {
		d := letter()
		d.From.Name, d.Subject, d.Text, d.HTML = name, subject, text, html
		d.Attachments = []submission.Attachment{{Filename: filename, Content: []byte(text)}}
		d.Headers = map[string]string{"X-A": value}
		raw, recipients, err := submission.Compose(d, noon, &counter{})
		if err != nil {
			refusal(t, err)
			return
		}
		m, parts := read(t, raw)
		var decoder mime.WordDecoder
		for field, want := range map[string]string{"Subject": subject, "X-A": value} {
			if got, err := decoder.DecodeHeader(m.Header.Get(field)); got != strings.TrimSpace(want) || err != nil {
				t.Fatalf("%s = %q, %v; want %q in %s", field, got, err, want, raw)
			}
		}
		last := parts[len(parts)-1]
		if last.text != text || last.filename != filename {
			t.Fatalf("attachment = %q, want %q, %q", last, filename, text)
		}
		for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
			if len(line) > 998 || bytes.ContainsAny(line, "\r\n\x00") {
				t.Fatalf("line %q", line)
			}
		}
		l := newLedger()
		r := request(string(raw))
		r.Recipients = recipients
		if _, err := engine(l).Submit(context.Background(), r); err != nil && !strings.Contains(err.Error(), "hidden") {
			t.Fatalf("Submit(%s) = %v", raw, err)
		}
	})
}

func ExampleCompose() {
	from, _ := submission.ParseMailbox("Shop <news@example.com>")
	to, _ := submission.ParseMailbox("山田 <taro@example.net>")
	raw, _, err := submission.Compose(submission.Draft{
		From: from, To: []submission.Mailbox{to}, Subject: "Hello", Text: "Good morning!",
	}, noon, &counter{})
	fmt.Println(strings.ReplaceAll(string(raw), "\r\n", "\n"), err)
	// Output:
	// Date: Sun, 22 Nov 2026 12:00:00 +0000
	// From: Shop <news@example.com>
	// To: =?UTF-8?B?5bGx55Sw?= <taro@example.net>
	// Subject: Hello
	// MIME-Version: 1.0
	// Content-Type: text/plain; charset=utf-8
	// Content-Transfer-Encoding: quoted-printable
	//
	// Good morning!
	//  <nil>
}
