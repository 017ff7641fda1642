package store_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// Faults of one node, day and text are one, with how often; old ones are
// forgotten.
func TestFaults(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		fault := func(text, err string, at time.Time) myodai.Fault {
			return myodai.Fault{Node: "n1", Room: "queue", Text: text, Err: err, First: at, Last: at, Count: 1}
		}
		ok(t, s.RecordFaults(t.Context(), []myodai.Fault{fault("claim", "disk full", t0), fault("old", "x", t0.Add(-72*time.Hour))}, t0.Add(-96*time.Hour)))
		ok(t, s.RecordFaults(t.Context(), []myodai.Fault{fault("claim", "disk on fire", t0.Add(time.Second)), fault("sign", "y", t0)}, t0.Add(-24*time.Hour)))
		list := must(s.Faults(t.Context(), t0.Add(-96*time.Hour), 9))(t)
		if len(list) != 2 || list[0].Text != "claim" || list[0].Count != 2 || list[0].Err != "disk on fire" || !list[0].First.Equal(t0) || list[1].Text != "sign" {
			t.Errorf("kept is %+v", list)
		}
	})
}

// What failed is found over all tenants, by kind, the newest first.
func TestMishaps(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		one, two := newTenant(t, s), newTenant(t, s)
		at := t0
		for _, kind := range append([]myodai.EventKind{myodai.EventDomainVerified}, myodai.Mishaps...) {
			for _, tenant := range []myodai.Tenant{one, two} {
				at = at.Add(time.Second)
				ok(t, s.AddEvents(t.Context(), myodai.Event{
					ID: myodai.NewID[myodai.EventID](at, rand.Reader), TenantID: tenant.ID, Kind: kind, At: at, Data: map[string]any{"domain": "acme.example"},
				}))
			}
		}
		if list := must(s.Mishaps(t.Context(), myodai.Mishaps, t0, 99))(t); len(list) != 2*len(myodai.Mishaps) {
			t.Errorf("%d of all kinds", len(list))
		}
		list := must(s.Mishaps(t.Context(), []myodai.EventKind{myodai.EventDomainAtRisk, myodai.EventDomainSuspended}, t0, 3))(t)
		if len(list) != 3 || list[0].Kind != myodai.EventDomainSuspended || list[0].TenantName != two.Name || !list[0].At.After(list[1].At) {
			t.Errorf("of two kinds: %+v", list)
		}
		if list := must(s.Mishaps(t.Context(), myodai.Mishaps, at.Add(time.Second), 9))(t); len(list) != 0 {
			t.Errorf("later: %+v", list)
		}
	})
}

// Why mail waits is what the server of its recipients said last.
func TestDeferredBecause(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "acme.example")
		accept(t, s, letter(d, t0, rcpt("a", "busy.example"), rcpt("b", "busy.example"), rcpt("c", "other.example"), rcpt("d", "new.example")))
		claimed, _ := claim(t, s, "n1", 9, t0)
		var done []myodai.Finished
		for _, c := range claimed {
			if c.Recipient.Domain == "new.example" {
				continue
			}
			f := finished(c, myodai.DeliveryDeferred, t0)
			f.Delivery.Last = myodai.Outcome{Kind: myodai.OutcomeTransient, Code: 451, Text: "later, " + c.Recipient.Local, At: t0}
			done = append(done, f)
		}
		must(s.FinishDeliveries(t.Context(), "n1", done))(t)
		list := must(s.DeferredBecause(t.Context(), 9))(t)
		if len(list) != 2 || list[0].Domain != "busy.example" || list[0].Deliveries != 2 || !strings.HasPrefix(list[0].Last.Text, "later, ") || list[1].Deliveries != 1 {
			t.Errorf("it is %+v", list)
		}
	})
}
