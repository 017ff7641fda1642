package queue_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/queue"
	"github.com/myodai/myodai/internal/shaping"
)

// start runs a queue until stop is called, which waits for its end. After that
// the store and the agent may be looked at without a lock.
func start(t *testing.T, o queue.Options) (q *queue.Queue, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	if o.Backlog == nil {
		o.Backlog = o.Store.(queue.Backlog)
	}
	q = queue.New(o)
	ended := make(chan error, 1)
	go func() { ended <- q.Run(ctx) }()
	return q, sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

// oneEach are rules that give each site one connection.
func oneEach() *shaping.Rules { return onlyOne }

var onlyOne = func() *shaping.Rules {
	r, err := shaping.Parse([]byte("default: {connections: 1}"))
	if err != nil {
		panic(err)
	}
	return r
}()

// TestRetrySchedule follows one delivery through an outage of a day (P14).
func TestRetrySchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(1, "example.net")
		begun := time.Now()
		agent := &receivers{reply: func(myodai.Delivery, int) myodai.OutcomeKind {
			if time.Since(begun) < 24*time.Hour {
				return myodai.OutcomeTransient
			}
			return myodai.OutcomeDelivered
		}}
		_, stop := start(t, queue.Options{Store: store, Agent: agent})
		defer stop()
		store.wait(t.Context(), func() bool { return store.deliveries[0].State == myodai.DeliveryDelivered })
		stop()
		times := agent.attempts["dlv_example.net_0"]
		if times[0] != begun {
			t.Errorf("first attempt after %v", times[0].Sub(begun))
		}
		moved := 0
		for i := 1; i < len(times); i++ {
			want, got := queue.Backoff(i), times[i].Sub(times[i-1])
			if got < want*3/4 || got > want*5/4+time.Second {
				t.Errorf("pause %d: %v, want %v and a quarter either way", i, got, want)
			}
			if (got - want).Abs() > time.Minute {
				moved++
			}
		}
		if moved == 0 {
			t.Error("the pauses are not moved by chance")
		}
		for i, f := range store.finished {
			last := i == len(store.finished)-1
			want := myodai.EventMessageDeferred
			if last {
				want = myodai.EventMessageDelivered
			}
			if f.Attempt.Number != i+1 || len(f.Events) != 1 || f.Events[0].Kind != want || f.Events[0].Data["attempt"] != i+1 || f.Delivery.LeaseOwner != "" {
				t.Errorf("record %d: %+v", i+1, f)
			}
			if _, due := f.Events[0].Data["due_at"]; due == last {
				t.Errorf("event %d: %v", i+1, f.Events[0].Data)
			}
		}
	})
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(1, "example.net")
		begun := time.Now()
		agent := &receivers{reply: func(myodai.Delivery, int) myodai.OutcomeKind { return myodai.OutcomeTransient }}
		_, stop := start(t, queue.Options{Store: store, Agent: agent})
		defer stop()
		store.wait(t.Context(), func() bool { return store.deliveries[0].State.Terminal() })
		stop()
		last := store.finished[len(store.finished)-1]
		if last.Delivery.State != myodai.DeliveryExpired || last.Events[0].Kind != myodai.EventMessageExpired || last.Suppression != nil {
			t.Errorf("last record: %+v", last)
		}
		if age := last.Attempt.Outcome.At.Sub(begun); age < maxAge-4*time.Hour || age > maxAge {
			t.Errorf("given up after %v", age)
		}
	})
}

// TestMissingRecipient shows that a refusal for a recipient who is not there
// suppresses the address, with the words it rests on, in the same record.
func TestMissingRecipient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(1, "example.net")
		agent := &receivers{reply: func(myodai.Delivery, int) myodai.OutcomeKind { return myodai.OutcomePermanent }}
		_, stop := start(t, queue.Options{Store: store, Agent: agent})
		defer stop()
		store.wait(t.Context(), func() bool { return len(store.finished) > 0 })
		stop()
		f := store.finished[0]
		if f.Delivery.State != myodai.DeliveryBounced || len(f.Events) != 2 || f.Suppression == nil {
			t.Fatalf("record: %+v", f)
		}
		if s := f.Suppression; s.Evidence != "550 5.1.1 no such user" || s.Address.String() != "u0@example.net" || s.TenantID != "ten_1" || s.Reason != myodai.SuppressionBounced || s.MessageID != "msg_1" {
			t.Errorf("suppression: %+v", s)
		}
		if f.Events[0].Kind != myodai.EventMessageBounced || f.Events[0].Data["class"] != "recipient" || f.Events[1].Kind != myodai.EventSuppressionAdded {
			t.Errorf("events: %+v", f.Events)
		}
	})
}

// TestUnverifiedSendsNothing withdraws the right to send between acceptance and
// delivery, and gives it back (P23).
func TestUnverifiedSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(1, "example.net")
		store.domain.State = myodai.DomainSuspended
		agent := &receivers{}
		_, stop := start(t, queue.Options{Store: store, Agent: agent})
		defer stop()
		store.wait(t.Context(), func() bool { return len(store.finished) > 0 })
		synctest.Wait()
		if f := store.finished[0]; f.Delivery.State != myodai.DeliveryDeferred || !strings.Contains(f.Delivery.Last.Text, "the domain example.com is suspended") {
			t.Errorf("record: %+v", f)
		}
		if len(agent.attempts) != 0 {
			t.Error("it was sent")
		}
		store.with(func() { store.domain.State = myodai.DomainVerified })
		store.wait(t.Context(), func() bool { return store.deliveries[0].State == myodai.DeliveryDelivered })
	})
}

func TestWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(0)
		q, stop := start(t, queue.Options{Store: store, Agent: &receivers{}, Poll: time.Hour})
		defer stop()
		synctest.Wait()
		begun := time.Now()
		store.add("dlv_1", myodai.Address{Local: "u", Domain: "example.net"})
		q.Wake()
		store.wait(t.Context(), func() bool { return len(store.finished) == 1 })
		if took := time.Since(begun); took != 0 {
			t.Errorf("took %v", took)
		}
		store.add("dlv_2", myodai.Address{Local: "v", Domain: "example.net"})
		store.wait(t.Context(), func() bool { return len(store.finished) == 2 })
		if took := time.Since(begun); took != time.Hour {
			t.Errorf("without being woken it took %v", took)
		}
	})
}

// TestLostLease lets another node take a delivery over while we attempt it: what
// we found out is not written.
func TestLostLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(2, "example.net")
		registry := prometheus.NewRegistry()
		agent := &receivers{each: time.Minute}
		_, stop := start(t, queue.Options{Store: store, Agent: agent, Registerer: registry})
		defer stop()
		synctest.Wait()
		store.with(func() { store.find("dlv_example.net_0").LeaseOwner = "another node" })
		store.wait(t.Context(), func() bool { return store.find("dlv_example.net_1").State == myodai.DeliveryDelivered })
		stop()
		if d := store.find("dlv_example.net_0"); d.State != myodai.DeliveryAccepted || d.LeaseOwner != "another node" {
			t.Errorf("it was written to: %+v", d)
		}
		const want = "# HELP myodai_queue_leases_lost_total Results that were not recorded because the lease had been taken over.\n# TYPE myodai_queue_leases_lost_total counter\nmyodai_queue_leases_lost_total 1\n"
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "myodai_queue_leases_lost_total"); err != nil {
			t.Error(err)
		}
	})
}

// TestLeaseOfDeadNodeExpires takes over what a node held that is gone.
func TestLeaseOfDeadNodeExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(1, "example.net")
		begun := time.Now()
		store.deliveries[0].LeaseOwner, store.deliveries[0].LeasedUntil = "dead node", begun.Add(time.Hour)
		_, stop := start(t, queue.Options{Store: store, Agent: &receivers{}})
		defer stop()
		store.wait(t.Context(), func() bool { return len(store.finished) == 1 })
		if took := time.Since(begun); took != time.Hour {
			t.Errorf("taken over after %v", took)
		}
	})
}

// TestShutdown ends the queue in the middle of work (P15): what is under way
// ends, the rest is given back uncounted, and nothing is claimed anymore.
func TestShutdown(t *testing.T) {
	for _, tt := range []struct {
		name      string
		each      time.Duration
		delivered int
		most      time.Duration
	}{
		{"quick receivers", time.Second, 7, 8 * time.Second},
		{"receivers that outlast us", 10 * time.Second, 2, 30 * time.Second},
		{"receivers that never answer", 24 * time.Hour, 0, 30 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemory(100, "example.net")
				agent := &receivers{each: tt.each}
				_, stop := start(t, queue.Options{Store: store, Agent: agent, JobSize: 10, Rules: oneEach})
				synctest.Wait()
				begun := time.Now()
				stop()
				if took := time.Since(begun); took > tt.most {
					t.Errorf("took %v", took)
				}
				if got := store.states(); got[myodai.DeliveryDelivered] != tt.delivered {
					t.Errorf("states %v, want %d delivered", got, tt.delivered)
				}
				for _, d := range store.deliveries {
					if d.LeaseOwner != "" || d.State == myodai.DeliveryAccepted && d.Attempts != 0 {
						t.Fatalf("still held or counted: %+v", d)
					}
				}
				claims := store.claims
				synctest.Wait()
				if store.claims != claims || agent.inFlight != 0 {
					t.Error("it goes on")
				}
			})
		})
	}
}

// TestPanic has an agent that cannot stand one delivery (P09): the others go
// out, and it costs that one its attempt.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(20, "example.net")
		agent := &receivers{reply: func(d myodai.Delivery, _ int) myodai.OutcomeKind {
			if d.ID == "dlv_example.net_7" {
				panic("poison")
			}
			return myodai.OutcomeDelivered
		}}
		registry := prometheus.NewRegistry()
		_, stop := start(t, queue.Options{Store: store, Agent: agent, Registerer: registry})
		store.wait(t.Context(), func() bool { return len(store.finished) == 20 })
		stop()
		if got := store.states(); got[myodai.DeliveryDelivered] != 19 || got[myodai.DeliveryDeferred] != 1 {
			t.Errorf("states %v", got)
		}
		if d := store.find("dlv_example.net_7"); d.State != myodai.DeliveryDeferred || d.Last.Text != "held back: internal error" || d.Attempts != 1 {
			t.Errorf("poison: %+v", d)
		}
		for id, times := range agent.attempts {
			if len(times) != 1 && id != "dlv_example.net_7" {
				t.Errorf("%s was sent %d times", id, len(times))
			}
		}
		if n, err := testutil.GatherAndCount(registry, "myodai_queue_crashes_total"); n != 1 || err != nil {
			t.Error(n, err)
		}
	})
}

// TestStoreAway takes the store away while work is under way: results wait, and
// nothing is attempted twice.
func TestStoreAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(5, "example.net")
		agent := &receivers{each: time.Minute, reply: func(_ myodai.Delivery, _ int) myodai.OutcomeKind { return myodai.OutcomeDelivered }}
		_, stop := start(t, queue.Options{Store: store, Agent: agent})
		defer stop()
		<-time.After(90 * time.Second)
		if got := store.states()[myodai.DeliveryDelivered]; got != 1 {
			t.Fatalf("%d delivered, want 1: each is recorded at once (P04)", got)
		}
		store.with(func() { store.broken = true })
		<-time.After(40 * time.Second)
		store.with(func() { store.broken = false })
		store.wait(t.Context(), func() bool { return len(store.finished) == 5 })
		stop()
		deferred := 0
		for _, f := range store.finished {
			if f.Delivery.State == myodai.DeliveryDeferred {
				deferred++ // its Load fell into the time the store was away
				if pause := time.Until(f.Delivery.DueAt); pause > 15*time.Second {
					t.Errorf("what could not be read waits %v", pause)
				}
			}
		}
		for id, times := range agent.attempts {
			if len(times) != 1 {
				t.Errorf("%s was sent %d times", id, len(times))
			}
		}
		if deferred > 1 {
			t.Errorf("%d were held back", deferred)
		}
	})
}

// TestUnwritableResult shows that a result the store cannot take holds up no
// others, and is given up when its lease is over.
func TestUnwritableResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(300, "example.net")
		store.poison = "dlv_example.net_0"
		agent := &receivers{}
		_, stop := start(t, queue.Options{Store: store, Agent: agent})
		defer stop()
		begun := time.Now()
		store.wait(t.Context(), func() bool { return len(store.finished) == 299 })
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("the others took %v", took)
		}
		store.with(func() { store.poison = "" })
		store.wait(t.Context(), func() bool { return len(store.finished) == 300 })
		stop()
		if n := len(agent.attempts["dlv_example.net_0"]); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

// TestTarpitHoldsNobody puts fifty domains that never answer before a good one
// (P10).
func TestTarpitHoldsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var domains []myodai.Name
		for i := range 50 {
			domains = append(domains, myodai.Name("t"+string(rune('a'+i/26))+string(rune('a'+i%26))+".example"))
		}
		store := newMemory(100, domains...)
		agent := &tarpits{receivers: receivers{each: time.Millisecond}}
		_, stop := start(t, queue.Options{Store: store, Agent: agent, JobSize: 10})
		defer stop()
		synctest.Wait()
		for i := range 200 {
			store.add("dlv_good_"+string(rune('a'+i/26))+string(rune('a'+i%26)), myodai.Address{Local: "u", Domain: "good.example"})
		}
		begun := time.Now()
		store.wait(t.Context(), func() bool { return len(store.finished) == 200 })
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("the good domain took %v", took)
		}
		stop()
		if agent.peak[domains[0]] != 1 || agent.peak["good.example"] < 2 || agent.peak["good.example"] > 10 {
			t.Errorf("jobs at a time: %d for a tarpit, %d for the good domain", agent.peak[domains[0]], agent.peak["good.example"])
		}
	})
}

// tarpits is an agent for which only good.example ever answers.
type tarpits struct{ receivers }

func (a *tarpits) Attempt(ctx context.Context, job myodai.Job) []myodai.Outcome {
	if job.Domain == "good.example" {
		return a.receivers.Attempt(ctx, job)
	}
	a.enter(job.Domain, 1)
	defer a.enter(job.Domain, -1)
	select {
	case <-ctx.Done():
	case <-time.After(20 * time.Minute):
	}
	return make([]myodai.Outcome, len(job.Items))
}

// TestLongWaitKeepsItsLease has far more for one slow domain than it can take
// before the leases end: what cannot begin in time is given back, not lost.
func TestLongWaitKeepsItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(60, "example.net")
		agent := &receivers{each: time.Minute}
		_, stop := start(t, queue.Options{Store: store, Agent: agent, JobSize: 5, Rules: oneEach})
		store.wait(t.Context(), func() bool { return len(store.finished) == 60 })
		stop()
		if store.released == 0 {
			t.Error("nothing was given back; the test shows nothing")
		}
		for id, times := range agent.attempts {
			if len(times) != 1 || store.find(id).Attempts != 1 {
				t.Errorf("%s was sent %d times and counted %d times", id, len(times), store.find(id).Attempts)
			}
		}
	})
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory(3, "example.net")
		registry := prometheus.NewRegistry()
		agent := &receivers{reply: func(d myodai.Delivery, _ int) myodai.OutcomeKind {
			return map[string]myodai.OutcomeKind{"u0": myodai.OutcomeDelivered, "u1": myodai.OutcomeTransient, "u2": myodai.OutcomePermanent}[d.Recipient.Local]
		}}
		_, stop := start(t, queue.Options{Store: store, Agent: agent, Registerer: registry})
		defer stop()
		<-time.After(61 * time.Second)
		const want = `
			# HELP myodai_queue_attempts_total Attempts that are over, by the kind of their outcome.
			# TYPE myodai_queue_attempts_total counter
			myodai_queue_attempts_total{outcome="delivered"} 1
			myodai_queue_attempts_total{outcome="permanent"} 1
			myodai_queue_attempts_total{outcome="transient"} 1
			# HELP myodai_queue_deliveries Deliveries that are not over, on all nodes, by state.
			# TYPE myodai_queue_deliveries gauge
			myodai_queue_deliveries{state="accepted"} 0
			myodai_queue_deliveries{state="deferred"} 1
			# HELP myodai_queue_in_flight Jobs under way; each has one connection at a time.
			# TYPE myodai_queue_in_flight gauge
			myodai_queue_in_flight 0
			# HELP myodai_queue_due Deliveries that are due, claimed by this node, and wait for a session.
			# TYPE myodai_queue_due gauge
			myodai_queue_due 0
			# HELP myodai_queue_oldest_seconds Age of the oldest delivery that is not over; 0 without any.
			# TYPE myodai_queue_oldest_seconds gauge
			myodai_queue_oldest_seconds 60
		`
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "myodai_queue_attempts_total",
			"myodai_queue_deliveries", "myodai_queue_in_flight", "myodai_queue_due", "myodai_queue_oldest_seconds"); err != nil {
			t.Error(err)
		}
	})
}
