package smtpd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/myodai/myodai"
)

// begin is MAIL.
func (s *session) begin(ctx context.Context, c command) {
	switch {
	case s.hello == "" || s.mail != nil:
		s.reply(replySequence)
		return
	case !s.mayMail(ctx):
		return
	case c.size > s.server.o.Limits.MaxSize:
		s.reply(replyTooLarge)
		return
	case !c.utf8 && !isASCII(c.path):
		s.reply(replyNeedUTF8)
		return
	case !s.mayExtend(c):
		s.reply(replyParameter)
		return
	}
	t := &transaction{utf8: c.utf8, envelope: Envelope{Terms: c.terms}}
	switch {
	case c.path == "" && s.server.face == faceSubmission:
		t.envelope.Terms.Notify = myodai.NotifyNever // nobody wants to hear of it (RFC 3461 §6.1)
	case c.path == "":
	case s.server.face == faceSubmission:
		// Programs call themselves root@localhost and worse. It is of no use.
		if at := strings.LastIndexByte(c.path, '@'); at < 1 || at == len(c.path)-1 {
			s.reply(replySenderAddress)
			return
		}
	default:
		from, err := myodai.ParseAddress(c.path)
		if err != nil {
			s.reply(replySenderAddress)
			return
		}
		t.from = from
	}
	s.mail = t
	s.reply(replySender)
}

// mayMail answers a client that may not send mail here, or not yet.
func (s *session) mayMail(ctx context.Context) bool {
	switch {
	case s.server.face == faceMX:
		return true
	case !s.secure:
		s.reply(replyNeedTLS)
		return false
	case s.login == nil:
		s.reply(replyNeedAuth)
		return false
	}
	return s.stillLoggedIn(ctx)
}

// addRecipient is RCPT.
func (s *session) addRecipient(ctx context.Context, c command) {
	switch {
	case s.mail == nil, s.mail.chunked:
		s.reply(replySequence)
		return
	case len(s.mail.envelope.Recipients) >= s.server.o.Limits.MaxRecipients:
		s.reply(replyTooMany)
		return
	case !s.mail.utf8 && !isASCII(c.path):
		s.reply(replyNeedUTF8)
		return
	case !s.mayExtend(c):
		s.reply(replyParameter)
		return
	}
	rcpt, err := s.recipient(c.path)
	if err != nil {
		s.reply(replyRcptAddress)
		return
	}
	if s.server.face == faceMX {
		ctx, cancel := context.WithTimeout(ctx, handlerTimeout)
		defer cancel()
		if err := s.server.o.Accepts(ctx, rcpt); err != nil {
			s.reply(s.judge(ctx, err, atRcpt, "recipient not looked up"))
			return
		}
	}
	if e := &s.mail.envelope; !slices.Contains(e.Recipients, rcpt) {
		e.Recipients = append(e.Recipients, rcpt)
		if c.extended && e.Terms.Notify != myodai.NotifyNever {
			if e.Each == nil {
				e.Each = map[myodai.Address]myodai.Terms{}
			}
			e.Each[rcpt] = c.terms
		}
	}
	s.reply(replyRcpt)
}

// mayExtend reports whether the parameters in c were offered: those of DSN to who
// logs in, and REQUIRETLS over TLS (RFC 8689 §4.1).
func (s *session) mayExtend(c command) bool {
	return !c.extended || s.server.face == faceSubmission && (c.terms.TLS == "" || s.secure)
}

// recipient reads a RCPT path. Postmaster needs no domain (RFC 5321 §4.1.1.3).
func (s *session) recipient(path string) (myodai.Address, error) {
	if strings.EqualFold(path, "postmaster") {
		return myodai.Address{Local: "postmaster", Domain: s.server.o.Hostname}, nil
	}
	return myodai.ParseAddress(path)
}

// judge translates an error of a function in Options, and logs it when it is a
// fault.
func (s *session) judge(ctx context.Context, err error, at stage, failed string) reply {
	r, fault := replyTo(ctx, err, at)
	if fault {
		s.server.o.Log.ErrorContext(ctx, failed, "err", err)
	}
	return r
}

// data is DATA: the message is read, handed on, and answered for.
func (s *session) data(ctx context.Context) {
	t := s.mail
	switch {
	case t == nil, t.chunked, t.failed:
		s.reply(replySequence)
		return
	case len(t.envelope.Recipients) == 0:
		s.reply(replyNoRcpt)
		return
	case s.r.Buffered() > 0:
		// RFC 2920 §3.1 makes DATA the last of a group. Who does not wait for our
		// 354 does not speak to us, but through us (T28).
		s.end(replyEarly)
		return
	}
	s.reply(replyGo)
	if s.closing || s.w.Flush() != nil {
		s.closing = true
		return
	}
	_ = s.conn.SetReadDeadline(s.within(s.server.o.Limits.Data))
	raw, err := readData(s.r, s.server.o.Limits.MaxSize, s.takeRoom)
	r := s.handOn(ctx, t, raw, err)
	if s.server.face == faceSubmission {
		forgetMessage(raw)
	}
	if r == replyBare {
		s.forget()
		s.end(r)
		return
	}
	s.finish(r)
}

// finish ends the transaction and answers for its message; the zero reply means
// that there is nobody to answer.
func (s *session) finish(r reply) {
	s.forget()
	if r.code == 0 {
		return
	}
	s.server.metrics.messages.WithLabelValues(strconv.Itoa(r.code/100) + "xx").Inc()
	if r.code < 300 {
		s.junk = 0
	}
	s.reply(r)
}

// handOn gives a message that was read to whoever takes responsibility, and says
// how to answer; the zero reply means that there is nobody to answer.
func (s *session) handOn(ctx context.Context, t *transaction, raw []byte, err error) reply {
	switch {
	case errors.Is(err, errBare):
		return replyBare
	case errors.Is(err, errTooLarge):
		return replyTooLarge
	case errors.Is(err, errNoRoom):
		return replyNoRoom
	case err != nil:
		s.failed(err)
		return reply{}
	}
	ctx, cancel := context.WithTimeout(ctx, handlerTimeout)
	defer cancel()
	if s.server.face == faceMX {
		err := s.server.o.Receive(ctx, Incoming{
			From: t.from, Recipients: t.envelope.Recipients, Hello: s.hello, Remote: s.remote, TLS: s.secure, Raw: raw,
		})
		if err != nil {
			return s.judge(ctx, err, atBody, "message not received")
		}
		return replyReceived
	}
	id, err := s.server.o.Submit(ctx, s.login.credential, t.envelope, raw)
	if err != nil {
		return s.judge(ctx, err, atBody, "message not submitted")
	}
	return reply{250, "2.0.0", fmt.Sprintf("accepted as %s", id)}
}
