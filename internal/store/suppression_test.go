package store_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func bouncedEntry(tenant myodai.TenantID, a myodai.Address, class myodai.ClassName, at time.Time) myodai.Suppression {
	return myodai.Suppression{
		ID: myodai.NewID[myodai.SuppressionID](at, rand.Reader), TenantID: tenant, Address: a, Class: class,
		Reason: myodai.SuppressionBounced, Evidence: "550 no such user",
	}.Suppress(at, myodai.ProbeAfter)
}

// An entry for a class holds back that class alone, one that has expired nothing,
// and a complaint takes the place of a bounce that would be probed some day.
func TestSuppressionIsScoped(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant, a := newTenant(t, s).ID, rcpt("a", "example.net")
		held := func(class myodai.ClassName, at time.Time) myodai.SuppressionReason {
			t.Helper()
			return must(s.Suppressed(t.Context(), tenant, class, []myodai.Address{a}, at))(t)[a].Reason
		}
		unsubscribed := bouncedEntry(tenant, a, "marketing", t0)
		unsubscribed.Reason, unsubscribed.ProbeAt, unsubscribed.ProbeAfter = myodai.SuppressionUnsubscribed, time.Time{}, 0
		unsubscribed.ExpiresAt = t0.Add(time.Hour)
		ok(t, s.AddSuppression(t.Context(), unsubscribed))
		if held("marketing", t0) != myodai.SuppressionUnsubscribed || held("transactional", t0) != "" || held("marketing", t0.Add(time.Hour)) != "" {
			t.Error("the entry does not hold back its class, until it ends")
		}
		ok(t, s.AddSuppression(t.Context(), bouncedEntry(tenant, a, "", t0)))
		complained := bouncedEntry(tenant, a, "", t0.Add(time.Minute))
		complained.Reason, complained.ProbeAt, complained.ProbeAfter = myodai.SuppressionComplained, time.Time{}, 0
		ok(t, s.AddSuppression(t.Context(), complained))
		if got := held("transactional", t0.Add(time.Hour)); got != myodai.SuppressionComplained {
			t.Errorf("held back because %s, want complained", got)
		}
		wantCode(t, s.AddSuppression(t.Context(), bouncedEntry(tenant, a, "", t0.Add(time.Hour))), myodai.CodeConflict)
		old, _, err := s.Suppressions(t.Context(), tenant, store.SuppressionFilter{Removed: true}, myodai.Page{})
		ok(t, err)
		if len(old) != 1 || old[0].Removed != "replaced by "+string(complained.ID) {
			t.Errorf("kept of what was replaced: %+v", old)
		}
	})
}

// A probe that is delivered takes the entry off the list; one that bounces makes
// the next wait twice as long. Only one goes at a time.
func TestProbes(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		at := t0.Add(myodai.ProbeAfter)
		for _, end := range []myodai.DeliveryState{myodai.DeliveryBounced, myodai.DeliveryDelivered} {
			a := rcpt(string(end), "example.net")
			entry := bouncedEntry(d.TenantID, a, "", t0)
			ok(t, s.AddSuppression(t.Context(), entry))
			mail := letter(d, at, a)
			mail.Deliveries[0].Probe = entry.ID
			if !must(s.ClaimProbe(t.Context(), entry, mail.Deliveries[0].ID, at))(t) || must(s.ClaimProbe(t.Context(), entry, "dlv_other", at))(t) {
				t.Fatal("not exactly one probe was claimed")
			}
			accept(t, s, mail)
			held, _ := claim(t, s, "n1", 9, at)
			f := finished(held[0], end, at)
			f.Events = append(f.Events, event(d.TenantID, myodai.EventSuppressionRemoved, at))
			must(s.FinishDeliveries(t.Context(), "n1", []myodai.Finished{f}))(t)
			now := must(s.Suppression(t.Context(), d.TenantID, entry.ID))(t)
			switch {
			case end == myodai.DeliveryDelivered && now.RemovedAt.IsZero():
				t.Errorf("after a probe that was delivered: %+v", now)
			case end == myodai.DeliveryBounced && (!now.RemovedAt.IsZero() || !now.ProbeAt.Equal(at.Add(2*myodai.ProbeAfter))):
				t.Errorf("after a probe that bounced: %+v", now)
			}
		}
	})
}

// Removing an entry lets go of what was held for it, undoing that puts it back as
// it was, and a batch goes as a whole and of its own tenant only (T42).
func TestSuppressionsAreUndone(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		other := newTenant(t, s).ID
		a := rcpt("a", "example.net")
		entry := bouncedEntry(d.TenantID, a, "", t0)
		ok(t, s.AddSuppression(t.Context(), entry))
		mail := letter(d, t0, a)
		mail.Deliveries[0].State, mail.Deliveries[0].Hold = myodai.DeliveryHeld, myodai.HoldSuppressed
		accept(t, s, mail)
		if n := must(s.RemoveSuppression(t.Context(), d.TenantID, entry.ID, removal))(t); n != 1 {
			t.Errorf("%d deliveries were let go, want 1", n)
		}
		if held, _ := claim(t, s, "n1", 9, t0); len(held) != 1 {
			t.Errorf("%d deliveries are due, want the one that was held", len(held))
		}
		ok(t, s.PutBackSuppression(t.Context(), d.TenantID, entry.ID))
		same(t, "put back", must(s.Suppression(t.Context(), d.TenantID, entry.ID))(t), entry)
		wantCode(t, s.PutBackSuppression(t.Context(), d.TenantID, entry.ID), myodai.CodeConflict)

		var list []myodai.Suppression
		for _, local := range []string{"a", "b", "c"} { // a is on the list
			one := bouncedEntry(d.TenantID, rcpt(local, "example.net"), "", t0)
			one.Batch = "bat_1"
			list = append(list, one)
		}
		told := 0
		tell := func(n int) []myodai.Event { told += n; return nil }
		if n := must(s.AddSuppressions(t.Context(), d.TenantID, list, tell))(t); n != 2 || told != 2 {
			t.Errorf("%d were added, %d told, want 2", n, told)
		}
		if n := must(s.RemoveBatch(t.Context(), other, "bat_1", t0, "", tell))(t); n != 0 {
			t.Errorf("another tenant removed %d", n)
		}
		if n := must(s.RemoveBatch(t.Context(), d.TenantID, "bat_1", t0, "", tell))(t); n != 2 {
			t.Errorf("%d were removed, want 2", n)
		}
	})
}

// D16: a DSN is due with the failure it is about, once per message, and is due
// again when whoever took it up dies.
func TestNotices(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		mail := letter(d, t0, rcpt("a", "example.net"), rcpt("b", "example.net"), rcpt("c", "example.net"))
		for i := range mail.Deliveries {
			mail.Deliveries[i].Notify = true
		}
		mail.Deliveries[0].State, mail.Deliveries[1].State = myodai.DeliverySuppressed, myodai.DeliverySuppressed
		accept(t, s, mail)
		due := must(s.ClaimNotices(t.Context(), 9, t0, t0.Add(time.Minute)))(t)
		if len(due) != 1 || len(due[0].Deliveries) != 2 || due[0].Message.ID != mail.Message.ID {
			t.Fatalf("due: %+v", due)
		}
		if again := must(s.ClaimNotices(t.Context(), 9, t0, t0.Add(time.Minute)))(t); len(again) != 0 {
			t.Errorf("taken up twice: %+v", again)
		}
		later := t0.Add(time.Minute)
		if again := must(s.ClaimNotices(t.Context(), 9, later, later.Add(time.Minute)))(t); len(again) != 1 {
			t.Errorf("not due again: %+v", again)
		}
		ok(t, s.FinishNotice(t.Context(), due[0]))
		// That of a delay gives way to that of the failure, if nobody has written it yet.
		for _, end := range []struct {
			state myodai.DeliveryState
			kind  myodai.NoticeKind
		}{{myodai.DeliveryDeferred, myodai.NoticeDelayed}, {myodai.DeliveryBounced, myodai.NoticeFailed}} {
			held, _ := claim(t, s, "n1", 9, later)
			f := finished(held[0], end.state, later)
			f.Delivery.DueAt, f.Notice = later, end.kind
			must(s.FinishDeliveries(t.Context(), "n1", []myodai.Finished{f}))(t)
		}
		rest := must(s.ClaimNotices(t.Context(), 9, later.Add(time.Hour), later.Add(2*time.Hour)))(t)
		if len(rest) != 1 || len(rest[0].Deliveries) != 1 || rest[0].Deliveries[0].ID != mail.Deliveries[2].ID || rest[0].Kind != myodai.NoticeFailed {
			t.Errorf("of the third: %+v", rest)
		}
		ok(t, s.FinishNotice(t.Context(), rest[0]))
		told := myodai.Returned{
			ID: "ret_1", Kind: myodai.ReturnedBounce, DeliveryID: mail.Deliveries[0].ID, Raw: []byte("x"), ReceivedAt: later,
			Notice: func(myodai.Delivery) myodai.NoticeKind { return myodai.NoticeDelivered },
		}
		ok(t, s.RecordReturned(t.Context(), told, func(d myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error) {
			d.State = myodai.DeliveryDelivered
			return d, nil, nil, nil
		}))
		if due := must(s.ClaimNotices(t.Context(), 9, later, later.Add(time.Hour)))(t); len(due) != 1 || due[0].Kind != myodai.NoticeDelivered {
			t.Errorf("told by the server behind: %+v", due)
		}
	})
}
