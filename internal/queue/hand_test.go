package queue_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/queue"
)

// accept writes deliveries as the store does: placed by the queue before they are
// written, and handed over when they are.
func (s *memory) accept(q *queue.Queue, tenant myodai.TenantID, domain myodai.Name, ids ...string) {
	now := time.Now()
	var list []myodai.Delivery
	for _, id := range ids {
		list = append(list, myodai.Delivery{
			ID: myodai.DeliveryID(id), TenantID: tenant, MessageID: "msg_1", Recipient: myodai.Address{Local: "u", Domain: domain},
			ReturnPath: myodai.Address{Local: "b-" + id, Domain: "rp.example.com"},
			State:      myodai.DeliveryAccepted, DueAt: now, QueuedAt: now, ExpiresAt: now.Add(maxAge),
		})
	}
	aside := q.Place(list)
	var leased []myodai.Delivery
	var behind []myodai.ScheduledQueue
	s.mu.Lock()
	if s.byID == nil {
		s.byID = map[myodai.DeliveryID]*myodai.Delivery{}
	}
	for i, d := range list {
		s.deliveries, s.byID[d.ID] = append(s.deliveries, &d), &d
		switch {
		case aside[i]:
			s.aside[d.ID] = true
			behind = append(behind, myodai.ScheduledQueueOf(d))
		case d.LeaseOwner != "":
			leased = append(leased, d)
		}
	}
	s.mu.Unlock()
	q.Take(leased, behind)
}

// What is accepted while the queue runs is attempted at once, and claimed by
// nobody.
func TestHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, agent := newMemory(0), &receivers{}
		q, stop := start(t, queue.Options{Store: store, Agent: agent})
		synctest.Wait()
		claims := store.claims
		store.accept(q, "ten_1", "example.net", "dlv_1", "dlv_2")
		synctest.Wait()
		if n := store.states()[myodai.DeliveryDelivered]; n != 2 || store.claims != claims {
			t.Errorf("%d delivered, and %d claims", n, store.claims-claims)
		}
		stop()
		if n := len(agent.attempts["dlv_1"]); n != 1 {
			t.Errorf("%d attempts", n)
		}
	})
}

// Who does not run leases nothing, and neither does who has ended: what comes too
// late is given back (P15).
func TestNothingIsHandedToWhoDoesNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(0)
		before := queue.New(queue.Options{Store: store, Backlog: store, Agent: &receivers{}})
		store.accept(before, "ten_1", "example.net", "dlv_before")
		q, stop := start(t, queue.Options{Store: store, Agent: &receivers{}})
		synctest.Wait()
		list := []myodai.Delivery{{ID: "dlv_late", TenantID: "ten_1", State: myodai.DeliveryAccepted, DueAt: time.Now()}}
		q.Place(list)
		stop()
		store.mu.Lock()
		store.deliveries, store.byID["dlv_late"] = append(store.deliveries, &list[0]), &list[0]
		store.mu.Unlock()
		q.Take(list, nil)
		store.accept(q, "ten_1", "example.net", "dlv_after")
		synctest.Wait()
		for _, d := range store.deliveries {
			if d.LeaseOwner != "" || d.ID != "dlv_before" && d.Attempts != 0 {
				t.Errorf("%s is %s, leased to %q, attempted %d times", d.ID, d.State, d.LeaseOwner, d.Attempts)
			}
		}
	})
}

// What its site has no room for is set aside as it is written, behind what waits
// there already, and goes when there is room.
func TestHandedOverBehindOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, agent := newMemory(0), &receivers{each: time.Second}
		q, stop := start(t, queue.Options{Store: store, Agent: agent, JobSize: 10, Rules: oneEach})
		synctest.Wait()
		const many = 300
		for i := range many {
			store.accept(q, "ten_1", "example.net", fmt.Sprintf("dlv_%03d", i))
			synctest.Wait()
		}
		leased, born := 0, 0
		store.mu.Lock()
		for _, d := range store.deliveries {
			if d.LeaseOwner != "" {
				leased++
			} else if store.aside[d.ID] {
				born++
			}
		}
		again := store.setAside
		store.mu.Unlock()
		if leased > 110 || born < many-120 || again > 5 {
			t.Errorf("of %d deliveries %d are leased, %d wait in their queue, %d of them were leased first", many, leased, born, again)
		}
		store.wait(t.Context(), func() bool { return len(store.finished) == many })
		stop()
		for id, times := range agent.attempts {
			if len(times) != 1 {
				t.Errorf("%s was attempted %d times", id, len(times))
			}
		}
	})
}
