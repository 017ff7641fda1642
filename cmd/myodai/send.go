package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
)

// sending is what send was told.
type sending struct {
	message api.NewMessage
	html    string // file
	raw     string // file
	attach  []string
	headers []string
	once    string // idempotency key
}

func (c *cli) sendCommand() *cobra.Command {
	s := &sending{}
	cmd := &cobra.Command{
		Use: "send", Short: "Send a message",
		Long: `Send a message. Its text is --text, or else what comes on standard input. With --raw a
whole message is sent as it is: its line ends are made CRLF when they are all LF, and
--to says to whom it goes.`,
		Example: `  echo Hello | myodai send --from sales@acme.example --to you@example.net --subject Hi
  myodai send --from 'Acme <sales@acme.example>' --to a@example.net --to b@example.net \
              --subject Invoice --text 'See the file.' --attach invoice.pdf
  myodai send --raw message.eml --to you@example.net`,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.send(cmd, s) },
	}
	f := cmd.Flags()
	f.StringVar(&s.message.From, "from", "", "author `MAILBOX`, in a verified domain")
	f.StringArrayVar(&s.message.To, "to", nil, "recipient `MAILBOX`; may be repeated, as may --cc and --bcc")
	f.StringArrayVar(&s.message.Cc, "cc", nil, "recipient of a copy")
	f.StringArrayVar(&s.message.Bcc, "bcc", nil, "recipient no header names")
	f.StringArrayVar(&s.message.ReplyTo, "reply-to", nil, "`MAILBOX` for answers")
	f.StringVar(&s.message.Subject, "subject", "", "subject")
	f.StringVar(&s.message.Text, "text", "", "plain text body (default: standard input)")
	f.StringVar(&s.message.Class, "class", "", "what kind of mail it is, such as `marketing`")
	f.StringVar(&s.message.Track, "track", "", "what of it may be tracked: off, `clicks`, opens, or clicks,opens (default: what its class tracks)")
	f.StringVar(&s.html, "html", "", "`FILE` with the HTML body")
	f.StringVar(&s.raw, "raw", "", "`FILE` with a whole message; - is standard input")
	f.StringArrayVar(&s.attach, "attach", nil, "`FILE` to go along; may be repeated")
	f.StringArrayVar(&s.headers, "header", nil, "further header field, such as 'X-Campaign: spring'; may be repeated")
	f.StringSliceVar(&s.message.Notify, "notify", nil, "when the author gets a notification: success, failure and delay with commas, or never (default: as the policy says)")
	f.StringVar(&s.message.EnvelopeID, "envelope-id", "", "by which you know the message again in notifications")
	f.StringVar(&s.message.Return, "return", "", "what of the message a notification of failure brings back: full or headers (default: headers)")
	f.StringVar(&s.message.TLS, "tls", "", "what is asked of connections: optional, required, verified or requiretls (default: as the policy says)")
	f.StringVar(&s.message.Suppressed, "suppressed", "", "what becomes of suppressed recipients: drop, refuse, hold or bounce (default: as the policy says)")
	f.StringVar(&s.once, "idempotency-key", "", "makes it safe to run this again within 24 hours")
	return cmd
}

func (c *cli) send(cmd *cobra.Command, s *sending) error {
	cl, err := c.client(cmd, tenantsKey)
	if err != nil {
		return err
	}
	if s.raw != "" {
		err = c.readRaw(s)
	} else {
		err = c.readParts(cmd, s)
	}
	if err != nil {
		return err
	}
	var header []string
	if s.once != "" {
		header = []string{"Idempotency-Key", s.once}
	}
	m, err := ask[api.AcceptedMessage](cmd.Context(), cl, http.MethodPost, "/v1/messages", s.message, header...)
	if err != nil {
		return err
	}
	if c.json {
		return c.writeJSON(m)
	}
	c.say("%s is accepted.", m.ID)
	for _, d := range m.Deliveries {
		switch d.State {
		case myodai.DeliverySuppressed:
			c.say("%s is suppressed and gets nothing: %s.", printable(d.Recipient), printable(d.Last))
		case myodai.DeliveryHeld:
			c.say("%s: %s.", printable(d.Recipient), printable(d.Last))
		}
	}
	return nil
}

// readRaw reads a whole message.
func (c *cli) readRaw(s *sending) error {
	raw, err := c.readFile(s.raw)
	if err != nil {
		return err
	}
	// A file of this system has LF alone; one that has any CR is meant to be as
	// it is, and is refused if it is mixed.
	if !bytes.ContainsRune(raw, '\r') {
		raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
	}
	s.message.RawBase64 = base64.StdEncoding.EncodeToString(raw)
	return nil
}

// readParts reads what a message is composed of.
func (c *cli) readParts(cmd *cobra.Command, s *sending) error {
	if s.html != "" {
		html, err := c.readFile(s.html)
		if err != nil {
			return err
		}
		s.message.HTML = string(html)
	}
	if !cmd.Flags().Changed("text") && s.html != "-" {
		text, err := c.readFile("-")
		if err != nil {
			return err
		}
		s.message.Text = string(text)
	}
	for _, name := range s.attach {
		content, err := c.readFile(name)
		if err != nil {
			return err
		}
		kind, _, _ := mime.ParseMediaType(mime.TypeByExtension(filepath.Ext(name))) // "" when nobody knows
		s.message.Attachments = append(s.message.Attachments, api.NewAttachment{
			Filename: filepath.Base(name), ContentType: kind, Content: base64.StdEncoding.EncodeToString(content),
		})
	}
	for _, field := range s.headers {
		name, value, ok := strings.Cut(field, ":")
		if !ok {
			return usage("--header: %q has no colon; write it as 'X-Campaign: spring'", field)
		}
		if s.message.Headers == nil {
			s.message.Headers = map[string]string{}
		}
		s.message.Headers[name] = strings.TrimSpace(value)
	}
	return nil
}

// readFile reads a file, or standard input for "-".
func (c *cli) readFile(name string) (content []byte, err error) {
	if name == "-" {
		content, err = io.ReadAll(c.in)
	} else {
		content, err = os.ReadFile(name) // #nosec G304 -- the user names the file, and reads it as themselves
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("cannot read %s: %w", name, err)}
	}
	return content, nil
}
