package store_test

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// TestLeasesOfDeadNodes is P17: what a node held that stopped saying that it is
// alive is due again, to the microsecond, and the node can write nothing more.
func TestLeasesOfDeadNodes(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		accept(t, s, letter(d, t0, rcpt("a", "example.net")))
		const alive = 30 * time.Second
		beat := func(owner string, now time.Time) {
			t.Helper()
			if err := s.Heartbeat(t.Context(), "", owner, now, now.Add(alive), nil); err != nil {
				t.Fatal(err)
			}
		}
		beat("n1", t0)
		held, _ := claim(t, s, "n1", 9, t0)
		for _, tt := range []struct {
			name string
			now  time.Time
			want string
		}{
			{"just before its time is over", t0.Add(alive - time.Microsecond), ""},
			{"its time is over", t0.Add(alive), "a"},
		} {
			beat("n2", tt.now)
			if got := claimCrashed(t, s, "n2", 1, 9, tt.now); got != tt.want {
				t.Errorf("%s: the other node claimed %q, want %q", tt.name, got, tt.want)
			}
		}
		lost, err := s.FinishDeliveries(t.Context(), "n1", []myodai.Finished{finished(held[0], myodai.DeliveryDelivered, t0)})
		if err != nil || len(lost) != 1 {
			t.Errorf("the node that was taken for dead wrote: lost %v, error %v", lost, err)
		}
		beat("n1", t0.Add(2*alive)) // it lives after all, and n2 does not
		if got := claimCrashed(t, s, "n1", 2, 9, t0.Add(2*alive)); got != "a" {
			t.Errorf("after n2 died n1 claimed %q", got)
		}
	})
}

func claimCrashed(t *testing.T, s *store.Store, owner string, crashes, max int, now time.Time) (names string) {
	t.Helper()
	for _, d := range must(s.ClaimCrashed(t.Context(), owner, crashes, max, now, now.Add(lease)))(t) {
		names += d.Recipient.Local
	}
	return names
}

// P09: what a node had when it died is counted and told apart; after the third
// time it is in quarantine, with an event, until the operator lets it out. What
// comes to an end is as if nothing had happened.
func TestQuarantine(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		a := letter(d, t0, rcpt("a", "example.net"), rcpt("b", "example.net"), rcpt("c", "example.net"))
		for i := range a.Deliveries {
			a.Deliveries[i].DueAt = t0.Add(time.Duration(i-3) * time.Minute)
		}
		accept(t, s, a)
		var told []myodai.Event
		starts := 0
		start := func(now time.Time) (owner string) { // the same node, once more
			t.Helper()
			starts++
			owner = fmt.Sprint("node.", starts)
			ok(t, s.Heartbeat(t.Context(), "node", owner, now, now.Add(30*time.Second), func(d myodai.Delivery) myodai.Event {
				e := myodai.Event{ID: myodai.NewID[myodai.EventID](now, rand.Reader), TenantID: d.TenantID, Kind: myodai.EventMessageQuarantined, At: now, MessageID: d.MessageID, DeliveryID: d.ID}
				told = append(told, e)
				return e
			}))
			return owner
		}
		owner := start(t0)
		if _, got := claim(t, s, owner, 9, t0); got != "a b c" {
			t.Fatalf("claimed %q", got)
		}
		owner = start(t0)
		if _, got := claim(t, s, owner, 9, t0); got != "" {
			t.Errorf("after a crash %q is claimed as if nothing had happened", got)
		}
		if got := claimCrashed(t, s, owner, 1, 2, t0); got != "ab" {
			t.Errorf("after one crash: claimed %q, want two", got)
		}
		if got := claimCrashed(t, s, owner, 1, 2, t0); got != "" {
			t.Errorf("two are held already, and %q came on top", got)
		}
		owner = start(t0)
		if got := claimCrashed(t, s, owner, 2, 1, t0) + claimCrashed(t, s, owner, 2, 1, t0); got != "a" {
			t.Errorf("after two crashes: claimed %q, want one at a time", got)
		}
		owner = start(t0)
		page, _, err := s.Quarantine(t.Context(), myodai.Page{})
		ok(t, err)
		if len(page) != 1 || page[0].Recipient.Local != "a" || page[0].State != myodai.DeliveryHeld || len(told) != 1 || told[0].DeliveryID != page[0].ID {
			t.Fatalf("in quarantine: %+v, events %+v", page, told)
		}
		if got := claimCrashed(t, s, owner, 2, 9, t0) + claimCrashed(t, s, owner, 1, 9, t0); got != "bc" {
			t.Errorf("the neighbors: %q", got)
		}
		b := must(s.Delivery(t.Context(), d.TenantID, a.Deliveries[1].ID))(t)
		must(s.FinishDeliveries(t.Context(), owner, []myodai.Finished{finished(b, myodai.DeliveryDeferred, t0)}))(t)
		if _, got := claim(t, s, owner, 9, t0.Add(24*time.Hour)); got != "b" {
			t.Errorf("after an attempt that came to an end: %q, want what ended", got)
		}
		release := func() error {
			_, err := s.ReleaseCrashed(t.Context(), page[0].ID, t0, func(d myodai.Delivery) myodai.Event {
				return myodai.Event{ID: myodai.NewID[myodai.EventID](t0, rand.Reader), TenantID: d.TenantID, Kind: myodai.EventMessageReleased, At: t0}
			})
			return err
		}
		ok(t, release())
		wantCode(t, release(), myodai.CodeConflict)
		if got := claimCrashed(t, s, owner, 2, 1, t0); got != "a" {
			t.Errorf("after its release: %q, want it alone", got)
		}
	})
}
