package store

import (
	"context"
	"math/bits"
	"sync"
	"time"
)

// The bounds of a query that several callers share.
const (
	maxShared  = 64 // keys of one query
	sharedTime = 30 * time.Second
)

// shared lets those who look something up at the same time share a query: whoever
// asks while one is under way goes with the next. To PostgreSQL each is a round
// trip; on SQLite each takes locks, and reads again what was written since the
// last.
// So everybody is told what held after the question was asked, and nobody waits
// for company. The zero value is ready.
type shared[K comparable, V any] struct {
	mu      sync.Mutex
	waiting []question[K, V]
	asking  bool
}

// question is one key, and where its answer is awaited.
type question[K comparable, V any] struct {
	key    K
	answer chan found[V] // has room for it
}

// found is an answer: a value, none, or a fault.
type found[V any] struct {
	value V
	ok    bool
	err   error
}

// ask looks a key up by a query for several, which belongs to no caller.
func (s *shared[K, V]) ask(ctx context.Context, key K, query func(context.Context, []K) (map[K]V, error)) (value V, ok bool, err error) {
	q := question[K, V]{key, make(chan found[V], 1)}
	s.mu.Lock()
	s.waiting = append(s.waiting, q)
	begin := !s.asking
	s.asking = true
	s.mu.Unlock()
	if begin {
		go s.work(query)
	}
	select {
	case f := <-q.answer:
		return f.value, f.ok, f.err
	case <-ctx.Done():
		return value, false, ctx.Err()
	}
}

// work asks until nobody waits.
func (s *shared[K, V]) work(query func(context.Context, []K) (map[K]V, error)) {
	for {
		s.mu.Lock()
		n := min(len(s.waiting), maxShared)
		if n == 0 {
			s.waiting, s.asking = nil, false
			s.mu.Unlock()
			return
		}
		batch := s.waiting[:n:n]
		s.waiting = s.waiting[n:]
		s.mu.Unlock()
		keys := make([]K, 0, 2*n)
		for _, q := range batch {
			keys = append(keys, q.key)
		}
		ctx, cancel := context.WithTimeout(context.Background(), sharedTime)
		answers, err := query(ctx, filled(keys))
		cancel()
		for _, q := range batch {
			value, ok := answers[q.key]
			q.answer <- found[V]{value, ok, err}
		}
	}
}

// filled repeats the last key until their number is a power of two, so that few
// texts of statements serve for all.
func filled[K any](keys []K) []K {
	for want := 1 << bits.Len(uint(len(keys)-1)); len(keys) < want; { // #nosec G115 -- there is at least one key
		keys = append(keys, keys[len(keys)-1])
	}
	return keys
}
