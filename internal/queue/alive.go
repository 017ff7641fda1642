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

// beat says once that this node is alive. With its name it takes over from its own
// last run.
func (q *Queue) beat(ctx context.Context, name string) {
	now := time.Now()
	if err := q.with.Store.Heartbeat(ctx, name, q.with.Owner, now, now.Add(beatLasts), q.quarantined(ctx, now)); err != nil && ctx.Err() == nil {
		q.with.Log.ErrorContext(ctx, "heartbeat", "err", err)
	}
}

// live beats once, and then until the returned function is called: longer than
// ctx, because what is under way is still ours.
func (q *Queue) live(ctx context.Context) (stop func()) {
	q.beat(ctx, q.with.Node)
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
				q.beat(beating, "")
			}
		}
	}()
	return func() {
		end()
		<-ended
	}
}
