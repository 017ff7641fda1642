package submission_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
)

// A right that is gone is noticed within five seconds (P31), and one that is new
// at once.
func TestRightsAreFresh(t *testing.T) {
	const later = 5 * time.Second
	for _, tt := range []struct {
		name   string
		change func(l *ledger)
	}{
		{"the tenant is suspended", func(l *ledger) { l.tenants[shop] = "suspended" }},
		{"the domain is suspended", func(l *ledger) { l.domains[0].State = myodai.DomainSuspended }},
		{"the domain is gone", func(l *ledger) { l.domains = l.domains[1:] }},
		{"the keys are withdrawn", func(l *ledger) { delete(l.signers, l.domains[0].ID) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLedger()
				e := engine(l)
				if _, err := e.Submit(t.Context(), request(hello)); err != nil {
					t.Fatal(err)
				}
				good := *newLedger()
				tt.change(l)
				time.Sleep(later)
				if _, err := e.Submit(t.Context(), request(hello)); err == nil {
					t.Error("five seconds later it still sends")
				}
				l.tenants, l.domains, l.signers = good.tenants, good.domains, good.signers
				if _, err := e.Submit(t.Context(), request(hello)); err != nil {
					t.Errorf("put right again: %v", err)
				}
			})
		})
	}
}

// An address that was put on the suppression list is not mailed from the next
// message on.
func TestSuppressionIsNeverOld(t *testing.T) {
	l := newLedger()
	e := engine(l)
	r := request(hello)
	if _, err := e.Submit(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	l.suppressed[r.Recipients[0]] = myodai.Suppression{ID: "sup_1", TenantID: shop, Reason: myodai.SuppressionBounced}
	got, err := e.Submit(t.Context(), r)
	if err != nil || got.Deliveries[0].State != myodai.DeliverySuppressed {
		t.Errorf("deliveries %+v, error %v", got.Deliveries, err)
	}
}
