package myodai

import "time"

// SuppressionReason says why an address is not mailed.
type SuppressionReason string

const (
	SuppressionBounced      SuppressionReason = "bounced"      // a server said that there is no such recipient
	SuppressionComplained   SuppressionReason = "complained"   // the recipient called it spam
	SuppressionUnsubscribed SuppressionReason = "unsubscribed" // the recipient asked us to stop
	SuppressionManual       SuppressionReason = "manual"       // the tenant entered it
	SuppressionImported     SuppressionReason = "imported"     // it came with a list of the tenant's
	SuppressionAudited      SuppressionReason = "audited"      // an audit before the first send proposed it
)

// Suppression keeps a tenant from mailing an address. Every tenant has a list
// of its own (T42).
type Suppression struct {
	ID         SuppressionID
	TenantID   TenantID
	Address    Address
	Class      ClassName // of mail that is held back; "" for all mail
	Reason     SuppressionReason
	Evidence   string     // the reply or DSN text it rests on
	MessageID  MessageID  // the message that led to it, "" for none
	DeliveryID DeliveryID // its delivery, "" for none
	ReturnedID ReturnedID // the mail that came back and says so, "" for none
	Batch      BatchID    // the import or audit it came with, "" for none; a batch is undone as a whole
	CreatedAt  time.Time  // since when

	ExpiresAt time.Time // it counts no longer from then on; zero for never
	// ProbeAt is from when one message may go through, to see whether the address
	// is in use again; zero for never. ProbeAfter is how long the next probe waits
	// after this one failed.
	ProbeAt    time.Time
	ProbeAfter time.Duration
	Probe      DeliveryID // the newest probe, "" for none yet

	RemovedAt time.Time // taken off the list; zero while it is on it
	Removed   string    // why, or by whom; "" while it is on it
}

// The pause before the first probe of an address that bounced, and the longest
// one. Each failure doubles the pause.
const (
	ProbeAfter    = 30 * 24 * time.Hour
	MaxProbeAfter = 365 * 24 * time.Hour
)

// Probes reports whether an address that is suppressed for this reason may be
// tried again some day by itself. What a person decided, only a person takes back.
func (r SuppressionReason) Probes() bool {
	return r == SuppressionBounced || r == SuppressionAudited
}

// Suppress completes a new entry: since when, and when it may be probed. pause
// is how long until then; 0 never.
func (s Suppression) Suppress(now time.Time, pause time.Duration) Suppression {
	s.CreatedAt = now
	if s.Reason.Probes() && pause > 0 {
		s.ProbeAfter, s.ProbeAt = pause, now.Add(pause)
	}
	return s
}

// Counts reports whether the entry holds back mail of the class at the time now.
func (s Suppression) Counts(class ClassName, now time.Time) bool {
	return s.RemovedAt.IsZero() && (s.Class == "" || s.Class == class) && (s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt))
}

// MayProbe reports whether one message may go through now.
func (s Suppression) MayProbe(now time.Time) bool {
	return !s.ProbeAt.IsZero() && !now.Before(s.ProbeAt)
}

// Outlasts reports whether the entry stays when other comes for the same address
// and class at the time now: it does unless it has expired, or other would hold
// for longer, as a complaint does after a bounce.
func (s Suppression) Outlasts(other Suppression, now time.Time) bool {
	if !s.Counts(s.Class, now) {
		return false
	}
	return s.ProbeAt.IsZero() && s.ExpiresAt.IsZero() || !other.ProbeAt.IsZero() || !other.ExpiresAt.IsZero()
}

// Extend is the entry after its probe failed: the next one waits twice as long.
func (s Suppression) Extend(now time.Time) Suppression {
	s.ProbeAfter = min(2*max(s.ProbeAfter, ProbeAfter), MaxProbeAfter)
	s.ProbeAt = now.Add(s.ProbeAfter)
	return s
}

// Standing picks, of the entries for one address, the one that holds back mail of
// the class: one that no probe passes before one that may be probed, and the
// oldest of those. ok is false when none does.
func Standing(entries []Suppression, class ClassName, now time.Time) (standing Suppression, ok bool) {
	for _, s := range entries {
		if !s.Counts(class, now) {
			continue
		}
		firmer := ok && standing.MayProbe(now) && !s.MayProbe(now)
		older := ok && standing.MayProbe(now) == s.MayProbe(now) && s.CreatedAt.Before(standing.CreatedAt)
		if !ok || firmer || older {
			standing, ok = s, true
		}
	}
	return standing, ok
}

// Since says since when and why mail is held back, for the record of every send
// that it holds back (F8): "suppressed since 2026-11-22, because it bounced: 550
// no such user".
func (s Suppression) Since() string {
	why := map[SuppressionReason]string{
		SuppressionBounced:      "it bounced",
		SuppressionComplained:   "its owner reported mail as spam",
		SuppressionUnsubscribed: "its owner unsubscribed",
		SuppressionManual:       "it was entered by hand",
		SuppressionImported:     "it was imported",
		SuppressionAudited:      "an audit advised it",
	}[s.Reason]
	if s.Evidence != "" {
		why += ": " + s.Evidence
	}
	return "suppressed since " + s.CreatedAt.UTC().Format(time.DateOnly) + ", because " + why
}

// ReturnedKind is what kind of mail came back to one of our addresses.
type ReturnedKind string

const (
	ReturnedBounce    ReturnedKind = "bounce"     // a DSN about a delivery of ours (RFC 3464), or a bounce in prose
	ReturnedComplaint ReturnedKind = "complaint"  // the recipient of a delivery does not want such mail (RFC 5965)
	ReturnedAutoReply ReturnedKind = "auto_reply" // any other answer to a return path
	ReturnedUnmatched ReturnedKind = "unmatched"  // a bounce or complaint at a shared return path that tells of none of those that share it
	ReturnedReport    ReturnedKind = "report"     // to a DMARC report address
)

// Returned is one mail that came back, kept as it was.
type Returned struct {
	ID         ReturnedID
	TenantID   TenantID
	Kind       ReturnedKind
	DomainID   DomainID   // for reports
	DeliveryID DeliveryID // for bounces, complaints and auto-replies; of the return path
	Remote     string     // IP address it came from
	Raw        []byte
	ReceivedAt time.Time
	// Among, unless nil, says of which deliveries it tells: their return path is
	// shared, and DeliveryID is the first of those that share it.
	Among func(Delivery) bool
	// Unmatched is the event for the first mail that tells of none of them.
	Unmatched func(first Delivery) Event
	// Notice, unless nil, says which DSN about the delivery its sender is to have now.
	Notice func(Delivery) NoticeKind
}
