package queue_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/queue"
)

const maxAge = 120 * time.Hour

var queued = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestDecide(t *testing.T) {
	transient := myodai.Outcome{Kind: myodai.OutcomeTransient, Code: 451}
	for _, tt := range []struct {
		name     string
		attempts int
		outcome  myodai.Outcome
		after    time.Duration // since queued
		want     queue.Decision
	}{
		{"accepted", 1, myodai.Outcome{Kind: myodai.OutcomeDelivered, Code: 250}, time.Minute, queue.Decision{State: myodai.DeliveryDelivered}},
		{"accepted past its age", 40, myodai.Outcome{Kind: myodai.OutcomeDelivered}, maxAge + time.Hour, queue.Decision{State: myodai.DeliveryDelivered}},
		{"refused", 1, myodai.Outcome{Kind: myodai.OutcomePermanent, Code: 550}, time.Minute, queue.Decision{State: myodai.DeliveryBounced}},
		{"refused past its age", 40, myodai.Outcome{Kind: myodai.OutcomePermanent}, maxAge + time.Hour, queue.Decision{State: myodai.DeliveryBounced}},
		{"first deferral", 1, transient, 0, queue.Decision{State: myodai.DeliveryDeferred, DueAt: queued.Add(10 * time.Minute)}},
		{"second deferral", 2, transient, time.Hour, queue.Decision{State: myodai.DeliveryDeferred, DueAt: queued.Add(80 * time.Minute)}},
		{"no server answered", 1, myodai.Outcome{Kind: myodai.OutcomeTransient}, 0, queue.Decision{State: myodai.DeliveryDeferred, DueAt: queued.Add(10 * time.Minute)}},
		{"a kind nobody knows", 1, myodai.Outcome{Kind: "odd"}, 0, queue.Decision{State: myodai.DeliveryDeferred, DueAt: queued.Add(10 * time.Minute)}},
		{"last retry fits", 40, transient, maxAge - 192*time.Minute, queue.Decision{State: myodai.DeliveryDeferred, DueAt: queued.Add(maxAge)}},
		{"next retry too late", 40, transient, maxAge - 192*time.Minute + 1, queue.Decision{State: myodai.DeliveryExpired}},
		{"first attempt after its age", 1, transient, maxAge + time.Hour, queue.Decision{State: myodai.DeliveryExpired}},
	} {
		d := myodai.Delivery{Attempts: tt.attempts, QueuedAt: queued, ExpiresAt: queued.Add(maxAge)}
		if got := queue.Decide(d, tt.outcome, queued.Add(tt.after), true); got != tt.want {
			t.Errorf("%s: Decide = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestBackoff(t *testing.T) {
	for attempts, want := range map[int]time.Duration{
		-1: 10 * time.Minute, 0: 10 * time.Minute, 1: 10 * time.Minute, 2: 20 * time.Minute, 3: 40 * time.Minute,
		4: 80 * time.Minute, 5: 160 * time.Minute, 6: 192 * time.Minute, 7: 192 * time.Minute, 1 << 40: 192 * time.Minute,
	} {
		if got := queue.Backoff(attempts); got != want {
			t.Errorf("Backoff(%d) = %v, want %v", attempts, got, want)
		}
	}
}

func TestBackoffNeverShrinks(t *testing.T) {
	for n := range 100 {
		if queue.Backoff(n+1) < queue.Backoff(n) {
			t.Fatalf("Backoff(%d) = %v after %v", n+1, queue.Backoff(n+1), queue.Backoff(n))
		}
	}
}

func TestJitter(t *testing.T) {
	for _, tt := range []struct {
		name   string
		pause  time.Duration
		chance uint64
		want   time.Duration
	}{
		{"least", 8 * time.Minute, 0, 6 * time.Minute},
		{"most", 8 * time.Minute, uint64(4 * time.Minute), 10 * time.Minute},
		{"and around again", 8 * time.Minute, uint64(4*time.Minute) + 1, 6 * time.Minute},
		{"nothing to move", 0, 12345, 0},
		{"less than nothing", -time.Minute, 12345, 0},
		{"one nanosecond", 1, 12345, 1},
	} {
		if got := queue.Jitter(tt.pause, tt.chance); got != tt.want {
			t.Errorf("%s: Jitter = %v, want %v", tt.name, got, tt.want)
		}
	}
	if first, longest := queue.Jitter(queue.Backoff(1), uint64(5*time.Minute)), queue.Jitter(queue.Backoff(99), uint64(96*time.Minute)); first > 15*time.Minute || longest > 4*time.Hour {
		t.Errorf("the first pause may be %v and the longest %v; P14 allows 15 minutes and 4 hours", first, longest)
	}
}

// TestOutage lets receivers be away for up to six days (P14): whoever is back
// within four loses nothing, everybody comes to an end, and the end of the
// outage is no stampede.
func TestOutage(t *testing.T) {
	const deliveries = 1000
	for _, days := range []int{0, 1, 3, 4, 6} {
		for seed := range uint64(5) {
			random := rand.New(rand.NewPCG(seed, uint64(days)))
			back := queued.Add(time.Duration(days) * 24 * time.Hour)
			lost := 0
			perHour := map[time.Duration]int{} // attempts in the hours after the outage
			for range deliveries {
				d := myodai.Delivery{QueuedAt: queued, ExpiresAt: queued.Add(maxAge)}
				now := queued.Add(time.Duration(random.Int64N(int64(time.Hour))))
				for !d.State.Terminal() || d.State == "" {
					d.Attempts++
					o := myodai.Outcome{Kind: myodai.OutcomeTransient}
					if !now.Before(back) {
						o.Kind = myodai.OutcomeDelivered
						perHour[now.Sub(back).Truncate(time.Hour)]++
					}
					decision := queue.Decide(d, o, now, true)
					if d.State = decision.State; d.State == myodai.DeliveryDeferred {
						pause := queue.Jitter(decision.DueAt.Sub(now), random.Uint64())
						if d.Attempts == 1 && pause > 15*time.Minute || pause > 4*time.Hour || pause < 7*time.Minute {
							t.Fatalf("pause of %v after attempt %d", pause, d.Attempts)
						}
						now = now.Add(pause)
					}
					if d.Attempts > 100 {
						t.Fatal("no end")
					}
				}
				if d.State == myodai.DeliveryExpired {
					lost++
				}
			}
			if days <= 4 && lost > 0 || days == 6 && lost < deliveries {
				t.Errorf("outage of %d days: %d expired", days, lost)
			}
			for hour, n := range perHour {
				if days >= 1 && days <= 4 && n > deliveries*3/4 {
					t.Errorf("outage of %d days: %d of %d came in hour %v", days, n, deliveries, hour)
				}
			}
		}
	}
}

func TestMaySend(t *testing.T) {
	tenant := myodai.Tenant{ID: "ten_1", State: myodai.TenantActive}
	domain := myodai.Domain{ID: "dom_1", TenantID: "ten_1", Name: "example.com", State: myodai.DomainVerified}
	message := myodai.Message{ID: "msg_1", TenantID: "ten_1", DomainID: "dom_1", From: myodai.Address{Local: "a", Domain: "example.com"}}
	delivery := myodai.Delivery{ID: "dlv_1", TenantID: "ten_1", MessageID: "msg_1", ReturnPath: myodai.Address{Local: "b", Domain: "rp.example.com"}}
	type world struct {
		d *myodai.Delivery
		m *myodai.Message
		n *myodai.Domain
		t *myodai.Tenant
	}
	for _, tt := range []struct {
		name   string
		change func(w world)
		want   string // "" to send; "fault" for our own mistake
	}{
		{"as accepted", func(world) {}, ""},
		{"domain at risk", func(w world) { w.n.State = myodai.DomainAtRisk }, ""},
		{"author of a subdomain", func(w world) { w.m.From.Domain = "news.example.com" }, ""},
		{"domain pending", func(w world) { w.n.State = myodai.DomainPending }, "the domain example.com is pending; publish its records and check it again"},
		{"domain suspended", func(w world) { w.n.State = myodai.DomainSuspended }, "the domain example.com is suspended; publish its records and check it again"},
		{"domain in no state", func(w world) { w.n.State = "" }, "the domain example.com is ; publish its records and check it again"},
		{"tenant suspended", func(w world) { w.t.State = myodai.TenantSuspended }, "the account is suspended"},
		{"tenant in no state", func(w world) { w.t.State = "" }, "the account is suspended"},
		{"author of another domain", func(w world) { w.m.From.Domain = "example.org" }, "the author a@example.org is not of the domain example.com"},
		{"author of a domain that ends alike", func(w world) { w.m.From.Domain = "notexample.com" }, "the author a@notexample.com is not of the domain example.com"},
		{"author of the parent domain", func(w world) { w.m.From.Domain = "com" }, "the author a@com is not of the domain example.com"},
		{"author missing", func(w world) { w.m.From = myodai.Address{} }, "the author  is not of the domain example.com"},
		{"return path of another domain", func(w world) { w.d.ReturnPath.Domain = "rp.example.org" }, "the return path b@rp.example.org is not of the domain example.com"},
		{"no return path", func(w world) { w.d.ReturnPath = myodai.Address{} }, "the return path  is not of the domain example.com"},
		{"no return path of the platform's own mail", func(w world) {
			w.d.ReturnPath = myodai.Address{}
			w.d.TenantID, w.m.TenantID = myodai.PlatformTenant, myodai.PlatformTenant
			w.n.TenantID, w.t.ID = myodai.PlatformTenant, myodai.PlatformTenant
		}, ""},
		{"domain of another tenant", func(w world) { w.n.TenantID = "ten_2" }, "fault"},
		{"message of another tenant", func(w world) { w.m.TenantID = "ten_2" }, "fault"},
		{"delivery of another tenant", func(w world) { w.d.TenantID = "ten_2" }, "fault"},
		{"another tenant", func(w world) { w.t.ID = "ten_2" }, "fault"},
		{"another domain", func(w world) { w.n.ID = "dom_2" }, "fault"},
		{"another message", func(w world) { w.m.ID = "msg_2" }, "fault"},
	} {
		d, m, n, ten := delivery, message, domain, tenant
		tt.change(world{&d, &m, &n, &ten})
		err := queue.MaySend(d, myodai.Sending{Message: m, Domain: n, Tenant: ten})
		got := ""
		if refusal, ok := err.(*myodai.Error); ok {
			got = refusal.Message
		} else if err != nil {
			got = "fault"
		}
		if got != tt.want {
			t.Errorf("%s: MaySend = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// T12, P23: what rests on an address, on the platform or on nothing goes only as
// far as that carries it.
func TestMaySendWithoutDomain(t *testing.T) {
	from := myodai.Address{Local: "a", Domain: "example.com"}
	good := myodai.Sending{
		Message: myodai.Message{ID: "msg_1", TenantID: "ten_1", SenderID: "snd_1", Basis: myodai.BasisAddress, From: from},
		Domain:  myodai.Domain{ID: myodai.PlatformDomain, TenantID: myodai.PlatformTenant, Name: "plat.example", State: myodai.DomainVerified},
		Tenant:  myodai.Tenant{ID: "ten_1", State: myodai.TenantActive},
		Address: myodai.SenderAddress{ID: "snd_1", TenantID: "ten_1", Address: from, ConfirmedAt: time.Unix(1, 0)},
	}
	for _, tt := range []struct {
		name   string
		change func(s *myodai.Sending, d *myodai.Delivery)
		may    bool
	}{
		{"as accepted", func(*myodai.Sending, *myodai.Delivery) {}, true},
		{"the address is gone", func(s *myodai.Sending, _ *myodai.Delivery) { s.Address = myodai.SenderAddress{} }, false},
		{"the address was changed", func(s *myodai.Sending, _ *myodai.Delivery) { s.Address.Address.Local = "b" }, false},
		{"the address is to be confirmed again", func(s *myodai.Sending, _ *myodai.Delivery) { s.Address.ConfirmedAt = time.Time{} }, false},
		{"another local part", func(s *myodai.Sending, _ *myodai.Delivery) { s.Message.From.Local = "A" }, false},
		{"a name below", func(s *myodai.Sending, _ *myodai.Delivery) { s.Message.From.Domain = "x.example.com" }, false},
		{"the return path of somebody", func(_ *myodai.Sending, d *myodai.Delivery) { d.ReturnPath.Domain = "rp.example.com" }, false},
		{"no return path", func(_ *myodai.Sending, d *myodai.Delivery) { d.ReturnPath = myodai.Address{} }, false},
		{"tenant suspended", func(s *myodai.Sending, _ *myodai.Delivery) { s.Tenant.State = myodai.TenantSuspended }, false},
		{"held", func(s *myodai.Sending, _ *myodai.Delivery) { s.Message.Basis = "" }, false},
		{"a domain, and none is there", func(s *myodai.Sending, _ *myodai.Delivery) { s.Message.Basis = myodai.BasisDomain }, false},
		{"the platform's address", func(s *myodai.Sending, _ *myodai.Delivery) {
			s.Message.Basis, s.Message.From = myodai.BasisPlatform, myodai.Address{Local: "no-reply", Domain: "plat.example"}
		}, true},
		{"somebody's address as the platform's", func(s *myodai.Sending, _ *myodai.Delivery) { s.Message.Basis = myodai.BasisPlatform }, false},
		{"nothing, by the normal path", func(s *myodai.Sending, d *myodai.Delivery) {
			s.Message.Basis, d.Route = myodai.BasisNormal, myodai.RouteNormal
		}, true},
		{"nothing, by ourselves", func(s *myodai.Sending, d *myodai.Delivery) {
			s.Message.Basis, d.Route = myodai.BasisNormal, myodai.RouteDelivery
		}, false},
		{"another tenant's message", func(s *myodai.Sending, _ *myodai.Delivery) { s.Message.TenantID = "ten_2" }, false},
		{"a domain of the tenant's it does not name", func(s *myodai.Sending, _ *myodai.Delivery) { s.Domain.ID, s.Domain.TenantID = "dom_1", "ten_1" }, false},
	} {
		s := good
		d := myodai.Delivery{
			ID: "dlv_1", TenantID: "ten_1", MessageID: "msg_1", Route: myodai.RouteDelivery,
			ReturnPath: myodai.Address{Local: "b", Domain: "plat.example"},
		}
		tt.change(&s, &d)
		if err := queue.MaySend(d, s); (err == nil) != tt.may {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// RFC 3461 §4.1: what the sender is told, and that a delay is told once.
func TestTells(t *testing.T) {
	queued := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	at := func(after time.Duration) time.Time { return queued.Add(after) }
	for _, tt := range []struct {
		name        string
		state       myodai.DeliveryState
		notify      myodai.Notify
		failures    bool // DSNs of them are wanted
		passedOn    bool // the wish for DSNs, to the server that took the mail
		before, now time.Time
		want        myodai.NoticeKind
	}{
		{"failed", myodai.DeliveryBounced, "failure", true, false, time.Time{}, at(0), myodai.NoticeFailed},
		{"expired", myodai.DeliveryExpired, "", true, false, at(0), at(time.Hour), myodai.NoticeFailed},
		{"failed, and nobody wants to know", myodai.DeliveryBounced, "never", false, false, time.Time{}, at(0), ""},
		{"failed, and only success is of interest", myodai.DeliveryBounced, "success", false, false, time.Time{}, at(0), ""},
		{"delivered", myodai.DeliveryDelivered, "success,failure", true, false, time.Time{}, at(0), myodai.NoticeRelayed},
		{"delivered, and the server tells", myodai.DeliveryDelivered, "success,failure", true, true, time.Time{}, at(0), ""},
		{"delivered, and nobody asked", myodai.DeliveryDelivered, "failure", true, false, time.Time{}, at(0), ""},
		{"deferred, and early", myodai.DeliveryDeferred, "delay", false, false, at(time.Hour), at(4*time.Hour - 1), ""},
		{"deferred, and late for the first time", myodai.DeliveryDeferred, "delay", false, false, at(4*time.Hour - 1), at(4 * time.Hour), myodai.NoticeDelayed},
		{"deferred, and the first attempt was late", myodai.DeliveryDeferred, "delay", false, false, time.Time{}, at(5 * time.Hour), myodai.NoticeDelayed},
		{"deferred, and told before", myodai.DeliveryDeferred, "delay", false, false, at(4 * time.Hour), at(5 * time.Hour), ""},
		{"deferred, and nobody asked", myodai.DeliveryDeferred, "failure", true, false, at(3 * time.Hour), at(5 * time.Hour), ""},
	} {
		d := myodai.Delivery{
			State: tt.state, QueuedAt: queued, Notify: tt.failures, Terms: myodai.Terms{Notify: tt.notify}, Last: myodai.Outcome{DSN: tt.passedOn},
		}
		if got := queue.Tells(d, tt.before, tt.now); got != tt.want {
			t.Errorf("%s: Tells = %q, want %q", tt.name, got, tt.want)
		}
	}
}
