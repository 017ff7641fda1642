package submission

import (
	"bytes"
	"encoding/hex"
	"io"
	"maps"
	"mime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/myodai/myodai"
)

// Mailbox is an address with the name shown beside it.
type Mailbox struct {
	Name    string // as people read it, "" for none
	Address myodai.Address
}

// Attachment is a file that goes along with a message.
type Attachment struct {
	Filename    string // one path element, in any script
	ContentType string // such as "application/pdf"; "" means application/octet-stream
	Content     []byte
}

// Draft is a message in parts, before it is MIME.
type Draft struct {
	From        Mailbox
	To, Cc      []Mailbox
	Bcc         []Mailbox // recipients that no header names
	ReplyTo     []Mailbox
	Subject     string
	Text        string // plain text body, any line ends; "" for none
	HTML        string // HTML body, any line ends; "" for none
	Attachments []Attachment
	// Headers are further fields by name: X-… and those of a short list. Values
	// are one line; of X-… fields in any script, of the others ASCII.
	Headers map[string]string
}

// Compose writes a draft as a MIME message with CRLF line ends, dated now, and
// lists its recipients: To, Cc and Bcc, each once. Bcc is in no header. random
// makes the boundaries and must not fail.
//
// Nothing in the draft can add a field or a line (T31): what would is refused
// with CodeInvalid and the part of the draft it is in. Lines are at most 76
// octets long, except for a word that cannot be broken.
func Compose(d Draft, now time.Time, random io.Reader) (raw []byte, recipients []myodai.Address, err error) {
	if err := d.check(); err != nil {
		return nil, nil, err
	}
	var b bytes.Buffer
	d.writeHeader(&b, now)
	if len(d.Attachments) == 0 {
		d.writeBody(&b, random)
	} else {
		d.writeMixed(&b, random)
	}
	for _, list := range [][]Mailbox{d.To, d.Cc, d.Bcc} {
		for _, m := range list {
			recipients = append(recipients, m.Address)
		}
	}
	return b.Bytes(), unique(recipients), nil
}

// writeHeader writes the fields above those of the body.
func (d Draft) writeHeader(b *bytes.Buffer, now time.Time) {
	b.WriteString("Date: " + now.UTC().Format(dateLayout) + "\r\n")
	writeMailboxes(b, "From", []Mailbox{d.From})
	writeMailboxes(b, "To", d.To)
	writeMailboxes(b, "Cc", d.Cc)
	writeMailboxes(b, "Reply-To", d.ReplyTo)
	if strings.TrimSpace(d.Subject) != "" {
		w := beginField(b, "Subject")
		w.text(d.Subject)
		w.end()
	}
	for _, name := range slices.Sorted(maps.Keys(d.Headers)) {
		w := beginField(b, name)
		w.text(d.Headers[name])
		w.end()
	}
	b.WriteString("MIME-Version: 1.0\r\n")
}

// writeMailboxes writes an address field; no field for no mailbox.
func writeMailboxes(b *bytes.Buffer, name string, list []Mailbox) {
	if len(list) == 0 {
		return
	}
	w := beginField(b, name)
	for i, m := range list {
		after := ","
		if i == len(list)-1 {
			after = ""
		}
		w.mailbox(m, after)
	}
	w.end()
}

// writeBody writes the texts as one entity, from its Content-Type on. The plain
// text comes first: of alternatives the last is the best (RFC 2046 §5.1.4).
func (d Draft) writeBody(b *bytes.Buffer, random io.Reader) {
	switch {
	case d.HTML == "":
		writeTextPart(b, "plain", d.Text)
	case d.Text == "":
		writeTextPart(b, "html", d.HTML)
	default:
		boundary := newBoundary(random)
		b.WriteString("Content-Type: multipart/alternative;\r\n boundary=\"" + boundary + "\"\r\n\r\n")
		b.WriteString("--" + boundary + "\r\n")
		writeTextPart(b, "plain", d.Text)
		b.WriteString("\r\n--" + boundary + "\r\n")
		writeTextPart(b, "html", d.HTML)
		b.WriteString("\r\n--" + boundary + "--\r\n")
	}
}

// writeTextPart writes a text of the given subtype with its fields.
func writeTextPart(b *bytes.Buffer, subtype, text string) {
	b.WriteString("Content-Type: text/" + subtype + "; charset=utf-8\r\n")
	writeText(b, text)
}

// writeMixed writes the texts, when there are any, and the attachments.
func (d Draft) writeMixed(b *bytes.Buffer, random io.Reader) {
	boundary := newBoundary(random)
	b.WriteString("Content-Type: multipart/mixed;\r\n boundary=\"" + boundary + "\"\r\n\r\n")
	if d.Text != "" || d.HTML != "" {
		b.WriteString("--" + boundary + "\r\n")
		d.writeBody(b, random)
		b.WriteString("\r\n")
	}
	for _, a := range d.Attachments {
		b.WriteString("--" + boundary + "\r\n")
		w := beginField(b, "Content-Type")
		w.word("", a.contentType())
		w.end()
		w = beginField(b, "Content-Disposition")
		w.word("", "attachment;")
		w.parameter("filename", a.Filename)
		w.end()
		b.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
		writeBase64(b, a.Content)
		b.WriteString("\r\n")
	}
	b.WriteString("--" + boundary + "--\r\n")
}

// newBoundary makes a boundary that can be in no part: "=_" is neither
// quoted-printable nor base64 (RFC 2045 §6.7, note 6).
func newBoundary(random io.Reader) string {
	var octets [16]byte
	if _, err := io.ReadFull(random, octets[:]); err != nil {
		panic("submission: no randomness: " + err.Error())
	}
	return "=_" + hex.EncodeToString(octets[:])
}

// contentType is the declared type in canonical form; check has seen it.
func (a Attachment) contentType() string {
	if a.ContentType == "" {
		return "application/octet-stream"
	}
	kind, params, _ := mime.ParseMediaType(a.ContentType)
	delete(params, "name") // the file name is in Content-Disposition
	return mime.FormatMediaType(kind, params)
}

// check refuses what cannot be written.
func (d Draft) check() error {
	if len(d.To)+len(d.Cc)+len(d.Bcc) == 0 {
		return myodai.Refuse(myodai.CodeInvalid, "to", "the message has no recipient; give at least one in to, cc or bcc")
	}
	if d.Text == "" && d.HTML == "" && len(d.Attachments) == 0 {
		return myodai.Refuse(myodai.CodeInvalid, "text", "the message is empty; give text, html or an attachment")
	}
	for _, part := range []struct {
		field string
		list  []Mailbox
	}{{"from", []Mailbox{d.From}}, {"to", d.To}, {"cc", d.Cc}, {"bcc", d.Bcc}, {"reply_to", d.ReplyTo}} {
		for _, m := range part.list {
			if err := m.check(part.field); err != nil {
				return err
			}
		}
	}
	if err := checkLine("subject", d.Subject); err != nil {
		return err
	}
	if !utf8.ValidString(d.Text) || !utf8.ValidString(d.HTML) {
		return myodai.Refuse(myodai.CodeInvalid, "text", "the text is not valid UTF-8")
	}
	for _, a := range d.Attachments {
		if err := a.check(); err != nil {
			return err
		}
	}
	return checkHeaders(d.Headers)
}

// check refuses a mailbox that could not be written or read back.
func (m Mailbox) check(field string) error {
	if len(m.Name) > 320 {
		return myodai.Refuse(myodai.CodeInvalid, field, "a name in %s is longer than 320 octets", field)
	}
	if parsed, err := myodai.ParseAddress(m.Address.String()); err != nil || parsed != m.Address {
		return myodai.Refuse(myodai.CodeInvalid, field, "%q in %s is not a mail address; write it as name@example.com",
			m.Address.String(), field)
	}
	return checkLine(field, m.Name)
}

// check refuses a file name that means a place in the receiver's file system
// (T31), and types that base64 is not allowed for (RFC 2045 §6.4).
func (a Attachment) check() error {
	if err := checkLine("attachments", a.Filename); err != nil {
		return err
	}
	if a.Filename == "" || len(a.Filename) > 255 || strings.Trim(a.Filename, ". ") == "" ||
		strings.ContainsAny(a.Filename, `/\`) {
		return myodai.Refuse(myodai.CodeInvalid, "attachments",
			"%q is not a file name; give one of at most 255 octets without a path", a.Filename)
	}
	if a.ContentType == "" {
		return nil
	}
	if err := checkLine("attachments", a.ContentType); err != nil {
		return err
	}
	kind, params, err := mime.ParseMediaType(a.ContentType)
	delete(params, "name")
	if err != nil || !strings.Contains(kind, "/") || len(a.ContentType) > 255 || !isASCII(a.ContentType) ||
		mime.FormatMediaType(kind, params) == "" {
		return myodai.Refuse(myodai.CodeInvalid, "attachments",
			"%q is not a content type; write it like application/pdf", a.ContentType)
	}
	if strings.HasPrefix(kind, "multipart/") || strings.HasPrefix(kind, "message/") {
		return myodai.Refuse(myodai.CodeInvalid, "attachments",
			"a file of type %s cannot be attached as such; send it as application/octet-stream", kind)
	}
	return nil
}

// allowed are the further fields a draft may have, in lower case, besides X-….
// Whatever says who sent the message, which way it went, or what it is made of
// is ours to write (T31).
var allowed = []string{
	"auto-submitted", "comments", "feedback-id", "importance", "in-reply-to", "keywords", "list-archive", "list-help",
	"list-id", "list-owner", "list-post", "list-subscribe", "list-unsubscribe", "list-unsubscribe-post", "organization",
	"precedence", "priority", "references", "sensitivity",
}

// checkHeaders refuses fields that are not allowed, and values that are more
// than one line.
func checkHeaders(headers map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value, lower := headers[name], strings.ToLower(name)
		free := strings.HasPrefix(lower, "x-")
		if !free && !slices.Contains(allowed, lower) || len(name) > 64 || len(name) < 3 ||
			strings.Trim(lower, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return myodai.Refuse(myodai.CodeInvalid, "headers",
				"%q is not a header you can set; X-… and %s are", name, strings.Join(allowed, ", "))
		}
		if err := checkLine("headers", value); err != nil {
			return err
		}
		if strings.TrimSpace(value) == "" {
			return myodai.Refuse(myodai.CodeInvalid, "headers", "%s has no value; leave it out", name)
		}
		if !free && (!isASCII(value) || strings.Contains(value, "=?") || longestWord(value) >= maxLine/2) {
			return myodai.Refuse(myodai.CodeInvalid, "headers",
				"%s is ASCII with no word longer than %d octets", name, maxLine/2-1)
		}
	}
	return nil
}
