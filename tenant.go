package myodai

import "time"

// TenantState says whether a tenant may use the platform.
type TenantState string

const (
	TenantActive    TenantState = "active"
	TenantSuspended TenantState = "suspended" // nothing is accepted, signed or sent
)

// Tenant is a customer of the platform.
type Tenant struct {
	ID        TenantID
	Name      string // what the platform operator calls it; never a host name
	State     TenantState
	CreatedAt time.Time
}

// ParseTenantName checks the name of a tenant: 1 to 100 characters on one line.
func ParseTenantName(s string) (string, error) {
	n := 0
	for _, c := range s {
		if c < ' ' || c == 0x7f || c == 0xfffd {
			return "", Refuse(CodeInvalid, "name", "a tenant's name is plain text on one line")
		}
		n++
	}
	if n == 0 || n > 100 {
		return "", Refuse(CodeInvalid, "name", "a tenant's name has 1 to 100 characters; this one has %d", n)
	}
	return s, nil
}

// CredentialKind says at which door a credential opens.
type CredentialKind string

const (
	CredentialOperator CredentialKind = "operator" // the whole API, of no tenant
	CredentialAPI      CredentialKind = "api"      // the API, as one tenant
	CredentialSMTP     CredentialKind = "smtp"     // submission, as one tenant
)

// Credential lets an application act as a tenant. The secret itself is shown
// once and not kept: only its SHA-256 is (T66).
type Credential struct {
	ID         CredentialID // also the SMTP user name
	TenantID   TenantID     // "" for the operator's
	Kind       CredentialKind
	Label      string    // what its owner calls it
	Class      ClassName // of mail that names none; "" for the policy's first
	Role       Role      // what it may do at the API; RoleAdministrator unless less was asked for
	SecretHash [32]byte
	CreatedAt  time.Time
	RevokedAt  time.Time // zero while it works
}

// Revoked reports whether the credential has been withdrawn.
func (c Credential) Revoked() bool { return !c.RevokedAt.IsZero() }
