package submission

import (
	"context"
	"io"
	"log/slog"
	"runtime"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// Store is what submission needs of the store.
type Store interface {
	// Tenant returns a tenant; CodeNotFound when there is none.
	Tenant(ctx context.Context, id myodai.TenantID) (myodai.Tenant, error)
	// SendingDomains lists the domains of all tenants that have one of these
	// names, may send, and belong to an active tenant.
	SendingDomains(ctx context.Context, names []myodai.Name) ([]myodai.Domain, error)
	// DomainNamed returns the tenant's claim to a name, in any state;
	// CodeNotFound when there is none.
	DomainNamed(ctx context.Context, tenant myodai.TenantID, name myodai.Name) (myodai.Domain, error)
	// Policy returns what counts for a tenant, every field said.
	Policy(ctx context.Context, tenant myodai.TenantID) (myodai.Policy, error)
	// Signers returns the active keys of a domain; of the platform for ("", "").
	Signers(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID) ([]dkim.Signer, error)
	// Accept writes everything or nothing. It returns the earlier message and
	// true when the idempotency key was used before for the same request. When it has
	// returned without an error it looks at an unsigned body no more.
	Accept(ctx context.Context, a myodai.Accepted) (m myodai.Message, repeated bool, err error)
	// Deliveries lists the deliveries of a message.
	Deliveries(ctx context.Context, tenant myodai.TenantID, message myodai.MessageID) ([]myodai.Delivery, error)
}

// The limits that hold where Options says nothing.
const (
	DefaultMaxSize       = 25 << 20           // octets, as received
	DefaultMaxRecipients = 1000               // of one message
	DefaultMaxAge        = 5 * 24 * time.Hour // RFC 5321 §4.5.4.1 wants four to five days
)

// Options are what an Engine is made of. Store, Suppressions, Random, ReturnKey
// and MailHost are needed.
type Options struct {
	Store Store
	// Suppressions says who is not to be mailed. It is often the same store.
	Suppressions Suppressions
	Random       io.Reader   // ids and Message-IDs; must not fail
	ReturnKey    [32]byte    // signs return paths
	MailHost     myodai.Name // our name in the trace line
	Holds        Holds       // needed by Release and Run
	Addresses    Addresses   // confirmed by themselves; nil: none ever is
	Routes       []string    // names of the smarthosts there are
	Links        Links       // nil: nothing is tracked, and nobody unsubscribes with one click
	Own          Mailbox     // the author of the platform's own mail, in its zone; needed by SendOwn

	Cosign        Cosign        // of tenants' mail by the platform; "" means CosignEd25519
	MaxSize       int64         // octets of one message as received; 0 means DefaultMaxSize
	MaxRecipients int           // of one message; 0 means DefaultMaxRecipients
	MaxAge        time.Duration // how long delivery is tried; 0 means DefaultMaxAge
	Signing       int           // signatures made at a time; 0 means one per processor
	Log           *slog.Logger  // of Run; nil: nothing is logged
	Wake          func()        // called when what was held is due; nil for nobody
	// Waits reports whether a new delivery would wait for its site anyway; nil: none
	// does. Nothing rests on its being so a moment later.
	Waits func(myodai.Delivery) bool
	// Reckon is a time as a clock would show it that is to be believed: the lives of
	// messages begin then. nil believes the clock.
	Reckon func(time.Time) time.Time
}

// Engine takes messages in. It is safe for concurrent use.
type Engine struct {
	o       Options
	tenants known[myodai.TenantID, struct{}] // active ones
	owned   known[claim, myodai.Domain]
	senders known[sender, myodai.SenderAddress]
	keys    known[owner, []dkim.Signer]
	signing chan struct{} // has room for as many as may sign at a time
}

// New makes an engine.
func New(o Options) *Engine {
	if o.MaxSize == 0 {
		o.MaxSize = DefaultMaxSize
	}
	if o.MaxRecipients == 0 {
		o.MaxRecipients = DefaultMaxRecipients
	}
	if o.MaxAge == 0 {
		o.MaxAge = DefaultMaxAge
	}
	if o.Cosign == "" {
		o.Cosign = CosignEd25519
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	if o.Waits == nil {
		o.Waits = func(myodai.Delivery) bool { return false }
	}
	if o.Reckon == nil {
		o.Reckon = func(now time.Time) time.Time { return now }
	}
	if o.Signing == 0 {
		o.Signing = runtime.GOMAXPROCS(0)
	}
	return &Engine{o: o, signing: make(chan struct{}, o.Signing)}
}

// Request is one message to be sent.
type Request struct {
	Credential myodai.Credential // recognized already; its tenant is who sends
	Recipients []myodai.Address  // of the envelope; said twice means once
	Raw        []byte            // the message, CRLF line ends, not dot-stuffed; not changed

	// Class is what kind of mail it is; "" leaves that to the message's
	// X-Myodai-Class, then to the credential, then to the policy's first class.
	Class myodai.ClassName
	// Track is what of it may be tracked, of what its class tracks: "off", or a
	// list of clicks and opens; "" leaves that to the message's X-Myodai-Track.
	Track string

	// Suppressed is what becomes of recipients that are not to be mailed; "" leaves
	// that to the message's X-Myodai-Suppressed, then to the policy.
	Suppressed myodai.SuppressedRule

	// IdempotencyKey makes the request safe to repeat for 24 hours (P05); "" for
	// none. At most 255 printable ASCII characters.
	IdempotencyKey string
	// RequestHash is the SHA-256 of the request as the client sent it. It is
	// unused without a key; all zero means that of recipients and message.
	RequestHash [32]byte

	// Terms are what is asked for every delivery. Of the TLS rule the strictest
	// counts that the request, the message and the policy name.
	Terms myodai.Terms
	// Each replaces Notify and Original of Terms for one recipient; nil for none.
	Each map[myodai.Address]myodai.Terms

	nullReturn bool // MAIL FROM:<>; only for the platform's own mail
}

// Result is what became of a Request.
type Result struct {
	Message    myodai.Message
	Deliveries []myodai.Delivery // one per recipient, suppressed ones included
	Repeated   bool              // nothing new was accepted: the key was used before
}
