package store_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

const lease = 10 * time.Minute

// claim takes deliveries and returns them by the local part of the recipient.
func claim(t *testing.T, s *store.Store, owner string, max int, now time.Time) (list []myodai.Delivery, names string) {
	t.Helper()
	list = must(s.ClaimDeliveries(t.Context(), owner, max, now, now.Add(lease)))(t)
	var locals []string
	for _, d := range list {
		locals = append(locals, d.Recipient.Local)
	}
	return list, strings.Join(locals, " ")
}

func TestClaimDeliveries(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		a := letter(d, t0, rcpt("late", "example.net"), rcpt("early", "example.net"), rcpt("later", "example.org"), rcpt("dead", "example.net"))
		a.Deliveries[0].DueAt = t0.Add(2 * time.Minute)
		a.Deliveries[1].DueAt = t0.Add(1 * time.Minute)
		a.Deliveries[2].DueAt, a.Deliveries[2].State = t0.Add(3*time.Minute), myodai.DeliveryDeferred
		a.Deliveries[3].State = myodai.DeliverySuppressed
		accept(t, s, a)
		now := t0.Add(3 * time.Minute)
		for _, tt := range []struct {
			name string
			max  int
			now  time.Time
			want string
		}{
			{"nothing is due", 9, t0.Add(time.Minute - time.Microsecond), ""},
			{"at most two, the longest due first", 2, now, "early late"},
			{"what is left", 9, now, "later"},
			{"all are leased", 9, now, ""},
			{"until just before the end", 9, now.Add(lease - time.Microsecond), ""},
			{"leases ran out", 9, now.Add(lease), "early late later"},
		} {
			list, got := claim(t, s, "n1", tt.max, tt.now)
			if got != tt.want {
				t.Errorf("%s: claimed %q, want %q", tt.name, got, tt.want)
			}
			for _, d := range list {
				if d.LeaseOwner != "n1" || !d.LeasedUntil.Equal(tt.now.Add(lease)) {
					t.Errorf("%s: leased to %q until %s", tt.name, d.LeaseOwner, d.LeasedUntil)
				}
				same(t, "stored delivery", must(s.Delivery(t.Context(), d.TenantID, d.ID))(t), d)
			}
			if tt.name == "leases ran out" && list[0].Attempts != 2 {
				t.Errorf("the second claim begins attempt %d, want 2", list[0].Attempts)
			}
		}
	})
}

func TestFinishDeliveries(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		a := letter(d, t0, rcpt("a", "example.net"), rcpt("b", "example.net"))
		accept(t, s, a)
		list, _ := claim(t, s, "n1", 9, t0)
		gone, again := finished(list[0], myodai.DeliveryDelivered, t0), finished(list[1], myodai.DeliveryDeferred, t0)
		lost, err := s.FinishDeliveries(t.Context(), "n1", []myodai.Finished{gone, again})
		if err != nil || len(lost) != 0 {
			t.Fatalf("FinishDeliveries: lost %v, error %v", lost, err)
		}
		for _, f := range []myodai.Finished{gone, again} {
			want := f.Delivery
			want.LeaseOwner, want.LeasedUntil = "", time.Time{}
			same(t, "delivery", must(s.Delivery(t.Context(), d.TenantID, f.Delivery.ID))(t), want)
			same(t, "attempts", must(s.Attempts(t.Context(), d.TenantID, f.Delivery.ID))(t), []myodai.Attempt{f.Attempt})
		}
		if n := kinds(t, s, d.TenantID)[myodai.EventMessageDeferred]; n != 2 {
			t.Errorf("%d events, want 2", n)
		}

		if _, got := claim(t, s, "n1", 9, again.Delivery.DueAt); got != list[1].Recipient.Local {
			t.Errorf("due again: %q, want only the deferred one", got)
		}
		// Nothing to finish is fine.
		if lost, err := s.FinishDeliveries(t.Context(), "n1", nil); err != nil || len(lost) != 0 {
			t.Errorf("FinishDeliveries of nothing: %v, %v", lost, err)
		}
	})
}

// P17: a node that died costs only time.
func TestLeaseOfDeadNodeExpires(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		accept(t, s, letter(d, t0, rcpt("a", "example.net")))
		if _, got := claim(t, s, "dead", 9, t0); got != "a" {
			t.Fatalf("claimed %q", got)
		}
		if _, got := claim(t, s, "alive", 9, t0.Add(lease-time.Microsecond)); got != "" {
			t.Errorf("claimed %q while the lease holds", got)
		}
		list, got := claim(t, s, "alive", 9, t0.Add(lease))
		if got != "a" {
			t.Fatalf("claimed %q after the lease", got)
		}
		lost, err := s.FinishDeliveries(t.Context(), "alive", []myodai.Finished{finished(list[0], myodai.DeliveryDelivered, t0.Add(lease))})
		if err != nil || len(lost) != 0 {
			t.Errorf("FinishDeliveries: lost %v, error %v", lost, err)
		}
	})
}

// P17: who lost a lease can write nothing any more, whatever it did meanwhile.
func TestLostLeaseWritesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		accept(t, s, letter(d, t0, rcpt("a", "example.net"), rcpt("b", "example.net")))
		old, _ := claim(t, s, "paused", 9, t0)
		late := t0.Add(2 * lease)

		finish := func(owner string, held myodai.Delivery) bool {
			t.Helper()
			f := finished(held, myodai.DeliveryBounced, late)
			f.Suppression = &myodai.Suppression{ID: myodai.SuppressionID("sup_" + owner), TenantID: d.TenantID, Address: held.Recipient}
			lost, err := s.FinishDeliveries(t.Context(), owner, []myodai.Finished{f})
			ok(t, err)
			return len(lost) == 0
		}
		before := kinds(t, s, d.TenantID)
		taken, _ := claim(t, s, "other", 1, late)
		if finish("paused", old[0]) {
			t.Error("finished a delivery that another owner holds")
		}
		same(t, "delivery", must(s.Delivery(t.Context(), d.TenantID, old[0].ID))(t), taken[0])
		// The same owner, another worker of which claimed it again meanwhile.
		again, _ := claim(t, s, "paused", 1, late)
		if again[0].ID != old[1].ID || finish("paused", old[1]) {
			t.Error("finished with a lease of the same owner that ran out")
		}
		if finish("paused", myodai.Delivery{ID: again[0].ID, TenantID: "ten_other", Attempts: again[0].Attempts}) {
			t.Error("finished as another tenant's")
		}
		ok(t, s.ReleaseDeliveries(t.Context(), "paused", []myodai.DeliveryID{old[0].ID}))
		same(t, "delivery released by another", must(s.Delivery(t.Context(), d.TenantID, old[0].ID))(t), taken[0])

		same(t, "events", kinds(t, s, d.TenantID), before)
		for _, held := range old {
			if n := len(must(s.Attempts(t.Context(), d.TenantID, held.ID))(t)); n != 0 {
				t.Errorf("%d attempts were written", n)
			}
		}
		if found := must(s.Suppressed(t.Context(), d.TenantID, "", []myodai.Address{old[0].Recipient}, t0))(t); len(found) != 0 {
			t.Error("an address was suppressed")
		}
		if !finish("other", taken[0]) || !finish("paused", again[0]) {
			t.Error("those who hold them cannot finish")
		}
	})
}

// A lease that ran out and was not taken over is still good: better late than
// sent twice.
func TestFinishAfterLeaseThatNobodyTook(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		accept(t, s, letter(d, t0, rcpt("a", "example.net")))
		list, _ := claim(t, s, "slow", 9, t0)
		lost, err := s.FinishDeliveries(t.Context(), "slow", []myodai.Finished{finished(list[0], myodai.DeliveryDelivered, t0.Add(2*lease))})
		if err != nil || len(lost) != 0 {
			t.Errorf("lost %v, error %v", lost, err)
		}
		if _, got := claim(t, s, "n2", 9, t0.Add(3*lease)); got != "" {
			t.Errorf("claimed %q, which is delivered", got)
		}
	})
}

func TestReleaseDeliveries(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		a := letter(d, t0, rcpt("a", "example.net"))
		accept(t, s, a)
		claim(t, s, "n1", 9, t0)
		ok(t, s.ReleaseDeliveries(t.Context(), "n1", []myodai.DeliveryID{a.Deliveries[0].ID}))
		ok(t, s.ReleaseDeliveries(t.Context(), "n1", nil))
		same(t, "delivery", must(s.Delivery(t.Context(), d.TenantID, a.Deliveries[0].ID))(t), a.Deliveries[0])
		list, got := claim(t, s, "n2", 9, t0)
		if got != "a" || list[0].Attempts != 1 {
			t.Errorf("claimed %q", got)
		}
	})
}

// Four workers on two nodes: each delivery is handed out exactly once.
func TestFourWorkersClaimEachDeliveryOnce(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		nodes := []*store.Store{open(t, url), open(t, url)}
		must(nodes[0].Migrate(t.Context()))(t)
		d := newDomain(t, nodes[0], newTenant(t, nodes[0]).ID, "example.com")
		const messages, each = 20, 20
		for i := range messages {
			var list []myodai.Address
			for n := range each {
				list = append(list, rcpt(fmt.Sprintf("r%d-%d", i, n), "example.net"))
			}
			accept(t, nodes[0], letter(d, t0, list...))
		}
		var mu sync.Mutex
		claims := map[myodai.DeliveryID]int{}
		var all sync.WaitGroup
		for worker := range 4 {
			s, owner := nodes[worker%2], fmt.Sprintf("n%d", worker)
			all.Go(func() {
				for {
					list, err := s.ClaimDeliveries(t.Context(), owner, 7, t0, t0.Add(lease))
					if err != nil || len(list) == 0 {
						if err != nil {
							t.Error(err)
						}
						return
					}
					var done []myodai.Finished
					for _, d := range list {
						done = append(done, finished(d, myodai.DeliveryDelivered, t0))
					}
					lost, err := s.FinishDeliveries(t.Context(), owner, done)
					if err != nil || len(lost) > 0 || len(list) > 7 {
						t.Errorf("claimed %d, lost %v, error %v", len(list), lost, err)
					}
					mu.Lock()
					for _, d := range list {
						claims[d.ID]++
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		for id, n := range claims {
			if n != 1 {
				t.Errorf("%s was claimed %d times", id, n)
			}
		}
		// A worker may have seen nothing because others held the last rows, but
		// those were then finished by the others.
		if len(claims) != messages*each {
			t.Errorf("%d deliveries were claimed, want %d", len(claims), messages*each)
		}
	})
}
