package queue_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/queue"
)

// TestDeadNodesMailGoesOut is P17: deliveries that a dead node leased for half
// an hour are attempted by another within half a minute of its last sign.
func TestDeadNodesMailGoesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory(3, "example.net")
		now := time.Now()
		if err := s.Heartbeat(t.Context(), "", "dead", now, now.Add(30*time.Second), nil); err != nil {
			t.Fatal(err)
		}
		if list, err := s.ClaimDeliveries(t.Context(), "dead", 9, now, now.Add(30*time.Minute)); err != nil || len(list) != 3 {
			t.Fatalf("claimed %d, %v", len(list), err)
		}
		_, stop := start(t, queue.Options{Store: s, Agent: &receivers{}})
		defer stop()
		time.Sleep(29 * time.Second) // in simulated time, as below
		synctest.Wait()
		early := s.states()[myodai.DeliveryDelivered]
		time.Sleep(12 * time.Second)
		synctest.Wait()
		if late := s.states()[myodai.DeliveryDelivered]; early != 0 || late != 3 {
			t.Errorf("%d were delivered while the node might live, %d after, want 0 and 3", early, late)
		}
	})
}
