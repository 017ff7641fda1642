package store_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// taker leases what goes to x.example, has set aside what goes to y.example, and
// notes what it is given.
type taker struct {
	mu     sync.Mutex
	leased []myodai.Delivery
	aside  []myodai.ScheduledQueue
	woken  int
}

func (h *taker) Place(list []myodai.Delivery) []bool {
	aside := make([]bool, len(list))
	for i := range list {
		switch list[i].Recipient.Domain {
		case "x.example":
			list[i].LeaseOwner, list[i].LeasedUntil, list[i].Attempts = "n1", t0.Add(time.Hour), 1
		case "y.example":
			aside[i] = true
		}
	}
	return aside
}

func (h *taker) Take(leased []myodai.Delivery, aside []myodai.ScheduledQueue) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.leased, h.aside = append(h.leased, leased...), append(h.aside, aside...)
}

func (h *taker) Doubt(leased []myodai.Delivery) { h.Take(leased, nil) }

func (h *taker) Wake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.woken++
}

// What is accepted is written as the hand wants it, who is told when it is
// durable: leased as if it had been claimed, in its scheduled queue, or due.
func TestHandOver(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		h := &taker{}
		s.HandTo(h)
		a := letter(d, t0, rcpt("a", "x.example"), rcpt("b", "y.example"), rcpt("c", "z.example"))
		accept(t, s, a)
		if len(h.leased) != 1 || h.leased[0].Recipient.Local != "a" || h.woken != 1 {
			t.Fatalf("handed over: %+v, woken %d times", h.leased, h.woken)
		}
		same(t, "what is leased", must(s.Delivery(t.Context(), d.TenantID, h.leased[0].ID))(t), h.leased[0])
		same(t, "queues", h.aside, []myodai.ScheduledQueue{myodai.ScheduledQueueOf(a.Deliveries[1])})
		same(t, "queues in the store", must(s.ScheduledQueues(t.Context(), "", 9))(t), h.aside)
		if got := claimedLocals(t, s); got != "c" {
			t.Errorf("claimed %q, want c alone", got)
		}
		list := must(s.ClaimScheduled(t.Context(), "n1", h.aside[0], 9, t0, t0.Add(time.Hour)))(t)
		if len(list) != 1 || list[0].Recipient.Local != "b" {
			t.Errorf("claimed out of the scheduled queue: %+v", list)
		}
		if a.Deliveries[0].LeaseOwner != "" {
			t.Error("what the caller gave was changed")
		}
	})
}

// A standing hold holds what would have been leased.
func TestHandOverUnderAHold(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		h := &taker{}
		s.HandTo(h)
		newHold(t, s, true, myodai.Selection{TenantID: d.TenantID})
		a := letter(d, t0, rcpt("a", "x.example"))
		accept(t, s, a)
		got := must(s.Delivery(t.Context(), d.TenantID, a.Deliveries[0].ID))(t)
		if len(h.leased) != 0 || got.State != myodai.DeliveryHeld || got.Hold != myodai.HoldStanding || got.Attempts != 0 || got.LeaseOwner != "" {
			t.Errorf("handed over %d, in the store %+v", len(h.leased), got)
		}
	})
}

// What becomes durable is handed over whoever still waits for the answer, and
// what does not never is.
func TestHandOverWhatIsDurable(t *testing.T) {
	eachGroup(t, func(t *testing.T, s *store.Store, _ *shared, url string) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		h := &taker{}
		s.HandTo(h)
		var list []myodai.Accepted
		for range 30 {
			list = append(list, letter(d, t0, rcpt("a", "x.example")))
		}
		list[7].Events = append(list[7].Events, list[7].Events[0]) // cannot be written
		release := hold(t, url)
		ctx, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i, a := range list {
			all.Go(func() {
				mine := t.Context()
				if i%2 == 0 {
					mine = ctx
				}
				_, _, _ = s.Accept(mine, a)
			})
		}
		time.AfterFunc(20*time.Millisecond, leave)
		all.Go(func() { <-ctx.Done(); release() })
		all.Wait()
		accept(t, s, letter(d, t0, rcpt("a", "z.example"))) // behind whatever is under way
		stored, _, err := s.Messages(t.Context(), d.TenantID, myodai.Page{Limit: 100})
		ok(t, err)
		h.mu.Lock()
		defer h.mu.Unlock()
		if len(h.leased) != len(stored)-1 || len(h.leased) < 14 {
			t.Errorf("%d are handed over, %d stored", len(h.leased), len(stored)-1)
		}
		if slices.ContainsFunc(h.leased, func(d myodai.Delivery) bool { return d.MessageID == list[7].Message.ID }) {
			t.Error("one that could not be stored was handed over")
		}
	})
}
