package myodai

import (
	"slices"
	"time"
)

// Certificate is what we hold, or want to hold, for one host name: of a tracking
// domain, or of the platform itself.
type Certificate struct {
	ID         CertificateID
	TenantID   TenantID   // "" of the platform's own names
	TrackingID TrackingID // "" of the platform's own names
	Host       Name

	Serial    string    // hexadecimal; "" while none is held
	Issuer    string    // common name of who signed it
	NotBefore time.Time // zero while none is held
	NotAfter  time.Time
	RenewAt   time.Time // when the next one is ordered; zero while none is held
	WarnedAt  time.Time // when the operator was told that it expires; zero before

	DueAt    time.Time   // when there is something to do next
	Orders   []time.Time // of the last week, oldest first
	Failures int         // orders that failed since the last certificate
	Failure  *CertificateFailure
	Explain  string // where the authority says why it wants the certificate renewed; "" for nowhere
}

// CertificateFailure is why the last order came to nothing.
type CertificateFailure struct {
	At time.Time `json:"at"`
	// Type is the authority's word for it, such as "caa" or "rateLimited", of
	// RFC 8555 §6.7; "" when the authority was not reached.
	Type   string `json:"type"`
	Detail string `json:"detail"` // its own words, or what went wrong on the way
	// Lasting says that the same order would fail again until somebody changes
	// something.
	Lasting bool          `json:"lasting"`
	Wait    time.Duration `json:"wait,omitempty"` // the authority's own wish; 0 for none
}

// Held reports whether there is a certificate, expired or not.
func (c Certificate) Held() bool { return !c.NotAfter.IsZero() }

// Valid reports whether there is one that clients accept at the given time.
func (c Certificate) Valid(now time.Time) bool { return c.Held() && now.Before(c.NotAfter) }

// Life is how long the certificate is valid from beginning to end.
func (c Certificate) Life() time.Duration { return c.NotAfter.Sub(c.NotBefore) }

// warning is how long before its end a certificate is told of that should long
// have been renewed (P27).
const warning = 14 * 24 * time.Hour

// WarnAt is when the operator is told that the certificate expires: a fortnight
// before, or with a quarter of its life left when that is shorter.
func (c Certificate) WarnAt() time.Time { return c.NotAfter.Add(-min(warning, c.Life()/4)) }

// MustWarn reports whether somebody is to be told now.
func (c Certificate) MustWarn(now time.Time) bool {
	return c.Held() && c.WarnedAt.IsZero() && !now.Before(c.WarnAt())
}

// Renewal is when a certificate is renewed: at two thirds of its life, earlier by
// up to a twentieth, so that those that were made together are not renewed
// together. spread is from 0 to 1.
func (c Certificate) Renewal(spread float64) time.Time {
	life := c.Life()
	return c.NotBefore.Add(life*2/3 - time.Duration(spread*float64(life/20)))
}

// Pauses after a failed order. What lasts is tried three times a week (P27);
// what passes by itself, from five minutes on.
const (
	firstPause   = 5 * time.Minute
	mostPause    = 6 * time.Hour
	lastingPause = 12 * time.Hour
	weeklyPause  = 4 * 24 * time.Hour
	orderMemory  = 7 * 24 * time.Hour
)

// Ordered notes that an order is being made.
func (c Certificate) Ordered(now time.Time) Certificate {
	c.Orders = slices.DeleteFunc(slices.Clone(c.Orders), func(at time.Time) bool { return now.Sub(at) >= orderMemory })
	c.Orders = append(c.Orders, now)
	return c
}

// Failed is the certificate after an order that came to nothing, and whether the
// reason is another one than before. spread is from 0 to 1.
func (c Certificate) Failed(f CertificateFailure, spread float64, now time.Time) (_ Certificate, news bool) {
	news = c.Failure == nil || c.Failure.Type != f.Type || c.Failure.Detail != f.Detail
	c.Failures++
	c.Failure = &f
	pause := min(firstPause<<min(c.Failures-1, 10), mostPause)
	if f.Lasting {
		pause = lastingPause
		if c.Failures > 1 {
			pause = weeklyPause
		}
	}
	c.DueAt = now.Add(max(pause+time.Duration(spread*float64(pause/10)), f.Wait))
	return c, news
}

// Sooner is the certificate after somebody asked for a check: an order that
// failed is tried again within the hour, whatever the pause (B10).
func (c Certificate) Sooner(now time.Time) Certificate {
	at := now
	if n := len(c.Orders); n > 0 {
		at = c.Orders[n-1].Add(time.Hour)
	}
	if c.Failure != nil && at.Before(c.DueAt) {
		c.DueAt = at
	}
	return c
}

// NewCertificate is a certificate on its way into the store, which seals the
// private half.
type NewCertificate struct {
	Chain   []byte // PEM, the host's own first
	Private []byte // PKCS #8, DER
}

// WantedCertificate is one that there is something to do about, with what an
// order needs to know.
type WantedCertificate struct {
	Certificate
	Ready   bool   // an order may be made
	Token   string // of the tracking domain; "" of the platform's own names
	Aliased bool   // the tracking domain's alias for validation is there
}

// ChallengeKind is how a certificate authority validates a name.
type ChallengeKind string

const (
	ChallengeDNS  ChallengeKind = "dns-01"  // RFC 8555 §8.4
	ChallengeHTTP ChallengeKind = "http-01" // RFC 8555 §8.3
)

// Challenge is what a certificate authority will look for, while an order is
// under way.
type Challenge struct {
	CertificateID CertificateID
	Kind          ChallengeKind
	Host          Name   // that is validated
	Name          Name   // of the TXT record; "" for ChallengeHTTP
	Token         string // in the path; "" for ChallengeDNS
	Value         string // of the record, or of the page
	MadeAt        time.Time
}

// ServedCertificate is a certificate with both halves, as it is shown to clients.
type ServedCertificate struct {
	ID      CertificateID
	Host    Name
	Serial  string
	Chain   []byte // PEM
	Private []byte // PKCS #8, DER
}
