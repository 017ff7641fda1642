package delivery

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/crash"
)

// transaction is one message on its way to some of its recipients.
type transaction struct {
	session  *session
	items    []myodai.JobItem  // of one message, with one return path
	outcomes []*myodai.Outcome // of each; nil as long as nothing stands
	taken    []int             // recipients that the server agreed to
	refused  string            // the command of the envelope that was, "" for none
	enough   *myodai.Outcome   // the server wants no more on this connection
}

// transact has one transaction for items, which are of one message and have one
// return path. Each gets an outcome of its own, except those whose turn did not
// come: the server takes fewer recipients at a time, or the connection was lost
// before it could have taken the message. Then lost stands for that, and another
// server may be tried at once.
func (s *session) transact(ctx context.Context, items []myodai.JobItem) (outcomes []*myodai.Outcome, lost *myodai.Outcome) {
	t := &transaction{session: s, items: items, outcomes: make([]*myodai.Outcome, len(items))}
	s.said.begin(len(items))
	lost = t.run(ctx)
	return t.outcomes, lost
}

func (t *transaction) run(ctx context.Context) (lost *myodai.Outcome) {
	s, first := t.session, t.items[0]
	from, ok := path(first.Delivery.ReturnPath)
	if first.Delivery.ReturnPath.IsZero() {
		from, ok = "<>", true
	}
	if !ok {
		t.settle(permanent("5.1.7", "the return path cannot be written as an SMTP address"))
		return nil
	}
	paths := t.paths()
	if t.over() {
		return nil
	}
	if problem := s.reset(); problem != nil {
		return problem
	}
	msg, err := first.Load(ctx)
	if err != nil {
		t.settle(s.agent.held(ctx, first, err))
		return nil
	}
	if err := checkWire(msg); err != nil {
		s.agent.with.Log.ErrorContext(ctx, "message is not in wire form", "delivery", first.Delivery.ID, "err", err)
		t.settle(permanent("5.6.0", "the message is not in the form SMTP needs and was not sent: %s", err))
		return nil
	}
	crash.Poison(msg)
	crash.Point("attempt", "before MAIL")
	parameters := t.parameters(msg)
	if t.over() {
		return nil
	}
	return t.send("MAIL FROM:"+from+parameters, paths, msg)
}

// send sends the envelope and the message, in the way that suits both and the
// server.
func (t *transaction) send(mail string, paths []string, msg []byte) (lost *myodai.Outcome) {
	s, way := t.session, t.manner(len(msg))
	steps := t.steps(mail, paths, way)
	s.dirty = true
	if way == ahead {
		return t.sendAhead(steps, msg)
	}
	if lost := t.envelope(steps); lost != nil || len(t.taken) == 0 {
		return lost
	}
	s.said.of(everybody)
	if way == byChunk {
		return t.sendChunk(msg)
	}
	t.conclude(s.data(msg))
	return nil
}

// conclude fixes the outcome of those that the server agreed to.
func (t *transaction) conclude(o *myodai.Outcome) {
	for _, i := range t.taken {
		t.put(i, o)
		_, t.outcomes[i].DSN = t.dsnOfRcpt(i)
	}
}

// unsent is what becomes of a transaction that ended before the server could have
// taken the message. Its last words about single recipients stand.
func (t *transaction) unsent(problem *myodai.Outcome) (lost *myodai.Outcome) {
	t.taken = nil
	if t.over() {
		return nil
	}
	return problem
}

// put fixes the outcome of one item, unless it has one.
func (t *transaction) put(i int, o *myodai.Outcome) {
	if t.outcomes[i] == nil {
		own := *o
		t.outcomes[i] = &own
	}
}

// settle fixes the outcome of all items that have none.
func (t *transaction) settle(o *myodai.Outcome) {
	for i := range t.items {
		t.put(i, o)
	}
}

// over reports whether every item has its outcome.
func (t *transaction) over() bool {
	for _, o := range t.outcomes {
		if o == nil {
			return false
		}
	}
	return true
}

// paths writes the recipients for RCPT TO, those apart that cannot be written.
func (t *transaction) paths() []string {
	list := make([]string, len(t.items))
	for i, item := range t.items {
		to, ok := path(item.Delivery.Recipient)
		if !ok {
			t.put(i, permanent("5.1.3", "the recipient cannot be written as an SMTP address"))
		}
		list[i] = to
	}
	return list
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

// parameters are those of MAIL FROM, each after a space. Items that need what the
// server does not offer have their outcome then. Nothing is converted on the way:
// it is signed.
func (t *transaction) parameters(msg []byte) string {
	s, list := t.session, ""
	if limit, ok := s.offers["SIZE"]; ok {
		// RFC 1870 §4: without a number, or with 0, no limit is stated.
		if n, err := strconv.ParseInt(limit, 10, 64); err == nil && n > 0 && int64(len(msg)) > n {
			t.settle(permanent("5.3.4", "the message has %d octets, and %s takes %d", len(msg), s.target.host, n))
			return ""
		}
		list += fmt.Sprintf(" SIZE=%d", len(msg))
	}
	need := needsOf(msg)
	_, offersEight := s.offers["8BITMIME"]
	_, offersUTF8 := s.offers["SMTPUTF8"]
	utf8 := need.utf8
	for i, item := range t.items {
		own := need.utf8 || !ascii([]byte(item.Delivery.Recipient.Local))
		if own && !offersUTF8 {
			t.put(i, permanent("5.6.7", "%s does not take addresses or headers outside ASCII (SMTPUTF8)", s.target.host))
			continue
		}
		utf8 = utf8 || own && t.outcomes[i] == nil
	}
	if need.eightBit && !offersEight {
		t.settle(permanent("5.6.3", "%s does not take 8-bit messages (8BITMIME)", s.target.host))
	}
	if need.eightBit {
		list += " BODY=8BITMIME"
	}
	if utf8 {
		list += " SMTPUTF8"
	}
	if s.target.demand.chain {
		list += " REQUIRETLS"
	}
	return list + t.dsnOfMail()
}

// data sends the message after 354. A 2xx to the dot is the moment the server
// takes responsibility, and from there on nothing else counts (P04). When no
// answer comes the server may have taken it or not, and only a later attempt,
// at the price of a possible duplicate, keeps it from being lost.
func (s *session) data(msg []byte) *myodai.Outcome {
	crash.Point("attempt", "before the message")
	s.said.remark("message of %d octets", len(msg))
	if err := writeMessage(s.w, msg); err != nil {
		r, problem := s.interrupted(err)
		return s.outcome(r, problem)
	}
	s.said.client(".")
	crash.Point("attempt", "after the final dot")
	r, problem := s.read(s.agent.with.Timeouts.Final, "the message")
	crash.Point("attempt", "after the reply")
	s.dirty = false
	return s.outcome(r, problem)
}

// outcome is that of the message, by the reply to all of it or to the part
// that came.
func (s *session) outcome(r reply, problem *myodai.Outcome) *myodai.Outcome {
	if problem != nil {
		return problem
	}
	if r.code/100 != 2 {
		return judgeData(r)
	}
	s.proven = true
	return &myodai.Outcome{Kind: myodai.OutcomeDelivered, Code: r.code, Enhanced: r.enhanced(), Text: r.text()}
}

// interrupted is what comes of a server that stopped taking the message: its reply,
// if it said why before it hung up, or the outcome of the loss.
func (s *session) interrupted(err error) (reply, *myodai.Outcome) {
	_ = s.conn.SetReadDeadline(time.Now().Add(s.agent.with.Timeouts.Quit)) // reading tells when it did not work
	if r, readErr := readReply(s.r, s.said.server); readErr == nil && r.code/100 >= 4 {
		s.close()
		return r, nil
	}
	return reply{}, s.lost("part of the message", err)
}
