package delivery

import (
	"fmt"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/crash"
)

// maxAhead is the size up to which a message is sent before anything is known of
// its recipients. Sent in vain it costs its octets, held back a round trip, and to
// here both are about the same: a new connection carries this much in three
// flights, one that has been of use in one. It fits the buffers between two
// machines, too, so a server that answers before it reads on keeps nobody waiting.
// Hardly any mail without attachments is larger.
const maxAhead = 64 << 10

// manner is how a message follows its envelope.
type manner int

const (
	byData  manner = iota // after the 354 to DATA, dots doubled
	byChunk               // as one chunk (BDAT), once a recipient has been taken
	ahead                 // as one chunk, in one group with the envelope
)

// manner chooses for a message of the given size. A chunk has its length said
// before it (RFC 3030 §2): nothing in it ends it, and nobody has to agree first.
func (t *transaction) manner(size int) manner {
	s := t.session
	_, chunking := s.offers["CHUNKING"]
	_, pipelining := s.offers["PIPELINING"]
	switch {
	case !chunking || !pipelining || s.noChunks || s.agent.wary.of(s.target.address, time.Now()):
		return byData
	case size > maxAhead:
		return byChunk
	}
	return ahead
}

// sayChunk sends the message off, behind its command and whatever else waits to be
// sent. On an error the server cannot have all of it.
func (s *session) sayChunk(msg []byte) error {
	crash.Point("attempt", "before the message")
	s.said.of(everybody)
	if err := s.say(fmt.Sprintf("BDAT %d LAST", len(msg))); err != nil {
		return err
	}
	s.said.remark("message of %d octets", len(msg))
	if _, err := s.w.Write(msg); err != nil {
		return err
	}
	crash.Point("attempt", "before the final dot")
	err := s.w.Flush()
	crash.Point("attempt", "after the final dot")
	return err
}

// sendChunk sends the message to those taken, and hears what becomes of it.
func (t *transaction) sendChunk(msg []byte) (lost *myodai.Outcome) {
	s := t.session
	if err := s.sayChunk(msg); err != nil {
		r, problem := s.interrupted(err)
		return t.answered(r, problem)
	}
	r, problem := s.read(s.agent.with.Timeouts.Final, "the message")
	return t.answered(r, problem)
}

// sendAhead sends envelope and message as one group, and reads the replies after
// it (RFC 2920 §3.1). To those that the server refuses it was sent in vain. The
// server may hold all replies back until it has dealt with the message, so each has
// the time of the last.
func (t *transaction) sendAhead(steps []step, msg []byte) (lost *myodai.Outcome) {
	s, wait, after := t.session, t.session.agent.with.Timeouts.Final, "the message"
	cut := s.sayAll(steps)
	if cut == nil {
		cut = s.sayChunk(msg)
	}
	if cut != nil { // it may have said why before it hung up
		wait, after = s.agent.with.Timeouts.Quit, "part of the message"
		defer s.close()
	}
	for i, st := range steps {
		s.said.of(st.recipient)
		r, problem := s.read(wait, after)
		switch {
		case problem == nil:
			t.heed(st, r)
		case r.code != 0, cut != nil, i == 0 && s.proven && s.hungUp:
			// In the last case the connection was of use before, and is found closed: servers
			// close those that wait, and others after each message. Should this one have
			// taken the message and died before its first word, a later attempt would make
			// the second copy, too.
			return t.unsent(problem)
		default:
			return t.doubt(steps[i:], problem)
		}
	}
	s.said.of(everybody)
	r, problem := s.read(wait, after)
	if cut != nil && (problem != nil || r.code/100 < 4) {
		return t.unsent(s.lost(after, cut))
	}
	if lost := t.answered(r, problem); lost != nil {
		return lost
	}
	return t.leave()
}

// doubt is what becomes of a message that was sent whole when the connection is lost
// with some steps not answered: the server may have taken it for everybody it has
// not refused.
func (t *transaction) doubt(open []step, problem *myodai.Outcome) (lost *myodai.Outcome) {
	if t.refused != "" {
		return t.unsent(problem)
	}
	for _, st := range open {
		if st.recipient != everybody {
			t.taken = append(t.taken, st.recipient)
		}
	}
	return t.answered(reply{}, problem)
}

// answered ends a transaction with the reply to BDAT, or with the outcome of its loss.
//
// That outcome is the one that a lost reply to the final dot has. The way without
// chunks, in which less is in doubt, is taken for a while then: a server that never
// gets as far as an answer is told from one that was interrupted, and the next one
// of its domain is tried.
func (t *transaction) answered(r reply, problem *myodai.Outcome) (lost *myodai.Outcome) {
	s := t.session
	crash.Point("attempt", "after the reply")
	switch {
	case problem != nil && r.code == 0:
		s.agent.wary.note(s.target.address, time.Now())
	case problem == nil && misunderstood(r, len(t.taken) > 0):
		return t.astray(r)
	}
	if len(t.taken) > 0 {
		t.conclude(s.outcome(r, problem))
		s.dirty = r.code/100 != 2
	}
	return nil
}

// misunderstood reports whether a reply to BDAT says that the server does not know
// it after all, and nothing about the message. Without recipients, 503 is what
// RFC 3030 §2 asks for.
func misunderstood(r reply, taken bool) bool {
	switch r.code {
	case 500, 501, 502, 504:
		return true
	case 503:
		return taken
	}
	return r.code/100 == 3
}

// astray hangs up on a server that offered CHUNKING and does not do it, before it
// takes the message for commands, and has the transaction made once more with DATA.
func (t *transaction) astray(r reply) (lost *myodai.Outcome) {
	s := t.session
	s.said.remark("it offers CHUNKING and does not know BDAT: once more with DATA")
	s.agent.wary.note(s.target.address, time.Now())
	s.misled = true
	s.close()
	o := judge(r)
	o.Kind = myodai.OutcomeTransient
	return t.unsent(o)
}
