package console_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/console"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/hygiene"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/senders"
	"github.com/myodai/myodai/internal/store"
	"github.com/myodai/myodai/internal/submission"
	"github.com/myodai/myodai/internal/webhook"
)

// silence is DNS that nobody answers for: every record stays unknown.
type silence struct{}

func (silence) Probe(_ context.Context, domain myodai.Name, _ func(myodai.Observation) []myodai.Question) myodai.Observation {
	now := time.Now()
	return myodai.Observation{Domain: domain, StartedAt: now, FinishedAt: now, Incomplete: "the network is away"}
}

// door lets in whoever has the right token.
type door map[string]console.Actor

func (d door) Session(_ context.Context, token string) (console.Actor, error) {
	actor, ok := d[token]
	if !ok {
		return actor, myodai.Refuse(myodai.CodeUnauthorized, "", "nobody is signed in")
	}
	return actor, nil
}

// lines collects what is logged.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// world is the console over the real store and engine.
type world struct {
	t        *testing.T
	server   *console.Server
	store    *store.Store
	domains  *domains.Service
	handover domains.HandoverOptions
	tracking *domains.Tracking
	sending  *submission.Engine
	url      string
	log      *lines
	door     door
	tenant   myodai.Tenant
	access   *access.Service
	net      *internet
	mu       sync.Mutex
	mails    []myodai.OwnMail // that the platform has sent
}

// The tokens of who is in every world.
const (
	adminToken    = "administrator"
	memberToken   = "member"
	operatorToken = "operator"
	strangerToken = "stranger" // administrator of another tenant
)

var site = plan.Site{
	Zone: "plat.example", MailHost: "mail.plat.example", NameServers: []myodai.Name{"ns1.plat.example"},
	Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")},
}

func newWorld(t *testing.T) *world { return newWorldOn(t, nil) }

// newWorldOn is newWorld with a DNS; without one nobody answers.
func newWorldOn(t *testing.T, on *internet) *world {
	t.Helper()
	w := &world{t: t, log: &lines{}, door: door{}, net: on}
	o := w.rooms("")
	w.tenant = w.newTenant("Acme")
	other := w.newTenant("Evil")
	w.door[adminToken] = console.Actor{Member: "mem_1", Name: "Aiko", Tenant: w.tenant.ID, TenantName: "Acme", Administer: true}.
		Known(myodai.RoleAdministrator, myodai.Address{Local: "aiko", Domain: "acme.example"})
	w.door[memberToken] = console.Actor{Member: "mem_2", Name: "Ben", Tenant: w.tenant.ID, TenantName: "Acme"}
	w.door[operatorToken] = console.Actor{Member: "mem_3", Name: "Chie", Operator: true}
	w.door[strangerToken] = console.Actor{Member: "mem_4", Name: "Eve", Tenant: other.ID, TenantName: "Evil", Administer: true}
	o.Sessions = w.door
	w.serve(o, httptest.NewUnstartedServer(nil))
	return w
}

// rooms makes a database and every engine over it. Links in mails lead to the
// given address.
func (w *world) rooms(base string) console.Options {
	w.t.Helper()
	var prober domains.Prober = silence{}
	var lookup console.Lookup
	found := func(context.Context, myodai.Name, myodai.RecordType) myodai.Answer { return myodai.Answer{} }
	if w.net != nil {
		prober, lookup = w.net.prober(), w.net.cache().Lookup
	}
	log := slog.New(slog.NewJSONHandler(w.log, nil))
	w.store = newStore(w.t)
	w.domains = domains.New(domains.Options{Store: w.store, Prober: prober, Site: site, Random: rand.Reader, Log: log, Wake: w.serveZone})
	w.access = access.New(access.Options{Store: w.store, People: w.store, Random: rand.Reader, BaseURL: base, Log: log, Cost: cheap, Send: w.keep})
	w.t.Cleanup(w.access.Wait)
	w.tracking = domains.NewTracking(domains.TrackingOptions{Store: w.store, Prober: prober, Site: site, Random: rand.Reader, Log: log})
	sending := submission.New(submission.Options{
		Store: w.store, Suppressions: w.store, Holds: w.store, Addresses: w.store, Random: rand.Reader, MailHost: site.MailHost,
	})
	w.sending = sending
	asking := senders.New(senders.Options{
		Store: w.store, Owner: sending.Owner, Zone: site.Zone, Platform: "Plat", BaseURL: "https://plat.example", Random: rand.Reader,
		Lookup: found, Send: w.keep,
	})
	hooks := webhook.New(webhook.Options{Store: w.store, Log: log, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("there is no way out of this test")
	}})
	audits := hygiene.New(hygiene.Options{Store: w.store, Lookup: found, Random: rand.Reader, Dir: w.t.TempDir(), Log: log})
	w.handover = domains.HandoverOptions{Domains: w.domains, Tenants: w.store, Send: w.keep, Platform: "Myodai"}
	if w.net != nil && w.net.host != nil {
		w.askHost(lookup)
	}
	return console.Options{
		Store: w.store, Domains: w.domains, Handover: domains.NewHandover(w.handover), Tracking: w.tracking, Senders: asking, Submission: sending, Webhooks: hooks, Hygiene: audits,
		Access: w.access, Random: rand.Reader, Key: databaseKey(), Log: log, Lookup: lookup, BaseURL: base,
		Settings: []console.Setting{
			{Key: "zone", Value: string(site.Zone), Source: "file"}, {Key: "default_shape", Value: "cname", Source: "default"}, {Key: "log_level", Value: "secret_of_ours"},
		},
		Pause: time.Nanosecond, Look: 100 * time.Millisecond,
	}
}

// serve opens the console's door.
func (w *world) serve(o console.Options, door *httptest.Server) {
	w.t.Helper()
	var err error
	if w.server, err = console.New(o); err != nil {
		w.t.Fatal(err)
	}
	door.Config.Handler = w.server
	door.Start()
	w.t.Cleanup(door.Close)
	w.url = door.URL
}

// keep keeps a mail that the platform writes itself.
func (w *world) keep(_ context.Context, m myodai.OwnMail) (myodai.MessageID, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mails = append(w.mails, m)
	return "msg_1", nil
}

// serveZone has our zone answer for every domain there is.
func (w *world) serveZone() {
	if w.net == nil {
		return
	}
	published, err := w.store.PublishedDomains(context.Background())
	if err != nil {
		w.t.Error(err)
		return
	}
	links, err := w.store.LinkKeys(context.Background())
	if err != nil {
		w.t.Error(err)
		return
	}
	keys, err := domains.LinkKeyRecords(w.handover.Connect, links)
	if err != nil {
		w.t.Error(err)
	}
	w.net.serve(append(plan.Zone(site, published, nil), keys...))
}

func (w *world) newTenant(name string) myodai.Tenant {
	w.t.Helper()
	now := time.Now()
	tenant := myodai.Tenant{ID: myodai.NewID[myodai.TenantID](now, rand.Reader), Name: name, State: myodai.TenantActive, CreatedAt: now}
	if err := w.store.CreateTenant(w.t.Context(), tenant); err != nil {
		w.t.Fatal(err)
	}
	return tenant
}

// browser is somebody's: it keeps cookies and follows redirects.
type browser struct {
	w      *world
	client http.Client
	header http.Header // sent with every request
}

// as opens a browser in which the holder of the token is signed in.
func (w *world) as(token string) *browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	at, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		jar.SetCookies(at, []*http.Cookie{{Name: "session", Value: token}})
	}
	return &browser{w: w, client: http.Client{Jar: jar}, header: http.Header{"Accept-Language": {"en"}}}
}

// page is what came back.
type page struct {
	t      *testing.T
	status int
	header http.Header
	path   string // after redirects, with the query
	body   string
	root   *html.Node
}

func (b *browser) get(path string) page { return b.do(http.MethodGet, path, nil) }

// post sends a form: names and values in turn.
func (b *browser) post(path string, form ...string) page {
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	return b.do(http.MethodPost, path, values)
}

func (b *browser) do(method, path string, form url.Values) page {
	b.w.t.Helper()
	kind := ""
	if form != nil {
		kind = "application/x-www-form-urlencoded"
	}
	return b.send(method, path, kind, strings.NewReader(form.Encode()))
}

// send sends a body of a type, "" for none.
func (b *browser) send(method, path, kind string, body io.Reader) page {
	t := b.w.t
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.w.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range b.header {
		r.Header[name] = values
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	resp, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	p := page{t: t, status: resp.StatusCode, header: resp.Header, path: resp.Request.URL.RequestURI(), body: string(text)}
	if p.root, err = html.Parse(bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return p
}
