package store_test

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

func TestTenant(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		same(t, "tenant", must(s.Tenant(t.Context(), tenant.ID))(t), tenant)

		_, err := s.Tenant(t.Context(), "ten_00000000000000000000000000")
		wantCode(t, err, myodai.CodeNotFound)
		_, err = s.Tenant(t.Context(), "ten_\x00\xff'; drop table tenants")
		wantCode(t, err, myodai.CodeNotFound)

		got, err := s.UpdateTenant(t.Context(), tenant.ID, func(was myodai.Tenant) (myodai.Tenant, []myodai.Event, error) {
			same(t, "tenant before", was, tenant)
			was.State, was.ID, was.CreatedAt = myodai.TenantSuspended, "ten_other", t0.Add(time.Hour)
			return was, []myodai.Event{event(tenant.ID, myodai.EventTenantSuspended, t0)}, nil
		})
		ok(t, err)
		tenant.State = myodai.TenantSuspended
		same(t, "tenant returned", got, tenant)
		same(t, "tenant stored", must(s.Tenant(t.Context(), tenant.ID))(t), tenant)
		same(t, "events", kinds(t, s, tenant.ID), map[myodai.EventKind]int{
			myodai.EventTenantCreated: 1, myodai.EventTenantSuspended: 1,
		})

		_, err = s.UpdateTenant(t.Context(), "ten_none", func(was myodai.Tenant) (myodai.Tenant, []myodai.Event, error) {
			return was, nil, nil
		})
		wantCode(t, err, myodai.CodeNotFound)
	})
}

func TestTenantsArePaged(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		var want []myodai.TenantID
		for i := range 5 {
			tenant := myodai.Tenant{
				ID: myodai.NewID[myodai.TenantID](t0.Add(time.Duration(i)*time.Second), rand.Reader), State: myodai.TenantActive, CreatedAt: t0,
			}
			ok(t, s.CreateTenant(t.Context(), tenant))
			want = append(want, tenant.ID)
		}
		var got []myodai.TenantID
		for _, tenant := range every(t, func(p myodai.Page) ([]myodai.Tenant, string, error) { return s.Tenants(t.Context(), p) }) {
			got = append(got, tenant.ID)
		}
		same(t, "tenants", got, want)

		for _, tt := range []struct {
			name      string
			limit     int
			entries   int
			goesOn    bool
			wantPaged myodai.TenantID
		}{
			{"one less than there are", 4, 4, true, want[3]},
			{"as many as there are", 5, 5, false, ""},
			{"one more than there are", 6, 5, false, ""},
			{"no limit named", 0, 5, false, ""},
		} {
			list, next, err := s.Tenants(t.Context(), myodai.Page{Limit: tt.limit})
			if err != nil || len(list) != tt.entries || (next != "") != tt.goesOn || next != string(tt.wantPaged) {
				t.Errorf("%s: %d entries, cursor %q, error %v", tt.name, len(list), next, err)
			}
		}
		for _, after := range []string{"ten_\x00", "ä", "' or 1=1 --", "\xff"} {
			_, _, err := s.Tenants(t.Context(), myodai.Page{After: after})
			wantCode(t, err, myodai.CodeInvalid)
		}
	})
}

func TestCredential(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant, other := newTenant(t, s), newTenant(t, s)
		make := func(owner myodai.TenantID, secret string) myodai.Credential {
			c := myodai.Credential{
				ID: myodai.NewID[myodai.CredentialID](t0, rand.Reader), TenantID: owner, Kind: myodai.CredentialAPI, Label: "CI",
				SecretHash: sha256.Sum256([]byte(secret)), CreatedAt: t0,
			}
			ok(t, s.CreateCredential(t.Context(), c))
			return c
		}
		c, operator := make(tenant.ID, "secret"), make("", "operator's secret")

		same(t, "credential", must(s.CredentialBySecret(t.Context(), c.SecretHash))(t), c)
		same(t, "operator's credential", must(s.CredentialBySecret(t.Context(), operator.SecretHash))(t), operator)
		_, err := s.CredentialBySecret(t.Context(), sha256.Sum256([]byte("Secret")))
		wantCode(t, err, myodai.CodeNotFound)

		list, _, err := s.Credentials(t.Context(), "", myodai.Page{})
		ok(t, err)
		same(t, "operator's list", list, []myodai.Credential{operator})

		for _, owner := range []myodai.TenantID{other.ID, ""} {
			_, err = s.RevokeCredential(t.Context(), owner, c.ID, t0)
			wantCode(t, err, myodai.CodeNotFound)
		}
		_, err = s.RevokeCredential(t.Context(), tenant.ID, operator.ID, t0)
		wantCode(t, err, myodai.CodeNotFound)

		revoked, err := s.RevokeCredential(t.Context(), tenant.ID, c.ID, t0.Add(time.Hour), event(tenant.ID, myodai.EventCredentialRevoked, t0))
		ok(t, err)
		c.RevokedAt = t0.Add(time.Hour)
		same(t, "revoked", revoked, c)
		again, err := s.RevokeCredential(t.Context(), tenant.ID, c.ID, t0.Add(2*time.Hour), event(tenant.ID, myodai.EventCredentialRevoked, t0))
		ok(t, err)
		same(t, "revoked again", again, c)
		same(t, "found revoked", must(s.CredentialBySecret(t.Context(), c.SecretHash))(t), c)
		if n := kinds(t, s, tenant.ID)[myodai.EventCredentialRevoked]; n != 1 {
			t.Errorf("%d events tell of the revocation, want 1", n)
		}

		c.ID, c.TenantID = myodai.NewID[myodai.CredentialID](t0, rand.Reader), "ten_none"
		c.SecretHash = sha256.Sum256([]byte("another"))
		wantCode(t, s.CreateCredential(t.Context(), c), myodai.CodeNotFound)
	})
}

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
			"body":    failure(s.Body(t.Context(), tenant.ID, second.Message.ID)),
		} {
			if code(err) != myodai.CodeNotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
		if found := must(s.Suppressed(t.Context(), tenant.ID, []myodai.Address{f.Suppression.Address}))(t); len(found) != 0 {
			t.Errorf("suppressed: %v", found)
		}
		second.Events = nil
		accept(t, s, second) // its idempotency key was not used up
	})
}

// failure is the error of a call that returns a value too.
func failure[T any](_ T, err error) error { return err }

func TestTextsThatPostgresDoesNotStore(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		d := newDomain(t, s, tenant.ID, "example.com")
		a := letter(d, t0, rcpt("a\x00b", "example.net"))
		a.Message.Subject = "zero \x00 byte, half a \xe8\xaa character"
		a.Events[0].Data = map[string]any{"reply": "550 \x00 \xff"}
		accept(t, s, a)
		got := must(s.Message(t.Context(), tenant.ID, a.Message.ID))(t)
		if want := "zero  byte, half a \ufffd character"; got.Subject != want {
			t.Errorf("subject is %q, want %q", got.Subject, want)
		}
		deliveries := must(s.Deliveries(t.Context(), tenant.ID, a.Message.ID))(t)
		if want := rcpt("ab", "example.net"); deliveries[0].Recipient != want {
			t.Errorf("recipient is %q, want %q", deliveries[0].Recipient, want)
		}
	})
}
