package api

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/submission"
)

// NewMessage is a message to be sent: in parts, of which it is composed, or
// whole, in raw or raw_base64, and then with nothing beside it but to and how it is to be sent.
type NewMessage struct {
	From        string            `json:"from,omitempty" doc:"The author: a verified domain's address, with or without a name." example:"Acme <news@acme.example>"`
	To          []string          `json:"to,omitempty" doc:"Recipients; with raw the recipients of the envelope."`
	Cc          []string          `json:"cc,omitempty"`
	Bcc         []string          `json:"bcc,omitempty" doc:"Recipients no header names."`
	ReplyTo     []string          `json:"reply_to,omitempty" maxItems:"20"`
	Subject     string            `json:"subject,omitempty"`
	Text        string            `json:"text,omitempty" doc:"The plain text body."`
	HTML        string            `json:"html,omitempty" doc:"The HTML body."`
	Attachments []NewAttachment   `json:"attachments,omitempty" maxItems:"100"`
	Headers     map[string]string `json:"headers,omitempty" maxProperties:"50" doc:"Further header fields: X-… and a few others."`
	Raw         string            `json:"raw,omitempty" doc:"A whole message of RFC 5322 with CRLF line ends."`
	Class       string            `json:"class,omitempty" maxLength:"40" doc:"What kind of mail it is: one of the policy's classes. Left out: that of the credential, or the first." example:"marketing"`
	Track       string            `json:"track,omitempty" maxLength:"40" doc:"What of it may be tracked, of what its class tracks: off, clicks, opens, or clicks,opens. Left out: all of that. Links with letters other than ASCII, with a user name before the host, with a placeholder that was not filled in, or longer than 1,400 characters stay as they are." example:"off"`
	Suppressed  string            `json:"suppressed,omitempty" enum:"drop,refuse,hold,bounce" doc:"What becomes of recipients on the suppression list: they are recorded and not sent to, the message is refused, they are held, or answered with a bounce while the application is told that they were accepted. Left out: the policy's rule."`
	Notify      []string          `json:"notify,omitempty" maxItems:"3" doc:"When the author gets a notification (DSN, RFC 3461): success, failure and delay, or only never. Left out: when a mail fails, where the rule for suppressed recipients is bounce." example:"failure"`
	EnvelopeID  string            `json:"envelope_id,omitempty" maxLength:"100" pattern:"^[!-~ ]*$" doc:"By which you know the message again in notifications (ENVID)."`
	Return      string            `json:"return,omitempty" enum:"full,headers" doc:"What of the message a notification about a failure brings back. Left out: its header."`
	TLS         string            `json:"tls,omitempty" enum:"optional,required,verified,requiretls" doc:"What is asked of the connections it leaves by: delivery even where the recipient's domain demands TLS that fails (optional); TLS, whatever the certificate (required); TLS to a server that proves its name (verified); that, found by ways that cannot be forged and promised by every server behind it (requiretls, RFC 8689). The policy may ask for more. Left out: TLS where it can be had, and what the recipient's domain demands."`
	RawBase64   string            `json:"raw_base64,omitempty" doc:"The same in base64, for messages that are not UTF-8."`
}

// NewAttachment is a file that goes along.
type NewAttachment struct {
	Filename    string `json:"filename"`
	ContentType string `json:"content_type,omitempty" doc:"application/octet-stream when left out." example:"application/pdf"`
	Content     string `json:"content" doc:"In base64."`
}

// terms is what is asked for beside delivery.
func (n NewMessage) terms() (t myodai.Terms, err error) {
	t = myodai.Terms{EnvelopeID: n.EnvelopeID, Return: myodai.Content(n.Return), TLS: myodai.TLSRule(n.TLS)}
	if len(n.Notify) > 0 {
		t.Notify, err = myodai.ParseNotify(strings.Join(n.Notify, ","))
	}
	return t, err
}

// isRaw reports whether the message comes whole.
func (n NewMessage) isRaw() bool { return n.Raw != "" || n.RawBase64 != "" }

// read makes the message of what was sent, and says to whom it goes.
func (n NewMessage) read(now time.Time, random io.Reader) (raw []byte, recipients []myodai.Address, err error) {
	if n.isRaw() {
		return n.readRaw()
	}
	d, err := n.draft()
	if err != nil {
		return nil, nil, err
	}
	return submission.Compose(d, now, random)
}

func (n NewMessage) readRaw() (raw []byte, recipients []myodai.Address, err error) {
	switch {
	case n.Raw != "" && n.RawBase64 != "":
		return nil, nil, myodai.Refuse(myodai.CodeInvalid, "raw_base64", "give raw or raw_base64, not both")
	case n.From+n.Subject+n.Text+n.HTML != "" || len(n.Cc)+len(n.Bcc)+len(n.ReplyTo)+len(n.Attachments)+len(n.Headers) > 0:
		return nil, nil, myodai.Refuse(myodai.CodeInvalid, "raw",
			"a raw message has its header in it; beside it give only to, the recipients of the envelope, and how it is to be sent")
	}
	if raw = []byte(n.Raw); n.RawBase64 != "" {
		if raw, err = decodeBase64(n.RawBase64); err != nil {
			return nil, nil, inField(err, "raw_base64")
		}
	}
	for i, s := range n.To {
		a, err := myodai.ParseAddress(s)
		if err != nil {
			return nil, nil, inField(err, fmt.Sprintf("to[%d]", i))
		}
		recipients = append(recipients, a)
	}
	return raw, recipients, nil
}

func (n NewMessage) draft() (submission.Draft, error) {
	d := submission.Draft{Subject: n.Subject, Text: n.Text, HTML: n.HTML, Headers: n.Headers}
	if n.From == "" {
		return d, myodai.Refuse(myodai.CodeInvalid, "from", "say in from who sends the message")
	}
	from, err := submission.ParseMailbox(n.From)
	if err != nil {
		return d, inField(err, "from")
	}
	d.From = from
	for _, list := range []struct {
		name string
		from []string
		to   *[]submission.Mailbox
	}{{"to", n.To, &d.To}, {"cc", n.Cc, &d.Cc}, {"bcc", n.Bcc, &d.Bcc}, {"reply_to", n.ReplyTo, &d.ReplyTo}} {
		for i, s := range list.from {
			m, err := submission.ParseMailbox(s)
			if err != nil {
				return d, inField(err, fmt.Sprintf("%s[%d]", list.name, i))
			}
			*list.to = append(*list.to, m)
		}
	}
	for i, a := range n.Attachments {
		content, err := decodeBase64(a.Content)
		if err != nil {
			return d, inField(err, fmt.Sprintf("attachments[%d].content", i))
		}
		d.Attachments = append(d.Attachments, submission.Attachment{Filename: a.Filename, ContentType: a.ContentType, Content: content})
	}
	return d, nil
}

// decodeBase64 reads base64 as RFC 4648 §4 has it, with padding; line breaks,
// which many tools put in, do no harm.
func decodeBase64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(strings.NewReplacer("\r", "", "\n", "").Replace(s))
	if err != nil {
		return nil, myodai.Invalidf("this is not base64 with padding (RFC 4648 §4)")
	}
	return b, nil
}

// inField says which part of the request a refusal is about. Names of fields
// are written as in Go, to[0] or attachments[2].content.
func inField(err error, field string) error {
	refusal, ok := errors.AsType[*myodai.Error](err)
	if !ok {
		return err
	}
	about := *refusal
	about.Field = field
	return &about
}
