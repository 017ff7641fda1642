package myodai

import "time"

// KeyAlgorithm is a k= value of a DKIM key record (RFC 6376 §3.6.1, RFC 8463).
type KeyAlgorithm string

const (
	KeyRSA     KeyAlgorithm = "rsa"
	KeyEd25519 KeyAlgorithm = "ed25519"
)

// KeyState is where a key stands in its life.
type KeyState string

const (
	KeyActive  KeyState = "active"  // signs
	KeyStandby KeyState = "standby" // published, so that a rotation needs nobody's help
	KeyRetired KeyState = "retired" // still published for mail that is under way (T25)
	KeyRevoked KeyState = "revoked" // published as empty: p= (RFC 6376 §3.6.1)
)

// Key is one DKIM key pair of a domain, under its selector. The private half
// never leaves the store but as a signer.
type Key struct {
	ID        KeyID
	TenantID  TenantID // "" for the platform's own
	DomainID  DomainID // "" for the platform's own
	Selector  string   // claim-unique: two tenants may hold keys for one domain (E4)
	Algorithm KeyAlgorithm
	Public    string // base64, as in p=
	State     KeyState
	CreatedAt time.Time
}

// NewKey is a key on its way into the store, which seals the private half.
type NewKey struct {
	Key     Key    // the store sets its TenantID and DomainID
	Private []byte // PKCS #8, DER
}

// LinkKey is a key that signs the links by which DNS hosts write records (Domain
// Connect). Its public half stands in our zone, under its label.
type LinkKey struct {
	Label     string
	Public    []byte // SubjectPublicKeyInfo, DER
	CreatedAt time.Time
}
