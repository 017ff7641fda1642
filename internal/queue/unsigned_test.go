package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/queue"
)

// Mail waits for its site anyway while others of its scheduled queue wait and the
// site takes nothing: not in full load, not for another site, not where no queue
// runs.
func TestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := func(domain myodai.Name) myodai.Delivery {
			return myodai.Delivery{TenantID: "ten_1", Recipient: myodai.Address{Local: "new", Domain: domain}}
		}
		stuck := make(chan struct{})
		store, agent := newMemory(0), &receivers{each: 10 * time.Millisecond}
		agent.reply = func(d myodai.Delivery, _ int) myodai.OutcomeKind {
			if d.ID == "dlv_100" {
				<-stuck
			}
			return myodai.OutcomeDelivered
		}
		q, stop := start(t, queue.Options{Store: store, Agent: agent, JobSize: 10, Rules: oneEach})
		synctest.Wait()
		check := func(when string, domain myodai.Name, want bool) {
			t.Helper()
			if got := q.Waits(to(domain)); got != want {
				t.Errorf("%s: Waits for %s = %t", when, domain, got)
			}
		}
		check("at rest", "example.net", false)
		const many = 300
		for i := range many {
			store.accept(q, "ten_1", "example.net", fmt.Sprintf("dlv_%03d", i))
			synctest.Wait()
		}
		check("before the first result", "example.net", false)
		for range 50 {
			time.Sleep(10 * time.Millisecond)
			check("in full load", "example.net", false)
		}
		store.wait(t.Context(), func() bool { return len(store.finished) == 100 })
		time.Sleep(90 * time.Millisecond)
		check("after a short silence", "example.net", false)
		time.Sleep(20 * time.Millisecond)
		check("after a longer one", "example.net", true)
		check("meanwhile", "example.org", false)
		close(stuck)
		time.Sleep(time.Millisecond)
		check("when it goes on", "example.net", false)
		store.wait(t.Context(), func() bool { return len(store.finished) == many })
		time.Sleep(time.Second)
		check("when nothing waits any more", "example.net", false)
		stop()
		check("where no queue runs", "example.net", false)
	})
}

// twice is an agent that reads each message for two servers, and tells what it read.
type twice struct {
	kinds []myodai.OutcomeKind // of the attempts, in their order
	read  []string
}

func (a *twice) Attempt(ctx context.Context, job myodai.Job) []myodai.Outcome {
	outcomes := make([]myodai.Outcome, len(job.Items))
	for i, item := range job.Items {
		outcomes[i] = myodai.Outcome{Kind: a.kinds[0], Code: 250}
		a.kinds = a.kinds[1:]
		for range 2 {
			octets, err := item.Load(ctx)
			if err != nil {
				octets, outcomes[i] = []byte(err.Error()), myodai.Outcome{Kind: myodai.OutcomeTransient}
			}
			a.read = append(a.read, string(octets))
		}
	}
	return outcomes
}

// What was accepted unsigned is signed when it may be sent, once: all servers and
// all attempts are given the same octets. A fault costs an attempt and nothing more.
func TestSignedWhenSent(t *testing.T) {
	for _, tt := range []struct {
		name      string
		kinds     []myodai.OutcomeKind
		suspended bool
		faults    int // of signing, before it works
		signed    int
		read      string // of the last attempt
		state     myodai.DeliveryState
	}{
		{"taken at once", []myodai.OutcomeKind{myodai.OutcomeDelivered}, false, 0, 1, "Signature: 1\r\nbody", myodai.DeliveryDelivered},
		{"deferred before", []myodai.OutcomeKind{myodai.OutcomeTransient, myodai.OutcomeDelivered}, false, 0, 1, "Signature: 1\r\nbody", myodai.DeliveryDelivered},
		{"no turn before", []myodai.OutcomeKind{"", myodai.OutcomeDelivered}, false, 0, 2, "Signature: 2\r\nbody", myodai.DeliveryDelivered},
		{"a fault before", []myodai.OutcomeKind{"", myodai.OutcomeDelivered}, false, 2, 3, "Signature: 3\r\nbody", myodai.DeliveryDelivered},
		{"the domain is suspended", []myodai.OutcomeKind{myodai.OutcomeDelivered}, true, 0, 0, "the domain example.com is suspended; publish its records and check it again", myodai.DeliveryDeferred},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, agent := newMemory(1, "example.net"), &twice{kinds: slices.Clone(tt.kinds)}
				store.body, store.unsigned = []byte("body"), true
				if tt.suspended {
					store.domain.State = myodai.DomainSuspended
				}
				signed := 0
				_, stop := start(t, queue.Options{Store: store, Agent: agent, Sign: func(_ context.Context, s myodai.Sending, message []byte) ([]byte, error) {
					signed++
					if signed <= tt.faults {
						return nil, errors.New("no key can be read")
					}
					if s.Domain.Name != "example.com" || string(message) != "body" {
						t.Errorf("to be signed: %+v, %q", s.Domain, message)
					}
					return fmt.Appendf(nil, "Signature: %d\r\n", signed), nil
				}})
				store.wait(t.Context(), func() bool { return store.deliveries[0].State == tt.state })
				stop()
				last := agent.read[len(agent.read)-2:]
				if signed != tt.signed || last[0] != tt.read || last[1] != tt.read {
					t.Errorf("signed %d times, and read %q", signed, agent.read)
				}
				kept := strings.TrimSuffix(tt.read, "body")
				if tt.state != myodai.DeliveryDelivered {
					kept = ""
				}
				if string(store.signatures) != kept {
					t.Errorf("kept %q", store.signatures)
				}
			})
		})
	}
}
