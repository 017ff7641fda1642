package domains_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/handoff"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/resolver"
	"github.com/myodai/myodai/internal/resolver/dnstest"
	"github.com/myodai/myodai/internal/store"
)

// public is the address of the resolver that receivers use: it says what the
// zone's servers say unless a test makes it remember something else.
const public = "127.0.0.3"

// room is the engine with its real neighbors: SQLite, the prober, and a name
// space on loopback in which two servers hold acme.example.
type room struct {
	*domains.Service
	store  *store.Store
	space  *dnstest.Space
	tenant myodai.TenantID
	prober *rounds
	links  *handoff.Service // whose keys stand in our zone; nil for nobody's
}

// rounds is the prober, and counts how often it had to ask.
type rounds struct {
	*resolver.Prober
	last  int
	after func() // called when the answers are there and nobody has seen them; nil for nothing
}

func (r *rounds) Probe(ctx context.Context, domain myodai.Name, next func(myodai.Observation) []myodai.Question) myodai.Observation {
	n := 0
	defer func() { r.last = n }()
	o := r.Prober.Probe(ctx, domain, func(o myodai.Observation) []myodai.Question {
		list := next(o)
		if len(list) > 0 {
			n++
		}
		return list
	})
	if then := r.after; then != nil {
		r.after = nil
		then()
	}
	return o
}

const hosts = "@ NS ns1.acme.example.\n@ NS ns2.acme.example.\nns1 A 127.0.0.1\nns2 A 127.0.0.2\n"

func newRoom(t *testing.T) *room {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: filepath.Join(t.TempDir(), "test.db"), Log: slog.New(slog.DiscardHandler)})
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	_, err = s.Migrate(t.Context())
	check(t, err)
	r := &room{store: s}
	r.space = dnstest.StartSpace(t, map[string]dnstest.Zones{
		"127.0.0.1": {
			".": "@ NS a.root.\na.root. A 127.0.0.1\nexample. NS ns.example.\nns.example. A 127.0.0.1\n",
			"example.": "@ NS ns.example.\nns A 127.0.0.1\nacme NS ns1.acme\nacme NS ns2.acme\nns1.acme A 127.0.0.1\nns2.acme A 127.0.0.2\n" +
				"plat NS ns1.plat\nns1.plat A 127.0.0.1\n",
			"acme.example.": hosts,
			"plat.example.": "@ NS ns1\nns1 A 127.0.0.1\n",
		},
		"127.0.0.2": {"acme.example.": hosts},
		public:      {"acme.example.": hosts},
	})
	r.prober = &rounds{Prober: resolver.NewProber(resolver.Options{
		RootHints: []string{"127.0.0.1"}, Port: r.space.Port, Timeout: 500 * time.Millisecond,
		Recursives: []string{netip.AddrPortFrom(netip.MustParseAddr(public), r.space.Port).String()},
	})}
	r.Service = domains.New(domains.Options{
		Store: s, Random: rand.Reader, Log: slog.New(slog.DiscardHandler), Prober: r.prober,
		Site: plan.Site{
			Zone: "plat.example", MailHost: "mail.plat.example", NameServers: []myodai.Name{"ns1.plat.example"},
			Addresses: []netip.Addr{netip.MustParseAddr("203.0.113.10")},
		},
	})
	r.tenant = r.newTenant(t)
	return r
}

func (r *room) newTenant(t *testing.T) myodai.TenantID {
	t.Helper()
	now := time.Now()
	tenant := myodai.Tenant{ID: myodai.NewID[myodai.TenantID](now, rand.Reader), Name: "Acme", State: myodai.TenantActive, CreatedAt: now}
	check(t, r.store.CreateTenant(t.Context(), tenant))
	return tenant.ID
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// publish puts the plan of a domain into the zone on both servers, less what
// leaveOut matches.
func (r *room) publish(t *testing.T, d myodai.Domain, leaveOut string) {
	t.Helper()
	r.setZone(t, r.zone(t, d, leaveOut))
}

// zone is the zone with what publish puts into it. It also brings our own zone
// up to date.
func (r *room) zone(t *testing.T, d myodai.Domain, leaveOut string) string {
	t.Helper()
	r.serve(t)
	p, err := r.Plan(t.Context(), d.TenantID, d.ID)
	check(t, err)
	var zone strings.Builder
	zone.WriteString(hosts)
	for _, item := range p.Items {
		if leaveOut != "" && strings.Contains(string(item.Name), leaveOut) {
			continue
		}
		zone.WriteString(line(item.Name, item.Type, item.Value))
	}
	return zone.String()
}

// serve puts what our own zone holds for all domains on its server.
func (r *room) serve(t *testing.T) {
	t.Helper()
	published, err := r.store.PublishedDomains(t.Context())
	check(t, err)
	var zone strings.Builder
	for _, rr := range plan.Zone(r.Site, published, nil) {
		if rr.Type != myodai.TypeSOA {
			zone.WriteString(line(rr.Name, rr.Type, rr.Data))
		}
	}
	if r.links != nil {
		keys, err := r.store.LinkKeys(t.Context())
		check(t, err)
		records, err := domains.LinkKeyRecords(*r.links, keys)
		check(t, err)
		for _, rr := range records {
			zone.WriteString(line(rr.Name, rr.Type, rr.Data))
		}
	}
	zone.WriteString("ns1 A 127.0.0.1\n")
	check(t, r.space.Servers["127.0.0.1"].Set("plat.example.", zone.String()))
}

// line is a record as a line of a zone file.
func line(name myodai.Name, t myodai.RecordType, data string) string {
	switch t {
	case myodai.TypeTXT:
		data = quote(myodai.UnescapeText(data))
	case myodai.TypeCNAME, myodai.TypeMX, myodai.TypeNS:
		data += "."
	}
	return string(name) + ". " + string(t) + " " + data + "\n"
}

func (r *room) setZone(t *testing.T, text string) {
	t.Helper()
	for _, s := range r.space.Servers {
		check(t, s.Set("acme.example.", text))
	}
}

// quote writes a text as the strings of at most 255 octets that DNS wants.
func quote(s string) string {
	var parts []string
	for chunk := range slices.Chunk([]byte(s), 255) {
		parts = append(parts, `"`+string(chunk)+`"`)
	}
	return strings.Join(parts, " ")
}

func (r *room) events(t *testing.T) []myodai.EventKind {
	t.Helper()
	list, _, err := r.store.Events(t.Context(), r.tenant, myodai.Page{})
	check(t, err)
	var kinds []myodai.EventKind
	for _, e := range list {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func (r *room) state(t *testing.T, d myodai.Domain) myodai.DomainState {
	t.Helper()
	d, err := r.store.Domain(t.Context(), d.TenantID, d.ID)
	check(t, err)
	return d.State
}
