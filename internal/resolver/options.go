package resolver

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// Dial opens a connection to an address of the form IP:port. Network is "udp" or
// "tcp".
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Options says where and how to ask. The zero value asks the real DNS.
type Options struct {
	// RootHints are the servers the walk starts at, each "ip" or "ip:port"; nil
	// means those of the real root.
	RootHints []string
	// Port is the port of every name server a delegation leads to, and of the
	// RootHints that name none; 0 means 53. With RootHints it lets a whole name
	// space live on loopback.
	Port uint16
	// Server makes a Prober ask this one server, "ip" or "ip:port", for
	// everything, as if it were authoritative for every zone. "" means the walk.
	Server string
	// Servers are recursive servers, "ip" or "ip:port", a Cache forwards to, in
	// order of preference. None means that it walks from the root itself.
	Servers []string
	// Recursives are the public resolvers a Prober asks Question.Recursive, "ip"
	// or "ip:port". Nil means 8.8.8.8, 1.1.1.1 and 9.9.9.9, and nobody when
	// RootHints or Server are set: they would answer for another name space.
	Recursives []string

	// Dial opens every connection; nil means a net.Dialer, which does not guard
	// against name servers with internal addresses.
	Dial Dial
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// MixedCase sends names over UDP in random case and accepts only answers that
	// repeat it: more bits for a forger to guess. A few old servers never repeat
	// it; they are then asked over TCP.
	MixedCase bool

	Timeout  time.Duration // of one try of one query, of which there are two; 0 means 2 s
	Deadline time.Duration // of a whole probe or lookup; 0 means 20 s
	Budget   int           // queries that one probe or lookup may send; 0 means 400
	Probes   int           // Question.OneServer questions that one probe may ask; 0 means 60
	Entries  int           // answers a Cache keeps; 0 means 10,000
}

// withDefaults replaces every zero value by what it means.
func (o Options) withDefaults() Options {
	private := o.RootHints != nil || o.Server != ""
	if o.Port == 0 {
		o.Port = 53
	}
	if o.RootHints == nil {
		o.RootHints = rootServers
	}
	if o.Recursives == nil && !private {
		o.Recursives = []string{"8.8.8.8", "1.1.1.1", "9.9.9.9"}
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Timeout = orDefault(o.Timeout, 2*time.Second)
	o.Deadline = orDefault(o.Deadline, 20*time.Second)
	o.Budget = orDefault(o.Budget, 400)
	o.Probes = orDefault(o.Probes, 60)
	o.Entries = orDefault(o.Entries, 10_000)
	return o
}

func orDefault[T int | time.Duration](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}

// withPort is the address with its port; one without gets the port given.
func withPort(address string, port uint16) string {
	if ip, err := netip.ParseAddr(address); err == nil {
		return netip.AddrPortFrom(ip.Unmap(), port).String()
	}
	if _, _, err := net.SplitHostPort(address); err == nil {
		return address
	}
	return net.JoinHostPort(address, strconv.Itoa(int(port)))
}
