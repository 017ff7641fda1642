package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// outward is the way to web servers of strangers. Each connection is judged when
// it is opened, by the address it really goes to, and none goes through a proxy.
func (s *server) outward() http.RoundTripper {
	dial := s.dialer(nil).DialContext
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return dialHost(ctx, network, address, addressesBy(s.cache), dial)
		},
		ForceAttemptHTTP2: true, MaxIdleConns: 10, MaxResponseHeaderBytes: 64 << 10,
		IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
	}
}

// maxAddresses is how many addresses of a host are tried.
const maxAddresses = 4

// dialHost connects to the first of a host's addresses that answers.
func dialHost(ctx context.Context, network, address string, resolve func(context.Context, string) ([]netip.Addr, error),
	dial func(context.Context, string, string) (net.Conn, error)) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return dial(ctx, network, address)
	}
	addresses, err := resolve(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", host, err)
	}
	last := fmt.Errorf("%s has no address", host)
	for _, a := range addresses[:min(len(addresses), maxAddresses)] {
		conn, err := dial(ctx, network, net.JoinHostPort(a.String(), port))
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, last
}
