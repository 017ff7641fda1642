package delivery

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

const (
	policyTime   = 20 * time.Second // to fetch one
	policyRetry  = 5 * time.Minute  // before one that could not be had is asked for again (RFC 8461 §3.3)
	policyRest   = time.Hour        // the same, when it could not be had again and again
	maxPolicies  = 10_000           // kept at a time, a few hundred octets each
	policyPrefix = "mta-sts"
)

// policies are the MTA-STS policies we know, by domain. The zero value is ready.
type policies struct {
	mu    sync.Mutex
	known map[myodai.Name]knownPolicy
}

// knownPolicy is a policy that was fetched, if it has a mode, and the memory of
// one that could not be.
type knownPolicy struct {
	stsPolicy
	id        string
	fetchedAt time.Time

	missed   string // id of what could not be fetched last
	misses   int    // how often in a row
	missedAt time.Time
}

func (p knownPolicy) holds(now time.Time) bool {
	return p.mode != "" && now.Before(p.fetchedAt.Add(p.maxAge))
}

// inForce is the policy as long as it holds, and then the zero policy.
func (p knownPolicy) inForce(now time.Time) stsPolicy {
	if p.holds(now) {
		return p.stsPolicy
	}
	return stsPolicy{}
}

// rests reports whether it is too early to ask once more for what could not be
// fetched: every message to a domain would ask otherwise.
func (p knownPolicy) rests(id string, now time.Time) bool {
	pause := min(policyRetry<<min(max(p.misses-1, 0), 10), policyRest)
	return p.misses > 0 && p.missed == id && now.Before(p.missedAt.Add(pause))
}

// miss notes that the policy of an id could not be fetched.
func (p knownPolicy) miss(id string, now time.Time) knownPolicy {
	if p.missed != id {
		p.misses = 0
	}
	p.missed, p.misses, p.missedAt = id, p.misses+1, now
	return p
}

func (c *policies) get(domain myodai.Name) knownPolicy {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[domain]
}

func (c *policies) put(domain myodai.Name, p knownPolicy) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[myodai.Name]knownPolicy{}
	}
	for old := range c.known {
		if len(c.known) < maxPolicies {
			break
		}
		delete(c.known, old)
	}
	c.known[domain] = p
}

// policy is what a domain asks for; the zero policy asks for nothing.
//
// A policy that was seen once holds for as long as it says, whatever DNS and the
// web say or do not say meanwhile: that is what makes it worth something against
// who can forge both (RFC 8461 §5.1). It is fetched anew when its id changes.
func (a *Agent) policy(ctx context.Context, domain myodai.Name, now time.Time) stsPolicy {
	known := a.policies.get(domain)
	id, ok := a.policyID(ctx, domain)
	if !ok || known.id == id && known.holds(now) || known.rests(id, now) {
		return known.inForce(now)
	}
	fetched, err := a.fetchPolicy(ctx, domain)
	if err != nil {
		a.with.Log.DebugContext(ctx, "no MTA-STS policy", "domain", domain, "err", err)
		a.policies.put(domain, known.miss(id, now))
		return known.inForce(now)
	}
	a.policies.put(domain, knownPolicy{stsPolicy: fetched, id: id, fetchedAt: now})
	return fetched
}

// policyID asks DNS for the id of the domain's policy.
func (a *Agent) policyID(ctx context.Context, domain myodai.Name) (id string, ok bool) {
	records, _ := settle(a.with.Lookup(ctx, domain.Child("_"+policyPrefix), myodai.TypeTXT), myodai.TypeTXT)
	var texts []string
	for _, r := range records {
		texts = append(texts, r.Text())
	}
	return parsePolicyID(texts)
}

// fetchPolicy gets the policy over HTTPS from the domain's own host, whose
// certificate vouches for it (RFC 8461 §3.3).
func (a *Agent) fetchPolicy(ctx context.Context, domain myodai.Name) (stsPolicy, error) {
	ctx, cancel := context.WithTimeout(ctx, policyTime)
	defer cancel()
	url := "https://" + string(domain.Child(policyPrefix)) + "/.well-known/mta-sts.txt"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return stsPolicy{}, err
	}
	resp, err := a.web.Do(req)
	if err != nil {
		return stsPolicy{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPolicySize))
	if err != nil {
		return stsPolicy{}, err
	}
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	if resp.StatusCode != http.StatusOK || strings.TrimSpace(kind) != "text/plain" {
		return stsPolicy{}, errors.New("the answer is not a policy: " + resp.Status)
	}
	p, ok := parsePolicy(string(body))
	if !ok {
		return stsPolicy{}, errors.New("the policy is not valid")
	}
	return p, nil
}

// newWeb is a client for policies: it goes our way out, believes our
// authorities, and follows no redirect (RFC 8461 §3.3).
func newWeb(a *Agent) *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: a.dialHost, TLSClientConfig: &tls.Config{RootCAs: a.with.Roots, MinVersion: tls.VersionTLS12},
			DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxPolicySize,
		},
	}
}

// dialHost connects to a host by its addresses, as the cache has them.
func (a *Agent) dialHost(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	list, _, problem := a.addresses(ctx, myodai.Name(host))
	if problem != nil {
		return nil, errors.New(problem.Text)
	}
	for _, ip := range list {
		var conn net.Conn
		if conn, err = a.with.Dial(ctx, network, net.JoinHostPort(ip.String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}
