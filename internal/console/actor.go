package console

import (
	"context"

	"github.com/myodai/myodai"
)

// Actor is who looks at a page. The zero value is nobody in particular.
type Actor struct {
	Member     myodai.MemberID
	Name       string // as the console greets them
	Lang       Lang   // of their choice; "" for none
	Tenant     myodai.TenantID
	TenantName string
	Administer bool // owner or administrator of the tenant
	Operator   bool // of the platform
}

func (a Actor) signedIn() bool { return a.Member != "" }

// may reports whether the actor belongs to an audience.
func (a Actor) may(who audience) bool {
	switch who {
	case everyone:
		return true
	case members:
		return a.signedIn() && a.Tenant != ""
	case administrators:
		return a.signedIn() && a.Tenant != "" && a.Administer
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
