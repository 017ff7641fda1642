package myodai

import (
	"slices"
	"time"
)

// Role says what a member may do; access has the table.
type Role string

const (
	RoleOperator      Role = "operator"      // runs the platform; of no tenant
	RoleOwner         Role = "owner"         // everything in a tenant, and who else is an owner
	RoleAdministrator Role = "administrator" // sets up domains, hands out credentials, invites
	RoleMember        Role = "member"        // looks at mail and its recipients; no set-up (E1, C8)
)

// TenantRoles are the roles that a tenant's members have, the mightiest first.
var TenantRoles = []Role{RoleOwner, RoleAdministrator, RoleMember}

// Of reports whether the role is one that members of the tenant can have; "" is
// the platform.
func (r Role) Of(tenant TenantID) bool {
	if tenant == "" {
		return r == RoleOperator
	}
	return slices.Contains(TenantRoles, r)
}

// Member is a person who signs in: one of a tenant's, or a platform operator. An
// address signs in to one place, so it belongs to one member.
type Member struct {
	ID        MemberID
	TenantID  TenantID // "" for a platform operator
	Email     Address
	Name      string // "" when not told
	Language  string // "en" or "ja"
	Role      Role
	Password  string     // argon2id in PHC form (RFC 9106); "" when they sign in otherwise
	TOTP      []byte     // shared secret (RFC 6238); nil for none. Sealed in the store
	TOTPStep  int64      // the newest time step whose code was used: none works twice
	Recovery  [][32]byte // SHA-256 of the recovery codes that are left
	Passkeys  []Passkey  // oldest first
	Subject   string     // who they are to their OIDC provider: issuer, space, sub; "" before the first time
	CreatedAt time.Time
}

// SecondFactor reports whether the member has something beside a password.
func (m Member) SecondFactor() bool { return len(m.TOTP) > 0 || len(m.Passkeys) > 0 }

// Passkey is a WebAuthn credential of a member.
type Passkey struct {
	ID        string    `json:"id"` // as the authenticator calls it, base64url
	Name      string    `json:"name"`
	Data      []byte    `json:"data"` // the credential record; nothing in it is secret
	CreatedAt time.Time `json:"created_at"`
	UsedAt    time.Time `json:"used_at"` // zero before the first time
}

// MemberChange is what becomes of a member, all of it in one transaction.
type MemberChange struct {
	Member      Member
	EndSessions bool     // every session of theirs ends
	NewSession  *Session // begins after that; nil for none
	Spends      TicketID // the ticket that allows it, used up by it; "" for none
	Audit       []AuditEntry
}

// Session is a member at a browser. Its secret is kept nowhere but there.
type Session struct {
	ID         SessionID
	TenantID   TenantID // the member's
	MemberID   MemberID
	SecretHash [32]byte
	// Half is a session that has seen a password and waits for the second factor.
	// It opens nothing else.
	Half        bool
	Provider    bool // signed in by an OIDC provider, which answers for the factors
	Address     string
	Agent       string // what the browser says it is
	CreatedAt   time.Time
	SeenAt      time.Time // to the minute
	ConfirmedAt time.Time // when they last proved who they are
	ExpiresAt   time.Time // at the latest, however busy it is
}

// TicketPurpose says what a ticket is good for.
type TicketPurpose string

const (
	TicketSetup      TicketPurpose = "setup"      // becoming the first platform operator
	TicketInvitation TicketPurpose = "invitation" // becoming a member
	TicketReset      TicketPurpose = "reset"      // setting a new password
	TicketEmail      TicketPurpose = "email"      // taking on a new address
	TicketOIDC       TicketPurpose = "oidc"       // coming back from a provider
	TicketPasskey    TicketPurpose = "passkey"    // answering an authenticator's challenge
)

// Ticket proves once that a mail arrived or that a browser began something. Only
// the SHA-256 of its token is kept.
type Ticket struct {
	ID        TicketID
	Purpose   TicketPurpose
	TenantID  TenantID // "" for the platform
	MemberID  MemberID // "" when there is no member yet
	TokenHash [32]byte
	Email     Address // where it was sent; zero when it was not
	Role      Role    // of an invitation
	By        string  // who invited, for people
	Data      []byte  // what the flow has to remember
	CreatedAt time.Time
	ExpiresAt time.Time
}

// SignInRules are how the members of a tenant sign in.
type SignInRules struct {
	TenantID     TenantID // "" for platform operators
	SecondFactor bool     // a password alone does not do
	// Of their OpenID Connect provider; Issuer "" for none.
	Issuer       string
	ClientID     string
	ClientSecret string // sealed in the store
	ProviderOnly bool   // passwords and passkeys do not do
	ChangedAt    time.Time
}

// ShareLink lets somebody without a login see what a domain's records must be
// and say what their DNS host cannot do. Only the SHA-256 of its token is kept.
type ShareLink struct {
	ID        ShareLinkID
	TenantID  TenantID
	DomainID  DomainID
	TokenHash [32]byte
	Recipient string // whom it was made for, for people; "" when not told
	Language  string // "en" or "ja"
	CreatedBy string // for people
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time // zero while it works
	OpenedAt  time.Time // last time; zero before the first
}

// Open reports whether the link works.
func (l ShareLink) Open(now time.Time) bool { return l.RevokedAt.IsZero() && now.Before(l.ExpiresAt) }
