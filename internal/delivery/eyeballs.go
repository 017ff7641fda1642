package delivery

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/myodai/myodai"
)

// headStart is how long one address of a host is tried before the next one is, too
// (RFC 8305 §5). Whoever is connected first gets the mail.
//
// Unlike the RFC asks, IPv4 begins (see addresses): no person waits for this
// connection, and receivers judge IPv4 more calmly.
const headStart = 250 * time.Millisecond

// dialed is what came of trying one address.
type dialed struct {
	at   int
	conn net.Conn
	err  error
}

// race connects to the first of several addresses that can be, each with a head
// start over the next. It returns the errors of those that failed before that, and
// the addresses that nothing is known of yet, in their order.
func (a *Agent) race(ctx context.Context, from myodai.Source, list []netip.AddrPort) (conn net.Conn, at netip.AddrPort, failed map[netip.AddrPort]error, left []netip.AddrPort) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan dialed, len(list))
	failed = map[netip.AddrPort]error{}
	begun := 0
	next := func() {
		i := begun
		begun++
		go func() {
			dialing, cancel := context.WithTimeout(ctx, a.with.Timeouts.Connect)
			defer cancel()
			conn, err := a.dialFrom(dialing, from, list[i])
			results <- dialed{i, conn, err}
		}()
	}
	next()
	for {
		var wait <-chan time.Time
		if begun < len(list) {
			wait = time.After(headStart)
		}
		select {
		case <-wait:
			next()
			continue
		case r := <-results:
			if r.err == nil {
				go reap(results, begun-len(failed)-1)
				at = list[r.at]
				left = slices.DeleteFunc(slices.Clone(list), func(other netip.AddrPort) bool {
					_, bad := failed[other]
					return bad || other == at
				})
				return r.conn, at, failed, left
			}
			failed[list[r.at]] = r.err
		}
		switch {
		case len(failed) == len(list):
			return nil, netip.AddrPort{}, failed, nil
		case begun == len(failed):
			next() // nobody else is under way
		}
	}
}

// reap closes connections that came too late.
func reap(results <-chan dialed, n int) {
	for range n {
		if r := <-results; r.conn != nil {
			_ = r.conn.Close() // nothing was said on it
		}
	}
}

// dialFrom connects from the source's address of the family.
func (a *Agent) dialFrom(ctx context.Context, from myodai.Source, to netip.AddrPort) (net.Conn, error) {
	if local, ok := from.From(to.Addr()); ok && local.IsValid() {
		return a.with.DialFrom(ctx, local, "tcp", to.String())
	}
	return a.with.Dial(ctx, "tcp", to.String())
}
