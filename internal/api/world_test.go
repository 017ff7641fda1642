package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/api"
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

// party is a tenant with one of everything that has an id.
type party struct {
	tenant                             myodai.Tenant
	key                                string // of kind api
	password                           string // of kind smtp
	credential                         myodai.Credential
	domain                             myodai.Domain // verified
	check                              string        // of the domain; "" before one was made
	message                            string
	suppression                        string
	webhook                            string
	tracking                           string // verified
	audit, batch, returned, held, hold string
	sender                             string
	link                               string // that is shared
	member, invitation                 string
	operator                           string // of the platform
}

// world is the API over real rooms, with two tenants.
type world struct {
	t          *testing.T
	server     *api.Server
	store      *store.Store
	access     *access.Service
	url        string
	operator   string
	acme, evil party
	log        *lines
	woken      *int
	mails      []myodai.OwnMail         // that the platform has sent
	dns        map[string]myodai.Answer // by name and type; unknown for all else
	submission *submission.Engine
	host       *host // that enters records by itself, when DNS leads there
	registry   *prometheus.Registry
}

// plenty are limits no test reaches by accident.
var plenty = api.Limits{
	AuthFailures: api.Rate{Every: time.Millisecond, Burst: 100_000},
	Checks:       api.Rate{Every: time.Millisecond, Burst: 100_000},
}

// newWorld starts the API. Empty worlds have no tenants.
func newWorld(t *testing.T, limits api.Limits) *world {
	t.Helper()
	return newWorldAsking(t, limits, silence{})
}

// newWorldAsking is newWorld with a DNS.
func newWorldAsking(t *testing.T, limits api.Limits, prober domains.Prober) *world {
	t.Helper()
	w := &world{t: t, log: &lines{}, woken: new(int), registry: prometheus.NewRegistry()}
	log := slog.New(slog.NewJSONHandler(w.log, nil))
	var key [32]byte
	_, _ = rand.Read(key[:])
	var err error
	if w.store, err = store.Open(t.Context(), store.Options{URL: filepath.Join(t.TempDir(), "myodai.db"), Key: key}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.store.Close() })
	if _, err := w.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	site := plan.Site{
		Zone: "plat.example", MailHost: "mail.plat.example", NameServers: []myodai.Name{"ns1.plat.example"},
		Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
	}
	w.submission = submission.New(submission.Options{
		Store: w.store, Suppressions: w.store, Holds: w.store, Addresses: w.store, Random: rand.Reader, MailHost: site.MailHost, MaxSize: 1 << 20,
		Own: submission.Mailbox{Name: "Plat", Address: myodai.Address{Local: "no-reply", Domain: site.Zone}}, Routes: []string{"bulk", "normal"},
	})
	w.access = access.New(access.Options{
		Store: w.store, People: w.store, Random: rand.Reader, BaseURL: "https://plat.example",
		Send: func(context.Context, myodai.OwnMail) (myodai.MessageID, error) { return "msg_1", nil },
	})
	t.Cleanup(w.access.Wait)
	engine := domains.New(domains.Options{Store: w.store, Prober: prober, Site: site, Random: rand.Reader, Log: log})
	w.host = newHost(t, site)
	w.server = api.New(api.Options{
		Store: w.store, Access: w.access, Random: rand.Reader, Log: log, Version: "test", Limits: limits, Registerer: w.registry,
		BaseURL: "https://plat.example", Domains: engine,
		Handover: domains.NewHandover(domains.HandoverOptions{
			Domains: engine, Tenants: w.store, Platform: "Plat", Connect: w.host.service, Keys: w.store, Outward: w.host.Client(), Random: rand.Reader,
			Lookup: func(_ context.Context, name myodai.Name, t myodai.RecordType) myodai.Answer {
				return w.dns[string(t)+" "+string(name)]
			},
			Send: func(_ context.Context, m myodai.OwnMail) (myodai.MessageID, error) {
				w.mails = append(w.mails, m)
				return "msg_1", nil
			},
		}),
		Tracking: domains.NewTracking(domains.TrackingOptions{
			Store: w.store, Prober: prober, Site: site, Random: rand.Reader, Log: log,
		}),
		Submission: w.submission, Routes: []string{"bulk", "normal"},
		Senders: senders.New(senders.Options{
			Store: w.store, Owner: w.submission.Owner, Zone: site.Zone, Platform: "Plat", BaseURL: "https://plat.example", Random: rand.Reader,
			Lookup: func(_ context.Context, name myodai.Name, t myodai.RecordType) myodai.Answer {
				return w.dns[string(t)+" "+string(name)]
			},
			Send: func(_ context.Context, m myodai.OwnMail) (myodai.MessageID, error) {
				w.mails = append(w.mails, m)
				return "msg_1", nil
			},
		}),
		Webhooks: webhook.New(webhook.Options{Store: w.store, Log: log, Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("there is no way out of this test")
		}}),
		Hygiene: hygiene.New(hygiene.Options{Store: w.store, Lookup: w.lookup, Random: rand.Reader, Dir: t.TempDir(), Log: log}),
		MaxSize: 1 << 20,
		Wake:    func() { *w.woken++ },
	})
	now := time.Now()
	if err := w.store.CreatePlatform(t.Context(), myodai.Tenant{ID: myodai.PlatformTenant, Name: "Plat", State: myodai.TenantActive, CreatedAt: now}, myodai.Domain{
		ID: myodai.PlatformDomain, TenantID: myodai.PlatformTenant, Name: site.Zone, State: myodai.DomainVerified,
		Token: myodai.NewToken(rand.Reader), Shape: myodai.ShapeCNAME, ReturnPath: site.Zone, NextCheckAt: now.AddDate(1, 0, 0),
	}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.server)
	t.Cleanup(server.Close)
	w.url = server.URL
	if _, w.operator, err = w.access.CreateOperator(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	return w
}

// populate adds two tenants that have the same of everything.
func (w *world) populate() *world {
	w.t.Helper()
	w.acme, w.evil = w.newParty("Acme"), w.newParty("Evil")
	for i, p := range []*party{&w.acme, &w.evil} {
		p.operator = w.newMember("", "op"+itoa(i)+"@plat.example", myodai.RoleOperator)
	}
	return w
}

func (w *world) newParty(name string) (p party) {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	var err error
	check := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p.tenant, err = w.access.CreateTenant(ctx, name)
	check()
	p.credential, p.key, err = w.access.Create(ctx, p.tenant.ID, myodai.CredentialAPI, "main", "")
	check()
	_, p.password, err = w.access.Create(ctx, p.tenant.ID, myodai.CredentialSMTP, "mail", "")
	check()
	host := strings.ToLower(name) + ".example"
	p.domain = w.newDomain(p.tenant.ID, myodai.Name(host))
	var m api.AcceptedMessage
	w.call("POST", "/v1/messages", p.key, draft("a@"+host), http.StatusAccepted, &m)
	p.message = string(m.ID)
	var s api.Suppression
	w.call("POST", "/v1/suppressions", p.key, `{"address":"gone@example.net"}`, http.StatusCreated, &s)
	p.suppression = string(s.ID)
	var h api.Webhook
	w.call("POST", "/v1/webhooks", p.key, `{"url":"https://example.com/hooks","kinds":["message.bounced"]}`, http.StatusCreated, &h)
	p.webhook = string(h.ID)
	var i api.SuppressionImport
	w.call("POST", "/v1/suppression-imports", p.key, "imported@example.net", http.StatusOK, &i)
	p.batch = string(i.BatchID)
	w.call("POST", "/v1/messages", p.key, `{"from":"a@`+host+`","to":["gone@example.net"],"text":"Hi","suppressed":"hold"}`, http.StatusAccepted, &m)
	p.held = string(m.Deliveries[0].ID)
	p.hold = w.newHold(p.key)
	now := time.Now()
	p.returned, p.audit = string(myodai.NewID[myodai.ReturnedID](now, rand.Reader)), string(myodai.NewID[myodai.ListAuditID](now, rand.Reader))
	err = w.store.RecordReturned(ctx, myodai.Returned{
		ID: myodai.ReturnedID(p.returned), TenantID: p.tenant.ID, Kind: myodai.ReturnedAutoReply, DeliveryID: m.Deliveries[0].ID,
		Raw: []byte("Subject: Away\r\n\r\n"), ReceivedAt: now,
	}, func(d myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error) {
		return d, nil, nil, nil
	})
	check()
	err = w.store.CreateListAudit(ctx, myodai.ListAudit{
		ID: myodai.ListAuditID(p.audit), TenantID: p.tenant.ID, State: myodai.ListAuditFinished, CreatedAt: now, UpdatedAt: now, FinishedAt: now,
	})
	check()
	var tracking api.TrackingDomainWithRecords
	w.call("POST", "/v1/tracking-domains", p.key, `{"name":"click.`+host+`"}`, http.StatusCreated, &tracking)
	p.tracking = string(tracking.ID)
	_, err = w.store.UpdateTracking(ctx, p.tenant.ID, tracking.ID, func(t myodai.TrackingDomain) (myodai.TrackingDomain, []myodai.Event, error) {
		t.State, t.Ready, t.VerifiedAt = myodai.TrackingVerified, true, time.Now()
		return t, nil, nil
	})
	check()
	var a api.Sender
	w.call("POST", "/v1/senders", p.key, `{"label":"sales","address":"sales@`+host+`"}`, http.StatusCreated, &a)
	p.sender = string(a.ID)
	p.member = w.newMember(p.tenant.ID, "ben@"+host, myodai.RoleMember)
	var invited api.Invitation
	w.call("POST", "/v1/invitations", p.key, `{"email":"chie@`+host+`","role":"member"}`, http.StatusCreated, &invited)
	p.invitation = string(invited.ID)
	var link api.CreatedShareLink
	w.call("POST", "/v1/domains/"+string(p.domain.ID)+"/links", p.key, `{"recipient":"IT"}`, http.StatusCreated, &link)
	p.link = string(link.ID)
	return p
}

// newMember makes somebody who could sign in.
func (w *world) newMember(tenant myodai.TenantID, email string, role myodai.Role) string {
	w.t.Helper()
	address, err := myodai.ParseAddress(email)
	if err != nil {
		w.t.Fatal(err)
	}
	now := time.Now()
	m := myodai.Member{
		ID: myodai.NewID[myodai.MemberID](now, rand.Reader), TenantID: tenant, Email: address, Language: "en", Role: role, CreatedAt: now,
	}
	if err := w.store.CreateMember(w.t.Context(), myodai.MemberChange{Member: m}, now); err != nil {
		w.t.Fatal(err)
	}
	return string(m.ID)
}

func draft(from string) string {
	return `{"from":"` + from + `","to":["b@example.org"],"subject":"Hi","text":"Hello."}`
}

// pair is one key pair for all domains of all tests: making one takes long.
var pair = sync.OnceValue(func() myodai.NewKey {
	key, err := domains.NewKey(myodai.Key{Algorithm: myodai.KeyRSA}, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

// newDomain makes a domain that is verified without DNS.
func (w *world) newDomain(tenant myodai.TenantID, name myodai.Name) myodai.Domain {
	w.t.Helper()
	now := time.Now()
	d := myodai.Domain{
		ID: myodai.NewID[myodai.DomainID](now, rand.Reader), TenantID: tenant, Name: name, Shape: myodai.ShapeCNAME,
		Token: myodai.NewToken(rand.Reader), RegisteredAt: now, VerifiedAt: now, ChangedAt: now, State: myodai.DomainVerified,
	}
	d.ReturnPath = plan.DefaultReturnPath(d)
	var keys []myodai.NewKey
	for i, selector := range plan.Selectors(d, myodai.KeyRSA) {
		key := pair()
		key.Key.ID, key.Key.Selector = myodai.NewID[myodai.KeyID](now, rand.Reader), selector
		key.Key.CreatedAt, key.Key.State = now, []myodai.KeyState{myodai.KeyActive, myodai.KeyStandby}[i]
		keys = append(keys, key)
	}
	if err := w.store.CreateDomain(w.t.Context(), d, keys); err != nil {
		w.t.Fatal(err)
	}
	return d
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) problem(t *testing.T) api.Problem {
	t.Helper()
	var p api.Problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		t.Fatalf("the answer %d %q is no problem document: %v", a.status, a.body, err)
	}
	return p
}

// ask sends a request and holds the answer against the OpenAPI document.
func (w *world) ask(method, path, key, body string, header ...string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		w.t.Fatal(err)
	}
	w.conform(method, path, a)
	return a
}

// call is ask for a request that must end in the given status.
func (w *world) call(method, path, key, body string, status int, into any) answer {
	w.t.Helper()
	a := w.ask(method, path, key, body)
	if a.status != status {
		w.t.Fatalf("%s %s = %d %s, want %d", method, path, a.status, a.body, status)
	}
	if into != nil {
		if err := json.Unmarshal(a.body, into); err != nil {
			w.t.Fatal(err)
		}
	}
	return a
}

// lookup is DNS for audits: every domain but gone.example takes mail.
func (w *world) lookup(_ context.Context, name myodai.Name, t myodai.RecordType) myodai.Answer {
	a := myodai.Answer{Question: myodai.Question{Name: name, Type: t, Recursive: true}, RCode: "NOERROR"}
	if name == "gone.example" {
		a.RCode = "NXDOMAIN"
		a.Authority = []myodai.Record{{Name: "example", Type: myodai.TypeSOA, Data: "ns. h. 1 1 1 1 1"}}
		return a
	}
	a.Records = []myodai.Record{{Name: name, Type: t, Data: "10 mx." + string(name)}}
	return a
}

// runOnce lets submission look through held mail once.
func (w *world) runOnce() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error)
	go func() { ended <- w.submission.Run(ctx) }()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		list, err := w.store.HeldAuthors(ctx, myodai.HeldAuthor{}, 1)
		if err != nil || len(list) == 0 || time.Now().After(deadline) {
			break
		}
	}
	cancel()
	if err := <-ended; err != nil {
		w.t.Fatal(err)
	}
}

// newHold keeps mail to a domain back, for the tenant with the key.
func (w *world) newHold(key string) string {
	w.t.Helper()
	var h api.Hold
	w.call("POST", "/v1/queue/holds", key, `{"domain":"example.com","reason":"moving"}`, http.StatusCreated, &h)
	return string(h.ID)
}
