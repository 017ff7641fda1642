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

// beat says once that this node is alive.
func (q *Queue) beat(ctx context.Context) {
	now := time.Now()
	if err := q.with.Store.Heartbeat(ctx, q.with.Owner, now, now.Add(beatLasts)); err != nil && ctx.Err() == nil {
		q.with.Log.ErrorContext(ctx, "heartbeat", "err", err)
	}
}

// live beats until ctx ends.
func (q *Queue) live(ctx context.Context) {
	tick := time.NewTicker(beatPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			q.beat(ctx)
		}
	}
}
