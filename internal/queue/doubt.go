package queue

import (
	"context"
	"errors"
	"time"

	"github.com/myodai/myodai"
)

// awayPause is how soon a delivery is attempted again whose message could not be
// read because the store was away.
const awayPause = 10 * time.Second

// leaseStep is between the ends of leases, in the microseconds that the store keeps:
// those of claims are odd, and those of what is handed over even, so that a claim is
// given back without anything else.
const leaseStep = 2 * time.Microsecond

// isAway reports whether a fault of the store is over by itself.
func isAway(err error) bool {
	return errors.Is(err, myodai.ErrAway) || errors.Is(err, myodai.ErrNoSpace)
}

// claim makes a claim, under a lease that ends when no other of this worker's does.
//
// When the store fails, nobody knows whether the claim was made. Before the next
// one it is given back: otherwise what it took would wait for the end of a lease
// that nobody remembers.
func (w *worker) claim(ctx context.Context, now time.Time, take func(until time.Time) ([]myodai.Delivery, error)) ([]myodai.Delivery, error) {
	if !w.doubtful.IsZero() {
		if err := w.with.Backlog.ReleaseClaim(ctx, w.with.Owner, w.doubtful); err != nil {
			return nil, err
		}
		w.doubtful = time.Time{}
	}
	until := now.Add(w.with.Lease).Truncate(leaseStep).Add(time.Microsecond)
	if !until.After(w.until) {
		until = w.until.Add(leaseStep)
	}
	w.until = until
	list, err := take(until)
	if err != nil {
		w.doubtful = until
	}
	return list, err
}

// release gives deliveries back unattempted, by setting them aside when that fails.
func (w *worker) release(ctx context.Context, ids []myodai.DeliveryID) {
	if err := w.Queue.release(ctx, ids); err != nil {
		w.lanes.overflow = append(w.lanes.overflow, ids...)
	}
}

// release gives deliveries back unattempted.
func (q *Queue) release(ctx context.Context, ids []myodai.DeliveryID) error {
	if len(ids) == 0 {
		return nil
	}
	err := q.with.Store.ReleaseDeliveries(ctx, q.with.Owner, ids)
	if err != nil {
		q.with.Log.ErrorContext(ctx, "release deliveries", "count", len(ids), "err", err)
	}
	return err
}
