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
	Failed       []Failed
	Header       []byte // of the message, with CRLF line ends
}

// Failed is a recipient whom the message did not reach.
type Failed struct {
	Recipient myodai.Address
	Status    string // RFC 3463; "" means 5.0.0
	Text      string // what the remote server said, or why nothing was sent
	Code      int    // SMTP code of the remote server, 0 for none
	RemoteMTA string // "" for none
	At        time.Time
	Withheld  bool // nothing was sent: the address is suppressed
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
	line("Subject: Undelivered Mail Returned to Sender")
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
	line("Arrival-Date: %s", n.Arrived.UTC().Format(mailDate))
	for _, f := range n.Failed {
		f.write(line)
	}
	kind := "text/rfc822-headers"
	header := wholeLines(n.Header)
	if !isASCII(header) {
		kind += "; charset=utf-8\r\nContent-Transfer-Encoding: 8bit"
	}
	line("\r\n--%s\r\nContent-Description: Undelivered message header\r\nContent-Type: %s\r\n", n.Boundary, kind)
	b.Write(header)
	line("\r\n--%s--", n.Boundary)
	return b.Bytes()
}

// write writes the fields about one recipient (RFC 3464 §2.3).
func (f Failed) write(line func(string, ...any)) {
	status := f.Status
	if enhanced(status) == "" || !strings.HasPrefix(status, "5.") {
		status = "5.0.0"
	}
	line("\r\nFinal-Recipient: rfc822; %s", asciiAddress(f.Recipient))
	line("Action: failed")
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

// forPeople says what happened, in two languages.
func (n Notification) forPeople() string {
	var b strings.Builder
	line := func(text string) { b.WriteString(text + "\r\n") }
	line("This is the mail system at host " + string(n.ReportingMTA) + ".")
	line("")
	line("Your message could not be delivered to:")
	line("")
	for _, f := range n.Failed {
		line("<" + f.Recipient.String() + ">: " + f.reason())
		if f.Withheld {
			line("    Nothing was sent: this address is on your suppression list.")
		}
	}
	line("")
	line("この通知は、メール配信システム " + string(n.ReportingMTA) + " からお送りしています。")
	line("次の宛先にはメールをお届けできませんでした。")
	line("")
	for _, f := range n.Failed {
		line("<" + f.Recipient.String() + ">: " + f.reason())
		if f.Withheld {
			line("    この宛先は配信停止リストに登録されているため、送信していません。")
		}
	}
	return b.String()
}

// reason is what is told to people.
func (f Failed) reason() string {
	text := strings.Join(strings.Fields(clean([]byte(f.Text))), " ")
	if f.Code != 0 {
		text = fmt.Sprintf("host %s said: %d %s %s", clean([]byte(f.RemoteMTA)), f.Code, f.Status, text)
	}
	return text
}
