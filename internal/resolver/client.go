package resolver

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
)

// ipv6Pause is how long IPv6 is left alone after it turned out that there is no
// way to it from here.
const ipv6Pause = time.Minute

// client sends queries. It is what probes and lookups share.
type client struct {
	o       Options
	sockets *sockets
	streams *streams
	crew    crew
	noIPv6  atomic.Int64 // the Unix time until which IPv6 is not tried
}

func newClient(o Options) *client {
	return &client{
		o:       o,
		sockets: &sockets{dial: o.Dial, now: o.Now, timeout: o.Timeout, idle: map[string][]*socket{}},
		crew:    crew{work: make(chan func())},
		streams: &streams{dial: o.Dial, timeout: o.Timeout, kept: map[string]*opening{}},
	}
}

// close gives up what is kept for reuse.
func (c *client) close() {
	c.sockets.closeAll()
	c.streams.closeAll()
}

// reply is what became of one query.
type reply struct {
	msg       *dns.Msg // nil when there is an error
	transport myodai.Transport
	err       error
	at        time.Time
	took      time.Duration
}

// ask sends one query to one server: over UDP, twice when nothing comes, and over
// TCP when the answer does not fit or somebody tries to forge it.
//
// first is what came of the first try, when that was made before; nil when not.
func (s *session) ask(ctx context.Context, address string, q query, first *try) reply {
	if first == nil {
		first = &try{sent: s.client.o.Now()}
		first.msg, first.err = s.once(ctx, myodai.TransportUDP, address, q, true)
		first.at = s.client.o.Now()
	}
	r := s.goOn(ctx, address, q, *first)
	if r.at.IsZero() {
		r.at = s.client.o.Now()
	}
	r.took = r.at.Sub(first.sent)
	r.at = r.at.UTC().Round(0)
	return r
}

// try is one query over UDP.
type try struct {
	msg      *dns.Msg // nil when there is an error
	err      error
	sent, at time.Time
}

// goOn tries again until there is an answer, or no hope for one.
func (s *session) goOn(ctx context.Context, address string, q query, t try) reply {
	edns := true
	for tries := 1; ; tries++ {
		msg, err := t.msg, t.err
		switch {
		case err == nil && msg.Truncated, errors.Is(err, errForged):
			return s.askTCP(ctx, address, q)
		case err == nil && edns && msg.Rcode == dns.RcodeFormatError && msg.IsEdns0() == nil:
			// It has never heard of EDNS (RFC 6891 §7).
			edns = false
		case tries == 1 && isTimeout(err) && ctx.Err() == nil:
			if s.client.o.MixedCase {
				// Perhaps it does not repeat the case of names.
				return s.askTCP(ctx, address, q)
			}
		default:
			return reply{msg: msg, transport: myodai.TransportUDP, err: err, at: t.at}
		}
		t = try{}
		t.msg, t.err = s.once(ctx, myodai.TransportUDP, address, q, edns)
	}
}

func (s *session) askTCP(ctx context.Context, address string, q query) reply {
	msg, err := s.once(ctx, myodai.TransportTCP, address, q, true)
	return reply{msg: msg, transport: myodai.TransportTCP, err: err}
}

// once sends one message and waits for its answer.
func (s *session) once(ctx context.Context, t myodai.Transport, address string, q query, edns bool) (*dns.Msg, error) {
	if err := s.spend(); err != nil {
		return nil, err
	}
	o := &s.client.o
	if isIPv6(address) && s.client.ipv6Down() {
		return nil, syscall.ENETUNREACH
	}
	var msg *dns.Msg
	var size int
	var err error
	if t == myodai.TransportTCP {
		msg, size, err = s.client.streams.exchange(ctx, address, q.message(edns, false))
	} else {
		msg, size, err = s.client.sockets.exchange(ctx, address, q.message(edns, o.MixedCase), o.MixedCase)
	}
	return s.take(address, msg, size, err)
}

// take notes what came of one message.
func (s *session) take(address string, msg *dns.Msg, size int, err error) (*dns.Msg, error) {
	if err != nil {
		if isOurs(err) && isIPv6(address) {
			s.client.noIPv6.Store(s.client.o.Now().Add(ipv6Pause).Unix())
		}
		return nil, err
	}
	if s.octets.Add(int64(size)) > maxOctets {
		return nil, errVolume
	}
	return msg, nil
}

// ipv6Down reports whether IPv6 turned out not to work from here.
func (c *client) ipv6Down() bool { return c.noIPv6.Load() > c.o.Now().Unix() }

func isIPv6(address string) bool {
	if !strings.HasPrefix(address, "[") {
		return false
	}
	a, err := netip.ParseAddrPort(address)
	return err == nil && a.Addr().Is6() && !a.Addr().Is4In6()
}
