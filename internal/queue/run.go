package queue

import (
	"context"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// claimSize is how many deliveries one claim asks for.
const claimSize = 500

// wakePause is how long after a wake-up the next one waits. Under load many
// deliveries come with one claim then, and share a connection; without load the
// first wake-up is heeded at once.
const wakePause = 5 * time.Millisecond

// signal is what a job tells the loop.
type signal struct {
	to      way
	ended   bool
	answers bool // servers of the domain have replied
}

// Run works until ctx ends. Then it claims nothing more, gives back what has not
// begun, lets jobs under way end for as long as Options.Grace, and returns nil.
func (q *Queue) Run(ctx context.Context) error {
	defer q.live(ctx)()
	// What is under way outlives ctx: cutting a connection after the final dot
	// makes duplicates.
	attempts, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var jobs, writing sync.WaitGroup
	unwritten, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	writing.Go(func() { q.write(unwritten) })
	writing.Go(func() { q.metrics.watch(ctx, q.with.Store, q.with.Log) })

	l := newLanes(q.with.Sessions, q.with.PerDomain, q.with.JobSize)
	q.loop(ctx, l, func(to way, list []myodai.Delivery) {
		jobs.Go(func() { q.run(attempts, to, list) })
	})
	q.end(ctx, l, &jobs, cut)
	close(q.records)
	const lastWrites = 5 * time.Second
	defer time.AfterFunc(lastWrites, giveUp).Stop()
	writing.Wait()
	return nil
}

// loop claims and begins jobs until ctx ends.
func (q *Queue) loop(ctx context.Context, l *lanes, begin func(way, []myodai.Delivery)) {
	tick := time.NewTicker(q.with.Poll)
	defer tick.Stop()
	failing := false
	look := true // there may be something due
	wake, rested := q.wake, (<-chan time.Time)(nil)
	for ctx.Err() == nil {
		if look {
			var err error
			now := time.Now()
			// A second more than needed, because the next look is that far away.
			q.release(ctx, l.drop(now.Add(q.with.MaxAttempt+q.with.Poll)))
			if look, err = q.claim(ctx, l, now); err != nil && ctx.Err() == nil && !failing {
				q.with.Log.ErrorContext(ctx, "claim deliveries", "err", err)
			}
			failing = err != nil
		}
		for to, list, ok := l.next(); ok; to, list, ok = l.next() {
			begin(to, list)
		}
		q.metrics.show(l)
		if look && l.waiting < q.with.Claimed {
			continue // the last claim was full, and there is room for another
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
			look = true
		case <-wake:
			look = true
			wake, rested = nil, time.After(wakePause)
		case <-rested:
			wake, rested = q.wake, nil
		case s := <-q.signals:
			heed(l, s)
		}
	}
}

// heed does what a signal asks for.
func heed(l *lanes, s signal) {
	if s.ended {
		l.ended(s.to, s.answers)
		return
	}
	l.answered(s.to)
}

// claim takes in what is due, as far as there is room; more tells that there may
// be more of it.
func (q *Queue) claim(ctx context.Context, l *lanes, now time.Time) (more bool, err error) {
	n := min(claimSize, q.with.Claimed-l.waiting)
	if n <= 0 {
		return true, nil
	}
	list, err := q.with.Store.ClaimDeliveries(ctx, q.with.Owner, n, now, now.Add(q.with.Lease))
	if err != nil {
		return false, err
	}
	l.add(list)
	return len(list) == n, nil
}

// end gives back what waits and sees running jobs off.
func (q *Queue) end(ctx context.Context, l *lanes, jobs *sync.WaitGroup, cut func()) {
	later, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.with.Grace)
	defer cancel()
	const never = 100 * 365 * 24 * time.Hour
	q.release(later, l.drop(time.Now().Add(never)))
	defer time.AfterFunc(q.with.Grace, cut).Stop()
	over := make(chan struct{})
	go func() {
		jobs.Wait()
		close(over)
	}()
	for {
		select {
		case s := <-q.signals:
			heed(l, s)
			q.metrics.show(l)
		case <-over:
			return
		}
	}
}

// release gives deliveries back unattempted. When that fails their leases run
// out, which comes to the same, only later.
func (q *Queue) release(ctx context.Context, ids []myodai.DeliveryID) {
	if len(ids) == 0 {
		return
	}
	if err := q.with.Store.ReleaseDeliveries(ctx, q.with.Owner, ids); err != nil {
		q.with.Log.ErrorContext(ctx, "release deliveries", "count", len(ids), "err", err)
	}
}
