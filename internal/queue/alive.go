package queue

import (
	"context"
	"time"
)

// How often a node says that it is alive, and for how long that holds. What a
// dead node held is attempted by another within half a minute (P17); a database
// that is away for less than that takes nobody's leases.
const (
	beatPause = 10 * time.Second
	beatLasts = 30 * time.Second
)

// pulse is what a node knows of its own signs of life.
type pulse struct {
	last  time.Time // sign
	heard time.Time // up to when all had the chance to give one
	until time.Time // when all have had that chance again
}

// judges is the instant at which the signs of others are judged now. Who could give
// none while the store was away, as we could not, is not dead: they have two beats
// from when it is back.
func (p *pulse) judges(now time.Time) time.Time {
	if !p.last.IsZero() && now.Sub(p.last) > 2*beatPause {
		p.heard, p.until = p.last, now.Add(2*beatPause)
	}
	if now.Before(p.until) {
		return p.heard
	}
	return now
}

// beat says once that this node is alive. With its name it takes over from its own
// last run.
func (q *Queue) beat(ctx context.Context, name string, p *pulse) {
	now := time.Now()
	err := q.with.Store.Heartbeat(ctx, name, q.with.Owner, p.judges(now), now.Add(beatLasts), q.quarantined(ctx, now))
	switch {
	case err == nil:
		p.last = now
	case ctx.Err() == nil:
		q.with.Log.ErrorContext(ctx, "heartbeat", "err", err)
	}
}

// live beats once, and then until the returned function is called: longer than
// ctx, because what is under way is still ours.
func (q *Queue) live(ctx context.Context) (stop func()) {
	p := &pulse{}
	q.beat(ctx, q.with.Node, p)
	beating, end := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(beatPause)
		defer tick.Stop()
		for {
			select {
			case <-beating.Done():
				return
			case <-tick.C:
				q.beat(beating, "", p)
			}
		}
	}()
	return func() {
		end()
		<-ended
	}
}
