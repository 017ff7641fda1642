package store_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func TestReturnedBounce(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		s := open(t, url)
		must(s.Migrate(t.Context()))(t)
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		other := newTenant(t, s)
		accept(t, s, letter(d, t0, rcpt("a", "example.net")))
		// The bounce comes back before the node has written that it delivered.
		held, _ := claim(t, s, "n1", 9, t0)
		raw0 := []byte("From: mailer\x00daemon\r\n\r\n\xff\r\n")
		r := myodai.Returned{
			ID: "ret_1", Kind: myodai.ReturnedBounce, DeliveryID: held[0].ID, Remote: "192.0.2.1", Raw: raw0, ReceivedAt: t0,
		}
		suppression := myodai.Suppression{
			ID: "sup_1", TenantID: d.TenantID, Address: held[0].Recipient, Reason: myodai.SuppressionBounced, CreatedAt: t0,
		}
		bounce := func(was myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error) {
			same(t, "delivery before", was, held[0])
			was.State = myodai.DeliveryBounced
			was.Last = myodai.Outcome{Kind: myodai.OutcomePermanent, Enhanced: "5.1.1", At: t0}
			return was, []myodai.Event{event(d.TenantID, myodai.EventMessageBounced, t0), event(d.TenantID, myodai.EventSuppressionAdded, t0)}, &suppression, nil
		}
		foreign := r
		foreign.TenantID = other.ID
		wantCode(t, s.RecordReturned(t.Context(), foreign, bounce), myodai.CodeNotFound)
		foreign.TenantID, foreign.DeliveryID = "", "dlv_none"
		wantCode(t, s.RecordReturned(t.Context(), foreign, bounce), myodai.CodeNotFound)

		ok(t, s.RecordReturned(t.Context(), r, bounce))
		got := must(s.Delivery(t.Context(), d.TenantID, held[0].ID))(t)
		if got.State != myodai.DeliveryBounced || got.Last.Enhanced != "5.1.1" || got.LeaseOwner != "" {
			t.Errorf("delivery %+v", got)
		}
		lost, err := s.FinishDeliveries(t.Context(), "n1", []myodai.Finished{finished(held[0], myodai.DeliveryDelivered, t0)})
		if err != nil || len(lost) != 1 {
			t.Errorf("the late attempt: lost %v, error %v; want it not to overwrite the bounce", lost, err)
		}
		var kept []byte
		var tenant string
		ok(t, raw(t, url).QueryRow(`select raw, tenant_id from returned where id = 'ret_1'`).Scan(&kept, &tenant))
		if !bytes.Equal(kept, raw0) || tenant != string(d.TenantID) {
			t.Errorf("kept %q for %s", kept, tenant)
		}

		// A second bounce of the address suppresses nothing new and says so.
		r.ID = "ret_2"
		suppression.ID = "sup_2"
		ok(t, s.RecordReturned(t.Context(), r, func(was myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error) {
			return was, []myodai.Event{event(d.TenantID, myodai.EventMessageBounced, t0), event(d.TenantID, myodai.EventSuppressionAdded, t0)}, &suppression, nil
		}))
		count := kinds(t, s, d.TenantID)
		if count[myodai.EventMessageBounced] != 2 || count[myodai.EventSuppressionAdded] != 1 {
			t.Errorf("events %v", count)
		}
	})
}

// Threat T43: a complaint counts once, however often it is sent, and it leaves
// the delivery as it is.
func TestReturnedComplaint(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		accept(t, s, letter(d, t0, rcpt("a", "example.net"), rcpt("b", "example.net")))
		held, _ := claim(t, s, "n1", 9, t0)
		complain := func(id myodai.ReturnedID, of myodai.Delivery) {
			suppression := myodai.Suppression{ID: myodai.SuppressionID("sup_" + id), TenantID: d.TenantID,
				Address: of.Recipient, Reason: myodai.SuppressionComplained, CreatedAt: t0}
			r := myodai.Returned{ID: id, Kind: myodai.ReturnedComplaint, DeliveryID: of.ID, ReceivedAt: t0}
			ok(t, s.RecordReturned(t.Context(), r, func(was myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error) {
				return was, []myodai.Event{event(d.TenantID, myodai.EventMessageComplained, t0), event(d.TenantID, myodai.EventSuppressionAdded, t0)}, &suppression, nil
			}))
		}
		complain("ret_1", held[0])
		complain("ret_2", held[0])
		complain("ret_3", held[1])
		count := kinds(t, s, d.TenantID)
		if count[myodai.EventMessageComplained] != 2 || count[myodai.EventSuppressionAdded] != 2 {
			t.Errorf("events %v, want one complaint for each of two deliveries", count)
		}
		same(t, "delivery", must(s.Delivery(t.Context(), d.TenantID, held[0].ID))(t), held[0])
	})
}

// Threat T41: where deliveries share a return path, what comes back changes those of
// which it tells, and no other of the message; what tells of none is kept, and the
// first of it is an event.
func TestReturnedToSharedReturnPath(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		a := letter(d, t0, rcpt("a", "example.net"), rcpt("b", "example.net"), rcpt("c", "example.net"), rcpt("a", "example.org"))
		for i := range a.Deliveries[:3] {
			a.Deliveries[i].ReturnPath.Local = "s-1"
		}
		accept(t, s, a)
		other := letter(d, t0, rcpt("b", "example.net")) // with the same words, as no return path of ours has
		other.Deliveries[0].ReturnPath.Local = "s-1"
		accept(t, s, other)
		number := 0
		record := func(kind myodai.ReturnedKind, locals string) (told string) {
			t.Helper()
			number++
			r := myodai.Returned{
				ID: myodai.ReturnedID(fmt.Sprint("ret_", number)), Kind: kind, DeliveryID: a.Deliveries[0].ID, ReceivedAt: t0,
				Among:     func(d myodai.Delivery) bool { return strings.Contains(locals, d.Recipient.Local) },
				Unmatched: func(myodai.Delivery) myodai.Event { return event(d.TenantID, myodai.EventMessageUnmatched, t0) },
			}
			ok(t, s.RecordReturned(t.Context(), r, func(was myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error) {
				told += was.Recipient.String() + " "
				if was.State = myodai.DeliveryBounced; kind == myodai.ReturnedComplaint {
					return was, nil, nil, nil
				}
				return was, []myodai.Event{event(d.TenantID, myodai.EventMessageBounced, t0)}, nil, nil
			}))
			return told + string(must(s.Returned(t.Context(), d.TenantID, r.ID))(t).DeliveryID)
		}
		first, second := string(a.Deliveries[0].ID), string(a.Deliveries[1].ID)
		for _, tt := range []struct {
			kind         myodai.ReturnedKind
			locals, want string
		}{
			{myodai.ReturnedBounce, "a", "a@example.net " + first}, {myodai.ReturnedBounce, "x", first}, {myodai.ReturnedBounce, "", first}, {myodai.ReturnedComplaint, "", first},
			{myodai.ReturnedBounce, "b", "b@example.net " + second}, {myodai.ReturnedBounce, "ab", "a@example.net b@example.net " + first},
			{myodai.ReturnedComplaint, "b", "b@example.net " + second}, {myodai.ReturnedComplaint, "b", second},
		} {
			if got := record(tt.kind, tt.locals); got != tt.want {
				t.Errorf("%s of %q: told of %q, want %q", tt.kind, tt.locals, got, tt.want)
			}
		}
		var states []string
		for _, of := range append(a.Deliveries, other.Deliveries...) {
			states = append(states, string(must(s.Delivery(t.Context(), d.TenantID, of.ID))(t).State))
		}
		same(t, "states", strings.Join(states, " "), "bounced bounced accepted accepted accepted")
		if count := kinds(t, s, d.TenantID); count[myodai.EventMessageUnmatched] != 1 || count[myodai.EventMessageBounced] != 4 {
			t.Errorf("events %v", count)
		}
	})
}

// An automatic reply changes nothing about a delivery that is under way.
func TestReturnedAutoReplyKeepsLease(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		accept(t, s, letter(d, t0, rcpt("a", "example.net")))
		held, _ := claim(t, s, "n1", 9, t0)
		r := myodai.Returned{ID: "ret_1", TenantID: d.TenantID, Kind: myodai.ReturnedAutoReply, DeliveryID: held[0].ID, ReceivedAt: t0}
		ok(t, s.RecordReturned(t.Context(), r, func(was myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error) {
			return was, nil, nil, nil
		}))
		same(t, "delivery", must(s.Delivery(t.Context(), d.TenantID, held[0].ID))(t), held[0])
	})
}

func TestReturnedReport(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		other := newTenant(t, s)
		r := myodai.Returned{ID: "ret_1", TenantID: d.TenantID, Kind: myodai.ReturnedReport, DomainID: d.ID, Raw: []byte("x"), ReceivedAt: t0}
		ok(t, s.RecordReturned(t.Context(), r, nil))
		r.ID = "ret_2"
		ok(t, s.RecordReturned(t.Context(), r, func(was myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error) {
			same(t, "delivery", was, myodai.Delivery{})
			return was, []myodai.Event{event(d.TenantID, myodai.EventReportReceived, t0)}, nil, nil
		}))
		if n := kinds(t, s, d.TenantID)[myodai.EventReportReceived]; n != 1 {
			t.Errorf("%d events, want 1", n)
		}
		r.ID, r.TenantID = "ret_3", other.ID
		wantCode(t, s.RecordReturned(t.Context(), r, nil), myodai.CodeNotFound)
	})
}

func TestSuppressions(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		one, two := newTenant(t, s), newTenant(t, s)
		entry := myodai.Suppression{
			ID: "sup_1", TenantID: one.ID, Address: rcpt("Jürgen.Groß", "example.net"), Reason: myodai.SuppressionManual,
			Evidence: "asked by telephone", MessageID: "msg_1", CreatedAt: t0,
		}
		ok(t, s.AddSuppression(t.Context(), entry, event(one.ID, myodai.EventSuppressionAdded, t0)))
		again := entry
		again.ID, again.Address.Local = "sup_2", "JÜRGEN.GROß"
		wantCode(t, s.AddSuppression(t.Context(), again, event(one.ID, myodai.EventSuppressionAdded, t0)), myodai.CodeConflict)
		again.TenantID = two.ID // T42: every tenant has a list of its own
		wantCode(t, removed(s.RemoveSuppression(t.Context(), two.ID, entry.ID, removal)), myodai.CodeNotFound)

		asked := []myodai.Address{
			rcpt("Jürgen.Groß", "example.net"), rcpt("jürgen.groß", "example.net"), rcpt("jürgen.groß", "example.org"), rcpt("jürgen", "example.net"),
		}
		same(t, "suppressed", must(s.Suppressed(t.Context(), one.ID, "", asked, t0))(t),
			map[myodai.Address]myodai.Suppression{asked[0]: entry, asked[1]: entry})
		same(t, "suppressed for another tenant", must(s.Suppressed(t.Context(), two.ID, "", asked, t0))(t), map[myodai.Address]myodai.Suppression{})
		same(t, "suppressed of none", must(s.Suppressed(t.Context(), one.ID, "", nil, t0))(t), map[myodai.Address]myodai.Suppression{})

		ok(t, removed(s.RemoveSuppression(t.Context(), one.ID, entry.ID, removal, event(one.ID, myodai.EventSuppressionRemoved, t0))))
		wantCode(t, removed(s.RemoveSuppression(t.Context(), one.ID, entry.ID, removal, event(one.ID, myodai.EventSuppressionRemoved, t0))), myodai.CodeNotFound)
		if found := must(s.Suppressed(t.Context(), one.ID, "", asked, t0))(t); len(found) != 0 {
			t.Errorf("still suppressed: %v", found)
		}
		entry.ID = "sup_3"
		ok(t, s.AddSuppression(t.Context(), entry))
		same(t, "events", kinds(t, s, one.ID), map[myodai.EventKind]int{
			myodai.EventTenantCreated: 1, myodai.EventSuppressionAdded: 1, myodai.EventSuppressionRemoved: 1,
		})
	})
}

// A tenant's events are listed in the order in which they were written, so that
// who reads on from a cursor misses none.
func TestEventsAreListedAsWritten(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		one, two := newTenant(t, s), newTenant(t, s)
		want := map[myodai.TenantID]int{one.ID: 6, two.ID: 1, "": 7, "ten_none": 0}
		for i := range 5 {
			at := t0.Add(time.Duration(5-i) * time.Minute) // written in another order
			must(s.UpdateTenant(t.Context(), one.ID, func(t myodai.Tenant) (myodai.Tenant, []myodai.Event, error) {
				e := event(one.ID, myodai.EventTenantResumed, at)
				e.Data = map[string]any{"text": "ünï\"\x01", "list": []any{"a", true, nil}}
				return t, []myodai.Event{e}, nil
			}))(t)
		}
		for tenant, n := range want {
			list := every(t, func(p myodai.Page) ([]myodai.Event, string, error) { return s.Events(t.Context(), tenant, p) })
			if len(list) != n {
				t.Errorf("%d events of %q, want %d", len(list), tenant, n)
			}
			for i, e := range list[min(1, len(list)):] {
				earlier := e.At.Before(list[i].At)
				if tenant == "" && earlier || tenant == one.ID && i > 0 && !earlier {
					t.Errorf("event %d of %q is out of order", i+1, tenant)
				}
			}
		}
		last := every(t, func(p myodai.Page) ([]myodai.Event, string, error) { return s.Events(t.Context(), one.ID, p) })[5]
		same(t, "data", last.Data, map[string]any{"text": "ünï\"\x01", "list": []any{"a", true, nil}})
	})
}
