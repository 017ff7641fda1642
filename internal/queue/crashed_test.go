package queue_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/queue"
)

// P09: what a node held when it died it takes up again as soon as it is back,
// under another owner's name, and it all goes out; a delivery at which it died for
// the third time is put aside, with an event.
func TestBackAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory(700, "example.net")
		now := time.Now()
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		check(s.Heartbeat(t.Context(), "node", "before", now, now.Add(30*time.Second), nil))
		_, err := s.ClaimDeliveries(t.Context(), "before", 700, now, now.Add(30*time.Minute))
		check(err)
		s.with(func() { s.crashes["dlv_example.net_3"], s.crashes["dlv_example.net_5"] = 2, 1 })

		_, stop := start(t, queue.Options{Store: s, Agent: &receivers{}, Node: "node"})
		time.Sleep(3 * time.Second) // in simulated time
		synctest.Wait()
		stop()
		if got := s.states(); got[myodai.DeliveryDelivered] != 699 || got[myodai.DeliveryHeld] != 1 {
			t.Errorf("after three seconds: %v", got)
		}
		if len(s.quarantine) != 1 || s.quarantine[0].Kind != myodai.EventMessageQuarantined || s.quarantine[0].DeliveryID != "dlv_example.net_3" {
			t.Errorf("events %+v", s.quarantine)
		}
	})
}
