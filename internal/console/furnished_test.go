package console_test

import (
	"crypto/rand"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

// furnished is an office with one of everything in it.
type furnished struct {
	*office
	owner, operator, half *browser // half has given a password, and waits for the second step
	said                  string   // what stands wherever somebody can write
	values                map[string]string
}

// The pages that are no pages of HTML of their own, and why.
var elsewhere = map[string]string{
	"GET /{$}":                                "leads to where somebody begins",
	"GET /setup/{token}":                      "is there as long as nobody can sign in; TestFirstMail walks it",
	"GET /sign-in/provider":                   "leads to a company's own sign-in",
	"GET /sign-in/provider/callback":          "leads back from there",
	"GET /domains/hint":                       "is a part of a page",
	"GET /senders/hint":                       "is a part of a page",
	"GET /domains/{domain}/live":              "is a stream",
	"GET /share/{token}/live":                 "is a stream",
	"GET /domains/{domain}/download/{format}": "is a file",
	"GET /share/{token}/download/{format}":    "is a file",
	"GET /list-audits/{audit}/report":         "is a file",
	"GET /suppressions/export":                "is a file",
	"GET /connect/back":                       "leads back from a DNS host",
}

// furnish makes an office with one of everything, in which what people, servers
// and DNS say is the given text, or something plain when that is "".
func furnish(t *testing.T, said string) *furnished {
	t.Helper()
	f := &furnished{office: newOfficeOn(t, newInternet(t)), said: said, values: map[string]string{}}
	f.operator = f.setup()
	f.owner = f.member("owner@acme.example", myodai.RoleOwner)
	f.owner.post("/account/profile", "name", f.text("Aiko Sato"), "language", "en")
	class := myodai.Class{Name: "marketing", Route: myodai.RouteDelivery, Unverified: "refuse", Unsubscribe: true, Track: myodai.Track{Opens: true, Clicks: true}}
	policy := myodai.Policy{Verification: myodai.VerifyEither, Classes: []myodai.Class{{Name: "transactional", Route: myodai.RouteDelivery, Unverified: "refuse"}, class}}
	if err := f.store.SetPolicy(t.Context(), f.tenant.ID, policy); err != nil {
		t.Fatal(err)
	}
	f.addDomain()
	f.addMail()
	f.addPeople()
	f.addTools()
	f.addTrouble()
	return f
}

// text is a text that somebody wrote.
func (f *furnished) text(plain string) string {
	if f.said != "" {
		return f.said
	}
	return plain
}

// addDomain adds a domain with a record that is wrong, two checks and a share link.
func (f *furnished) addDomain() {
	f.t.Helper()
	f.owner.post("/domains", "name", "acme.example", "from", "info@acme.example")
	d, p := f.planned()
	path := "/domains/" + string(d.ID)
	f.values["{domain}"] = string(d.ID)
	for i, item := range p.Items {
		switch {
		case f.said != "":
			escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(f.said)
			f.net.enter(string(item.Name), `TXT "v=DMARC1; p=none; `+escaped+`"`)
		case i == 0:
			six[0].make(f.net, item)
		default:
			f.net.enter(string(item.Name), right(item))
		}
	}
	f.owner.post(path + "/check")
	checks, _, err := f.store.Checks(f.t.Context(), f.tenant.ID, d.ID, time.Now().Add(time.Hour), myodai.Page{})
	if err != nil || len(checks) == 0 {
		f.t.Fatal("there is no check", err)
	}
	f.values["{check}"] = string(checks[0].ID)
	share := shareAddress.FindString(f.owner.post(path+"/links", "recipient", f.text("IT department")).body)
	f.values["/share/{token}"] = share
	f.as("").post(share+"/cannot", "record", string(p.Items[1].Name), "reason", "other", "said", f.text("The panel knows no such type."))
}

// addMail adds messages in several states, clicks, and suppressed addresses.
func (f *furnished) addMail() {
	f.t.Helper()
	m := f.mail(f.text("Your order 4711"), "aiko@example.net", myodai.DeliveryBounced, myodai.Outcome{
		Kind: myodai.OutcomePermanent, Code: 550, Enhanced: "5.1.1", Text: f.text("no such user"), Host: "mx.example.net", Address: "203.0.113.25:25",
		TLS: "TLS 1.3, certificate verified", Took: 1200 * time.Millisecond, Dialogue: "S: 220 mx.example.net\nC: MAIL FROM:<b@rp.acme.example>\nS: 550 5.1.1 " + f.text("no such user"),
	})
	f.values["{message}"] = string(m.ID)
	for range 55 { // more than a page
		f.mail(f.text("News"), "reader@example.org", myodai.DeliveryDelivered, myodai.Outcome{Kind: myodai.OutcomeDelivered, Code: 250})
	}
	f.mail(f.text("Later"), "x@busy.example", myodai.DeliveryDeferred, myodai.Outcome{Kind: myodai.OutcomeTransient, Code: 451, Text: f.text("come back later")})
	f.hold("held@example.net", myodai.HoldSuppressed)
	visit := myodai.Visit{
		ID: myodai.NewID[myodai.VisitID](time.Now(), rand.Reader), Copy: myodai.Copy{TenantID: f.tenant.ID, MessageID: m.ID},
		Kind: myodai.VisitClick, At: time.Now(), Link: 1, URL: "https://example.com/?q=" + f.text("shop"), By: myodai.VisitorPerson,
	}
	if err := f.store.RecordVisits(f.t.Context(), []myodai.Visit{visit}, func(myodai.Visit) []myodai.Event { return nil }); err != nil {
		f.t.Fatal(err)
	}
	f.owner.post("/suppressions", "address", "gone@example.net", "evidence", f.text("asked us by telephone"))
	p := f.owner.upload("/list-audits", "list.csv", "a@mailinator.com\nx@gmial.com\n"+f.text("nobody")+"\n", "title", f.text("Members, spring"), "class", "")
	f.values["{audit}"] = strings.TrimPrefix(p.path, "/list-audits/")
	for end := time.Now().Add(patience); len(p.all("[name=verdict]")) == 0 && time.Now().Before(end); {
		p = f.owner.get(p.path)
	}
}

// addPeople adds a member, an invitation that is open, somebody in the middle of
// signing in, and tickets that mails lead to.
func (f *furnished) addPeople() {
	f.t.Helper()
	ben := f.member("ben@acme.example", myodai.RoleMember)
	ben.post("/account/profile", "name", f.text("Ben"), "language", "ja")
	p := ben.get("/account/factor")
	secret := attr(p.one("input[name=secret]"), "value")
	ben.post("/account/factor", "secret", secret, "code", totp(f.t, secret, 0))
	f.half = f.as("")
	f.half.post("/sign-in", "email", "ben@acme.example", "password", password)
	members, _, err := f.store.Members(f.t.Context(), f.tenant.ID, myodai.Page{})
	if err != nil || len(members) != 2 {
		f.t.Fatal(members, err)
	}
	f.values["/members/{id}"] = "/members/" + string(members[1].ID)
	if _, err := f.access.Invite(f.t.Context(), access.ByCommand(), f.tenant.ID, access.NewInvitation{Email: "new@acme.example", Role: myodai.RoleMember, Language: "en"}); err != nil {
		f.t.Fatal(err)
	}
	_, f.values["/invitation/{token}"] = f.mailTo("new@acme.example")
	f.as("").post("/reset", "email", "owner@acme.example")
	_, f.values["/reset/{token}"] = f.mailTo("owner@acme.example")
	f.owner.post("/account/email", "email", "aiko@acme.example", "password", password)
	_, f.values["/account/email/{token}"] = f.mailTo("aiko@acme.example")
}

// addTools adds a key, a webhook, a sender address and a tracking domain.
func (f *furnished) addTools() {
	f.t.Helper()
	f.owner.post("/credentials", "kind", "api", "label", f.text("Shop"), "role", "member")
	p := f.owner.post("/webhooks", "url", "https://example.com/hooks", "kind", "message.bounced")
	f.values["{webhook}"] = strings.TrimPrefix(p.path, "/webhooks/")
	f.owner.post(p.path + "/test")
	p = f.owner.post("/senders", "label", "sales", "address", "sales@acme.example")
	f.values["{sender}"] = strings.TrimPrefix(p.path, "/senders/")
	f.values["/confirm/{token}"] = f.question()
	d := f.track(f.t, "click.acme.example", "prepared", func(d myodai.TrackingDomain) myodai.TrackingDomain {
		d.State, d.ProvedAt, d.Deadline = myodai.TrackingValidating, time.Now(), time.Now().Add(72*time.Hour)
		return d
	})
	f.values["/tracking/{id}"] = "/tracking/" + string(d.ID)
	f.values["{tenant}"] = string(f.tenant.ID)
}

// addTrouble adds what operators look for.
func (f *furnished) addTrouble() {
	f.t.Helper()
	now := time.Now()
	for kind, data := range map[myodai.EventKind]map[string]any{
		myodai.EventDomainAtRisk:      {"domain": "risk.example", "cause": "record-missing"},
		myodai.EventWebhookDisabled:   {"url": "https://example.com/hooks", "reason": f.text("it did not answer for three days")},
		myodai.EventCertificateFailed: {"tracking_domain": "click.acme.example", "detail": f.text("CAA forbids it")},
	} {
		e := myodai.Event{ID: myodai.NewID[myodai.EventID](now, rand.Reader), TenantID: f.tenant.ID, Kind: kind, At: now, Data: data}
		if err := f.store.AddEvents(f.t.Context(), e); err != nil {
			f.t.Fatal(err)
		}
	}
	fault := myodai.Fault{Node: "node1", Room: "queue", Text: f.text("claim deliveries"), Err: f.text("the disk is full"), First: now, Last: now, Count: 3}
	if err := f.store.RecordFaults(f.t.Context(), []myodai.Fault{fault}, now.Add(-time.Hour)); err != nil {
		f.t.Fatal(err)
	}
	if _, err := f.store.UpdateTenant(f.t.Context(), f.tenant.ID, func(t myodai.Tenant) (myodai.Tenant, []myodai.Event, error) {
		t.Name = f.text("Acme")
		return t, nil, nil
	}); err != nil {
		f.t.Fatal(err)
	}
}

// openPage is a page with who opens it.
type openPage struct {
	pattern, path string
	by            *browser
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// pages are all pages there are, as the table of routes has them: one that was
// added and is not furnished here fails.
func (f *furnished) pages() []openPage {
	f.t.Helper()
	var list []openPage
	patterns := f.server.Routes()
	for _, pattern := range slices.Sorted(maps.Keys(patterns)) {
		method, path, _ := strings.Cut(pattern, " ")
		if method != http.MethodGet || elsewhere[pattern] != "" {
			continue
		}
		for _, key := range slices.SortedFunc(maps.Keys(f.values), func(a, b string) int { return len(b) - len(a) }) {
			path = strings.ReplaceAll(path, key, f.values[key])
		}
		if missing := placeholder.FindString(path); missing != "" {
			f.t.Errorf("no test looks at %s: furnish says nothing for %s", pattern, missing)
			continue
		}
		p := openPage{pattern, path, f.owner}
		switch {
		case pattern == "GET /sign-in/code":
			p.by = f.half
		case patterns[pattern] == "operators":
			p.by = f.operator
		case patterns[pattern] == "everyone" && !strings.HasPrefix(path, "/confirm/"):
			p.by = f.as("")
		}
		list = append(list, p)
	}
	return list
}

// token is the session that a browser has, "" for none.
func (b *browser) token() string {
	for _, c := range b.client.Jar.Cookies(mustURL(b.w.t, b.w.url)) {
		if c.Name == "session" {
			return c.Value
		}
	}
	return ""
}
