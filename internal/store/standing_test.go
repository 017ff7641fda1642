package store_test

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func newHold(t *testing.T, s *store.Store, operator bool, which myodai.Selection) myodai.StandingHold {
	t.Helper()
	h := myodai.StandingHold{
		ID: myodai.NewID[myodai.StandingHoldID](t0, rand.Reader), Selection: which, Reason: "under review", Operator: operator, MadeAt: t0,
	}
	ok(t, s.CreateStandingHold(t.Context(), h))
	return h
}

// releaseHold releases a hold, two deliveries at a time, and returns how many.
func releaseHold(t *testing.T, s *store.Store, tenant myodai.TenantID, id myodai.StandingHoldID) (total int) {
	t.Helper()
	for more := true; more; {
		n, again, err := s.ReleaseStandingHold(t.Context(), tenant, id, t0, 2, func(d myodai.Delivery) myodai.Event {
			return event(d.TenantID, myodai.EventMessageReleased, t0)
		})
		ok(t, err)
		total, more = total+n, again
	}
	return total
}

func claimedLocals(t *testing.T, s *store.Store) string {
	t.Helper()
	list, _ := claim(t, s, "n1", 9, t0)
	var locals []string
	for _, d := range list {
		locals = append(locals, d.Recipient.Local)
		ok(t, s.ReleaseDeliveries(t.Context(), "n1", []myodai.DeliveryID{d.ID}))
	}
	slices.Sort(locals)
	return strings.Join(locals, "")
}

// A hold keeps what it selects from being claimed, whatever else holds it, and
// lets it go when it is released. Attempts are not counted, and each change has
// its event.
func TestStandingHold(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		one, two := newDomain(t, s, newTenant(t, s).ID, "example.com"), newDomain(t, s, newTenant(t, s).ID, "example.com")
		a := letter(one, t0, rcpt("a", "x.example"), rcpt("b", "x.example"), rcpt("c", "y.example"))
		accept(t, s, a)
		b := letter(two, t0, rcpt("d", "x.example"))
		accept(t, s, b)

		mine := newHold(t, s, false, myodai.Selection{TenantID: one.TenantID, Domain: "x.example"})
		all := newHold(t, s, true, myodai.Selection{Domain: "x.example"})
		if got := claimedLocals(t, s); got != "c" {
			t.Errorf("claimed %q, want c alone", got)
		}
		for _, d := range must(s.Deliveries(t.Context(), one.TenantID, a.Message.ID))(t) {
			if d.Recipient.Domain == "y.example" {
				continue
			}
			if d.State != myodai.DeliveryHeld || d.Hold != myodai.HoldStanding || d.Attempts != 0 || d.LeaseOwner != "" {
				t.Errorf("held: %+v", d)
			}
			_, err := s.DecideHeld(t.Context(), one.TenantID, d.ID, t0, func(d myodai.Delivery) (myodai.Delivery, []myodai.Event, error) {
				return d, nil, errors.New("decided")
			})
			if code(err) != myodai.CodeConflict || !strings.Contains(err.Error(), "release the hold") {
				t.Errorf("one of them is decided about alone: %v", err)
			}
		}
		later := letter(one, t0, rcpt("e", "x.example"))
		accept(t, s, later)
		if got := claimedLocals(t, s); got != "c" {
			t.Errorf("claimed %q after more was accepted, want c alone", got)
		}
		list := every(t, func(p myodai.Page) ([]myodai.StandingHold, string, error) {
			return s.StandingHolds(t.Context(), one.TenantID, p)
		})
		same(t, "holds of the tenant", list, []myodai.StandingHold{mine})

		_, _, err := s.ReleaseStandingHold(t.Context(), two.TenantID, mine.ID, t0, 2, nil)
		wantCode(t, err, myodai.CodeNotFound)
		_, _, err = s.ReleaseStandingHold(t.Context(), one.TenantID, all.ID, t0, 2, nil)
		wantCode(t, err, myodai.CodeNotFound)
		theirs := newHold(t, s, true, myodai.Selection{TenantID: one.TenantID, MessageID: later.Message.ID})
		_, _, err = s.ReleaseStandingHold(t.Context(), one.TenantID, theirs.ID, t0, 2, nil)
		wantCode(t, err, myodai.CodeForbidden)

		if n := releaseHold(t, s, "", all.ID); n != 4 {
			t.Errorf("%d released, want 4", n)
		}
		if got := claimedLocals(t, s); got != "cd" {
			t.Errorf("claimed %q, want c and d: the tenant's own hold stands", got)
		}
		if n := releaseHold(t, s, one.TenantID, mine.ID); n != 3 {
			t.Errorf("%d released, want 3", n)
		}
		if got := claimedLocals(t, s); got != "abcd" {
			t.Errorf("claimed %q, want all but e", got)
		}
		releaseHold(t, s, "", theirs.ID)
		held, released := 0, 0
		for _, e := range every(t, func(p myodai.Page) ([]myodai.Event, string, error) { return s.Events(t.Context(), one.TenantID, p) }) {
			switch e.Kind {
			case myodai.EventMessageHeld:
				held++
			case myodai.EventMessageReleased:
				released++
			}
		}
		if held != released || held != 7 { // a, b and e twice, and e again
			t.Errorf("%d events of holding and %d of releasing, want 7 each", held, released)
		}
	})
}

// What is given up waits no more, and its sender hears of it.
func TestExpireNow(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		a := letter(d, t0, rcpt("a", "x.example"), rcpt("b", "x.example"), rcpt("c", "x.example"), rcpt("d", "y.example"))
		a.Deliveries[0].State, a.Deliveries[0].DueAt, a.Deliveries[0].Notify = myodai.DeliveryDeferred, t0.Add(time.Hour), true
		a.Deliveries[1].State = myodai.DeliveryHeld
		a.Deliveries[2].DueAt = t0.Add(-time.Second)
		accept(t, s, a)
		claimed, _ := claim(t, s, "n1", 1, t0) // c is under way
		if len(claimed) != 1 || claimed[0].Recipient.Local != "c" {
			t.Fatalf("claimed %+v", claimed)
		}
		which := myodai.Selection{TenantID: d.TenantID, Domain: "x.example"}
		why := myodai.Outcome{Kind: myodai.OutcomePermanent, Text: "given up", At: t0}
		tell := func(d myodai.Delivery) myodai.Event { return event(d.TenantID, myodai.EventMessageExpired, t0) }
		if n := must(s.ExpireNow(t.Context(), which, why, 9, tell))(t); n != 2 {
			t.Errorf("%d given up, want 2", n)
		}
		states := map[string]myodai.DeliveryState{}
		for _, d := range must(s.Deliveries(t.Context(), d.TenantID, a.Message.ID))(t) {
			states[d.Recipient.Local] = d.State
		}
		same(t, "states", states, map[string]myodai.DeliveryState{
			"a": myodai.DeliveryExpired, "b": myodai.DeliveryExpired, "c": myodai.DeliveryAccepted, "d": myodai.DeliveryAccepted,
		})
		notices := must(s.ClaimNotices(t.Context(), 9, t0, t0.Add(time.Minute)))(t)
		if len(notices) != 1 {
			t.Errorf("notices: %+v", notices)
		}
	})
}
