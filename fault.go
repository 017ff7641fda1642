package myodai

import "time"

// Fault is a failure of our own, as the platform operator sees it: all that were
// told in the same words, by one node on one day.
type Fault struct {
	Node  string // where it happened
	Room  string // whose words they are; "" for the program's
	Text  string
	Err   string // what the last one said
	First time.Time
	Last  time.Time
	Count int64
}

// Mishaps are the kinds of events that tell the platform operator of something
// that failed for a tenant.
var Mishaps = []EventKind{
	EventDomainAtRisk, EventDomainSuspended, EventTrackingAtRisk, EventTrackingSuspended, EventTrackingExpired,
	EventCertificateFailed, EventCertificateExpiring, EventWebhookDisabled, EventAuditFailed,
}

// Mishap is such an event, with whose it is.
type Mishap struct {
	Event
	TenantName string
}
