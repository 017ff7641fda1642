package smtpd

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Limits bound what clients can take. The zero value of each field means its
// default.
type Limits struct {
	MaxSize        int64         // octets of a message; 25 MiB
	MaxRecipients  int           // of a message; 1000
	MaxConnections int           // at one time; 1000
	MaxPerIP       int           // connections at one time from an IPv4 address or IPv6 /64; 100
	MaxMemory      int64         // octets of all messages being received; 256 MiB
	Command        time.Duration // to wait for a command; 5 min (RFC 5321 §4.5.3.2.7)
	Data           time.Duration // to wait for a whole message; 10 min
	Session        time.Duration // a whole connection; 30 min
	AuthDelay      time.Duration // before a failed login is answered; 1 s
}

// The limits nobody needs to change.
const (
	// maxCommand bounds a command line with its CRLF. RFC 5321 §4.5.3.1.4 asks
	// for 512 octets and more for extensions; the longest we offer, AUTH with our
	// secrets, needs 300.
	maxCommand = 2048
	// maxErrors and maxJunk are Postfix's smtpd_hard_error_limit and
	// smtpd_junk_command_limit (P11).
	maxErrors = 20
	maxJunk   = 100

	greetTimeout   = 30 * time.Second // TLS handshakes
	writeTimeout   = time.Minute      // for the client to take a reply
	handlerTimeout = 2 * time.Minute  // for Submit, Receive and the like
	lingerTime     = 2 * time.Second  // to let a last reply be read
)

// withDefaults fills in what is zero.
func (l Limits) withDefaults() Limits {
	return Limits{
		MaxSize:        or(l.MaxSize, 25<<20),
		MaxRecipients:  or(l.MaxRecipients, 1000),
		MaxConnections: or(l.MaxConnections, 1000),
		MaxPerIP:       or(l.MaxPerIP, 100),
		MaxMemory:      or(l.MaxMemory, 256<<20),
		Command:        or(l.Command, 5*time.Minute),
		Data:           or(l.Data, 10*time.Minute),
		Session:        or(l.Session, 30*time.Minute),
		AuthDelay:      or(l.AuthDelay, time.Second),
	}
}

// or is v, or the default when v is zero.
func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// client is what connections are counted by: an IPv4 address, or the /64 that
// one customer of an access provider gets.
func client(remote netip.Addr) netip.Prefix {
	bits := 32
	if remote.Is6() {
		bits = 64
	}
	prefix, _ := remote.Prefix(bits) // the invalid prefix for an invalid address
	return prefix
}

// memory is the octets that messages being received may still take.
type memory struct{ left atomic.Int64 }

// take takes n octets when there are as many.
func (m *memory) take(n int64) bool {
	if m.left.Add(-n) >= 0 {
		return true
	}
	m.left.Add(n)
	return false
}

// give gives back what was taken.
func (m *memory) give(n int64) { m.left.Add(n) }

// Failed logins that are let pass within guessWindow: from one client, and from
// one client for one user. Nobody can lock out a user from elsewhere, and our
// secrets cannot be guessed anyway; this keeps guessing cheap for us (T33).
const (
	guessWindow      = 10 * time.Minute
	guessesPerIP     = 30
	guessesPerLogin  = 10
	maxGuessCounters = 10_000
)

// guess is what failed logins are counted by; user is "" for all users.
type guess struct {
	client netip.Prefix
	user   string
}

// guesses counts failed logins. Its zero value is ready.
type guesses struct {
	mu     sync.Mutex
	counts map[guess]count
}

type count struct {
	n     int
	until time.Time
}

// tooMany reports whether another try is not even looked at.
func (g *guesses) tooMany(from netip.Prefix, user string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.get(guess{from, ""}, now).n >= guessesPerIP || g.get(guess{from, user}, now).n >= guessesPerLogin
}

// failed counts a failed login.
func (g *guesses) failed(from netip.Prefix, user string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, key := range []guess{{from, ""}, {from, user}} {
		c := g.get(key, now)
		if c.n == 0 {
			g.makeRoom(now)
			c.until = now.Add(guessWindow)
		}
		c.n++
		g.counts[key] = c
	}
}

// get is the count of a key, zero when there is none or it has run out.
func (g *guesses) get(key guess, now time.Time) count {
	c := g.counts[key]
	if !now.Before(c.until) {
		return count{}
	}
	return c
}

// makeRoom keeps the counters bounded: those that have run out go first, and
// any of them when none has.
func (g *guesses) makeRoom(now time.Time) {
	if g.counts == nil {
		g.counts = map[guess]count{}
	}
	if len(g.counts) < maxGuessCounters {
		return
	}
	for key, c := range g.counts {
		if !now.Before(c.until) {
			delete(g.counts, key)
		}
	}
	for key := range g.counts {
		if len(g.counts) < maxGuessCounters {
			return
		}
		delete(g.counts, key)
	}
}
