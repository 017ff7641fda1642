package submission

import (
	"github.com/myodai/myodai"
)

// Mailbox is an address with the name shown beside it.
type Mailbox struct {
	Name    string // as people read it, "" for none
	Address myodai.Address
}

// Attachment is a file that goes along with a message.
type Attachment struct {
	Filename    string // one path element; any script
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
	// Headers are further fields by name: X-… and a short list (see allowed).
	Headers map[string]string
}
