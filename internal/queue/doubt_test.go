package queue_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/queue"
)

// TestClaimInDoubt is P07: a claim that was made, and of which we heard that the
// store had failed, costs a moment and no attempt.
func TestClaimInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(3, "example.net")
		store.unheard = true
		begun := time.Now()
		_, stop := start(t, queue.Options{Store: store, Agent: &receivers{}})
		defer stop()
		synctest.Wait()
		if d := store.first(); d.LeaseOwner == "" {
			t.Fatalf("nothing was claimed: %+v", d)
		}
		store.with(func() { store.unheard = false })
		store.wait(t.Context(), func() bool { return len(store.finished) == 3 })
		took := time.Since(begun)
		stop()
		for _, d := range store.deliveries {
			if d.Attempts != 1 {
				t.Errorf("%s: %d attempts are counted, want 1", d.ID, d.Attempts)
			}
		}
		if took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestAcceptedInDoubt is P05 and P07: what was leased as it was written, by a
// transaction of which nobody knows whether it was made, does not wait for the end of
// that lease. What was not written is not missed.
func TestAcceptedInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(1, "example.net")
		q, stop := start(t, queue.Options{Store: store, Agent: &receivers{}})
		defer stop()
		store.wait(t.Context(), func() bool { return len(store.finished) == 1 })
		list := []myodai.Delivery{*store.deliveries[0], *store.deliveries[0]}
		for i := range list {
			list[i].State, list[i].DueAt = myodai.DeliveryAccepted, time.Now()
		}
		list[0].ID, list[1].ID = "dlv_there", "dlv_lost"
		synctest.Wait()
		q.Place(list)
		if list[0].LeaseOwner == "" || list[1].LeaseOwner == "" {
			t.Fatalf("nothing is leased: %+v", list)
		}
		store.with(func() {
			d := list[0]
			store.deliveries, store.byID[d.ID] = append(store.deliveries, &d), &d
		})
		begun := time.Now()
		q.Doubt(list)
		store.wait(t.Context(), func() bool { return len(store.finished) == 2 })
		took := time.Since(begun)
		stop()
		if d := store.find("dlv_there"); d.State != myodai.DeliveryDelivered || d.Attempts != list[0].Attempts {
			t.Errorf("it is %s after %d attempts, want %d", d.State, d.Attempts, list[0].Attempts)
		}
		if took > 3*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestNobodyDiesWithTheStore is P07 and P17: while the store was away no node could
// say that it lives. With it back each has time to do so, before its mail is taken
// from it; who does not is dead.
func TestNobodyDiesWithTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(2, "example.net")
		beat := func() {
			now := time.Now()
			if err := store.Heartbeat(t.Context(), "", "other", now, now.Add(30*time.Second), nil); err != nil {
				t.Fatal(err)
			}
		}
		beat()
		now := time.Now()
		if list, err := store.ClaimDeliveries(t.Context(), "other", 9, now, now.Add(30*time.Minute)); err != nil || len(list) != 2 {
			t.Fatalf("claimed %d, %v", len(list), err)
		}
		_, stop := start(t, queue.Options{Store: store, Agent: &receivers{}})
		defer stop()
		synctest.Wait()
		store.with(func() { store.broken = true })
		time.Sleep(5 * time.Minute) // in simulated time, as below
		store.with(func() { store.broken = false })
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if d := store.first(); d.LeaseOwner != "other" {
			t.Errorf("it was taken from who had no time to say that it lives: %+v", d)
		}
		beat()
		time.Sleep(25 * time.Second)
		synctest.Wait()
		if d := store.first(); d.LeaseOwner != "other" {
			t.Errorf("it was taken from who said that it lives: %+v", d)
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if got := store.states()[myodai.DeliveryDelivered]; got != 2 {
			t.Errorf("%d deliveries of the dead were delivered, want 2", got)
		}
	})
}

// TestNothingExpiresByAWrongClock is P16: while the clock is not believed, mail is
// attempted on at the usual pace, and not given up; later it is.
func TestNothingExpiresByAWrongClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(1, "example.net")
		var believed atomic.Bool
		agent := &receivers{reply: func(myodai.Delivery, int) myodai.OutcomeKind { return myodai.OutcomeTransient }}
		_, stop := start(t, queue.Options{Store: store, Agent: agent, Believes: believed.Load})
		defer stop()
		time.Sleep(maxAge + 240*time.Hour) // in simulated time, as below
		synctest.Wait()
		if d := store.first(); d.State != myodai.DeliveryDeferred || d.Attempts > 150 {
			t.Errorf("it is %s after %d attempts", d.State, d.Attempts)
		}
		believed.Store(true)
		time.Sleep(5 * time.Hour)
		synctest.Wait()
		if d := store.first(); d.State != myodai.DeliveryExpired {
			t.Errorf("with the clock right again it is %s", d.State)
		}
	})
}
