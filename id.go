package myodai

import (
	"bytes"
	"io"
	"strings"
	"time"
)

// The ids of everything that survives a restart. Each is its prefix, an
// underscore and 26 characters that sort by the time they were made.
type (
	TenantID       string
	MemberID       string
	CredentialID   string
	DomainID       string
	KeyID          string
	CheckID        string
	MessageID      string
	DeliveryID     string
	AttemptID      string
	EventID        string
	SuppressionID  string
	ReturnedID     string
	SessionID      string
	TicketID       string
	ShareLinkID    string
	AuditID        string
	SenderID       string
	RequestID      string
	WebhookID      string
	VisitID        string
	ListAuditID    string
	BatchID        string
	TrackingID     string
	CertificateID  string
	StandingHoldID string
)

type id interface {
	~string
	prefix() string
}

func (TenantID) prefix() string       { return "ten" }
func (MemberID) prefix() string       { return "mem" }
func (CredentialID) prefix() string   { return "crd" }
func (DomainID) prefix() string       { return "dom" }
func (KeyID) prefix() string          { return "key" }
func (CheckID) prefix() string        { return "chk" }
func (MessageID) prefix() string      { return "msg" }
func (DeliveryID) prefix() string     { return "dlv" }
func (AttemptID) prefix() string      { return "att" }
func (EventID) prefix() string        { return "evt" }
func (SuppressionID) prefix() string  { return "sup" }
func (ReturnedID) prefix() string     { return "ret" }
func (SessionID) prefix() string      { return "ses" }
func (TicketID) prefix() string       { return "tck" }
func (ShareLinkID) prefix() string    { return "shl" }
func (AuditID) prefix() string        { return "aud" }
func (SenderID) prefix() string       { return "snd" }
func (RequestID) prefix() string      { return "req" }
func (WebhookID) prefix() string      { return "whk" }
func (VisitID) prefix() string        { return "vis" }
func (ListAuditID) prefix() string    { return "lau" }
func (BatchID) prefix() string        { return "bat" }
func (TrackingID) prefix() string     { return "trk" }
func (CertificateID) prefix() string  { return "crt" }
func (StandingHoldID) prefix() string { return "hld" }

// idAlphabet is Crockford's base 32 in lower case: no i, l, o or u, so an id
// can be read aloud, and it survives a case-insensitive local part.
const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// NewID makes an id of 48 bits of milliseconds and 80 bits from random, which
// must not fail (crypto/rand.Reader does not); NewID panics when it does.
func NewID[T id](now time.Time, random io.Reader) T {
	var b [16]byte
	ms := now.UnixMilli()
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i)) // #nosec G115 -- one octet at a time
	}
	if _, err := io.ReadFull(random, b[6:]); err != nil {
		panic("myodai: no randomness: " + err.Error())
	}
	var zero T
	return T(zero.prefix() + "_" + crockford(b))
}

// FirstID is below every id of its kind that is made at the given time or later,
// and above those of before.
func FirstID[T id](at time.Time) T {
	return NewID[T](at, bytes.NewReader(make([]byte, 10)))
}

// crockford writes 128 bits as 26 characters, the first of which carries three.
func crockford(b [16]byte) string {
	var out [26]byte
	var bits, n uint
	at := len(out)
	for i := len(b) - 1; i >= 0; i-- {
		bits |= uint(b[i]) << n
		for n += 8; n >= 5; n -= 5 {
			at--
			out[at] = idAlphabet[bits&31]
			bits >>= 5
		}
	}
	out[0] = idAlphabet[bits&31]
	return string(out[:])
}

// ParseID checks that s has the prefix and the shape of a T. It says nothing
// about whether such a thing exists.
func ParseID[T id](s string) (T, error) {
	var zero T
	rest, ok := strings.CutPrefix(s, zero.prefix()+"_")
	if !ok || len(rest) != 26 || strings.Trim(rest, idAlphabet) != "" {
		return "", Invalidf("%q is not an id that begins with %s_", s, zero.prefix())
	}
	return T(s), nil
}
