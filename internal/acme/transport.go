package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

// maxAnswer bounds one answer of an authority; chains have a few kilobytes.
const maxAnswer = 1 << 20

// transport is our way to the authority: HTTPS only (T57), through the one way
// out, and without proxies.
type transport struct{ http *http.Transport }

func newTransport(o Options) *transport {
	return &transport{&http.Transport{
		TLSClientConfig:        &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    20 * time.Second,
		ResponseHeaderTimeout:  time.Minute,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return dial(ctx, o, network, address)
		},
	}}
}

// dial connects to the first address of a host that lets us.
func dial(ctx context.Context, o Options, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	var addresses []netip.Addr
	if a, err := netip.ParseAddr(host); err == nil {
		addresses = []netip.Addr{a}
	} else if addresses, err = o.Lookup(ctx, host); err != nil {
		return nil, err
	}
	failed := fmt.Errorf("%s has no address", host)
	for _, a := range addresses {
		conn, err := o.Dial(ctx, network, net.JoinHostPort(a.String(), port))
		if err == nil {
			return conn, nil
		}
		failed = err
	}
	return nil, failed
}

// client makes a client for one order, and what it hears of the authority's
// wishes.
func (s *Service) client() (*acme.Client, *wishes) {
	w := &wishes{next: s.web.http}
	return &acme.Client{
		Directory: s.o.Directory, UserAgent: "Myodai", PollTimeout: orderTime,
		HTTPClient: &http.Client{Transport: w, Timeout: 2 * time.Minute},
	}, w
}

// wishes passes requests on, and remembers for how long an authority asked to be
// left alone.
type wishes struct {
	next http.RoundTripper
	wait atomic.Int64 // nanoseconds
}

// mostWait bounds what is believed of an authority's wish.
const mostWait = 7 * 24 * time.Hour

// RoundTrip implements http.RoundTripper.
func (w *wishes) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, errors.New("certificate authorities are spoken to over HTTPS only")
	}
	resp, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		w.wait.Store(int64(min(retryAfter(resp.Header.Get("Retry-After"), time.Now()), mostWait)))
	}
	return resp, nil
}

// retryAfter reads the header field of RFC 9110 §10.2.3; 0 when it says nothing.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int(mostWait/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// with adds the wish to an error.
func (w *wishes) with(err error) error {
	if wait := time.Duration(w.wait.Load()); err != nil && wait > 0 {
		return &laterError{err, wait}
	}
	return err
}
