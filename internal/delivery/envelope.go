package delivery

import (
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// step is one command of the envelope and the reply it hopes for.
type step struct {
	line      string
	verb      string
	wait      time.Duration
	class     int // first digit
	recipient int // whom it is about, or everybody
}

// steps are the commands of a transaction; the last is the one that the message
// follows, unless that waits for the replies to all of them.
func (t *transaction) steps(mail string, paths []string, way manner) []step {
	with := t.session.agent.with.Timeouts
	list := []step{{mail, "MAIL FROM", with.Mail, 2, everybody}}
	for i, to := range paths {
		if t.outcomes[i] == nil {
			parameters, _ := t.dsnOfRcpt(i)
			list = append(list, step{"RCPT TO:" + to + parameters, "RCPT TO", with.Rcpt, 2, i})
		}
	}
	if way == byData {
		list = append(list, step{"DATA", "DATA", with.Data, 3, everybody})
	}
	return list
}

// envelope goes from MAIL FROM to the go-ahead for the message, in one packet
// where PIPELINING is offered (RFC 2920). The message may follow when somebody is
// among those taken.
func (t *transaction) envelope(steps []step) (lost *myodai.Outcome) {
	s := t.session
	_, pipelining := s.offers["PIPELINING"]
	if pipelining {
		if err := s.sayAll(steps); err != nil {
			return s.lost("MAIL FROM", err)
		}
		if err := s.w.Flush(); err != nil {
			return s.lost("MAIL FROM", err)
		}
	}
	for i, st := range steps {
		if !pipelining && (t.refused == "MAIL FROM" || i == len(steps)-1 && len(t.taken) == 0) {
			break
		}
		s.said.of(st.recipient)
		r, problem := s.exchange(st, pipelining)
		if problem != nil {
			return t.unsent(problem)
		}
		t.heed(st, r)
	}
	return t.leave()
}

// sayAll writes the commands of a group without sending them off.
func (s *session) sayAll(steps []step) error {
	for _, st := range steps {
		s.said.of(st.recipient)
		if err := s.say(st.line); err != nil {
			return err
		}
	}
	return nil
}

// leave says good-bye when the server wants no more on this connection.
func (t *transaction) leave() *myodai.Outcome {
	if t.enough != nil {
		t.session.quit()
	}
	return t.enough
}

// heed does what a reply to a command of the envelope asks for.
func (t *transaction) heed(st step, r reply) {
	ok := r.code/100 == st.class
	switch {
	case st.verb == "RCPT TO" && t.refused != "": // nothing was begun
	case st.verb == "RCPT TO" && ok:
		t.taken = append(t.taken, st.recipient)
	case st.verb == "RCPT TO" && t.tooMany(r):
		t.session.most = len(t.taken) // the others are next
	case st.verb == "RCPT TO":
		t.put(st.recipient, t.session.judge(r, st.verb))
	case ok && st.verb == "DATA" && len(t.taken) == 0:
		t.session.decline(t.refused)
	case ok, st.verb == "DATA" && len(t.taken) == 0:
	case st.verb == "MAIL FROM" && r.code == 452 && t.session.proven:
		// So OpenSMTPD says that it has had enough messages of this connection.
		t.enough = judge(r)
	default:
		t.settle(t.session.judge(r, st.verb))
		t.taken = nil
	}
	if !ok && st.verb == "MAIL FROM" {
		t.refused = st.verb
	}
}

// tooMany reports whether a refused RCPT says no more than that the transaction
// has enough recipients. RFC 5321 §4.5.3.1.10 wants 452 for it, and 552 read as if
// it were that; a full mailbox is told with the same codes.
func (t *transaction) tooMany(r reply) bool {
	if r.code != 452 && r.code != 552 || len(t.taken) == 0 {
		return false
	}
	if e := r.enhanced(); e != "" {
		return strings.HasSuffix(e, ".5.3")
	}
	return strings.Contains(strings.ToLower(r.text()), "too many recipients")
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
	if refused != "" {
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
