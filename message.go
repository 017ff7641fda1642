package myodai

import "time"

// Message is a mail we took responsibility for, once, whatever the number of
// its recipients.
type Message struct {
	ID           MessageID
	TenantID     TenantID
	DomainID     DomainID     // the verified domain its From belongs to; "" when it rests on something else
	SenderID     SenderID     // the confirmed address it rests on; "" when it rests on something else
	Basis        Basis        // what entitles it to its From; "" while it is held
	CredentialID CredentialID // that submitted it
	Class        ClassName
	From         Address // the author, as in the From header
	Subject      string  // decoded, for people
	HeaderID     string  // Message-ID, with its angle brackets
	Size         int64   // octets as sent, signatures included as soon as it has them
	AcceptedAt   time.Time
	ExpiresAt    time.Time // when deliveries still deferred are given up
}

// Basis is what entitles a message to the From it is sent with.
type Basis string

const (
	BasisDomain   Basis = "domain"   // a verified domain
	BasisAddress  Basis = "address"  // an address confirmed by itself; signed by the platform only (D10c)
	BasisPlatform Basis = "platform" // From is the platform's own address (A9)
	BasisNormal   Basis = "normal"   // nothing: it goes by the normal path, as it did before us (D2)
)

// Sending is a message with what entitles it to be sent, as that was lately.
type Sending struct {
	Message Message
	Domain  Domain        // of Message.DomainID; the platform's for a message without one
	Tenant  Tenant        // of the message
	Address SenderAddress // of Message.SenderID; zero for a message without one, and when it is gone
}

// DeliveryState is where one recipient's copy of a message stands.
type DeliveryState string

const (
	DeliveryAccepted   DeliveryState = "accepted"   // ours, and not attempted yet
	DeliveryHeld       DeliveryState = "held"       // ours, and not to be attempted before something has changed
	DeliveryDeferred   DeliveryState = "deferred"   // attempted, and will be again
	DeliveryDelivered  DeliveryState = "delivered"  // a remote server took responsibility
	DeliveryBounced    DeliveryState = "bounced"    // refused for good, in the dialogue or by a later DSN
	DeliveryExpired    DeliveryState = "expired"    // still deferred when its age ran out
	DeliverySuppressed DeliveryState = "suppressed" // not attempted, because of the suppression list
)

// Hold is what a held delivery waits for: "" for its author to be verified.
type Hold string

const (
	HoldSuppressed Hold = "suppressed" // for the recipient to be mailed again
	HoldStanding   Hold = "standing"   // for every StandingHold that includes it to be released
	HoldCrashed    Hold = "crashed"    // for the operator: the process died at it again and again (P09)
)

// MaxCrashes is how many times in a row the process may die that has a delivery,
// before the delivery is put into quarantine (P09).
const MaxCrashes = 3

// Terminal reports whether nothing more will be attempted.
func (s DeliveryState) Terminal() bool {
	return s != DeliveryAccepted && s != DeliveryDeferred && s != DeliveryHeld
}

// Delivery is one recipient's copy of a message.
type Delivery struct {
	ID         DeliveryID
	TenantID   TenantID
	MessageID  MessageID
	Recipient  Address
	ReturnPath Address // MAIL FROM: a signed token at the tenant's bounce domain
	Route      Route   // "" while it is held for its author
	Class      ClassName
	Pool       string // of egress sources it leaves from, as its class had it; "" for the default pool
	State      DeliveryState
	Attempts   int       // begun, counting the one under way
	DueAt      time.Time // when it may be attempted next
	QueuedAt   time.Time
	ExpiresAt  time.Time
	Last       Outcome // of the newest attempt without its dialogue, or why there is none; zero before
	Hold       Hold    // while it is held
	Notify     bool    // the sender gets a DSN when it fails for good (RFC 3464)
	Terms      Terms   // what the submitter asked for beside
	// Probe is the suppression that this delivery puts to the test, "" for none.
	Probe SuppressionID

	// LeaseOwner holds the delivery until LeasedUntil. It is the fencing token:
	// an owner whose lease was taken over can write nothing any more.
	LeaseOwner  string
	LeasedUntil time.Time
}

// Failed reports whether the delivery ended without having reached its recipient.
func (d Delivery) Failed() bool {
	return d.State == DeliveryBounced || d.State == DeliveryExpired || d.State == DeliverySuppressed
}

// OutcomeKind is what an attempt ended in.
type OutcomeKind string

const (
	OutcomeDelivered OutcomeKind = "delivered"
	OutcomeTransient OutcomeKind = "transient" // try again later
	OutcomePermanent OutcomeKind = "permanent" // refused for good

	OutcomeSuppressed OutcomeKind = "suppressed" // not attempted: the text says since when, and why
)

// Outcome is what one attempt at one recipient ended in. A refusal by the
// remote side is an outcome, not an error.
type Outcome struct {
	Kind     OutcomeKind   `json:"kind"`
	Code     int           `json:"code"`          // SMTP reply code, 0 when no reply decided it
	Enhanced string        `json:"enhanced"`      // RFC 3463, such as "5.1.1", "" when none was given
	Text     string        `json:"text"`          // the reply, or our own words; control characters removed
	Host     string        `json:"host"`          // MX host, "" when none was reached
	Address  string        `json:"address"`       // its IP address and port
	TLS      string        `json:"tls"`           // "TLS 1.3, certificate not verified"; "" for none
	DSN      bool          `json:"dsn,omitempty"` // the server was told which DSNs are wanted, and sends them itself
	Dialogue string        `json:"dialogue"`      // what both sides said, message body left out
	At       time.Time     `json:"at"`            // when it ended
	Took     time.Duration `json:"took"`          // nanoseconds
}

// Attempt is one try at one recipient, as it is kept.
type Attempt struct {
	ID         AttemptID
	TenantID   TenantID
	DeliveryID DeliveryID
	Number     int // from 1
	Outcome    Outcome
}

// NoticeKind is what a DSN tells. "" is no DSN.
type NoticeKind string

const (
	NoticeFailed    NoticeKind = "failed"    // given up
	NoticeDelayed   NoticeKind = "delayed"   // still being tried
	NoticeRelayed   NoticeKind = "relayed"   // taken by a server that will tell no more
	NoticeDelivered NoticeKind = "delivered" // in the mailbox, says the server behind
)

// Notice is a DSN that is to be written to the sender of a message, about those
// of its deliveries of which it tells the same.
type Notice struct {
	Message    Message
	Kind       NoticeKind
	Deliveries []Delivery
}
