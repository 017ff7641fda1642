package queue

import (
	"context"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// hand is how mail that this process accepts comes to its queue without having
// been written down as due, found and claimed: it is leased, or set aside, as it
// is written. Everybody who accepts uses it at the same time as the loop.
type hand struct {
	mu   sync.Mutex
	room int // deliveries that may be leased before the loop looks again
	// behind are scheduled queues that something waits in: what is new in one of
	// them waits behind it.
	behind map[myodai.ScheduledQueue]bool
	leased []myodai.Delivery // durable, and not in lanes yet
	aside  []myodai.ScheduledQueue
	ended  bool
	come   chan struct{} // tells the loop of the two
}

func newHand() *hand {
	return &hand{behind: map[myodai.ScheduledQueue]bool{}, come: make(chan struct{}, 1)}
}

// Place leases new deliveries that are due to this queue, or says that they are
// to be set aside, or does neither, before they are written. Take must follow when
// they are durable.
func (q *Queue) Place(list []myodai.Delivery) (aside []bool) {
	aside = make([]bool, len(list))
	now := time.Now()
	h := q.hand
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range list {
		d := &list[i]
		if d.State != myodai.DeliveryAccepted || d.DueAt.After(now) {
			continue
		}
		if aside[i] = len(h.behind) > 0 && h.behind[myodai.ScheduledQueueOf(*d)]; !aside[i] && h.room > 0 {
			h.room--
			d.LeaseOwner, d.LeasedUntil, d.Attempts = q.with.Owner, now.Add(q.with.Lease), d.Attempts+1
		}
	}
	return aside
}

// Take hands over what Place has leased, and the scheduled queues in which it had
// something set aside; both are durable now. It never blocks.
func (q *Queue) Take(leased []myodai.Delivery, aside []myodai.ScheduledQueue) {
	h := q.hand
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		go q.giveBack(context.Background(), leased)
		return
	}
	h.leased, h.aside = append(h.leased, leased...), append(h.aside, aside...)
	select {
	case h.come <- struct{}{}:
	default: // it is about to look anyway
	}
}

// giveBack releases what was handed over and is not to be attempted now.
func (q *Queue) giveBack(ctx context.Context, list []myodai.Delivery) {
	ids := make([]myodai.DeliveryID, len(list))
	for i, d := range list {
		ids[i] = d.ID
	}
	q.release(ctx, ids)
}

// taken is what has been handed over since the last time. From now on so many
// deliveries may be leased; fewer than none means never again.
func (h *hand) taken(room int) (leased []myodai.Delivery, aside []myodai.ScheduledQueue) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.room, h.ended = room, room < 0
	leased, aside = h.leased, h.aside
	h.leased, h.aside = nil, nil
	return leased, aside
}

// waits notes whether something waits in a scheduled queue.
func (h *hand) waits(in myodai.ScheduledQueue, something bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if something {
		h.behind[in] = true
	} else {
		delete(h.behind, in)
	}
}
