package myodai

// The platform is a tenant of its own with one domain, its zone. So its own
// mail goes the way of everybody's: signed, queued, watched, suppressed.
const (
	PlatformTenant TenantID = "ten_00000000000000000000000001"
	PlatformDomain DomainID = "dom_00000000000000000000000001"
)

// OwnMail is a mail that the platform writes itself: an invitation, a
// confirmation, a request to a DNS administrator, an alert.
type OwnMail struct {
	To         Address
	FromName   string  // shown beside the platform's address; "" for the platform's name
	ReplyTo    Address // zero for none
	Subject    string  // one line
	Text       string  // LF line ends
	HTML       string  // LF line ends; "" for none
	NullReturn bool    // MAIL FROM:<>, so that nothing comes back
	Personal   bool    // a person wrote it; all else says that no person did (RFC 3834 §5)
}
