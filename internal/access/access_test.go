package access_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

// memory is a store of tenants and credentials that counts look-ups.
type memory struct {
	mu          sync.Mutex
	tenants     map[myodai.TenantID]myodai.Tenant
	credentials []myodai.Credential
	events      []myodai.Event
	lookups     int
	down        error // answered to every look-up by secret, when set
}

func (m *memory) CreateTenant(_ context.Context, t myodai.Tenant, events ...myodai.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tenants[t.ID] = t
	m.events = append(m.events, events...)
	return nil
}

func (m *memory) Tenant(_ context.Context, id myodai.TenantID) (myodai.Tenant, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tenants[id]
	if !ok {
		return t, myodai.Refuse(myodai.CodeNotFound, "", "there is no such tenant")
	}
	return t, nil
}

func (m *memory) UpdateTenant(ctx context.Context, id myodai.TenantID,
	change func(myodai.Tenant) (myodai.Tenant, []myodai.Event, error)) (myodai.Tenant, error) {
	t, err := m.Tenant(ctx, id)
	if err != nil {
		return t, err
	}
	t, events, err := change(t)
	if err != nil {
		return t, err
	}
	return t, m.CreateTenant(ctx, t, events...)
}

func (m *memory) CreateCredential(_ context.Context, c myodai.Credential, events ...myodai.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.credentials = append(m.credentials, c)
	m.events = append(m.events, events...)
	return nil
}

func (m *memory) CredentialBySecret(_ context.Context, hash [32]byte) (myodai.Credential, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lookups++
	if m.down != nil {
		return myodai.Credential{}, m.down
	}
	for _, c := range m.credentials {
		if c.SecretHash == hash {
			return c, nil
		}
	}
	return myodai.Credential{}, myodai.Refuse(myodai.CodeNotFound, "", "there is no such credential")
}

func (m *memory) Credentials(_ context.Context, tenant myodai.TenantID, page myodai.Page) (list []myodai.Credential, next string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sorted := slices.SortedFunc(slices.Values(m.credentials), func(a, b myodai.Credential) int {
		return strings.Compare(string(a.ID), string(b.ID))
	})
	for _, c := range sorted {
		if c.TenantID == tenant && string(c.ID) > page.After {
			return []myodai.Credential{c}, string(c.ID), nil // pages of one
		}
	}
	return nil, "", nil
}

func (m *memory) RevokeCredential(_ context.Context, tenant myodai.TenantID, id myodai.CredentialID, now time.Time,
	events ...myodai.Event) (myodai.Credential, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, c := range m.credentials {
		if c.TenantID == tenant && c.ID == id {
			m.credentials[i].RevokedAt = now
			m.events = append(m.events, events...)
			return m.credentials[i], nil
		}
	}
	return myodai.Credential{}, myodai.Refuse(myodai.CodeNotFound, "", "there is no such credential")
}

func newService() (*access.Service, *memory) {
	m := &memory{tenants: map[myodai.TenantID]myodai.Tenant{}}
	return access.New(access.Options{Store: m, Random: rand.Reader}), m
}

func newTenant(t *testing.T, s *access.Service, name string) myodai.Tenant {
	t.Helper()
	tenant, err := s.CreateTenant(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}

func newCredential(t *testing.T, s *access.Service, tenant myodai.TenantID, kind myodai.CredentialKind) (myodai.Credential, string) {
	t.Helper()
	c, secret, err := s.Create(t.Context(), tenant, kind, "test", "")
	if err != nil {
		t.Fatal(err)
	}
	return c, secret
}

// codeOf is the code of a refusal, "" for success and "fault" for the rest.
func codeOf(err error) myodai.Code {
	refusal, ok := errors.AsType[*myodai.Error](err)
	switch {
	case err == nil:
		return ""
	case ok:
		return refusal.Code
	}
	return "fault"
}

func TestAuthenticate(t *testing.T) {
	s, _ := newService()
	tenant, gone := newTenant(t, s, "Acme"), newTenant(t, s, "Gone")
	_, api := newCredential(t, s, tenant.ID, myodai.CredentialAPI)
	_, smtp := newCredential(t, s, tenant.ID, myodai.CredentialSMTP)
	old, revoked := newCredential(t, s, tenant.ID, myodai.CredentialAPI)
	_, suspended := newCredential(t, s, gone.ID, myodai.CredentialAPI)
	_, operator, err := s.CreateOperator(t.Context(), "first")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Revoke(t.Context(), tenant.ID, old.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Suspend(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	stranger, _ := access.NewSecret(rand.Reader)
	both := []myodai.CredentialKind{myodai.CredentialAPI, myodai.CredentialOperator}
	for _, tt := range []struct {
		name   string
		secret string
		kinds  []myodai.CredentialKind
		want   myodai.Code
	}{
		{"a tenant's key at the API", api, both, ""},
		{"the operator's key at the API", operator, both, ""},
		{"an SMTP password at submission", smtp, []myodai.CredentialKind{myodai.CredentialSMTP}, ""},
		{"an SMTP password at the API", smtp, both, myodai.CodeForbidden},
		{"a tenant's key at submission", api, []myodai.CredentialKind{myodai.CredentialSMTP}, myodai.CodeForbidden},
		{"a revoked key", revoked, both, myodai.CodeUnauthorized},
		{"a key of a suspended tenant", suspended, both, myodai.CodeForbidden},
		{"a key nobody was given", stranger, both, myodai.CodeUnauthorized},
		{"a key with a wrong character", flip(api), both, myodai.CodeUnauthorized},
		{"nothing", "", both, myodai.CodeUnauthorized},
		{"something else", "Basic abc", both, myodai.CodeUnauthorized},
		{"a very long key", strings.Repeat(api, 1000), both, myodai.CodeUnauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.Authenticate(t.Context(), tt.secret, tt.kinds...)
			if got := codeOf(err); got != tt.want {
				t.Errorf("Authenticate = %v, want code %q", err, tt.want)
			}
			if err != nil && tt.secret != "" && strings.Contains(err.Error(), tt.secret) {
				t.Errorf("the refusal repeats the secret: %v", err)
			}
		})
	}
}

// flip changes one character of the random part.
func flip(secret string) string {
	with := "x"
	if secret[10] == 'x' {
		with = "y"
	}
	return secret[:10] + with + secret[11:]
}

// T67: nobody learns from the words of a refusal what is wrong with a secret.
func TestRefusalsOfSecretsReadTheSame(t *testing.T) {
	s, _ := newService()
	tenant := newTenant(t, s, "Acme")
	old, revoked := newCredential(t, s, tenant.ID, myodai.CredentialSMTP)
	if _, err := s.Revoke(t.Context(), tenant.ID, old.ID); err != nil {
		t.Fatal(err)
	}
	c, secret := newCredential(t, s, tenant.ID, myodai.CredentialSMTP)
	stranger, _ := access.NewSecret(rand.Reader)
	var first error
	for _, login := range [][2]string{
		{string(c.ID), stranger},
		{string(c.ID), flip(secret)},
		{string(c.ID), ""},
		{"somebody else", secret},
		{"", secret},
		{string(old.ID), secret},
		{string(old.ID), revoked},
	} {
		_, err := s.Login(t.Context(), login[0], login[1])
		if first == nil {
			first = err
		}
		if codeOf(err) != myodai.CodeUnauthorized || err.Error() != first.Error() {
			t.Errorf("Login(%q, …) = %v, want %v", login[0], err, first)
		}
	}
	if got, err := s.Login(t.Context(), string(c.ID), secret); err != nil || got.ID != c.ID {
		t.Errorf("the right login = %v, %v", got.ID, err)
	}
}

// P31: what is revoked on this node stops at once, what is revoked on another
// within five seconds, and a suspended tenant likewise.
func TestRevocationIsFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, m := newService()
		there := access.New(access.Options{Store: m, Random: rand.Reader})
		tenant := newTenant(t, here, "Acme")
		c, secret := newCredential(t, here, tenant.ID, myodai.CredentialAPI)
		_, other := newCredential(t, here, tenant.ID, myodai.CredentialAPI)
		ask := func(s *access.Service, secret string) myodai.Code {
			_, err := s.Authenticate(t.Context(), secret, myodai.CredentialAPI)
			return codeOf(err)
		}
		for _, s := range []*access.Service{here, there} {
			for _, secret := range []string{secret, other} {
				if code := ask(s, secret); code != "" {
					t.Fatalf("a good key is refused: %s", code)
				}
			}
		}
		if _, err := here.Revoke(t.Context(), tenant.ID, c.ID); err != nil {
			t.Fatal(err)
		}
		if code := ask(here, secret); code != myodai.CodeUnauthorized {
			t.Errorf("on the node that revoked it: %q", code)
		}
		time.Sleep(5 * time.Second) // fake time
		if code := ask(there, secret); code != myodai.CodeUnauthorized {
			t.Errorf("on another node after five seconds: %q", code)
		}
		if _, err := there.Suspend(t.Context(), tenant.ID); err != nil {
			t.Fatal(err)
		}
		if code := ask(there, other); code != myodai.CodeForbidden {
			t.Errorf("on the node that suspended the tenant: %q", code)
		}
		time.Sleep(5 * time.Second)
		if code := ask(here, other); code != myodai.CodeForbidden {
			t.Errorf("suspended, on another node after five seconds: %q", code)
		}
		if _, err := here.Resume(t.Context(), tenant.ID); err != nil {
			t.Fatal(err)
		}
		if code := ask(here, other); code != "" {
			t.Errorf("resumed: %q", code)
		}
	})
}

func TestSecretsAreNotLookedUpForEveryRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m := newService()
		_, secret := newCredential(t, s, newTenant(t, s, "Acme").ID, myodai.CredentialAPI)
		for range 100 {
			if _, err := s.Authenticate(t.Context(), secret, myodai.CredentialAPI); err != nil {
				t.Fatal(err)
			}
		}
		if m.lookups != 1 {
			t.Errorf("%d look-ups for 100 requests within a moment, want 1", m.lookups)
		}
		for range 10 {
			_, _ = s.Authenticate(t.Context(), flip(secret), myodai.CredentialAPI)
		}
		if m.lookups != 1 {
			t.Errorf("a secret with a wrong checksum was looked up")
		}
	})
}

// A store that does not answer is our fault, and never reads as a wrong key.
func TestStoreDownIsAFault(t *testing.T) {
	s, m := newService()
	_, secret := newCredential(t, s, newTenant(t, s, "Acme").ID, myodai.CredentialAPI)
	m.down = errors.New("disk on fire")
	if _, err := s.Authenticate(t.Context(), secret, myodai.CredentialAPI); codeOf(err) != "fault" {
		t.Errorf("Authenticate = %v, want the fault", err)
	}
	m.down = myodai.Refuse(myodai.CodeUnavailable, "", "the database is away; try again")
	if _, err := s.Authenticate(t.Context(), secret, myodai.CredentialAPI); codeOf(err) != myodai.CodeUnavailable {
		t.Errorf("Authenticate = %v, want it unavailable", err)
	}
}

func TestCreate(t *testing.T) {
	s, m := newService()
	tenant := newTenant(t, s, "Acme")
	for _, tt := range []struct {
		name   string
		tenant myodai.TenantID
		kind   myodai.CredentialKind
		label  string
		want   myodai.Code
	}{
		{"an API key", tenant.ID, myodai.CredentialAPI, "shop", ""},
		{"an SMTP password without a label", tenant.ID, myodai.CredentialSMTP, "", ""},
		{"the longest label", tenant.ID, myodai.CredentialAPI, strings.Repeat("é", 100), ""},
		{"a label too long", tenant.ID, myodai.CredentialAPI, strings.Repeat("e", 101), myodai.CodeInvalid},
		{"a label of two lines", tenant.ID, myodai.CredentialAPI, "a\nb", myodai.CodeInvalid},
		{"an operator's key (T65)", tenant.ID, myodai.CredentialOperator, "", myodai.CodeInvalid},
		{"a kind there is not", tenant.ID, "root", "", myodai.CodeInvalid},
		{"a tenant there is not", "ten_00000000000000000000000000", myodai.CredentialAPI, "", myodai.CodeNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(m.credentials)
			c, secret, err := s.Create(t.Context(), tt.tenant, tt.kind, tt.label, "")
			if codeOf(err) != tt.want {
				t.Fatalf("Create = %v, want code %q", err, tt.want)
			}
			if err != nil {
				if len(m.credentials) != before || secret != "" {
					t.Error("a refused credential was made")
				}
				return
			}
			if c.SecretHash != access.HashSecret(secret) || c.TenantID != tt.tenant || c.Kind != tt.kind || c.Label != tt.label {
				t.Errorf("Create = %+v", c)
			}
		})
	}
}

func TestOperatorIsFoundBehindPages(t *testing.T) {
	s, m := newService()
	has := func() bool {
		t.Helper()
		ok, err := s.HasOperator(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if has() {
		t.Error("an operator in an empty store")
	}
	old, _, err := s.CreateOperator(t.Context(), "old")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Revoke(t.Context(), "", old.ID); err != nil {
		t.Fatal(err)
	}
	if has() {
		t.Error("a revoked operator counts")
	}
	if _, _, err := s.CreateOperator(t.Context(), "new"); err != nil {
		t.Fatal(err)
	}
	if !has() {
		t.Errorf("no operator among %d credentials", len(m.credentials))
	}
}

func TestSuspendingTwiceIsOneEvent(t *testing.T) {
	s, m := newService()
	tenant := newTenant(t, s, "Acme")
	for range 2 {
		got, err := s.Suspend(t.Context(), tenant.ID)
		if err != nil || got.State != myodai.TenantSuspended {
			t.Fatalf("Suspend = %v, %v", got.State, err)
		}
	}
	var kinds []myodai.EventKind
	for _, e := range m.events {
		kinds = append(kinds, e.Kind)
	}
	if len(kinds) != 2 || kinds[1] != myodai.EventTenantSuspended {
		t.Errorf("events = %v", kinds)
	}
}
