package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// clock is what this process knows of the wall clock (P16).
type clock struct {
	began time.Time // with the clock that only counts
	log   *slog.Logger

	mu    sync.Mutex
	trust myodai.ClockTrust
}

func newClock(log *slog.Logger) *clock { return &clock{began: time.Now(), log: log} }

// believed reports whether what cannot be taken back may be decided by the clock now.
func (c *clock) believed() bool {
	believed, _ := c.look(time.Now())
	return believed
}

// reckon is now, or what it would be by the clock as it was believed last.
func (c *clock) reckon(now time.Time) time.Time {
	if believed, reckoned := c.look(time.Now()); !believed {
		return reckoned
	}
	return now
}

// look judges the clock by a reading of it.
func (c *clock) look(now time.Time) (believed bool, reckoned time.Time) {
	counted := now.Sub(c.began)
	c.mu.Lock()
	defer c.mu.Unlock()
	believed, jumped := c.trust.Believe(now, counted)
	switch {
	case jumped && believed:
		c.log.Warn("the clock has jumped, and is right again", "now", now.Round(0))
	case jumped:
		c.log.Warn("the clock has jumped; nothing is given up or removed because of its age until it has gone well for an hour", "now", now.Round(0))
	}
	return believed, c.trust.Reckon(counted)
}

// hastener corrects what a wrong clock has put off too far.
type hastener interface {
	Hasten(ctx context.Context, now time.Time) error
}

// run looks at the clock every minute until ctx ends, and calls back what is due at
// a time that only a wrong clock can have said.
func (c *clock) run(ctx context.Context, store hastener) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	failing := false
	for {
		c.believed()
		err := store.Hasten(ctx, time.Now())
		if err != nil && ctx.Err() == nil && !failing {
			c.log.ErrorContext(ctx, "call back what a wrong clock has put off", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
