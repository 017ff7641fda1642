package myodai

import "time"

// EventKind is what happened, as tenants see it. This is every kind there is; those
// that are kept are in EventKinds, too.
type EventKind string

const (
	EventTenantCreated     EventKind = "tenant.created"
	EventTenantSuspended   EventKind = "tenant.suspended"
	EventTenantResumed     EventKind = "tenant.resumed"
	EventPolicyChanged     EventKind = "policy.changed"     // of one tenant
	EventCredentialCreated EventKind = "credential.created" // #nosec G101 -- a word
	EventCredentialRevoked EventKind = "credential.revoked" // #nosec G101 -- a word

	EventDomainRegistered EventKind = "domain.registered"
	EventDomainDiagnosed  EventKind = "domain.diagnosed" // still pending, and what is wrong is something else than before
	EventDomainVerified   EventKind = "domain.verified"
	EventDomainAtRisk     EventKind = "domain.at_risk" // first seen, and again daily: three notices
	EventDomainSuspended  EventKind = "domain.suspended"
	EventDomainChanged    EventKind = "domain.changed" // its plan: shape, SPF, report address
	EventDomainDeleted    EventKind = "domain.deleted"
	EventKeyRotated       EventKind = "key.rotated"

	EventSenderRegistered EventKind = "sender.registered"
	EventSenderChanged    EventKind = "sender.changed"
	EventSenderAsked      EventKind = "sender.asked"     // a mail went to the address and asks to confirm it
	EventSenderConfirmed  EventKind = "sender.confirmed" // by whoever reads its mail
	EventSenderDenied     EventKind = "sender.denied"    // "this was not me"
	EventSenderExpired    EventKind = "sender.expired"   // nobody confirmed it in time
	EventSenderAtRisk     EventKind = "sender.at_risk"   // its domain's DMARC asks receivers to turn its mail away
	EventSenderRefused    EventKind = "sender.refused"   // and still does, so nothing is sent from it
	EventSenderRecovered  EventKind = "sender.recovered" // it does not anymore
	EventSenderDeleted    EventKind = "sender.deleted"

	EventMessageHeld     EventKind = "message.held"
	EventMessageReleased EventKind = "message.released"

	EventMessageQuarantined EventKind = "message.quarantined" // a delivery was put aside: the program died at it three times

	EventTrackingRegistered EventKind = "tracking.registered"
	EventTrackingDiagnosed  EventKind = "tracking.diagnosed" // not verified, and what is wrong is something else than before
	EventTrackingProved     EventKind = "tracking.proved"    // the name is the tenant's; its certificate is next
	EventTrackingReminded   EventKind = "tracking.reminded"  // the deadline for the certificate comes near
	EventTrackingExpired    EventKind = "tracking.expired"   // the deadline has passed
	EventTrackingCertified  EventKind = "tracking.certified" // the certificate is there; the record is to be rewritten
	EventTrackingVerified   EventKind = "tracking.verified"
	EventTrackingAtRisk     EventKind = "tracking.at_risk"
	EventTrackingSuspended  EventKind = "tracking.suspended"
	EventTrackingChanged    EventKind = "tracking.changed" // the way it is set up
	EventTrackingDeleted    EventKind = "tracking.deleted"

	EventCertificateIssued   EventKind = "certificate.issued"
	EventCertificateFailed   EventKind = "certificate.failed"   // no certificate, and for another reason than before
	EventCertificateExpiring EventKind = "certificate.expiring" // a fortnight before it does

	EventMessageAccepted   EventKind = "message.accepted"
	EventMessageDeferred   EventKind = "message.deferred"
	EventMessageDelivered  EventKind = "message.delivered"
	EventMessageBounced    EventKind = "message.bounced"
	EventMessageExpired    EventKind = "message.expired"
	EventMessageSuppressed EventKind = "message.suppressed"
	EventMessageComplained EventKind = "message.complained"
	EventMessageUnmatched  EventKind = "message.unmatched" // what came back tells of none of those that share its return path
	EventMessageRefused    EventKind = "message.refused"   // not accepted, because of the suppression list
	EventMessageNotified   EventKind = "message.notified"  // the sender was sent a DSN, or why not

	EventMessageOpened       EventKind = "message.opened"       // by whomever: the event says what it is worth
	EventMessageClicked      EventKind = "message.clicked"      // the same
	EventMessageUnsubscribed EventKind = "message.unsubscribed" // its recipient wants no more mail of its class
	EventMessageResubscribed EventKind = "message.resubscribed" // and wants it again

	EventReportReceived      EventKind = "report.received"
	EventSuppressionAdded    EventKind = "suppression.added"
	EventSuppressionRemoved  EventKind = "suppression.removed"
	EventSuppressionImported EventKind = "suppression.imported" // a batch was entered, in parts
	EventSuppressionUndone   EventKind = "suppression.undone"   // and taken back as a whole
	EventSuppressionProbed   EventKind = "suppression.probed"   // a message went through to see whether the address is in use again

	EventAuditStarted  EventKind = "audit.started"
	EventAuditFinished EventKind = "audit.finished"
	EventAuditFailed   EventKind = "audit.failed"
	EventAuditAccepted EventKind = "audit.accepted" // its proposal is on the suppression list
	EventAuditUndone   EventKind = "audit.undone"   // and is not any more
	EventAuditWaived   EventKind = "audit.waived"

	EventWebhookCreated  EventKind = "webhook.created"
	EventWebhookChanged  EventKind = "webhook.changed"
	EventWebhookDisabled EventKind = "webhook.disabled" // by us: it did not answer for too long
	EventWebhookDeleted  EventKind = "webhook.deleted"
	EventWebhookTest     EventKind = "webhook.test" // only ever sent, never kept
)

// EventKinds are the kinds of events that are kept.
var EventKinds = []EventKind{
	EventTenantCreated, EventTenantSuspended, EventTenantResumed,
	EventPolicyChanged,
	EventCredentialCreated, EventCredentialRevoked,
	EventDomainRegistered, EventDomainDiagnosed, EventDomainVerified, EventDomainAtRisk, EventDomainSuspended, EventDomainChanged, EventDomainDeleted,
	EventKeyRotated,
	EventSenderRegistered, EventSenderChanged, EventSenderAsked, EventSenderConfirmed, EventSenderDenied, EventSenderExpired,
	EventSenderAtRisk, EventSenderRefused, EventSenderRecovered, EventSenderDeleted,
	EventMessageHeld, EventMessageReleased, EventMessageAccepted, EventMessageDeferred, EventMessageDelivered, EventMessageBounced, EventMessageExpired, EventMessageSuppressed, EventMessageComplained,
	EventMessageRefused, EventMessageNotified, EventMessageQuarantined, EventMessageUnmatched,
	EventMessageResubscribed,
	EventMessageUnsubscribed,
	EventMessageClicked,
	EventMessageOpened,
	EventReportReceived,
	EventSuppressionAdded, EventSuppressionRemoved, EventSuppressionImported, EventSuppressionUndone, EventSuppressionProbed,
	EventAuditStarted, EventAuditFinished, EventAuditFailed, EventAuditAccepted, EventAuditUndone, EventAuditWaived,
	EventTrackingRegistered, EventTrackingDiagnosed, EventTrackingProved, EventTrackingReminded, EventTrackingExpired, EventTrackingCertified, EventTrackingVerified, EventTrackingAtRisk, EventTrackingSuspended, EventTrackingChanged, EventTrackingDeleted, EventCertificateIssued, EventCertificateFailed, EventCertificateExpiring,
	EventWebhookCreated, EventWebhookChanged, EventWebhookDisabled, EventWebhookDeleted,
}

// Event is one thing that happened to a tenant. It is written in the same
// transaction as the state it tells of.
type Event struct {
	ID         EventID
	TenantID   TenantID
	Kind       EventKind
	At         time.Time
	DomainID   DomainID   // "" when it is not about a domain
	MessageID  MessageID  // "" when it is not about a message
	DeliveryID DeliveryID // "" when it is not about one recipient
	Data       map[string]any
}
