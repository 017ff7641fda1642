package domains_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/domains/connecttest"
	"github.com/myodai/myodai/internal/egress"
	"github.com/myodai/myodai/internal/handoff"
	"github.com/myodai/myodai/internal/resolver"
)

// connected is a room whose domain is at a DNS host that speaks Domain Connect.
type connected struct {
	*room
	*domains.Handover
	host    *connecttest.Host
	domain  myodai.Domain
	records string // of the zone, that the host has written
}

// connect makes one; options of the host, and whether it knows our template.
func (r *room) connect(t *testing.T, o connecttest.Options, onboarded bool) *connected {
	t.Helper()
	c := &connected{room: r}
	cache := r.cache(t)
	o.Name = "connect.host.example"
	o.Text = func(name string) (texts []string) {
		r.serve(t)
		for _, rr := range cache.Lookup(t.Context(), myodai.Name(name), myodai.TypeTXT).Records {
			texts = append(texts, rr.Text())
		}
		return texts
	}
	o.Write = func(records []connecttest.Record) error {
		for _, rr := range records {
			c.records += line(myodai.Name(rr.Name), myodai.RecordType(rr.Type), rr.Data)
		}
		c.publishTo(t, c.host.Authority)
		return nil
	}
	c.host = connecttest.Start(t, o)
	service := handoff.Service{
		ProviderID: "plat.example", ProviderName: "Plat", ServiceID: "mail", ServiceName: "Mail", KeyDomain: "domainconnect.plat.example",
		RedirectDomains: []myodai.Name{"app.plat.example"}, Site: r.Site,
	}
	if onboarded {
		c.host.Onboard(service.Template())
	}
	r.links = &service
	c.Handover = domains.NewHandover(domains.HandoverOptions{
		Domains: r.Service, Tenants: r.store, Connect: service, Keys: r.store, Lookup: cache.Lookup, Outward: c.host.Client(), Random: rand.Reader,
	})
	var err error
	c.domain, err = r.Register(t.Context(), r.tenant, domains.Registration{Name: "acme.example"})
	check(t, err)
	c.publishTo(t, c.host.Authority)
	return c
}

// cache is a resolver that remembers nothing yet.
func (r *room) cache(t *testing.T) *resolver.Cache {
	t.Helper()
	c := resolver.NewCache(resolver.Options{RootHints: []string{"127.0.0.1"}, Port: r.space.Port})
	t.Cleanup(c.Close)
	return c
}

// publishTo is the zone as it stands at the host, with what leads to Domain Connect
// there.
func (c *connected) publishTo(t *testing.T, authority string) {
	t.Helper()
	zone := hosts + c.records
	if authority != "" {
		zone += `_domainconnect TXT "` + authority + `"` + "\n"
	}
	c.setZone(t, zone)
}

// The DNS host writes the records when its customer agrees, by a link whose
// signature it has checked by the key in our zone; when the records go away later,
// that is said.
func TestDNSHostWritesTheRecords(t *testing.T) {
	c := newRoom(t).connect(t, connecttest.Options{NameServers: []string{"NS1.acme.example."}}, true)
	check(t, second(c.CheckNow(t.Context(), c.tenant, c.domain.ID, nil)))
	c.Discover(t.Context(), "acme.example")
	if offers, known := c.Offers("acme.example"); !offers || !known {
		t.Errorf("the host's offer is not remembered: %t, %t", offers, known)
	}
	back := domains.Back{URI: "https://app.plat.example/back", State: "s+t/a=te"}
	link, err := c.Link(t.Context(), c.tenant, c.domain.ID, back)
	check(t, err)
	if link.Host != "Host & Sons" || link.At != "connect.host.example" || len(link.Records) != 4 || len(link.Left) != 0 {
		t.Errorf("the offer is %+v", link.Offer)
	}
	if _, err := c.host.Answer(t.Context(), strings.Replace(link.URL, "domain=acme", "domain=evil", 1), true); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a link that was changed: %v", err)
	}
	if _, err := c.host.Answer(t.Context(), link.URL[:strings.Index(link.URL, "&sig=")], true); err == nil || !strings.Contains(err.Error(), "not signed") {
		t.Errorf("a link without a signature: %v", err)
	}

	declined, err := c.host.Answer(t.Context(), link.URL, false)
	if err != nil || !strings.Contains(declined, "error=access_denied") || !strings.Contains(declined, "state=s%2Bt%2Fa%3Dte") {
		t.Errorf("who says no comes back to %s, %v", declined, err)
	}
	got, err := c.Returned(t.Context(), c.tenant, c.domain.ID, "access_denied")
	if d := c.read(t, c.domain); err != nil || got.Verdict != myodai.VerdictDisproved || !d.ConnectedAt.IsZero() {
		t.Errorf("after a no the verdict is %s, connected at %v, %v", got.Verdict, d.ConnectedAt, err)
	}

	if _, err := c.host.Answer(t.Context(), link.URL, true); err != nil {
		t.Fatal(err)
	}
	got, err = c.Returned(t.Context(), c.tenant, c.domain.ID, "")
	if d := c.read(t, c.domain); err != nil || got.Verdict != myodai.VerdictProved || d.State != myodai.DomainVerified || d.ConnectedAt.IsZero() {
		t.Fatalf("after a yes: %s, %s, connected at %v, %v", got.Verdict, d.State, d.ConnectedAt, err)
	}
	refuses(t, "nothing is open", second(c.Link(t.Context(), c.tenant, c.domain.ID, back)), myodai.CodeConflict, "no open record")

	c.records = strings.Join(slices.DeleteFunc(strings.SplitAfter(c.records, "\n"), func(l string) bool { return strings.HasPrefix(l, "bounce") }), "")
	c.publishTo(t, c.host.Authority)
	if found := c.checked(t, c.domain).Findings; len(found) == 0 || found[0].Cause != diagnose.DomainConnectLost {
		t.Errorf("when a record goes away: %+v", found)
	}
}

// A DNS host that does not speak Domain Connect, does not know us, or lies, gets no
// link; and no link leads back to a stranger (T72).
func TestDNSHostThatCannot(t *testing.T) {
	r := newRoom(t)
	evil := map[string]func(map[string]any){
		"settings of another host":  func(s map[string]any) { s["nameServers"] = []string{"ns1.elsewhere.example"} },
		"an address in our network": func(s map[string]any) { s["urlSyncUX"] = "https://192.168.0.1/sync" },
		"this machine":              func(s map[string]any) { s["urlSyncUX"] = "https://localhost/sync" },
		"a script":                  func(s map[string]any) { s["urlSyncUX"] = "javascript:alert(1)" },
		"no links":                  func(s map[string]any) { delete(s, "urlSyncUX") },
		"what nobody understands":   func(s map[string]any) { s["crit"] = []string{"vnd.fee"} },
		"far too much":              func(s map[string]any) { s["more"] = strings.Repeat("x", 100_000) },
	}
	words := map[string]string{
		"settings of another host": "other name servers", "an address in our network": "urlSyncUX", "this machine": "urlSyncUX",
		"a script": "urlSyncUX", "no links": "takes no links", "what nobody understands": "vnd.fee", "far too much": "more than",
	}
	c := r.connect(t, connecttest.Options{}, false)
	at := c.host.Authority
	ask := func(h *domains.Handover) error { return second(h.Offered(t.Context(), r.tenant, c.domain.ID)) }
	again := func(change func(*domains.HandoverOptions)) *domains.Handover { // who remembers nothing
		o := c.HandoverOptions
		o.Lookup = r.cache(t).Lookup
		if change != nil {
			change(&o)
		}
		return domains.NewHandover(o)
	}
	check(t, second(c.CheckNow(t.Context(), r.tenant, c.domain.ID, nil)))
	refuses(t, "a host that does not know us", ask(c.Handover), myodai.CodeConflict, "does not know this platform")
	for what, lie := range evil {
		liar := connecttest.Start(t, connecttest.Options{Name: "connect.host.example", Settings: lie})
		liar.Onboard(c.Connect.Template())
		c.publishTo(t, liar.Authority)
		err := ask(again(func(o *domains.HandoverOptions) { o.Outward = liar.Client() }))
		refuses(t, what, err, "", words[what])
	}
	c.publishTo(t, at)
	guarded := &http.Transport{DialContext: egress.New(egress.Options{}).DialContext}
	private := again(func(o *domains.HandoverOptions) { o.Outward = guarded })
	_, port, _ := net.SplitHostPort(at)
	before := len(c.host.Asked())
	c.publishTo(t, net.JoinHostPort("127.0.0.1", port))
	refuses(t, "a server in our own network", ask(private), myodai.CodeUnavailable, "127.0.0.1")
	if got := c.host.Asked(); len(got) != before {
		t.Errorf("it was asked for %q", got[before:])
	}
	c.publishTo(t, "")
	refuses(t, "a zone that leads nowhere", ask(again(nil)), myodai.CodeConflict, "cannot enter the records by itself")
	refuses(t, "nobody asks", ask(again(func(o *domains.HandoverOptions) { o.Connect.ProviderID = "" })), myodai.CodeConflict, "cannot enter the records by itself")
	for _, uri := range []string{
		"https://evil.example/", "https://app.plat.example.evil.example/", "https://app.plat.example@evil.example/", "javascript:alert(1)",
		"//app.plat.example/", "https://app.plat.example/#x", "https://app.plat.example/\n", "ftp://app.plat.example/",
	} {
		refuses(t, uri, second(c.Link(t.Context(), r.tenant, c.domain.ID, domains.Back{URI: uri})), myodai.CodeInvalid, "sent back")
	}
	refuses(t, "a state of control characters", second(c.Link(t.Context(), r.tenant, c.domain.ID, domains.Back{State: "a\nb"})), myodai.CodeInvalid, "ASCII")
}

// second is the error of a call with a result.
func second[T any](_ T, err error) error { return err }

// refuses fails unless err is a refusal with the code, "" for any, that says what
// it is about.
func refuses(t *testing.T, what string, err error, code myodai.Code, word string) {
	t.Helper()
	refusal, ok := errors.AsType[*myodai.Error](err)
	if !ok || code != "" && refusal.Code != code || !strings.Contains(fmt.Sprint(refusal), word) {
		t.Errorf("%s: %v, want a refusal %s about %q", what, err, code, word)
	}
}
