package rdap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/myodai/myodai"
)

// Bounds of one question. Registries answer within a second, or not at all.
const (
	askTime      = 6 * time.Second
	maxAnswer    = 256 << 10
	maxList      = 2 << 20
	maxRedirects = 3
	maxAtOnce    = 8
)

// Options are what a Client needs.
type Options struct {
	// Base is the address of an RDAP server that is asked about every domain; ""
	// asks the registries, as IANA lists them.
	Base string
	// List is where IANA's list is; "" means where IANA publishes it.
	List string
	// Dial connects to an IP address and port. See package egress.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Resolve finds the addresses of a host.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	Now     func() time.Time // nil means time.Now
}

// Client asks registries. It remembers what they said for an hour, and is safe
// for concurrent use.
type Client struct {
	o      Options
	http   *http.Client
	flight singleflight.Group
	slots  chan struct{}
	memory memory
	list   list
}

// New makes a Client.
func New(o Options) *Client {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.List == "" {
		o.List = ianaList
	}
	c := &Client{o: o, slots: make(chan struct{}, maxAtOnce)}
	c.list.registries = builtIn()
	c.http = &http.Client{
		Timeout: askTime,
		Transport: &http.Transport{
			DialContext: c.dial, TLSHandshakeTimeout: askTime, MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConns: maxAtOnce, IdleConnTimeout: 30 * time.Second,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("too many redirects")
			}
			if r.URL.Scheme != "https" && via[0].URL.Scheme == "https" {
				return errors.New("a redirect to what is not https")
			}
			return nil
		},
	}
	return c
}

// Registration asks about a registrable domain. Why nothing is known is in its
// Err; then nothing else counts.
func (c *Client) Registration(ctx context.Context, domain myodai.Name) myodai.Registration {
	if r, ok := c.memory.recall(domain, c.o.Now()); ok {
		return r
	}
	// Whoever comes second waits for the first, whose end does not end it.
	done := c.flight.DoChan(string(domain), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
		defer cancel()
		r, keep := c.ask(ctx, domain)
		c.memory.keep(r, c.o.Now().Add(keep))
		return r, nil
	})
	select {
	case <-ctx.Done():
		return c.unknown(domain, "", ctx.Err())
	case result := <-done:
		return result.Val.(myodai.Registration)
	}
}

// ask asks the registry, and says for how long its answer may be kept.
func (c *Client) ask(ctx context.Context, domain myodai.Name) (myodai.Registration, time.Duration) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return c.unknown(domain, "", ctx.Err()), 0
	}
	base := c.o.Base
	if base == "" {
		var err error
		if base, err = c.registry(ctx, domain); err != nil {
			return c.unknown(domain, "", err), keepFailure
		}
	}
	address := strings.TrimSuffix(base, "/") + "/domain/" + string(domain) // RFC 9082 §3.1.3
	answer, status, header, err := c.get(ctx, address, "application/rdap+json", maxAnswer)
	switch {
	case err != nil:
	case status == http.StatusNotFound:
		return myodai.Registration{Domain: domain, Source: address, At: c.o.Now().UTC()}, keepKnown
	case status != http.StatusOK:
		err = fmt.Errorf("the registry answered %d", status)
	default:
		var r myodai.Registration
		if r, err = parse(domain, answer); err == nil {
			r.Source, r.At = address, c.o.Now().UTC()
			return r, keepKnown
		}
	}
	return c.unknown(domain, address, err), patience(header)
}

// patience is how long to leave a registry alone that did not answer, which it
// may say itself (RFC 7480 §5.5).
func patience(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil {
		return keepFailure
	}
	return min(max(time.Duration(seconds)*time.Second, keepFailure), keepKnown)
}

func (c *Client) unknown(domain myodai.Name, source string, err error) myodai.Registration {
	why := err.Error()
	if timeout, ok := errors.AsType[net.Error](err); errors.Is(err, context.DeadlineExceeded) || ok && timeout.Timeout() {
		why = "timeout"
	}
	return myodai.Registration{Domain: domain, Source: source, At: c.o.Now().UTC(), Err: why}
}

// get fetches a document, at most so many octets of it.
func (c *Client) get(ctx context.Context, address, accept string, most int64) (body []byte, status int, header http.Header, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, nil, err
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("User-Agent", "Myodai")
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err == nil && int64(len(body)) > most {
		err = fmt.Errorf("more than %d octets", most)
	}
	return body, resp.StatusCode, resp.Header, err
}

// dial connects to the first of a host's addresses that answers. Each is judged
// by who dials it.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addresses := []netip.Addr{}
	if literal, err := netip.ParseAddr(host); err == nil {
		addresses = append(addresses, literal)
	} else if addresses, err = c.o.Resolve(ctx, host); err != nil {
		return nil, fmt.Errorf("look up %s: %w", host, err)
	}
	last := fmt.Errorf("%s has no address", host)
	for _, a := range addresses[:min(len(addresses), 4)] {
		conn, err := c.o.Dial(ctx, network, net.JoinHostPort(a.String(), port))
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, last
}
