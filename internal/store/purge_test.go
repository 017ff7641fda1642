package store_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// counts says how many rows there are of what is kept for a while.
func counts(t *testing.T, url string) map[string]int {
	t.Helper()
	db := raw(t, url)
	list := map[string]int{}
	for _, table := range []string{
		"messages", "deliveries", "attempts", "body_chunks", "visits", "notices", "returned", "unsubscriptions", "idempotency_keys", "events", "notifications",
	} {
		n := 0
		ok(t, db.QueryRow("select count(*) from "+table).Scan(&n))
		if n > 0 {
			list[table] = n
		}
	}
	return list
}

// full is a message with one of everything that refers to it.
func full(t *testing.T, s *store.Store, d myodai.Domain, at time.Time) myodai.Accepted {
	t.Helper()
	a := letter(d, at, rcpt("a", "x.example"))
	a.Deliveries[0].Notify = true
	a.IdempotencyKey, a.RequestHash = "key-"+string(a.Message.ID), [32]byte{1}
	accept(t, s, a)
	for i, state := range []myodai.DeliveryState{myodai.DeliveryDeferred, myodai.DeliveryBounced} {
		then := at.Add(time.Duration(i) * 5 * time.Minute)
		claimed, _ := claim(t, s, "n1", 9, then)
		for _, c := range claimed {
			if c.MessageID == a.Message.ID {
				f := finished(c, state, then)
				if state == myodai.DeliveryBounced {
					f.Notice = myodai.NoticeFailed
				}
				must(s.FinishDeliveries(t.Context(), "n1", []myodai.Finished{f}))(t)
			} else {
				ok(t, s.ReleaseDeliveries(t.Context(), "n1", []myodai.DeliveryID{c.ID}))
			}
		}
	}
	ok(t, s.RecordReturned(t.Context(), myodai.Returned{
		ID: myodai.NewID[myodai.ReturnedID](at, rand.Reader), TenantID: d.TenantID, Kind: myodai.ReturnedAutoReply,
		DeliveryID: a.Deliveries[0].ID, Raw: []byte("x"), ReceivedAt: at,
	}, func(d myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error) {
		return d, nil, nil, nil
	}))
	return a
}

// T80: what is older than it is to be goes with all that belongs to it, and
// nothing that is younger, on its way, or another tenant's.
func TestPurge(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		s := open(t, url)
		must(s.Migrate(t.Context()))(t)
		d, other := newDomain(t, s, newTenant(t, s).ID, "example.com"), newDomain(t, s, newTenant(t, s).ID, "example.com")
		newWebhook(t, s, d.TenantID, "whk_1")
		full(t, s, d, t0)
		waits := letter(d, t0, rcpt("w", "x.example"))
		accept(t, s, waits)
		full(t, s, d, t0.Add(48*time.Hour))
		full(t, s, other, t0)
		before := counts(t, url)
		young := t0.Add(24 * time.Hour)

		purge := func(what func() (int, error), want int) {
			t.Helper()
			if n := must(what())(t); n != want {
				t.Errorf("looked at %d, want %d", n, want)
			}
		}
		bodies := func() (int, error) { return s.PurgeBodies(t.Context(), d.TenantID, young, 9) }
		purge(bodies, 2) // the one that waits keeps its own
		purge(bodies, 0)
		same(t, "after bodies", counts(t, url)["body_chunks"], before["body_chunks"]-1)
		_, _, err := s.Body(t.Context(), d.TenantID, waits.Message.ID)
		ok(t, err)

		messages := func() (int, error) { return s.PurgeMessages(t.Context(), d.TenantID, young, 9) }
		purge(messages, 1)
		purge(messages, 0)
		after := counts(t, url)
		for table, gone := range map[string]int{
			"messages": 1, "deliveries": 1, "attempts": 1, "notices": 1, "returned": 1, "idempotency_keys": 1, "events": 0,
		} {
			if before[table]-after[table] != gone {
				t.Errorf("%s: %d before, %d after, want %d less", table, before[table], after[table], gone)
			}
		}
		purge(func() (int, error) {
			return s.PurgeIdempotency(t.Context(), d.TenantID, t0.Add(72*time.Hour+time.Second), 9)
		}, 1)

		mine := func() int {
			return len(every(t, func(p myodai.Page) ([]myodai.Event, string, error) { return s.Events(t.Context(), d.TenantID, p) }))
		}
		was := mine()
		gone := must(s.PurgeEvents(t.Context(), d.TenantID, young, 99))(t)
		if gone == 0 || mine() != was-gone {
			t.Errorf("%d of %d events purged, %d left", gone, was, mine())
		}
		for _, e := range every(t, func(p myodai.Page) ([]myodai.Event, string, error) { return s.Events(t.Context(), d.TenantID, p) }) {
			if e.At.Before(young) {
				t.Errorf("left: %+v", e)
			}
		}
		same(t, "notifications and events", counts(t, url)["notifications"], mine())
	})
}

func TestClaimPurges(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		one, two := newTenant(t, s), newTenant(t, s)
		list := must(s.ClaimPurges(t.Context(), t0, t0.Add(time.Hour), 9))(t)
		if len(list) < 2 {
			t.Errorf("claimed %v, want at least %s and %s", list, one.ID, two.ID)
		}
		if again := must(s.ClaimPurges(t.Context(), t0, t0.Add(time.Hour), 9))(t); len(again) != 0 {
			t.Errorf("claimed again: %v", again)
		}
		if again := must(s.ClaimPurges(t.Context(), t0.Add(time.Hour), t0.Add(2*time.Hour), 9))(t); len(again) != len(list) {
			t.Errorf("claimed an hour later: %v", again)
		}
	})
}
