package access

import (
	"time"

	"github.com/myodai/myodai"
)

// Client is where a request came from. The edge has bounded and checked it.
type Client struct {
	Address string // IP address
	Network string // what one customer of an access provider has: IPv4 address, IPv6 /64
	Agent   string // what the browser says it is
}

// By is who asks for something: a member at a page, a credential at the API, or
// somebody at the machine.
type By struct {
	Actor  myodai.AuditActor
	Tenant myodai.TenantID // "" for who acts for the platform
	Role   myodai.Role
	Client Client
}

// ByCredential is who asks with a credential at the API.
func ByCredential(c myodai.Credential, from Client) By {
	operator := c.Kind == myodai.CredentialOperator
	by := By{
		Actor:  myodai.AuditActor{Kind: myodai.AuditCredential, ID: string(c.ID), Name: c.Label, Operator: operator},
		Tenant: c.TenantID, Role: c.Role, Client: from,
	}
	if operator { // made before credentials had roles, it has another one
		by.Role = myodai.RoleOperator
	}
	return by
}

// ByCommand is somebody with the database in hand.
func ByCommand() By {
	return By{Actor: myodai.AuditActor{Kind: myodai.AuditCommand, Operator: true}, Role: myodai.RoleOperator}
}

// Actor is a member who is signed in.
type Actor struct {
	Member   myodai.Member
	Session  myodai.Session
	Tenant   myodai.TenantID // "" for a platform operator
	Role     myodai.Role     // "" while Enroll holds: it allows nothing
	Operator bool
	// Enroll is set when the tenant asks for a second factor and the member has
	// none yet: until there is one, only setting it up is possible.
	Enroll bool
}

// May reports whether the actor may do something.
func (a Actor) May(action Action) bool { return May(a.Role, action) }

// confirmedFor is how long a proof of who one is lasts for dangerous acts.
const confirmedFor = 15 * time.Minute

// Confirmed reports whether the actor has proved lately who they are, as
// dangerous acts need it (T69).
func (a Actor) Confirmed(now time.Time) bool {
	return now.Sub(a.Session.ConfirmedAt) < confirmedFor
}

// By is the actor as who asks, from the given place.
func (a Actor) By(from Client) By {
	return By{Actor: actorOf(a.Member), Tenant: a.Tenant, Role: a.Role, Client: from}
}

// actorOf is a member as the audit trail names them.
func actorOf(m myodai.Member) myodai.AuditActor {
	name := m.Email.String()
	if m.Name != "" {
		name = m.Name + " <" + name + ">"
	}
	return myodai.AuditActor{
		Kind: myodai.AuditMember, ID: string(m.ID), Name: name, Operator: m.Role == myodai.RoleOperator,
	}
}

// needConfirmed refuses a dangerous act of who has not proved lately who they
// are.
func (a Actor) needConfirmed(now time.Time) error {
	if !a.Confirmed(now) {
		return ErrConfirm
	}
	return nil
}

// ErrConfirm refuses what needs a fresh proof of who asks; Service.Confirm takes
// one.
var ErrConfirm = myodai.Refuse(myodai.CodeForbidden, "confirm", "confirm first that it is you, with your password, a code or a passkey")
