// Package egress is the only way out: every connection to a place that strangers
// chose is judged here, at the moment it is opened, by the address it really goes
// to.
//
// It resolves nothing and follows no proxy settings. Which ports may be reached
// is for the caller to say.
//
// The ranges are those of the IANA special-purpose registries (RFC 6890) and the
// forms in which IPv6 carries IPv4.
//
// A forbidden address is a refusal with myodai.CodeForbidden. Everything else
// that goes wrong is the error of package net.
package egress

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/myodai/myodai"
)

// Options says what a Dialer lets through. The zero value lets only public
// addresses through.
type Options struct {
	// Allow are prefixes that are let through although the table forbids them,
	// such as the network of an internal smarthost.
	Allow []netip.Prefix
	// Map sends connections elsewhere, for tests and the demo. The address asked
	// for is judged, the one mapped to is not.
	Map map[netip.AddrPort]netip.AddrPort
	// Timeout bounds one dial; 0 means 30 s.
	Timeout time.Duration
	// Log is told of a non-empty Allow or Map once; nil means nobody is.
	Log *slog.Logger
}

// Dialer opens connections to addresses that are not forbidden. It is safe for
// concurrent use.
type Dialer struct {
	allow   []netip.Prefix
	mapped  map[netip.AddrPort]netip.AddrPort
	timeout time.Duration
}

// New makes a Dialer.
func New(o Options) *Dialer {
	d := &Dialer{mapped: o.Map, timeout: o.Timeout}
	if d.timeout == 0 {
		d.timeout = 30 * time.Second
	}
	for _, p := range o.Allow {
		d.allow = append(d.allow, p.Masked())
	}
	if o.Log != nil && len(o.Allow)+len(o.Map) > 0 {
		o.Log.Warn("addresses that are normally forbidden may be dialed", "allow", d.allow, "mapped", len(d.mapped))
	}
	return d
}

// DialContext connects to address, an IP and a port, over one of the networks
// tcp, tcp4, tcp6, udp, udp4, udp6. Host names are refused: who resolves them
// must have judged all their addresses.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d.DialFrom(ctx, netip.Addr{}, network, address)
}

// DialFrom is DialContext from one of this machine's own addresses, over tcp only;
// the zero address leaves it to the system.
func (d *Dialer) DialFrom(ctx context.Context, from netip.Addr, network, address string) (net.Conn, error) {
	switch network {
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
	default:
		return nil, myodai.Refuse(myodai.CodeForbidden, "", "connections over %q are not made", network)
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, myodai.Refuse(myodai.CodeForbidden, "", "%q is not an IP address with a port", address)
	}
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	if err := d.judge(to.Addr()); err != nil {
		return nil, err
	}
	elsewhere, mapped := d.mapped[to]
	if mapped {
		to = elsewhere
	}
	dialer := net.Dialer{
		Timeout: d.timeout,
		// What counts is the address the socket is connected to (T58), so it is
		// judged again here, after everything that could have changed it.
		Control: func(_, connected string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(connected)
			if err != nil {
				return myodai.Refuse(myodai.CodeForbidden, "", "%q is not an IP address with a port", connected)
			}
			if mapped && at == elsewhere {
				return nil
			}
			return d.judge(at.Addr())
		},
	}
	if from.IsValid() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	conn, err := dialer.DialContext(ctx, network, to.String())
	if refusal, ok := errors.AsType[*myodai.Error](err); ok {
		return nil, refusal
	}
	return conn, err
}

// judge is Classify with the exceptions the operator made.
func (d *Dialer) judge(a netip.Addr) error {
	for _, p := range d.allow {
		if p.Contains(a.Unmap()) {
			return nil
		}
	}
	return Classify(a)
}
