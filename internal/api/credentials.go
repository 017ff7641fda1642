package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

// Credential lets a program act as a tenant. Its secret is not shown again.
type Credential struct {
	ID        myodai.CredentialID   `json:"id" doc:"Also the user name for SMTP."`
	Kind      myodai.CredentialKind `json:"kind" enum:"api,smtp"`
	Label     string                `json:"label"`
	Class     myodai.ClassName      `json:"class,omitempty" doc:"The class of mail that names none; missing for the policy's first."`
	Role      myodai.Role           `json:"role" enum:"operator,owner,administrator,member" doc:"What it may do here: a member sends and looks, an administrator sets up, an owner says who is one and how members sign in."`
	CreatedAt time.Time             `json:"created_at"`
	RevokedAt time.Time             `json:"revoked_at,omitzero" doc:"Missing while it works."`
}

// NewCredential is what is said of a credential to be made.
type NewCredential struct {
	Kind  string `json:"kind" enum:"api,smtp" doc:"api opens this interface, smtp opens submission."`
	Label string `json:"label,omitempty" doc:"What it is for; up to 100 characters."`
	Class string `json:"class,omitempty" doc:"The class of mail that names none; left out: the policy's first." example:"marketing"`
	Role  string `json:"role,omitempty" enum:"owner,administrator,member" doc:"At most that of the key that makes it; administrator when left out."`
}

// CreatedCredential is a credential with its secret.
type CreatedCredential struct {
	Credential
	Secret string `json:"secret" doc:"The key, or the SMTP password. Keep it: it is not shown again."`
}

const onceOnly = "The secret is in the answer and nowhere else: keep it."

func showCredential(c myodai.Credential) Credential {
	return Credential{ID: c.ID, Kind: c.Kind, Label: c.Label, Class: c.Class, Role: c.Role, CreatedAt: utc(c.CreatedAt), RevokedAt: utc(c.RevokedAt)}
}

// utc is t in UTC, as exactly as it is stored; no instant stays none.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

func (s *Server) createCredential(ctx context.Context, tenant myodai.TenantID, n NewCredential) (*output[CreatedCredential], error) {
	if n.Class != "" {
		policy, err := s.o.Store.Policy(ctx, tenant)
		if err != nil {
			return nil, err
		}
		if _, err := policy.Class(myodai.ClassName(n.Class)); err != nil {
			return nil, err
		}
	}
	c, secret, err := s.o.Access.CreateCredential(ctx, s.byOf(ctx), tenant, access.NewCredential{
		Kind: myodai.CredentialKind(n.Kind), Label: n.Label, Class: myodai.ClassName(n.Class), Role: myodai.Role(n.Role),
	})
	return outputOf(CreatedCredential{showCredential(c), secret}), err
}

func (s *Server) registerCredentials() {
	register(s, operation{
		id: "create-credential", method: http.MethodPost, path: "/credentials", tag: "credentials", scope: scopeTenant,
		summary: "Create a credential", details: onceOnly, status: http.StatusCreated,
	}, func(ctx context.Context, who myodai.Credential, in *struct{ Body NewCredential }) (*output[CreatedCredential], error) {
		return s.createCredential(ctx, who.TenantID, in.Body)
	})
	register(s, operation{
		id: "list-credentials", method: http.MethodGet, path: "/credentials", tag: "credentials", scope: scopeTenant,
		summary: "List credentials, revoked ones included, oldest first",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ PageQuery }) (*listOutput[Credential], error) {
		list, next, err := s.o.Store.Credentials(ctx, who.TenantID, in.page())
		return listOf(list, next, showCredential), err
	})
	register(s, operation{
		id: "revoke-credential", method: http.MethodPost, path: "/credentials/{credential_id}/revoke", tag: "credentials",
		scope: scopeTenant, action: access.ActionView, summary: "Withdraw a credential", details: "It stops working within five seconds. A key may withdraw itself.",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		CredentialID string `path:"credential_id"`
	}) (*output[Credential], error) {
		id, err := pathID(myodai.ParseID[myodai.CredentialID], in.CredentialID, "credential")
		if err != nil {
			return nil, err
		}
		if id != who.ID && !access.May(who.Role, access.ActionCredentials) {
			return nil, myodai.Refuse(myodai.CodeForbidden, "", "the role of this key is %s, which withdraws no key but itself", who.Role)
		}
		c, err := s.o.Access.Revoke(ctx, who.TenantID, id)
		return outputOf(showCredential(c)), err
	})
}
