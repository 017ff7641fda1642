package myodai

import (
	"net/netip"
	"strings"
	"time"
)

// Site is where mail for a domain goes: the names of its MX hosts, best first
// where that is certain, with commas between them. Domains with the same hosts
// are one site and share what it allows. A smarthost is a site, too; and a domain
// whose hosts cannot be found is one of its own.
type Site string

const smarthostSite = "smarthost:"

// maxSite is how long the name of a site is at most.
const maxSite = 250

// SiteOf is the site with these hosts. Sorting them is up to the caller.
func SiteOf(hosts ...Name) Site {
	var b strings.Builder
	for i, host := range hosts {
		if b.Len()+1+len(host) > maxSite {
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(string(host))
	}
	return Site(b.String())
}

// SmarthostSite is the site that a smarthost is.
func SmarthostSite(host string) Site { return Site(smarthostSite + host) }

// IsSmarthost reports whether the site is a smarthost.
func (s Site) IsSmarthost() bool { return strings.HasPrefix(string(s), smarthostSite) }

// Best is the first of its hosts.
func (s Site) Best() Name {
	first, _, _ := strings.Cut(string(s), ",")
	return Name(first)
}

// Source is where mail leaves from, an egress source: the local address of each
// family, if it is not left to the system, and what we call ourselves there.
type Source struct {
	Name  string     // "" for the one that is left to the system
	Hello Name       // in EHLO; "" for the platform's host name
	IPv4  netip.Addr // not valid: none of this family, unless IPv6 is not valid either
	IPv6  netip.Addr
}

// Bound reports whether connections leave from addresses of its own.
func (s Source) Bound() bool { return s.IPv4.IsValid() || s.IPv6.IsValid() }

// From is the local address for a connection to the given one; ok is false when
// the source has none of that family.
func (s Source) From(to netip.Addr) (from netip.Addr, ok bool) {
	switch {
	case !s.Bound():
		return netip.Addr{}, true
	case to.Unmap().Is4():
		return s.IPv4, s.IPv4.IsValid()
	}
	return s.IPv6, s.IPv6.IsValid()
}

// SiteState is what a node knows of a site for one route and source: how much it
// may be given now, and why.
type SiteState struct {
	Node        string    `json:"node"`
	Site        Site      `json:"site"`
	Route       Route     `json:"route"`
	Pool        string    `json:"pool"`
	Source      string    `json:"source"`
	Rule        string    `json:"rule"`    // of the shaping, by which it is handled; "" for the default
	Running     int       `json:"running"` // sessions under way
	Waiting     int       `json:"waiting"` // deliveries claimed, and waiting for one
	Behind      int       `json:"behind"`  // scheduled queues that something waits in
	Connections int       `json:"connections"`
	Rate        float64   `json:"rate"` // messages per second; 0 for no limit
	SentToday   int       `json:"sent_today"`
	Allowance   int       `json:"allowance"`    // messages today; -1 for no limit
	PausedUntil time.Time `json:"paused_until"` // zero when it is not
	Why         string    `json:"why"`          // the site's words, or what failed; "" when nothing holds it back
	Since       time.Time `json:"since"`        // when that was

	// What the node knows beside, for its next run.
	Eased   int     `json:"eased,omitempty"`   // connections that the site's words left of its limits; 0 for all
	Factor  float64 `json:"factor,omitempty"`  // and of its rate; 0 for all
	Strikes int     `json:"strikes,omitempty"` // pauses since the last delivery
	Reply   string  `json:"reply,omitempty"`   // the rule for replies that counted last
}

// Sent is how many messages a source under warm-up sent to a site on a day.
type Sent struct {
	Source   string
	Site     Site
	Day      time.Time // its beginning, UTC
	Messages int
}
