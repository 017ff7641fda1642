package store

import (
	"cmp"
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
	// groupTime is the longest a shared transaction may take. It belongs to nobody
	// in particular, so no caller's context ends it.
	groupTime = 30 * time.Second
)

var errClosed = errors.New("the store is closed")

// group lets messages that are accepted at the same time share a transaction,
// and so one fsync: whoever comes while a commit is under way goes with the
// next. Nobody waits for company.
type group struct {
	waiting chan *acceptance
	closing chan struct{}
	ended   sync.Once
	writers sync.WaitGroup
}

// acceptance is one message that waits to be accepted.
type acceptance struct {
	ctx    context.Context
	a      myodai.Accepted
	answer chan answer // has room for the one answer, so nobody has to be there
}

// answer is what Accept returns.
type answer struct {
	message  myodai.Message
	repeated bool
	err      error
}

// open starts the writers.
func (g *group) open(s *Store) {
	g.waiting, g.closing = make(chan *acceptance, maxGroup), make(chan struct{})
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
func (g *group) accept(ctx context.Context, a myodai.Accepted) answer {
	w := &acceptance{ctx: ctx, a: a, answer: make(chan answer, 1)}
	if err := ctx.Err(); err != nil {
		return answer{err: err}
	}
	select {
	case g.waiting <- w:
	case <-ctx.Done():
		return answer{err: ctx.Err()}
	case <-g.closing:
		return answer{err: errClosed}
	}
	select {
	case r := <-w.answer:
		return r
	case <-ctx.Done():
		return answer{err: ctx.Err()}
	case <-g.closing:
		g.writers.Wait() // one of them may just be writing it
		select {
		case r := <-w.answer:
			return r
		default:
			return answer{err: errClosed}
		}
	}
}

// write accepts what waits, group by group, until closing.
func (g *group) write(s *Store) {
	for {
		select {
		case <-g.closing:
			return
		case first := <-g.waiting:
			s.acceptGroup(g.collect(first))
		}
	}
}

// collect takes what waits already, as far as the bounds allow.
func (g *group) collect(first *acceptance) []*acceptance {
	list, size := []*acceptance{first}, len(first.a.Body)
	for len(list) < maxGroup && size < maxGroupBytes {
		select {
		case next := <-g.waiting:
			list, size = append(list, next), size+len(next.a.Body)
		default:
			return list
		}
	}
	return list
}

// acceptGroup answers everybody in the list. They share one transaction. When a
// statement of it fails, nothing was written, and each is tried alone, so that
// one message that cannot be stored harms no other. When the commit fails,
// nobody knows what was written, and each gets that fault: no second try could
// be honest (P03).
func (s *Store) acceptGroup(list []*acceptance) {
	list = slices.DeleteFunc(list, func(w *acceptance) bool {
		gone := w.ctx.Err() != nil
		if gone {
			w.answer <- answer{err: w.ctx.Err()}
		}
		return gone
	})
	if len(list) == 1 {
		list[0].answer <- s.acceptAlone(list[0].ctx, list[0].a)
		return
	}
	if len(list) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), groupTime)
	defer cancel()
	answers := make([]answer, len(list))
	err := s.write(ctx, "accept messages", func(q session) error {
		clear(answers)
		return q.acceptAll(list, answers)
	})
	_, uncertain := errors.AsType[*commitError](err)
	s.log.DebugContext(ctx, "messages shared a transaction", "count", len(list), "err", err)
	for i, w := range list {
		switch {
		case err == nil:
			w.answer <- answers[i]
		case uncertain:
			w.answer <- answer{err: err}
		default:
			w.answer <- s.acceptAlone(w.ctx, w.a)
		}
	}
}

// acceptAlone accepts one message in a transaction of its own.
func (s *Store) acceptAlone(ctx context.Context, a myodai.Accepted) answer {
	if err := ctx.Err(); err != nil {
		return answer{err: err}
	}
	alone, answers := []*acceptance{{a: a}}, make([]answer, 1)
	err := s.write(ctx, "accept message", func(q session) error {
		clear(answers)
		return q.acceptAll(alone, answers)
	})
	if err != nil {
		return answer{err: err}
	}
	return answers[0]
}

// acceptAll writes every message of the list but those whose idempotency key
// was used before, and notes the answers. An error is for the whole
// transaction; a key used for something else refuses its own message only.
func (q session) acceptAll(list []*acceptance, answers []answer) error {
	skip, err := q.useKeys(list, answers)
	if err != nil {
		return err
	}
	fresh := make([]myodai.Accepted, 0, len(list))
	for i, w := range list {
		if !skip[i] {
			answers[i].message = w.a.Message
			fresh = append(fresh, w.a)
		}
	}
	return q.addMessages(fresh)
}

// useKeys takes the idempotency keys of the list, and says whose message is not
// to be written. Keys are taken in their order, so that two transactions cannot
// wait for each other.
func (q session) useKeys(list []*acceptance, answers []answer) (skip []bool, err error) {
	type key struct {
		tenant myodai.TenantID
		name   string
	}
	skip = make([]bool, len(list))
	var keyed []int
	for i, w := range list {
		if w.a.IdempotencyKey != "" {
			keyed = append(keyed, i)
		}
	}
	slices.SortStableFunc(keyed, func(i, j int) int {
		a, b := list[i].a, list[j].a
		return cmp.Or(cmp.Compare(a.Message.TenantID, b.Message.TenantID), cmp.Compare(a.IdempotencyKey, b.IdempotencyKey))
	})
	here := map[key]myodai.Accepted{} // whose message is written in this transaction
	for _, i := range keyed {
		a := list[i].a
		k := key{a.Message.TenantID, a.IdempotencyKey}
		if first, ok := here[k]; ok {
			skip[i] = true
			answers[i] = repeat(first.RequestHash, first.Message, a)
			continue
		}
		before, err := q.useIdempotencyKey(a)
		switch {
		case err != nil:
			return nil, err
		case before == nil:
			here[k] = a
			continue
		}
		skip[i] = true
		if answers[i] = repeat(before.request, myodai.Message{}, a); answers[i].err == nil {
			if answers[i].message, err = q.message(a.Message.TenantID, before.message); err != nil {
				return nil, err
			}
		}
	}
	return skip, nil
}

// repeat is the answer to a message whose key was used before.
func repeat(request [32]byte, first myodai.Message, a myodai.Accepted) answer {
	if request != a.RequestHash {
		return answer{err: myodai.Refuse(myodai.CodeConflict, "idempotency_key",
			"this idempotency key was used for another request; use a new key for each message")}
	}
	return answer{message: first, repeated: true}
}
