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
	// behind are scheduled queues that something waits in, each with its lane, nil
	// while that is not known: what is new in one of them waits behind it.
	behind map[myodai.ScheduledQueue]*lane
	leased []myodai.Delivery // durable, and not in lanes yet
	aside  []myodai.ScheduledQueue
	doubts []myodai.DeliveryID // leased, if they were written at all
	ended  bool
	come   chan struct{} // tells the loop of the two
}

func newHand() *hand {
	return &hand{behind: map[myodai.ScheduledQueue]*lane{}, come: make(chan struct{}, 1)}
}

// Place leases new deliveries that are due to this queue, or says that they are
// to be set aside, or does neither, before they are written. Take must follow when
// they are durable.
func (q *Queue) Place(list []myodai.Delivery) (aside []bool) {
	aside = make([]bool, len(list))
	now := time.Now()
	until := now.Add(q.with.Lease).Truncate(leaseStep)
	h := q.hand
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range list {
		d := &list[i]
		if d.State != myodai.DeliveryAccepted || d.DueAt.After(now) {
			continue
		}
		if len(h.behind) > 0 {
			_, aside[i] = h.behind[myodai.ScheduledQueueOf(*d)]
		}
		if !aside[i] && h.room > 0 {
			h.room--
			d.LeaseOwner, d.LeasedUntil, d.Attempts = q.with.Owner, until, d.Attempts+1
		}
	}
	return aside
}

// Waits reports whether a new delivery would wait for its site anyway: others wait
// in its scheduled queue, and the site is not taking any mail just now. That may
// change at any moment. Where this queue does not run, nothing waits for it.
func (q *Queue) Waits(d myodai.Delivery) bool {
	h := q.hand
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.behind) == 0 || h.ended {
		return false
	}
	a := h.behind[myodai.ScheduledQueueOf(d)]
	return a != nil && a.still(time.Now())
}

// Take hands over what Place has leased, and the scheduled queues in which it had
// something set aside; both are durable now. It never blocks.
func (q *Queue) Take(leased []myodai.Delivery, aside []myodai.ScheduledQueue) {
	h := q.hand
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		go func() { _ = q.release(context.Background(), idsOf(leased)) }() // else the next run takes it
		return
	}
	h.leased, h.aside = append(h.leased, leased...), append(h.aside, aside...)
	select {
	case h.come <- struct{}{}:
	default: // it is about to look anyway
	}
}

// mostDoubts bounds what is kept of a store that fails for long. What is beyond it
// waits for the end of its lease, if it was written.
const mostDoubts = 100_000

// Doubt is told, instead of Take, of what Place has leased when nobody knows whether
// it was written. It is given back, as far as it is there: who sent it may come again
// with its idempotency key, and be told that it is accepted.
func (q *Queue) Doubt(leased []myodai.Delivery) {
	h := q.hand
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.doubts) < mostDoubts {
		h.doubts = append(h.doubts, idsOf(leased)...)
	}
}

// doubted is what has been doubted since the last time.
func (h *hand) doubted() []myodai.DeliveryID {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.doubts
	h.doubts = nil
	return list
}

func idsOf(list []myodai.Delivery) []myodai.DeliveryID {
	ids := make([]myodai.DeliveryID, len(list))
	for i, d := range list {
		ids[i] = d.ID
	}
	return ids
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

// waits notes whether something waits in a scheduled queue, and for which lane.
func (h *hand) waits(in myodai.ScheduledQueue, something bool, behind *lane) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if something {
		h.behind[in] = behind
	} else {
		delete(h.behind, in)
	}
}
