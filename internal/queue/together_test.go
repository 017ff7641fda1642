package queue_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/queue"
)

// counting is an agent that notes how many deliveries, and recipients of a
// transaction, each job has.
type counting struct {
	*receivers
	mu   sync.Mutex
	jobs [][2]int
}

func (c *counting) Attempt(ctx context.Context, job myodai.Job) []myodai.Outcome {
	c.mu.Lock()
	c.jobs = append(c.jobs, [2]int{len(job.Items), job.Recipients})
	c.mu.Unlock()
	return c.receivers.Attempt(ctx, job)
}

// TestOneMessageStaysTogether has a message to ten recipients that share a return
// path refused for now, again and again: they are one job each time, though each
// has an outcome of its own.
func TestOneMessageStaysTogether(t *testing.T) {
	for _, shared := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			store := newMemory(10, "example.net")
			if shared {
				for _, d := range store.deliveries {
					d.ReturnPath.Local = "shared"
				}
			}
			agent := &counting{receivers: &receivers{reply: func(d myodai.Delivery, n int) myodai.OutcomeKind {
				switch {
				case d.Recipient.Local == "u3":
					return myodai.OutcomePermanent
				case n < 5:
					return myodai.OutcomeTransient
				}
				return myodai.OutcomeDelivered
			}}}
			_, stop := start(t, queue.Options{Store: store, Agent: agent})
			defer stop()
			store.wait(t.Context(), func() bool {
				return !slices.ContainsFunc(store.deliveries, func(d *myodai.Delivery) bool { return !d.State.Terminal() })
			})
			stop()
			if want := [][2]int{{10, 100}, {9, 100}, {9, 100}, {9, 100}, {9, 100}}; slices.Equal(agent.jobs, want) != shared {
				t.Errorf("shared: %t; jobs and recipients: %v", shared, agent.jobs)
			}
			for _, d := range store.deliveries {
				if want := map[bool]myodai.DeliveryState{true: myodai.DeliveryBounced, false: myodai.DeliveryDelivered}[d.Recipient.Local == "u3"]; d.State != want {
					t.Errorf("%s is %s, want %s", d.Recipient, d.State, want)
				}
			}
		})
	}
}
