package delivery

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/crash"
)

// deliver has one transaction. lost tells that the connection ended before the
// server could have taken the message: the item is as it was, and another
// server may be tried at once. The outcome is never nil.
func (s *session) deliver(ctx context.Context, item myodai.JobItem) (o *myodai.Outcome, lost bool) {
	s.said.begin()
	from, ok := path(item.Delivery.ReturnPath)
	if item.Delivery.ReturnPath.IsZero() {
		from, ok = "<>", true
	}
	if !ok {
		return permanent("5.1.7", "the return path cannot be written as an SMTP address"), false
	}
	to, ok := path(item.Delivery.Recipient)
	if !ok {
		return permanent("5.1.3", "the recipient cannot be written as an SMTP address"), false
	}
	if problem := s.reset(); problem != nil {
		return problem, true
	}
	msg, err := item.Load(ctx)
	if err != nil {
		return s.agent.held(ctx, item, err), false
	}
	if err := checkWire(msg); err != nil {
		s.agent.with.Log.ErrorContext(ctx, "message is not in wire form", "delivery", item.Delivery.ID, "err", err)
		return permanent("5.6.0", "the message is not in the form SMTP needs and was not sent: %s", err), false
	}
	crash.Poison(msg)
	crash.Point("attempt", "before MAIL")
	parameters, problem := s.parameters(msg, item.Delivery.Recipient)
	if problem != nil {
		return problem, false
	}
	o, lost = s.envelope("MAIL FROM:"+from+parameters, "RCPT TO:"+to)
	if o != nil {
		return o, lost
	}
	return s.data(msg), false
}

// reset ends a transaction that came to nothing.
func (s *session) reset() *myodai.Outcome {
	if !s.dirty {
		return nil
	}
	r, problem := s.ask("RSET", s.agent.with.Timeouts.Hello)
	if problem == nil && r.code/100 != 2 {
		problem = judge(r)
		problem.Kind = myodai.OutcomeTransient // it says nothing about the item that is next
		s.quit()
	}
	s.dirty = false
	return problem
}

// parameters are those of MAIL FROM, each after a space; or the outcome when the server does not
// offer what the message needs. Nothing is converted on the way: it is signed.
func (s *session) parameters(msg []byte, recipient myodai.Address) (string, *myodai.Outcome) {
	list := ""
	if limit, ok := s.offers["SIZE"]; ok {
		// RFC 1870 §4: without a number, or with 0, no limit is stated.
		if n, err := strconv.ParseInt(limit, 10, 64); err == nil && n > 0 && int64(len(msg)) > n {
			return "", permanent("5.3.4", "the message has %d octets, and %s takes %d", len(msg), s.target.host, n)
		}
		list += fmt.Sprintf(" SIZE=%d", len(msg))
	}
	need := needsOf(msg, recipient)
	_, offersEight := s.offers["8BITMIME"]
	_, offersUTF8 := s.offers["SMTPUTF8"]
	if need.utf8 && !offersUTF8 {
		return "", permanent("5.6.7", "%s does not take addresses or headers outside ASCII (SMTPUTF8)", s.target.host)
	}
	if need.eightBit && !offersEight {
		return "", permanent("5.6.3", "%s does not take 8-bit messages (8BITMIME)", s.target.host)
	}
	if need.eightBit {
		list += " BODY=8BITMIME"
	}
	if need.utf8 {
		list += " SMTPUTF8"
	}
	return list, nil
}

// step is one command of the envelope and the reply it hopes for.
type step struct {
	line  string
	verb  string
	wait  time.Duration
	class int // first digit
}

// envelope goes from MAIL FROM to the go-ahead for the message, in one packet
// where PIPELINING is offered (RFC 2920). It returns nil when the message may
// follow.
func (s *session) envelope(mail, rcpt string) (refusal *myodai.Outcome, lost bool) {
	steps := []step{
		{mail, "MAIL FROM", s.agent.with.Timeouts.Mail, 2},
		{rcpt, "RCPT TO", s.agent.with.Timeouts.Rcpt, 2},
		{"DATA", "DATA", s.agent.with.Timeouts.Data, 3},
	}
	s.dirty = true
	_, pipelining := s.offers["PIPELINING"]
	if pipelining {
		for _, st := range steps {
			if err := s.say(st.line); err != nil {
				return s.lost(st.verb, err), true
			}
		}
		if err := s.w.Flush(); err != nil {
			return s.lost("MAIL FROM", err), true
		}
	}
	refused := ""
	for _, st := range steps {
		r, problem := s.exchange(st, pipelining)
		if problem != nil && refusal != nil {
			return refusal, false // the server's last word about this recipient
		}
		if problem != nil {
			return problem, true
		}
		switch {
		case r.code/100 != st.class && refusal == nil:
			refusal, refused = s.judge(r, st.verb), st.verb
			if !pipelining {
				return refusal, false
			}
		case r.code/100 == st.class && st.class == 3 && refusal != nil:
			s.decline(refused)
		}
	}
	return refusal, false
}

func (s *session) exchange(st step, sent bool) (reply, *myodai.Outcome) {
	if sent {
		return s.read(st.wait, st.verb)
	}
	if err := s.say(st.line); err != nil {
		return reply{}, s.lost(st.verb, err)
	}
	if err := s.w.Flush(); err != nil {
		return reply{}, s.lost(st.verb, err)
	}
	return s.read(st.wait, st.verb)
}

// decline answers a 354 that came although there is nobody to send to. After a
// refused RCPT a lone dot is what RFC 2920 §3.1 asks for; had only MAIL been
// refused, it might be taken for an empty message, so we hang up.
func (s *session) decline(refused string) {
	if refused != "RCPT TO" {
		s.close()
		return
	}
	if s.say(".") == nil && s.w.Flush() == nil {
		_, _ = s.read(s.agent.with.Timeouts.Final, ".") // nothing was sent, so nothing can have been taken
	}
}

// judge is the outcome of a refused command. A demand for TLS is not the last
// word of a server whose TLS is broken just now.
func (s *session) judge(r reply, verb string) *myodai.Outcome {
	o := judge(r)
	if r.code == 530 && s.brokenTLS && verb == "MAIL FROM" {
		o.Kind = myodai.OutcomeTransient
	}
	return o
}

// data sends the message after 354. A 2xx to the dot is the moment the server
// takes responsibility, and from there on nothing else counts (P04). When no
// answer comes the server may have taken it or not, and only a later attempt,
// at the price of a possible duplicate, keeps it from being lost.
func (s *session) data(msg []byte) *myodai.Outcome {
	crash.Point("attempt", "before the message")
	s.said.remark("message of %d octets", len(msg))
	if err := writeMessage(s.w, msg); err != nil {
		return s.interrupted(err)
	}
	s.said.client(".")
	crash.Point("attempt", "after the final dot")
	r, problem := s.read(s.agent.with.Timeouts.Final, "the message")
	crash.Point("attempt", "after the reply")
	if problem != nil {
		return problem
	}
	s.dirty = false
	if r.code/100 != 2 {
		return judgeData(r)
	}
	s.proven = true
	return &myodai.Outcome{Kind: myodai.OutcomeDelivered, Code: r.code, Enhanced: r.enhanced(), Text: r.text()}
}

// interrupted is the outcome when the server stopped taking the message. It may
// have said why before it hung up.
func (s *session) interrupted(err error) *myodai.Outcome {
	_ = s.conn.SetReadDeadline(time.Now().Add(s.agent.with.Timeouts.Quit)) // reading tells when it did not work
	if r, readErr := readReply(s.r, s.said.server); readErr == nil && r.code/100 >= 4 {
		s.close()
		return judgeData(r)
	}
	return s.lost("part of the message", err)
}
