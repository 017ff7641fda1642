package access

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/myodai/myodai"
)

// maxLabel bounds the label of a credential, in characters.
const maxLabel = 100

// NewCredential is what is said of a credential to be made.
type NewCredential struct {
	Kind  myodai.CredentialKind // api or smtp
	Label string                // for people; may be ""
	Class myodai.ClassName      // of mail that names none, "" for the policy's first; the caller has seen that there is such a class
	Role  myodai.Role           // at the API; "" means administrator, or less where who makes it is less
}

// Create makes a credential of a tenant, of kind api or smtp, with the role of an
// administrator, and returns the secret, which cannot be had again.
//
// It does not ask who creates it; CreateCredential does.
func (s *Service) Create(ctx context.Context, tenant myodai.TenantID, kind myodai.CredentialKind, label string,
	class myodai.ClassName) (c myodai.Credential, secret string, err error) {
	return s.create(ctx, tenant, NewCredential{Kind: kind, Label: label, Class: class, Role: myodai.RoleAdministrator})
}

// CreateCredential makes a credential of a tenant for by, who hands out nothing
// that they may not do themselves (T65), and returns the secret, which cannot be
// had again.
func (s *Service) CreateCredential(ctx context.Context, by By, tenant myodai.TenantID, n NewCredential) (
	c myodai.Credential, secret string, err error) {
	if err := by.may(ActionCredentials, tenant); err != nil {
		return c, "", err
	}
	if n.Role == "" {
		n.Role = myodai.RoleAdministrator
	}
	if !n.Role.Of(tenant) {
		return c, "", myodai.Refuse(myodai.CodeInvalid, "role", "the role of a credential is owner, administrator or member")
	}
	if !MayGrant(by.Role, n.Role) {
		return c, "", myodai.Refuse(myodai.CodeForbidden, "role", "a credential cannot do more than who makes it; choose your own role or a lower one")
	}
	return s.create(ctx, tenant, n)
}

func (s *Service) create(ctx context.Context, tenant myodai.TenantID, n NewCredential) (c myodai.Credential, secret string, err error) {
	switch {
	case n.Kind != myodai.CredentialAPI && n.Kind != myodai.CredentialSMTP:
		return c, "", myodai.Refuse(myodai.CodeInvalid, "kind", "the kind of a credential is api or smtp")
	case !plainLine(n.Label, maxLabel):
		return c, "", myodai.Refuse(myodai.CodeInvalid, "label",
			"a label is plain text on one line, of at most %d characters", maxLabel)
	}
	if _, err := s.store.Tenant(ctx, tenant); err != nil {
		return c, "", err
	}
	now := time.Now()
	c, secret = s.mint(now, tenant, n.Kind, n.Label, n.Role)
	c.Class = n.Class
	err = s.store.CreateCredential(ctx, c, myodai.Event{
		ID: myodai.NewID[myodai.EventID](now, s.random), TenantID: tenant, At: now,
		Kind: myodai.EventCredentialCreated,
		Data: map[string]any{"credential_id": string(c.ID), "kind": string(c.Kind), "label": c.Label},
	})
	if err != nil {
		return myodai.Credential{}, "", err
	}
	return c, secret, nil
}

// CreateOperator makes a credential of the platform operator.
func (s *Service) CreateOperator(ctx context.Context, label string) (c myodai.Credential, secret string, err error) {
	c, secret = s.mint(time.Now(), "", myodai.CredentialOperator, label, myodai.RoleOperator)
	if err := s.store.CreateCredential(ctx, c); err != nil {
		return myodai.Credential{}, "", err
	}
	return c, secret, nil
}

// HasOperator reports whether the platform operator has a credential that works.
func (s *Service) HasOperator(ctx context.Context) (bool, error) {
	for page := (myodai.Page{}); ; {
		list, next, err := s.store.Credentials(ctx, "", page)
		if err != nil {
			return false, err
		}
		for _, c := range list {
			if c.Kind == myodai.CredentialOperator && !c.Revoked() {
				return true, nil
			}
		}
		if next == "" {
			return false, nil
		}
		page.After = next
	}
}

func (s *Service) mint(now time.Time, tenant myodai.TenantID, kind myodai.CredentialKind, label string, role myodai.Role) (myodai.Credential, string) {
	secret, hash := NewSecret(s.random)
	return myodai.Credential{
		ID:       myodai.NewID[myodai.CredentialID](now, s.random),
		TenantID: tenant, Kind: kind, Label: label, Role: role, SecretHash: hash, CreatedAt: now,
	}, secret
}

// Revoke withdraws a credential of a tenant: at once here, within five seconds
// on other nodes (P31).
func (s *Service) Revoke(ctx context.Context, tenant myodai.TenantID, id myodai.CredentialID) (myodai.Credential, error) {
	now := time.Now()
	c, err := s.store.RevokeCredential(ctx, tenant, id, now, myodai.Event{
		ID: myodai.NewID[myodai.EventID](now, s.random), TenantID: tenant, At: now,
		Kind: myodai.EventCredentialRevoked,
		Data: map[string]any{"credential_id": string(id)},
	})
	s.known.forget(tenant)
	return c, err
}

// plainLine reports whether text is one line of at most the given number of
// characters, without control characters.
func plainLine(text string, most int) bool {
	for _, r := range text {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return false
		}
	}
	return utf8.RuneCountInString(text) <= most
}
