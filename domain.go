package myodai

import (
	"encoding/base32"
	"io"
	"maps"
	"strings"
	"time"
)

// DomainState is where a tenant's claim to a domain stands.
type DomainState string

const (
	DomainPending   DomainState = "pending"   // not proved yet
	DomainVerified  DomainState = "verified"  // proved
	DomainAtRisk    DomainState = "at_risk"   // proof missing at the authoritative servers, still sending
	DomainSuspended DomainState = "suspended" // not sending
)

// Shape is the form in which a planned record is asked for (requirement F1).
type Shape string

const (
	ShapeCNAME Shape = "cname" // an alias into our zone; keys can be rotated without the tenant
	ShapeTXT   Shape = "txt"   // the data itself: TXT for DKIM, MX and SPF TXT for the return path
)

// ParseShape reads a shape.
func ParseShape(s string) (Shape, error) {
	switch shape := Shape(s); shape {
	case ShapeCNAME, ShapeTXT:
		return shape, nil
	}
	return "", Refuse(CodeInvalid, "shape", "%q is not a shape; it is cname or txt", s)
}

// Domain is a tenant's claim to send as a domain. Several tenants may claim the
// same one (E4); a claim reserves nothing and shows others nothing (T01).
type Domain struct {
	ID       DomainID
	TenantID TenantID
	Name     Name
	State    DomainState

	// Token makes every name we publish for this claim unguessable and its own
	// (T02, T03): 128 random bits in base 32, one DNS label.
	Token string

	Shape         Shape          // of every record not in Shapes
	Shapes        map[Name]Shape // by owner name of the record
	ReturnPath    Name           // bounce domain, below Name
	RootSPF       bool           // also ask for an include in the SPF record of Name (C2)
	ReportAddress string         // where a new DMARC record sends reports; "" means to us (D8)
	DefaultFrom   string         // address that people write from as a rule, at Name; "" for none (A13)

	RegisteredAt time.Time
	VerifiedAt   time.Time // when it was last proved after not being so; zero before
	AtRiskAt     time.Time // when the present trouble was first seen; zero without any
	FailedChecks int       // checks that disproved it since AtRiskAt
	Notices      int       // notices given since AtRiskAt
	CheckedAt    time.Time // last check; zero before the first
	NextCheckAt  time.Time
	ChangedAt    time.Time // last change of the plan, or of wish to see it checked soon
	PlannedAt    time.Time // last change of the plan; zero when it is as it was registered
	EnteredAt    time.Time // when the tenant last said that the records are entered; zero before
	ConnectedAt  time.Time // when Domain Connect last wrote them; zero before

	Cause Cause // primary one of the last check that found out anything; "" when nothing is wrong
}

// NewToken makes a claim token from random, which must not fail.
func NewToken(random io.Reader) string {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		panic("myodai: no randomness: " + err.Error())
	}
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// Tag is the part of the token that is put into the tenant's own names, so that
// two claims to one domain do not ask for the same record. It tells claims
// apart and proves nothing.
func (d Domain) Tag() string { return d.Token[:8] }

// CanSend reports whether mail may be signed and sent as the domain.
func (d Domain) CanSend() bool {
	return d.State == DomainVerified || d.State == DomainAtRisk
}

// ShapeOf is the shape of the record at the given owner name.
func (d Domain) ShapeOf(owner Name) Shape {
	if s, ok := d.Shapes[owner]; ok {
		return s
	}
	return d.Shape
}

// Reshape switches the shape of the record at owner, or of every record when
// owner is "". Keys stay as they are (F1, B16).
func (d Domain) Reshape(owner Name, shape Shape) Domain {
	if owner == "" {
		d.Shape, d.Shapes = shape, nil
		return d
	}
	d.Shapes = maps.Clone(d.Shapes)
	if d.Shapes == nil {
		d.Shapes = map[Name]Shape{}
	}
	d.Shapes[owner] = shape
	return d
}

// How long missing proof must be missing before sending stops, and how often it
// must have been seen (P12).
const (
	GracePeriod     = 72 * time.Hour
	MinFailedChecks = 3
	noticeInterval  = 24 * time.Hour
	maxNotices      = 3
)

// Advance returns what becomes of the domain after a check with the given
// verdict, and the kinds of the events this gives rise to.
//
// Unknown changes nothing but the time of the check: a DNS failure never
// un-verifies anyone. A domain at risk that is proved again is verified at once.
func (d Domain) Advance(v Verdict, now time.Time) (Domain, []EventKind) {
	d.CheckedAt = now
	switch v {
	case VerdictProved:
		if d.State == DomainVerified {
			return d, nil
		}
		d.State, d.VerifiedAt = DomainVerified, now
		d.AtRiskAt, d.FailedChecks, d.Notices = time.Time{}, 0, 0
		return d, []EventKind{EventDomainVerified}
	case VerdictDisproved:
		return d.fail(now)
	}
	return d, nil
}

// fail counts a check that disproved the domain.
func (d Domain) fail(now time.Time) (Domain, []EventKind) {
	switch d.State {
	case DomainVerified:
		d.State, d.AtRiskAt, d.FailedChecks, d.Notices = DomainAtRisk, now, 1, 1
		return d, []EventKind{EventDomainAtRisk}
	case DomainAtRisk:
		d.FailedChecks++
		if now.Sub(d.AtRiskAt) >= GracePeriod && d.FailedChecks >= MinFailedChecks {
			d.State = DomainSuspended
			return d, []EventKind{EventDomainSuspended}
		}
		if d.Notices < maxNotices && now.Sub(d.AtRiskAt) >= time.Duration(d.Notices)*noticeInterval {
			d.Notices++
			return d, []EventKind{EventDomainAtRisk}
		}
	}
	return d, nil
}
