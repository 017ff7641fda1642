package myodai

import "time"

// TrackingWay is how a tracking domain is set up.
type TrackingWay string

const (
	// TrackingDirect takes one alias to our tracking host; the certificate follows
	// by itself.
	TrackingDirect TrackingWay = "direct"
	// TrackingPrepared takes three steps, and no link leads through the name
	// before its certificate is there (B19 to B25).
	TrackingPrepared TrackingWay = "prepared"
)

// ParseTrackingWay reads a way.
func ParseTrackingWay(s string) (TrackingWay, error) {
	switch way := TrackingWay(s); way {
	case TrackingDirect, TrackingPrepared:
		return way, nil
	}
	return "", Refuse(CodeInvalid, "way", "%q is not a way; it is direct or prepared", s)
}

// TrackingState is where a tracking domain stands.
type TrackingState string

const (
	TrackingProving    TrackingState = "proving"    // the name is to be proved by an alias: step 1
	TrackingValidating TrackingState = "validating" // proved; its certificate is to come: step 2
	TrackingSwitching  TrackingState = "switching"  // certified; the alias of step 1 is to be rewritten: step 3
	TrackingVerified   TrackingState = "verified"   // links lead through it
	TrackingAtRisk     TrackingState = "at_risk"    // its alias is gone at the authoritative servers; still serving
	TrackingSuspended  TrackingState = "suspended"  // no link leads through it any more
	TrackingExpired    TrackingState = "expired"    // step 2 was not done in time (B23)
)

// TrackingDomain is a tenant's claim to a host name of its own for links and
// pixels. Several tenants may claim the same; one at most serves it (T03, T55).
type TrackingDomain struct {
	ID       TrackingID
	TenantID TenantID
	Name     Name
	Way      TrackingWay
	State    TrackingState
	Token    string // of every name we publish for this claim, as of a Domain

	// Aliased says that the alias through which certificates are validated by DNS
	// was there at the last check that could tell.
	Aliased bool
	// Ready says that by the last check that could tell a certificate may be
	// ordered: the name is proved, and nothing forbids our authority to issue.
	Ready bool

	RegisteredAt time.Time
	ProvedAt     time.Time // end of step 1; zero before
	Deadline     time.Time // of step 2; zero without any
	RemindAt     time.Time // when the deadline is to be reminded of; zero without, and afterwards
	CertifiedAt  time.Time // end of step 2; zero before
	VerifiedAt   time.Time // when it last began to serve; zero before
	AtRiskAt     time.Time // as of a Domain
	FailedChecks int
	Notices      int
	CheckedAt    time.Time
	NextCheckAt  time.Time
	ChangedAt    time.Time // last change of what is asked for, or of wish to see it checked soon
	PlannedAt    time.Time // last change of what is asked for
	AskedAt      time.Time

	Cause Cause // primary one of the last check that found out anything
}

// Tag tells claims to one name apart, and proves nothing.
func (t TrackingDomain) Tag() string { return t.Token[:8] }

// Serves reports whether links lead through the name.
func (t TrackingDomain) Serves() bool {
	return t.State == TrackingVerified || t.State == TrackingAtRisk
}

// Step is the number of the step that is to be done: 1 to 3 of the prepared way,
// 1 of the direct way; 0 when there is nothing left to do.
func (t TrackingDomain) Step() int {
	switch t.State {
	case TrackingProving:
		return 1
	case TrackingValidating:
		if t.Way == TrackingDirect {
			return 0 // the certificate follows by itself
		}
		return 2
	case TrackingSwitching:
		return 3
	case TrackingExpired:
		return 2
	}
	return 0
}

// TrackingLook is what a check of a tracking domain found out.
type TrackingLook struct {
	Host      RecordStatus // of the record at the name itself
	Challenge RecordStatus // of the alias for the certificate; StatusMissing where none is asked for
	Forbidden bool         // our certificate authority must not issue, by CAA
	Certified bool         // a certificate that has not expired is held
	// Taken says that another tenant serves the name, and that nothing is known
	// yet that speaks against it.
	Taken bool
}

// TrackingStepTime is how long step 2 may take (B23), unless the platform
// operator says otherwise.
const TrackingStepTime = 72 * time.Hour

// unknownTime is how long after the deadline DNS that says nothing holds back
// the end of step 2: failing servers are not the tenant's delay.
const unknownTime = 24 * time.Hour

// Advance returns what becomes of the tracking domain after a check, and the
// kinds of the events this gives rise to. step is how long step 2 may take.
//
// What could not be found out changes nothing (P12).
func (t TrackingDomain) Advance(look TrackingLook, step time.Duration, now time.Time) (TrackingDomain, []EventKind) {
	t.CheckedAt = now
	t = t.judged(look)
	switch t.State {
	case TrackingProving:
		return t.prove(look, step, now)
	case TrackingValidating:
		return t.validate(look, now)
	case TrackingSwitching:
		if look.Host == StatusAsPlanned && look.Certified && !look.Taken {
			return t.serve(now), []EventKind{EventTrackingVerified}
		}
	case TrackingVerified, TrackingAtRisk, TrackingSuspended:
		return t.watch(look, now)
	}
	return t, nil
}

// judged keeps what the look says of certificates.
func (t TrackingDomain) judged(look TrackingLook) TrackingDomain {
	if look.Challenge != StatusUnknown {
		t.Aliased = look.Challenge == StatusAsPlanned
	}
	challenge, host := t.Aliased, look.Host == StatusAsPlanned
	switch {
	case t.State == TrackingExpired:
		t.Ready = false
	case look.Forbidden:
		t.Ready = false
	case t.Way == TrackingPrepared && t.State == TrackingValidating:
		t.Ready = settled(look.Host, look.Challenge, t.Ready, host && challenge)
	case t.State == TrackingSwitching: // the record at the name is about to change
		t.Ready = settled(look.Challenge, look.Challenge, t.Ready, challenge)
	default:
		t.Ready = settled(look.Host, look.Challenge, t.Ready, host || challenge && t.State != TrackingProving)
	}
	return t
}

// settled is now, or as before while neither status could be found out.
func settled(a, b RecordStatus, before, now bool) bool {
	if !now && (a == StatusUnknown || b == StatusUnknown) {
		return before
	}
	return now
}

func (t TrackingDomain) prove(look TrackingLook, step time.Duration, now time.Time) (TrackingDomain, []EventKind) {
	if look.Host != StatusAsPlanned {
		return t, nil
	}
	t.State, t.ProvedAt, t.PlannedAt, t.ChangedAt = TrackingValidating, now, now, now
	if t.Way == TrackingPrepared {
		t.Deadline, t.RemindAt, t.Ready = now.Add(step), now.Add(step-step/3), false
	}
	return t, []EventKind{EventTrackingProved}
}

// validate waits for the certificate. The deadline is for what the tenant has to
// do: when that is done, a slow certificate authority costs it nothing.
func (t TrackingDomain) validate(look TrackingLook, now time.Time) (TrackingDomain, []EventKind) {
	late := !t.Deadline.IsZero() && !t.Ready
	switch {
	case look.Certified && t.Way == TrackingPrepared:
		t.State, t.CertifiedAt, t.RemindAt, t.PlannedAt, t.ChangedAt = TrackingSwitching, now, time.Time{}, now, now
		return t, []EventKind{EventTrackingCertified}
	case look.Certified && look.Host == StatusAsPlanned && !look.Taken:
		t.CertifiedAt = now
		return t.serve(now), []EventKind{EventTrackingVerified}
	case late && !now.Before(t.Deadline) && (look.Host != StatusUnknown && look.Challenge != StatusUnknown || !now.Before(t.Deadline.Add(unknownTime))):
		t.State, t.Ready, t.RemindAt = TrackingExpired, false, time.Time{}
		return t, []EventKind{EventTrackingExpired}
	case late && !t.RemindAt.IsZero() && !now.Before(t.RemindAt) && now.Before(t.Deadline):
		t.RemindAt = time.Time{}
		return t, []EventKind{EventTrackingReminded}
	}
	return t, nil
}

func (t TrackingDomain) serve(now time.Time) TrackingDomain {
	t.State, t.VerifiedAt = TrackingVerified, now
	t.AtRiskAt, t.FailedChecks, t.Notices = time.Time{}, 0, 0
	return t
}

// watch is what follows for a name that serves or once did: as of a Domain (P12).
func (t TrackingDomain) watch(look TrackingLook, now time.Time) (TrackingDomain, []EventKind) {
	switch {
	case look.Host == StatusUnknown:
		return t, nil
	case look.Host == StatusAsPlanned && t.State == TrackingAtRisk,
		look.Host == StatusAsPlanned && t.State == TrackingSuspended && look.Certified && !look.Taken:
		return t.serve(now), []EventKind{EventTrackingVerified}
	case look.Host == StatusAsPlanned || t.State == TrackingSuspended:
		return t, nil
	case t.State == TrackingVerified:
		t.State, t.AtRiskAt, t.FailedChecks, t.Notices = TrackingAtRisk, now, 1, 1
		return t, []EventKind{EventTrackingAtRisk}
	}
	t.FailedChecks++
	if now.Sub(t.AtRiskAt) >= GracePeriod && t.FailedChecks >= MinFailedChecks {
		t.State = TrackingSuspended
		return t, []EventKind{EventTrackingSuspended}
	}
	if t.Notices < maxNotices && now.Sub(t.AtRiskAt) >= time.Duration(t.Notices)*noticeInterval {
		t.Notices++
		return t, []EventKind{EventTrackingAtRisk}
	}
	return t, nil
}

// Yield ends the service of a name whose alias leads to another claim now: that
// claim was proved, and this one is not any more (T03).
func (t TrackingDomain) Yield(now time.Time) (TrackingDomain, []EventKind) {
	t.State, t.Ready, t.NextCheckAt = TrackingSuspended, false, now
	return t, []EventKind{EventTrackingSuspended}
}

// Switch changes the way before the name serves. What was proved stays proved:
// both ways prove it by an alias to a name of this claim alone.
func (t TrackingDomain) Switch(to TrackingWay, now time.Time) (TrackingDomain, error) {
	switch t.State {
	case TrackingProving, TrackingValidating, TrackingExpired, TrackingSwitching:
	default:
		return t, Refuse(CodeConflict, "way", "%s is set up already; the way to it changes nothing any more", t.Name)
	}
	t.Way, t.State = to, TrackingProving
	t.Ready, t.ProvedAt, t.Deadline, t.RemindAt, t.CertifiedAt = false, time.Time{}, time.Time{}, time.Time{}, time.Time{}
	t.ChangedAt, t.PlannedAt, t.NextCheckAt = now, now, now
	return t, nil
}

// TrackingChange is what becomes of a tracking domain and what it touches, in one
// transaction.
type TrackingChange struct {
	Domain      TrackingDomain
	Rivals      []TrackingDomain // of other tenants, as far as they change
	Certificate Certificate      // of Domain; only DueAt may change, to sooner
	Events      []Event
}

// TrackingBackground is what we know of a tracking domain beside what DNS says of
// it now.
type TrackingBackground struct {
	Earlier []Observation    // of earlier checks, newest first
	Claims  []TrackingDomain // of the same tenant to the same name, given up, the last first
	Domains []Name           // that the tenant sends as, or wants to
}
