package console

import (
	"context"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/store"
)

// Actor is who looks at a page. The zero value is nobody in particular.
type Actor struct {
	Member     myodai.MemberID
	Name       string // as the console greets them
	Lang       Lang   // of their choice; "" for none
	Tenant     myodai.TenantID
	TenantName string
	Administer bool // owner or administrator of the tenant
	Owner      bool // of the tenant
	Operator   bool // of the platform
	Enroll     bool // must set up a second factor before anything else

	access access.Actor // who they are to the engine; zero in tests of other pages
}

func (a Actor) signedIn() bool { return a.Member != "" }

// may reports whether the actor belongs to an audience.
func (a Actor) may(who audience) bool {
	switch {
	case who == everyone:
		return true
	case who == people:
		return a.signedIn()
	case a.Enroll:
		return false
	}
	switch who {
	case members:
		return a.signedIn() && a.Tenant != ""
	case administrators:
		return a.signedIn() && a.Tenant != "" && a.Administer
	case owners:
		return a.signedIn() && (a.Owner || a.Operator)
	case managers:
		return a.signedIn() && (a.Administer || a.Operator)
	case operators:
		return a.signedIn() && a.Operator
	}
	return false
}

// Sessions knows who is signed in.
type Sessions interface {
	// Session is who holds the token. It refuses with CodeUnauthorized tokens of
	// nobody, and of a session that is over.
	Session(ctx context.Context, token string) (Actor, error)
}

// admitted are the sessions of the real engine.
type admitted struct {
	access *access.Service
	store  *store.Store
}

// Session is who holds the token.
func (d admitted) Session(ctx context.Context, token string) (Actor, error) {
	a, err := d.access.Session(ctx, token)
	if err != nil {
		return Actor{}, err
	}
	out := Actor{
		Member: a.Member.ID, Name: a.Member.Name, Lang: Lang(a.Member.Language), Tenant: a.Tenant, Operator: a.Operator,
		Administer: a.Tenant != "" && a.May(access.ActionSetUp), Owner: a.Tenant != "" && a.May(access.ActionSignIn),
		Enroll: a.Enroll, access: a,
	}
	if out.Name == "" {
		out.Name = a.Member.Email.String()
	}
	if a.Tenant != "" {
		t, err := d.store.Tenant(ctx, a.Tenant)
		if err != nil {
			return Actor{}, err
		}
		out.TenantName = t.Name
	}
	return out, nil
}
