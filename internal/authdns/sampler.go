package authdns

import (
	"sync"
	"time"
)

// sampleEvery is how often one and the same trouble is logged: a flood must not
// fill the disk (T51).
const sampleEvery = 10 * time.Second

// sampler lets through one line per sampleEvery and counts the others.
type sampler struct {
	mu     sync.Mutex
	at     time.Time
	missed int
}

// due reports whether to log now, and how much was not logged since the last
// time.
func (s *sampler) due(now time.Time) (missed int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.at.IsZero() && now.Sub(s.at) < sampleEvery {
		s.missed++
		return 0, false
	}
	missed, s.missed, s.at = s.missed, 0, now
	return missed, true
}

// reset forgets the last line, so that the next trouble is logged at once.
func (s *sampler) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.missed = time.Time{}, 0
}
