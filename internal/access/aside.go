package access

import (
	"context"
	"time"
)

// What is done aside: so much at a time, and for so long.
const (
	maxAside  = 64
	asideTime = 30 * time.Second
)

// aside does what an answer must not wait for, because the time it takes would
// tell something. Past maxAside it is left undone and logged: who floods us gets
// no more of it.
func (s *Service) aside(doing string, do func(context.Context) error) {
	select {
	case s.asides <- struct{}{}:
	default:
		s.log.Warn("left undone: too much at a time", "doing", doing)
		return
	}
	s.working.Go(func() {
		defer func() { <-s.asides }()
		ctx, cancel := context.WithTimeout(context.Background(), asideTime)
		defer cancel()
		if err := do(ctx); err != nil {
			s.log.Error("done aside", "doing", doing, "err", err)
		}
	})
}

// Wait returns when all that is done aside is done. Call it before the store
// closes.
func (s *Service) Wait() { s.working.Wait() }
