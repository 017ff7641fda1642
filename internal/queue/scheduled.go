package queue

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// Backlog is what the queue needs of the store for deliveries that are due and
// have no room.
type Backlog interface {
	// SetAside puts claimed deliveries into the scheduled queues they belong to, as if
	// they had not been claimed.
	SetAside(ctx context.Context, owner string, ids []myodai.DeliveryID) error
	// ScheduledQueues lists, by name, up to max queues that something waits in, behind
	// the one with the given name.
	ScheduledQueues(ctx context.Context, after string, max int) ([]myodai.ScheduledQueue, error)
	// ClaimScheduled is ClaimDeliveries for one scheduled queue.
	ClaimScheduled(ctx context.Context, owner string, from myodai.ScheduledQueue, max int, now, until time.Time) ([]myodai.Delivery, error)
	// ClaimExpired is ClaimDeliveries for what waited in a scheduled queue until its
	// time was over.
	ClaimExpired(ctx context.Context, owner string, max int, now, until time.Time) ([]myodai.Delivery, error)
	// ReleaseClaim gives back whatever owner holds until exactly the given time.
	ReleaseClaim(ctx context.Context, owner string, until time.Time) error
}

// The walk over the scheduled queues finds what another node, or this one before
// its last start, has set aside.
const (
	walkSize   = 500              // queues at a time, every Options.Poll
	walkPause  = 10 * time.Second // between the end of one walk and the next
	mostBehind = 20_000           // lanes with something set aside; more are found by later walks
)

// siteTime bounds a lookup of a site. Who answers later is a site of his own until
// the next lookup, and the attempt takes its own time to find out more.
const siteTime = 5 * time.Second

// lookUp finds the site of a place.
func (q *Queue) lookUp(ctx context.Context, to place) {
	asking, cancel := context.WithTimeout(ctx, siteTime)
	defer cancel()
	site := q.with.Site(asking, to.domain, to.route)
	q.signals <- func(l *lanes, now time.Time) { l.placed(to, site, now) }
}

// setAside writes down what has no room, as soon as the store takes it.
func (w *worker) setAside(ctx context.Context) {
	ids := w.lanes.overflow
	if len(ids) == 0 {
		return
	}
	w.lanes.overflow = nil
	if err := w.with.Backlog.SetAside(ctx, w.with.Owner, ids); err != nil {
		if ctx.Err() == nil && !w.failing {
			w.with.Log.ErrorContext(ctx, "set deliveries aside", "count", len(ids), "err", err)
		}
		w.failing, w.lanes.overflow = true, ids
	}
}

// feed lets what was set aside come into lanes that have room for it, a few queues
// at a time; more tells that there may be more to do.
func (w *worker) feed(ctx context.Context, now time.Time) (more bool) {
	const queues = 4
	w.setAside(ctx) // before it is asked for
	for range queues {
		a, from, n := w.lanes.hungry(now)
		if a == nil {
			return false
		}
		list, err := w.claim(ctx, now, func(until time.Time) ([]myodai.Delivery, error) {
			return w.with.Backlog.ClaimScheduled(ctx, w.with.Owner, from, n, now, until)
		})
		w.lanes.refill(a, from, list, err != nil || len(list) == n, now)
		if err != nil {
			return false
		}
	}
	return true
}

// walk goes on along the scheduled queues.
func (w *worker) walk(ctx context.Context, now time.Time) {
	if now.Before(w.walkAt) || len(w.lanes.behind) > mostBehind {
		return
	}
	list, err := w.with.Backlog.ScheduledQueues(ctx, w.walked, walkSize)
	if err != nil {
		return // ClaimDeliveries fails as well, and that is told
	}
	for _, from := range list {
		w.lanes.found(from, now)
		w.walked = from.String()
	}
	if len(list) < walkSize {
		w.walked, w.walkAt = "", now.Add(walkPause)
	}
}

// expire gives up what was set aside until its time was over.
func (w *worker) expire(ctx context.Context, now time.Time) {
	if !w.with.Believes() {
		return
	}
	list, err := w.claim(ctx, now, func(until time.Time) ([]myodai.Delivery, error) {
		return w.with.Backlog.ClaimExpired(ctx, w.with.Owner, claimSize, now, until)
	})
	if err != nil {
		return // ClaimDeliveries fails as well, and that is told
	}
	for _, d := range list {
		o := d.Last
		o.Kind, o.At, o.Took = myodai.OutcomeTransient, now, 0
		if o.Text == "" {
			o.Enhanced, o.Text = "4.4.7", "its servers had no room for it in time"
		}
		w.records <- finish(d, o, 0, now, true, w.with.Random, w.chance())
	}
}
