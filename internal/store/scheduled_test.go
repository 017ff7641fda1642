package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// TestSetAside shows that claims skip what waits for room at its site, and that
// it is had from its own queue (P20, P21).
func TestSetAside(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		stuck := letter(d, t0, rcpt("s1", "stuck.example"), rcpt("s2", "stuck.example"), rcpt("s3", "stuck.example"))
		stuck.Deliveries[1].DueAt = t0.Add(-time.Minute)
		stuck.Deliveries[2].DueAt = t0.Add(time.Millisecond)
		accept(t, s, stuck)
		accept(t, s, letter(d, t0.Add(time.Second), rcpt("g", "good.example")))
		now := t0.Add(time.Minute)
		list, names := claim(t, s, "n1", 3, now)
		if names != "s2 s1 s3" {
			t.Fatalf("claimed %q", names)
		}
		var ids []myodai.DeliveryID
		for _, d := range list {
			ids = append(ids, d.ID)
		}
		ok(t, s.SetAside(ctx, "n2", ids[:1])) // not his: nothing happens
		ok(t, s.SetAside(ctx, "n1", ids))
		if _, names = claim(t, s, "n1", 9, now); names != "g" {
			t.Errorf("then claimed %q", names)
		}
		queue := myodai.ScheduledQueue{TenantID: d.TenantID, Class: myodai.ClassMarketing, Route: myodai.RouteDelivery, Domain: "stuck.example"}
		same(t, "queues", must(s.ScheduledQueues(ctx, "", 9))(t), []myodai.ScheduledQueue{queue})
		kept := must(s.Delivery(ctx, d.TenantID, ids[0]))(t)
		if kept.State != myodai.DeliveryAccepted || kept.Attempts != 0 || kept.LeaseOwner != "" {
			t.Errorf("set aside: %+v", kept)
		}
		if line := must(s.Queue(ctx, d.TenantID, now))(t); line[0].Domain != "stuck.example" || line[0].Accepted != 3 {
			t.Errorf("the summary does not know it: %+v", line)
		}
		got := must(s.ClaimScheduled(ctx, "n2", queue, 2, now, now.Add(lease)))(t)
		if len(got) != 2 || got[0].ID != ids[0] || got[0].Attempts != 1 || got[0].LeaseOwner != "n2" {
			t.Errorf("from the queue: %+v", got)
		}
		if got := must(s.ClaimScheduled(ctx, "n1", queue, 2, now, now.Add(lease)))(t); len(got) != 1 {
			t.Errorf("the rest: %+v", got)
		}
		if got := must(s.ScheduledQueues(ctx, "", 9))(t); len(got) != 0 {
			t.Errorf("still queues: %+v", got)
		}
		ok(t, s.ReleaseDeliveries(ctx, "n2", ids[:1])) // it is due as others are
		if _, names = claim(t, s, "n1", 9, now); names != "s2" {
			t.Errorf("after its release claimed %q", names)
		}
	})
}

func TestScheduledQueuesInPages(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		var to []myodai.Address
		for i := range 7 {
			to = append(to, rcpt("a", myodai.Name(fmt.Sprintf("d%d.example", i))), rcpt("b", myodai.Name(fmt.Sprintf("d%d.example", i))))
		}
		accept(t, s, letter(d, t0, to...))
		list, _ := claim(t, s, "n1", 99, t0)
		var ids []myodai.DeliveryID
		for _, d := range list {
			ids = append(ids, d.ID)
		}
		ok(t, s.SetAside(t.Context(), "n1", ids))
		var domains []string
		for after := ""; ; {
			page := must(s.ScheduledQueues(t.Context(), after, 3))(t)
			for _, q := range page {
				domains = append(domains, string(q.Domain))
				after = q.String()
			}
			if len(page) < 3 {
				break
			}
		}
		if got := strings.Join(domains, " "); got != "d0.example d1.example d2.example d3.example d4.example d5.example d6.example" {
			t.Errorf("queues %s", got)
		}
	})
}

// TestClaimExpired finds what waited in a scheduled queue until its time was over.
func TestClaimExpired(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		a := letter(d, t0, rcpt("a", "stuck.example"))
		accept(t, s, a)
		list, _ := claim(t, s, "n1", 9, t0)
		ok(t, s.SetAside(t.Context(), "n1", []myodai.DeliveryID{list[0].ID}))
		end := a.Deliveries[0].ExpiresAt
		for _, tt := range []struct {
			now  time.Time
			want int
		}{{end.Add(-time.Microsecond), 0}, {end, 1}, {end, 0}} {
			if got := must(s.ClaimExpired(t.Context(), "n1", 9, tt.now, tt.now.Add(lease)))(t); len(got) != tt.want {
				t.Errorf("at %v: %d, want %d", tt.now, len(got), tt.want)
			}
		}
	})
}

// P07: what a claim took is given back whole by the end of its lease, and nothing
// else of the same owner.
func TestReleaseClaim(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		accept(t, s, letter(d, t0, rcpt("a", "one.example")))
		first := must(s.ClaimDeliveries(t.Context(), "n1", 9, t0, t0.Add(lease)))(t)
		accept(t, s, letter(d, t0, rcpt("b", "two.example")))
		second := must(s.ClaimDeliveries(t.Context(), "n1", 9, t0, t0.Add(lease+time.Microsecond)))(t)
		ok(t, s.ReleaseClaim(t.Context(), "n1", t0.Add(lease+time.Microsecond)))
		ok(t, s.ReleaseClaim(t.Context(), "n2", t0.Add(lease)))
		again := must(s.ClaimDeliveries(t.Context(), "n1", 9, t0, t0.Add(lease)))(t)
		if len(first) != 1 || len(second) != 1 || len(again) != 1 || again[0].ID != second[0].ID || again[0].Attempts != 1 {
			t.Errorf("claimed %d, %d, and again %+v", len(first), len(second), again)
		}
	})
}
