package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// The bounds of one shared transaction. Past them the gain of sharing is used
// up, and memory and the wait of those behind begin to matter.
const (
	maxGroup      = 64
	maxGroupBytes = 8 << 20 // of bodies
	// While much is written a group waits so long to have so many entries: a commit
	// takes as much of the processor as several of them. After a pause nobody waits.
	company = time.Millisecond
	enough  = 8
	// groupTime is the longest a shared transaction may take. It belongs to nobody
	// in particular, so no caller's context ends it.
	groupTime = 30 * time.Second
)

var errClosed = errors.New("the store is closed")

// group lets those who write at the same time share a transaction, and so one
// fsync: whoever comes while a commit is under way goes with the next. Messages that are accepted and results of attempts go this
// way, since under load there are always more of both.
type group struct {
	waiting chan *entry
	closing chan struct{}
	ended   sync.Once
	writers sync.WaitGroup
}

// entry is one write that waits for a transaction.
type entry struct {
	ctx   context.Context
	doing string
	// accept is a message to be accepted; nil for another write, which is do, and
	// may run several times.
	accept *written
	do     func(session) error
	answer chan answer // has room for the one answer, so nobody has to be there
}

// answer is what comes of an entry; only of a message it is more than err.
type answer struct {
	message  myodai.Message
	repeated bool
	err      error
}

// octets is how much an entry adds to what its transaction writes.
func (e *entry) octets() int {
	if e.accept == nil {
		return 0
	}
	return len(e.accept.Body)
}

// open starts the writers.
func (g *group) open(s *Store) {
	g.waiting, g.closing = make(chan *entry, maxGroup), make(chan struct{})
	for range s.dialect.groups {
		g.writers.Go(func() { g.write(s) })
	}
}

// close ends the writers; once more does nothing. What waits is refused with a
// fault.
func (g *group) close() {
	g.ended.Do(func() { close(g.closing) })
	g.writers.Wait()
}

// accept hands a message to a writer and waits for what becomes of it.
func (g *group) accept(ctx context.Context, w *written) answer {
	return g.wait(&entry{ctx: ctx, doing: "accept message", accept: w})
}

// share has do run in a transaction that others may be part of. An error of do
// undoes what it wrote and nothing else.
func (g *group) share(ctx context.Context, doing string, do func(session) error) error {
	return g.wait(&entry{ctx: ctx, doing: doing, do: do}).err
}

// wait hands an entry to a writer and waits for what becomes of it.
func (g *group) wait(e *entry) answer {
	e.answer = make(chan answer, 1)
	if err := e.ctx.Err(); err != nil {
		return answer{err: err}
	}
	select {
	case g.waiting <- e:
	case <-e.ctx.Done():
		return answer{err: e.ctx.Err()}
	case <-g.closing:
		return answer{err: errClosed}
	}
	select {
	case r := <-e.answer:
		return r
	case <-e.ctx.Done():
		return answer{err: e.ctx.Err()}
	case <-g.closing:
		g.writers.Wait() // one of them may just be writing it
		select {
		case r := <-e.answer:
			return r
		default:
			return answer{err: errClosed}
		}
	}
}

// write writes what waits, group by group, until closing.
func (g *group) write(s *Store) {
	var last time.Time // when a group was written
	for {
		select {
		case <-g.closing:
			return
		case first := <-g.waiting:
			s.writeGroup(g.collect(first, company-time.Since(last)))
			last = time.Now()
		}
	}
}

// collect takes what waits already, as far as the bounds allow, and for a while
// what else comes until that is enough.
func (g *group) collect(first *entry, wait time.Duration) []*entry {
	list, size := []*entry{first}, first.octets()
	over := time.NewTimer(max(wait, 0))
	defer over.Stop()
	for len(list) < maxGroup && size < maxGroupBytes {
		select {
		case next := <-g.waiting:
			list, size = append(list, next), size+next.octets()
			continue
		default:
		}
		if wait <= 0 || len(list) >= enough {
			return list
		}
		select {
		case next := <-g.waiting:
			list, size = append(list, next), size+next.octets()
		case <-over.C:
			wait = 0
		}
	}
	return list
}

// writeGroup answers everybody in the list. They share one transaction. When a
// statement of it fails, nothing was written, and each is tried alone, so that
// one that cannot be stored harms no other. When the commit fails, nobody knows
// what was written, and each gets that fault: no second try could be honest (P03).
func (s *Store) writeGroup(list []*entry) {
	list = slices.DeleteFunc(list, func(e *entry) bool {
		gone := e.ctx.Err() != nil
		if gone {
			e.answer <- answer{err: e.ctx.Err()}
		}
		return gone
	})
	if len(list) == 1 {
		list[0].answer <- s.writeAlone(list[0])
		return
	}
	if len(list) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), groupTime)
	defer cancel()
	doing := list[0].doing
	if slices.ContainsFunc(list, func(e *entry) bool { return e.accept != nil }) {
		doing = "accept messages"
	}
	answers, err := s.writeAll(ctx, doing, list)
	_, uncertain := errors.AsType[*commitError](err)
	s.log.DebugContext(ctx, "writes shared a transaction", "count", len(list), "err", err)
	for i, e := range list {
		switch {
		case err == nil:
			e.answer <- answers[i]
		case uncertain:
			e.answer <- answer{err: err}
		default:
			e.answer <- s.writeAlone(e)
		}
	}
}

// writeAlone writes one entry in a transaction of its own.
func (s *Store) writeAlone(e *entry) answer {
	if err := e.ctx.Err(); err != nil {
		return answer{err: err}
	}
	answers, err := s.writeAll(e.ctx, e.doing, []*entry{e})
	if err != nil {
		return answer{err: err}
	}
	return answers[0]
}

// writeAll writes every entry of the list in one transaction, and hands over what
// it accepted.
func (s *Store) writeAll(ctx context.Context, doing string, list []*entry) (answers []answer, err error) {
	answers = make([]answer, len(list))
	var accepted placed
	err = s.write(ctx, doing, func(q session) (err error) {
		clear(answers)
		accepted, err = q.writeAll(list, answers, s.hand)
		return err
	})
	if err != nil {
		if _, uncertain := errors.AsType[*commitError](err); uncertain && len(accepted.leased) > 0 {
			s.hand.Doubt(accepted.leased)
		}
		return nil, err
	}
	for i, e := range list {
		if a := e.accept; a != nil && !answers[i].repeated && answers[i].err == nil && !a.Unsigned {
			s.bodies.put(a.Message, a.Body, len(a.Deliveries))
		}
	}
	s.handOver(accepted)
	return answers, nil
}

// writeAll writes every entry of the list, and then the events of all of them: a
// transaction takes each tenant's numbers once, and last, as others wait for them.
func (q session) writeAll(list []*entry, answers []answer, by Hand) (accepted placed, err error) {
	q.later = &[]told{}
	if accepted, err = q.acceptAll(list, answers, by); err != nil {
		return accepted, err
	}
	for _, e := range list {
		if e.accept == nil {
			if err := e.do(q); err != nil {
				return accepted, err
			}
		}
	}
	events := *q.later
	q.later = nil
	return accepted, q.addTold(events)
}
