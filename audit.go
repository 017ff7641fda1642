package myodai

import "time"

// AuditActorKind says what kind of somebody did something.
type AuditActorKind string

const (
	AuditMember     AuditActorKind = "member"
	AuditCredential AuditActorKind = "credential" // #nosec G101 -- a word
	AuditShareLink  AuditActorKind = "share_link"
	AuditCommand    AuditActorKind = "command" // somebody at the machine, with the database in hand
	AuditStranger   AuditActorKind = "stranger"
)

// AuditActor is who did something.
type AuditActor struct {
	Kind     AuditActorKind
	ID       string // of the member, credential or link; "" for others
	Name     string // for people, as it was then
	Operator bool   // acted for the platform, not for a tenant
}

// AuditEntry is one thing that somebody did, or was refused. It is written in
// the transaction of the change it tells of, and never changed.
//
// The entries of a tenant form a chain: Hash is a keyed hash of the entry and of
// the hash before it, so that none can be altered, taken out or put in between
// by who has the database alone (P29).
type AuditEntry struct {
	ID        AuditID
	TenantID  TenantID // whose trail it is in; "" for the platform's
	Number    int64    // in its trail, from 1
	At        time.Time
	Actor     AuditActor
	Operation string // what was done: the API's name for it, such as create-credential
	Object    string // the id of what it was done to; "" for none
	Address   string // IP address it was asked from; "" when at the machine
	Data      map[string]string
	Hash      [32]byte
}

// AuditHead is where a trail ends.
type AuditHead struct {
	TenantID TenantID
	Number   int64
	Hash     [32]byte
}
