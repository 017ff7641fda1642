package hygiene

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
)

// maxMail is how much of one mail is read, in octets. What a bounce says stands
// before what it returns.
const maxMail = 256 << 10

// mbox reads the mails of a mailbox file (RFC 4155): each begins with a line
// "From " after an empty line or at the beginning.
type mbox struct{ r *bufio.Reader }

// next reads a mail, of which it keeps maxMail octets; io.EOF at the end. Lines
// that were quoted with > stay so: no bounce depends on them.
func (m mbox) next() ([]byte, error) {
	var mail []byte
	begun, empty := false, true
	for {
		start, err := m.r.Peek(len("From "))
		if empty && string(start) == "From " {
			if begun {
				return mail, nil
			}
			begun = true
			if err := skipLine(m.r); err != nil {
				return mail, eofIfNone(mail, err)
			}
			empty = false
			continue
		}
		if len(start) == 0 {
			return mail, eofIfNone(mail, err)
		}
		begun = true
		line, err := m.r.ReadSlice('\n')
		empty = len(bytes.TrimRight(line, "\r\n")) == 0
		if room := maxMail - len(mail); room > 0 {
			mail = append(mail, line[:min(len(line), room)]...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			empty = false
		case err != nil:
			return mail, eofIfNone(mail, err)
		}
	}
}

// eofIfNone lets the last mail be read before the end is told.
func eofIfNone(mail []byte, err error) error {
	if errors.Is(err, io.EOF) && len(mail) > 0 {
		return nil
	}
	return err
}

func skipLine(r *bufio.Reader) error {
	for {
		_, err := r.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// said is what one past mail says about its recipients.
type said struct {
	records []record
	read    bool // it is a bounce or complaint
}

// readMail reads one mail out of a tenant's own mailbox. Nothing in it is proved,
// and nothing has to be: the tenant speaks of its own recipients.
func readMail(raw []byte) said {
	at := mailDate(raw)
	report, err := bounce.ParseDSN(raw)
	if err != nil {
		report, err = bounce.ParseProse(raw)
	}
	if err == nil {
		s := said{read: true}
		for _, r := range report.Recipients {
			if r.Action != bounce.ActionFailed {
				continue
			}
			a, err := myodai.ParseAddress(r.Final)
			if err != nil {
				continue
			}
			s.records = append(s.records, newRecord(a, kindBounced, at, r.Class(), r.Diagnostic))
		}
		return s
	}
	c, err := bounce.ParseARF(raw)
	if err != nil || !c.Unwanted() {
		return said{read: err == nil}
	}
	s := said{read: true}
	for _, to := range c.Recipients {
		if a, err := myodai.ParseAddress(to); err == nil {
			s.records = append(s.records, newRecord(a, kindComplaint, at, "", c.UserAgent))
		}
	}
	return s
}

// mailDate is the Date of a mail in seconds since 1970; 0 when it has none.
func mailDate(raw []byte) int64 {
	for line := range bytes.Lines(raw) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return 0
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !bytes.EqualFold(name, []byte("date")) {
			continue
		}
		value, _, _ = bytes.Cut(bytes.TrimSpace(value), []byte(" ("))
		for _, layout := range []string{time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 -0700"} {
			if at, err := time.Parse(layout, string(value)); err == nil {
				return at.Unix()
			}
		}
	}
	return 0
}
