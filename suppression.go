package myodai

import "time"

// SuppressionReason says why an address is not mailed.
type SuppressionReason string

const (
	SuppressionBounced    SuppressionReason = "bounced"
	SuppressionComplained SuppressionReason = "complained"
	SuppressionManual     SuppressionReason = "manual"

	SuppressionUnsubscribed SuppressionReason = "unsubscribed" // the recipient asked us to stop
)

// Suppression keeps a tenant from mailing an address. Every tenant has a list
// of its own (T42).
type Suppression struct {
	ID        SuppressionID
	TenantID  TenantID
	Address   Address
	Reason    SuppressionReason
	Evidence  string    // the reply or DSN text it rests on
	MessageID MessageID // the message that led to it, "" for none
	CreatedAt time.Time
}

// ReturnedKind is what kind of mail came back to one of our addresses.
type ReturnedKind string

const (
	ReturnedBounce    ReturnedKind = "bounce"     // a DSN about a delivery of ours (RFC 3464), or a bounce in prose
	ReturnedComplaint ReturnedKind = "complaint"  // the recipient of a delivery does not want such mail (RFC 5965)
	ReturnedAutoReply ReturnedKind = "auto_reply" // any other answer to a return path
	ReturnedReport    ReturnedKind = "report"     // to a DMARC report address
)

// Returned is one mail that came back, kept as it was.
type Returned struct {
	ID         ReturnedID
	TenantID   TenantID
	Kind       ReturnedKind
	DomainID   DomainID   // for reports
	DeliveryID DeliveryID // for bounces, complaints and auto-replies
	Remote     string     // IP address it came from
	Raw        []byte
	ReceivedAt time.Time
}
