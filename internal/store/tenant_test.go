package store_test

import (
	"crypto/rand"
	"crypto/sha256"
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
