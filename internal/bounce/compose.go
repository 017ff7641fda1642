package bounce

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// Notification is a DSN to be written to the sender of a message.
type Notification struct {
	From         myodai.Address // of the mail system
	To           myodai.Address // the sender
	ReportingMTA myodai.Name    // our name
	MessageID    string         // of the notification, with angle brackets
	Boundary     string         // not in any of its parts
	Date         time.Time
	Arrived      time.Time // the message, here
	Action       Action    // the same for all recipients
	EnvelopeID   string    // as the submitter gave it (RFC 3461 §4.4), "" for none
	Recipients   []Told
	Header       []byte // of the message, with CRLF line ends
	Message      []byte // all of it, to be returned instead of the header; nil for none
}

// Told is a recipient of whom a notification tells.
type Told struct {
	Recipient myodai.Address
	Original  string // the recipient as first written, type included; "" for none
	Status    string // RFC 3463; one of another class than Action has means that class in general
	Text      string // what the remote server said, or why nothing was sent
	Code      int    // SMTP code of the remote server, 0 for none
	RemoteMTA string // "" for none
	At        time.Time
	Withheld  bool      // nothing was sent: the address is suppressed
	Until     time.Time // of a delay: when delivery is given up
}

// maxReturned is how much of the header of the message is returned, in octets.
const maxReturned = 16 << 10

// mailDate is the date-time of RFC 5322 §3.3.
const mailDate = "Mon, 02 Jan 2006 15:04:05 -0700"

// Compose writes the notification: a multipart/report of text for people, in
// English and Japanese, of the fields of RFC 3464, and of the header of the
// message (RFC 6522). Nothing that a stranger said can end a line or a part.
func Compose(n Notification) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("From: Mail Delivery System <%s>", n.From)
	line("To: <%s>", n.To)
	line("Subject: %s", n.telling().subject)
	line("Date: %s", n.Date.UTC().Format(mailDate))
	line("Message-ID: %s", n.MessageID)
	line("Auto-Submitted: auto-replied") // RFC 3834 §5
	line("MIME-Version: 1.0")
	line("Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"%s\"", n.Boundary)
	line("\r\nThis is a delivery status notification in MIME format.\r\n")
	line("--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n", n.Boundary)
	b.WriteString(wrapped(base64.StdEncoding.EncodeToString([]byte(n.forPeople()))))
	line("\r\n--%s\r\nContent-Description: Delivery report\r\nContent-Type: message/delivery-status\r\n", n.Boundary)
	line("Reporting-MTA: dns; %s", n.ReportingMTA)
	if n.EnvelopeID != "" {
		line("Original-Envelope-Id: %s", asciiLine(n.EnvelopeID))
	}
	line("Arrival-Date: %s", n.Arrived.UTC().Format(mailDate))
	for _, r := range n.Recipients {
		r.write(n.Action, line)
	}
	kind, what, returned := "text/rfc822-headers", "Message header", wholeLines(n.Header)
	if n.Message != nil {
		kind, what, returned = "message/rfc822", "Message", n.Message
	}
	switch {
	case isASCII(returned):
	case n.Message == nil:
		kind += "; charset=utf-8\r\nContent-Transfer-Encoding: 8bit"
	default:
		kind += "\r\nContent-Transfer-Encoding: 8bit"
	}
	line("\r\n--%s\r\nContent-Description: %s\r\nContent-Type: %s\r\n", n.Boundary, what, kind)
	b.Write(returned)
	line("\r\n--%s--", n.Boundary)
	return b.Bytes()
}

// write writes the fields about one recipient (RFC 3464 §2.3).
func (f Told) write(action Action, line func(string, ...any)) {
	status, class := f.Status, tellings[action].class
	if enhanced(status) == "" || !strings.HasPrefix(status, class) {
		status = class + "0.0"
	}
	line("")
	if kind, address, ok := strings.Cut(f.Original, ";"); ok {
		line("Original-Recipient: %s; %s", asciiLine(kind), asciiLine(address))
	}
	line("Final-Recipient: rfc822; %s", asciiAddress(f.Recipient))
	line("Action: %s", action)
	line("Status: %s", status)
	if f.RemoteMTA != "" {
		line("Remote-MTA: dns; %s", asciiLine(f.RemoteMTA))
	}
	if f.Code != 0 {
		line("Diagnostic-Code: smtp; %d %s", f.Code, asciiLine(f.Text))
	} else {
		line("Diagnostic-Code: x-myodai; %s", asciiLine(f.Text))
	}
	line("Last-Attempt-Date: %s", f.At.UTC().Format(mailDate))
	if !f.Until.IsZero() {
		line("Will-Retry-Until: %s", f.Until.UTC().Format(mailDate))
	}
}

// asciiLine is text on one line of a field, short enough for every reader. What
// is not ASCII is left out: these fields are for programs, and people have the
// text before.
func asciiLine(text string) string {
	const most = 800
	text = strings.Map(func(c rune) rune {
		switch {
		case c < ' ' || c == 0x7f:
			return ' '
		case c > 0x7f:
			return '?'
		}
		return c
	}, text)
	return strings.Join(strings.Fields(text[:min(len(text), most)]), " ")
}

// asciiAddress writes an address as the type rfc822 allows it: octets that are not
// ASCII, which need SMTPUTF8, as question marks; people have it before as it is.
func asciiAddress(a myodai.Address) string { return asciiLine(a.String()) }

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// wholeLines is the start of a header up to maxReturned octets, in whole lines,
// and with one line end at its end.
func wholeLines(header []byte) []byte {
	if len(header) > maxReturned {
		header = header[:bytes.LastIndexByte(header[:maxReturned], '\n')+1]
	}
	return append(bytes.TrimRight(header[:len(header):len(header)], "\r\n"), '\r', '\n')
}

// wrapped breaks base64 at 76 characters (RFC 2045 §6.8).
func wrapped(text string) string {
	const width = 76
	var b strings.Builder
	for len(text) > width {
		b.WriteString(text[:width] + "\r\n")
		text = text[width:]
	}
	return b.String() + text + "\r\n"
}
