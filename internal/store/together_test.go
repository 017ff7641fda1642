package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// A state and the event that tells of it are written together or not at all.
func TestStateAndEventTogether(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		d := newDomain(t, s, tenant.ID, "example.com")
		twice := event(tenant.ID, myodai.EventDomainVerified, t0)
		a := letter(d, t0, rcpt("a", "example.net"))
		accept(t, s, a)
		claimed := must(s.ClaimDeliveries(t.Context(), "n1", 9, t0, t0.Add(time.Minute)))(t)
		before := kinds(t, s, tenant.ID)

		// Each write ends in an event that cannot be written, because its id is
		// there already; or change refuses.
		broken := []myodai.Event{twice, twice}
		refusal := errors.New("change refuses")
		f := finished(claimed[0], myodai.DeliveryDelivered, t0)
		f.Events = broken
		f.Suppression = &myodai.Suppression{ID: "sup_1", TenantID: tenant.ID, Address: rcpt("a", "example.net")}
		second := letter(d, t0, rcpt("b", "example.net"))
		second.Events, second.IdempotencyKey = broken, "k"
		other := draftDomain(tenant.ID, "example.org")
		for _, tt := range []struct {
			name string
			do   func() error
		}{
			{"create tenant", func() error { return s.CreateTenant(t.Context(), myodai.Tenant{ID: "ten_new"}, broken...) }},
			{"create domain", func() error {
				return s.CreateDomain(t.Context(), other, []myodai.NewKey{newKey(t, "s1", myodai.KeyActive)}, broken...)
			}},
			{"update domain", func() error {
				_, err := s.UpdateDomain(t.Context(), tenant.ID, d.ID, func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) {
					d.State = myodai.DomainAtRisk
					return d, broken, nil
				})
				return err
			}},
			{"update domain, refused", func() error {
				_, err := s.UpdateDomain(t.Context(), tenant.ID, d.ID, func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) {
					d.State = myodai.DomainAtRisk
					return d, []myodai.Event{twice}, refusal
				})
				if !errors.Is(err, refusal) {
					t.Errorf("UpdateDomain returned %v", err)
				}
				return err
			}},
			{"record check", func() error {
				check := myodai.Check{ID: "chk_1", TenantID: tenant.ID, DomainID: d.ID, At: t0}
				_, err := s.RecordCheck(t.Context(), check, func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) {
					d.State = myodai.DomainSuspended
					return d, broken, nil
				})
				return err
			}},
			{"delete domain", func() error { return s.DeleteDomain(t.Context(), tenant.ID, d.ID, t0, broken...) }},
			{"update keys", func() error {
				_, err := s.UpdateKeys(t.Context(), tenant.ID, d.ID,
					func([]myodai.Key) ([]myodai.Key, []myodai.NewKey, []myodai.Event, error) {
						return nil, nil, broken, nil
					})
				return err
			}},
			{"accept", func() error {
				_, _, err := s.Accept(t.Context(), second)
				return err
			}},
			{"finish", func() error {
				_, err := s.FinishDeliveries(t.Context(), "n1", []myodai.Finished{f})
				return err
			}},
			{"returned mail", func() error {
				r := myodai.Returned{ID: "ret_1", DeliveryID: claimed[0].ID, Kind: myodai.ReturnedBounce}
				return s.RecordReturned(t.Context(), r, func(d myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error) {
					d.State = myodai.DeliveryBounced
					return d, broken, f.Suppression, nil
				})
			}},
			{"add suppression", func() error { return s.AddSuppression(t.Context(), *f.Suppression, broken...) }},
		} {
			if err := tt.do(); err == nil {
				t.Errorf("%s succeeded", tt.name)
			}
		}

		same(t, "events", kinds(t, s, tenant.ID), before)
		same(t, "domain", must(s.Domain(t.Context(), tenant.ID, d.ID))(t), d)
		same(t, "delivery", must(s.Delivery(t.Context(), tenant.ID, claimed[0].ID))(t), claimed[0])
		if signers := must(s.Signers(t.Context(), tenant.ID, d.ID))(t); len(signers) != 1 {
			t.Errorf("the domain has %d signers, want 1", len(signers))
		}
		if attempts := must(s.Attempts(t.Context(), tenant.ID, claimed[0].ID))(t); len(attempts) != 0 {
			t.Errorf("attempts %v were written", attempts)
		}
		for name, err := range map[string]error{
			"tenant":  failure(s.Tenant(t.Context(), "ten_new")),
			"domain":  failure(s.Domain(t.Context(), tenant.ID, other.ID)),
			"check":   failure(s.LastCheck(t.Context(), tenant.ID, d.ID)),
			"message": failure(s.Message(t.Context(), tenant.ID, second.Message.ID)),
			"body":    noBody(t, s, tenant.ID, second.Message.ID),
		} {
			if code(err) != myodai.CodeNotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
		if found := must(s.Suppressed(t.Context(), tenant.ID, "", []myodai.Address{f.Suppression.Address}, t0))(t); len(found) != 0 {
			t.Errorf("suppressed: %v", found)
		}
		second.Events = nil
		accept(t, s, second) // its idempotency key was not used up
	})
}
