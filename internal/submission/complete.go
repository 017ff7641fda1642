package submission

import (
	"bytes"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// dropped are the fields that a submitter's message loses: those that only a
// later station may write (RFC 5321 §4.4, RFC 8601 §5), those that name hidden
// recipients, signatures that are not ours, and the resent block, whose authors
// nobody has verified; and those that speak to us.
//
// Received fields stay, as RFC 5321 §4.4 demands; they are what stops loops.
var dropped = []string{
	"Return-Path", "Bcc", "Resent-Bcc", classField, trackField, suppressedField,
	"DKIM-Signature", "DomainKey-Signature",
	"Authentication-Results", "ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal", "Received-SPF",
	"Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Date", "Resent-Message-ID", "Resent-Reply-To",
}

// isDropped reports whether the field does not go on.
func isDropped(f field) bool {
	return slices.ContainsFunc(dropped, f.is)
}

// dateLayout is the date-time of RFC 5322 §3.3.
const dateLayout = "Mon, 02 Jan 2006 15:04:05 -0700"

// drafts are what messages are completed in that are copied when they are signed, or
// written unsigned. Larger ones than usual are not used again.
var drafts = sync.Pool{New: func() any { return new([]byte) }}

const mostDraft = 64 << 10

// forgetDraft gives back what a message was completed in, which nobody may look at
// from then on.
func forgetDraft(message []byte) {
	if cap(message) <= mostDraft {
		drafts.Put(&message)
	}
}

// complete writes the message in its final form but for the signatures: the
// trace line, the submitter's fields that stay, the fields that were missing
// (RFC 6409 §8), and the body with its last line ended. It returns that and the
// Message-ID.
//
// The trace line says by whom the message was taken in, and nothing about whom
// it came from: the tenant's internal hosts are nobody's business.
func complete(h header, body []byte, id myodai.MessageID, from myodai.Name, host myodai.Name, now time.Time) (
	message []byte, headerID string, err error) {
	b := bytes.NewBuffer((*drafts.Get().(*[]byte))[:0])
	b.Grow(h.size() + len(body) + 512)
	date := now.UTC().Format(dateLayout)
	b.WriteString("Received: by " + string(host) + " id " + string(id) + ";\r\n\t" + date + "\r\n")
	for _, f := range h {
		if !isDropped(f) {
			b.Write(f.raw)
		}
	}
	switch value := h.first("Date"); {
	case !h.has("Date"):
		b.WriteString("Date: " + date + "\r\n")
	default:
		if !isDate(value) {
			return nil, "", myodai.Invalidf("the Date %q is not a date of RFC 5322; leave it out and the time of submission is used",
				shorten([]byte(value)))
		}
	}
	headerID = h.first("Message-ID")
	switch {
	case !h.has("Message-ID"):
		headerID = "<" + strings.TrimPrefix(string(id), "msg_") + "@" + string(from) + ">"
		b.WriteString("Message-ID: " + headerID + "\r\n")
	case !isMessageID(headerID):
		return nil, "", myodai.Invalidf("the Message-ID %q is not of the form <left@right>; leave it out and one is made",
			shorten([]byte(headerID)))
	}
	if !h.has("MIME-Version") {
		b.WriteString("MIME-Version: 1.0\r\n")
	}
	b.Write(crlf)
	b.Write(body)
	if len(body) > 0 && !bytes.HasSuffix(body, crlf) {
		b.Write(crlf)
	}
	return b.Bytes(), headerID, nil
}

// isDate reports whether s is a date-time of RFC 5322. Nearly all have the one
// form that costs little to read.
func isDate(s string) bool {
	if _, err := time.Parse(dateLayout, s); err == nil {
		return true
	}
	_, err := mail.ParseDate(s)
	return err == nil
}

// isMessageID reports whether s is a msg-id of RFC 5322 §3.6.4, taken widely:
// one pair of angle brackets around something with one @ and no white space.
func isMessageID(s string) bool {
	if len(s) < 2 || s[0] != '<' || s[len(s)-1] != '>' {
		return false
	}
	inner := s[1 : len(s)-1]
	left, right, found := strings.Cut(inner, "@")
	return found && left != "" && right != "" && !strings.Contains(right, "@") &&
		!strings.ContainsAny(inner, " \t<>") && isASCII(inner)
}

// readSubject decodes a Subject for people. What cannot be decoded is shown as
// it stands.
func readSubject(value string) string {
	text, err := words.DecodeHeader(value)
	if err != nil {
		text = value
	}
	return strings.Map(func(c rune) rune {
		if isControl(c) {
			return ' '
		}
		return c
	}, text)
}
