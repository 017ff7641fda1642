package multibuffer

import (
	"testing"
	"testing/synctest"
	"time"
)

// No lane is empty while more wait than the lanes have room for.
func TestNextFillsLanes(t *testing.T) {
	for waiting, want := range map[int]int{0: 0, 1: 1, 3: 3, 4: 4, 5: 4, 7: 4, 8: 8, 13: 8} {
		b := &batches{full: make(chan struct{}, 1), waiting: make([]*request, waiting), working: 1}
		if got := b.next(); len(got) != want || len(b.waiting) != waiting-want {
			t.Errorf("of %d that wait, %d are signed and %d wait on; want %d", waiting, len(got), len(b.waiting), want)
		}
	}
}

// Who comes just after a batch waits for company: until there are four, or 2 ms.
func TestCompany(t *testing.T) {
	for name, tt := range map[string]struct {
		sinceBatch  time.Duration
		othersAfter time.Duration
		want        time.Duration
		size        int
	}{
		"others come":        {0, time.Millisecond, time.Millisecond, 4},
		"others come late":   {0, 3 * time.Millisecond, company, 1},
		"part of it is over": {company / 2, 3 * time.Millisecond, company / 2, 1},
		"after a pause":      {company, 3 * time.Millisecond, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &batches{full: make(chan struct{}, 1), waiting: []*request{{answer: make(chan []byte, 1)}}, working: 1, made: time.Now()}
				time.Sleep(tt.sinceBatch)
				began := time.Now()
				for range 3 {
					go func() {
						time.Sleep(tt.othersAfter)
						b.sign(nil, nil)
					}()
				}
				got := b.next()
				if waited := time.Since(began); waited != tt.want || len(got) != tt.size {
					t.Errorf("a batch of %d after %s; want %d after %s", len(got), waited, tt.size, tt.want)
				}
				time.Sleep(tt.othersAfter) // they are there now, and are answered
				synctest.Wait()
				for _, r := range append(got, b.waiting...) {
					r.answer <- nil
				}
			})
		})
	}
}
