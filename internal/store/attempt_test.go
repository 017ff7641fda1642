package store_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// Every attempt is kept, in order, wherever it stands: the last with its delivery,
// those before it by themselves. One that a node did not live to write is missing.
func TestAttempts(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		accept(t, s, letter(d, t0, rcpt("a", "example.net"), rcpt("b", "example.net"), rcpt("c", "example.net")))
		want := map[myodai.DeliveryID][]myodai.Attempt{}
		now := t0
		finish := func(state myodai.DeliveryState) {
			t.Helper()
			list, _ := claim(t, s, "n1", 9, now)
			var ended []myodai.Finished
			for _, c := range list {
				f := finished(c, state, now)
				ended = append(ended, f)
				want[c.ID] = append(want[c.ID], f.Attempt)
			}
			if lost, err := s.FinishDeliveries(t.Context(), "n1", ended); err != nil || len(lost) != 0 || len(ended) != 3 {
				t.Fatalf("FinishDeliveries of %d: lost %v, error %v", len(ended), lost, err)
			}
			for id, attempts := range want {
				same(t, "attempts", must(s.Attempts(t.Context(), d.TenantID, id))(t), attempts)
			}
			now = now.Add(5 * time.Minute)
		}
		finish(myodai.DeliveryDeferred)
		finish(myodai.DeliveryDeferred)
		claim(t, s, "dead", 9, now) // the third is never written
		now = now.Add(lease)
		finish(myodai.DeliveryDelivered)
		for id, attempts := range want {
			if attempts[2].Number != 4 {
				t.Errorf("the last attempt of %s is number %d, want 4", id, attempts[2].Number)
			}
			// A bounce that comes back later changes what became of it, not what was said.
			ok(t, s.RecordReturned(t.Context(), myodai.Returned{
				ID: myodai.NewID[myodai.ReturnedID](now, rand.Reader), TenantID: d.TenantID, Kind: myodai.ReturnedBounce, DeliveryID: id, ReceivedAt: now,
			}, func(d myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error) {
				d.State, d.Last = myodai.DeliveryBounced, myodai.Outcome{Kind: myodai.OutcomePermanent, Text: "no such user", At: now}
				return d, nil, nil, nil
			}))
			same(t, "attempts after a bounce", must(s.Attempts(t.Context(), d.TenantID, id))(t), attempts)
		}
	})
}

// Attempts from before they stood with their deliveries are read as ever, and
// later ones after them.
func TestAttemptsOfOldDeliveries(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		s := open(t, url)
		must(s.Migrate(t.Context()))(t)
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		accept(t, s, letter(d, t0, rcpt("a", "example.net")))
		var want []myodai.Attempt
		for i, state := range []myodai.DeliveryState{myodai.DeliveryDeferred, myodai.DeliveryDelivered} {
			now := t0.Add(time.Duration(i) * 5 * time.Minute)
			list, _ := claim(t, s, "n1", 9, now)
			f := finished(list[0], state, now)
			want = append(want, f.Attempt)
			must(s.FinishDeliveries(t.Context(), "n1", []myodai.Finished{f}))(t)
			if i == 0 { // as it was written then
				db := raw(t, url)
				exec(t, db, `insert into attempts (id, tenant_id, delivery_id, number, outcome)
					select attempt_id, tenant_id, id, attempt_number, attempt_outcome from deliveries`)
				exec(t, db, `update deliveries set attempt_id = '', attempt_number = 0, attempt_outcome = ''`)
			}
			same(t, "attempts", must(s.Attempts(t.Context(), d.TenantID, list[0].ID))(t), want)
		}
	})
}
