package console_test

import (
	"crypto/rand"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/console"
	"github.com/myodai/myodai/internal/domains/connecttest"
	"github.com/myodai/myodai/internal/handoff"
)

// connects puts the tenant's zone at a DNS host that enters records by itself.
func (i *internet) connects() {
	i.t.Helper()
	i.host = connecttest.Start(i.t, connecttest.Options{
		Name: "connect.host.example", NameServers: []string{"ns1.host.example", "ns2.host.example"},
		Text: i.text,
		Write: func(records []connecttest.Record) error {
			for _, r := range records {
				i.enter(r.Name, r.Type+" "+zoneData(myodai.RecordType(r.Type), r.Data))
			}
			return nil
		},
	})
	i.enter("_domainconnect."+tenantDomain, `TXT "`+i.host.Authority+`"`)
}

// askHost has the DNS host know our template, and asks it.
func (w *world) askHost(lookup console.Lookup) {
	w.t.Helper()
	w.handover.Connect = handoff.Service{
		ProviderID: "plat.example", ProviderName: "Plat", ServiceID: "mail", ServiceName: "Mail", KeyDomain: "domainconnect.plat.example",
		RedirectDomains: []myodai.Name{"127.0.0.1"}, Site: site,
	}
	w.net.host.Onboard(w.handover.Connect.Template())
	w.handover.Keys, w.handover.Lookup, w.handover.Outward, w.handover.Random = w.store, lookup, w.net.host.Client(), rand.Reader
	w.handover.Wake = w.serveZone
}

// text looks TXT records up where our zone is.
func (i *internet) text(name string) (texts []string) {
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeTXT)
	q.SetEdns0(4096, false)
	answer, err := dns.Exchange(q, i.server.Addr())
	if err != nil {
		i.t.Error(err)
		return nil
	}
	for _, rr := range answer.Answer {
		if txt, ok := rr.(*dns.TXT); ok {
			texts = append(texts, strings.Join(txt.Txt, ""))
		}
	}
	return texts
}

// The DNS host enters the records when its customer agrees: from the set-up and
// from a share link, whose address it does not learn. Who says no, comes back late,
// or from nowhere, is told so.
func TestDNSHostEntersTheRecords(t *testing.T) {
	on := newInternet(t)
	on.connects()
	w := newWorldOn(t, on)
	admin := w.as(adminToken)
	d := w.registered(admin)
	path := "/domains/" + string(d.ID)
	records := admin.get(path + "/records")
	if attr(records.one(".hand a"), "href") != path+"/connect" {
		t.Fatalf("the records are not offered to the DNS host:\n%s", records.text(".host"))
	}
	if p := admin.get(path); !strings.Contains(p.body, path+"/connect") {
		t.Error("the domain's page does not offer it")
	}
	share := shareAddress.FindString(admin.post(path + "/links").body)
	reader := w.as("")
	if p := reader.get(share); attr(p.one(".hand a"), "href") != share+"/connect" {
		t.Errorf("the shared page does not offer it:\n%s", p.body)
	}

	b := w.open(adminToken, look{Width: 360, Lang: "ja"})
	b.visit(path + "/connect")
	b.accessible()
	b.shoot("connect-ja-360")
	p := admin.get(path + "/connect")
	link := attr(p.one("main .actions a"), "href")
	if p.status != http.StatusOK || !strings.HasPrefix(link, "https://"+on.host.Authority+"/sync/v2/") || len(p.all("main .lines li")) != 4 {
		t.Fatalf("%d, to %s:\n%s", p.status, link, p.body)
	}
	answered := func(link string, yes bool) string {
		t.Helper()
		back, err := on.host.Answer(t.Context(), link, yes)
		if err != nil || !strings.HasPrefix(back, w.url+"/connect/back?") || strings.Contains(back, strings.TrimPrefix(share, "/share/")) {
			t.Fatalf("%s, %v", back, err)
		}
		return strings.TrimPrefix(back, w.url)
	}

	declined := answered(link, false)
	for what, path := range map[string]string{
		"another state": strings.Replace(declined, "state=", "state=x", 1), "no state": "/connect/back?error=access_denied", "nothing": "/connect/back",
	} {
		if p := admin.get(path); p.status != http.StatusConflict {
			t.Errorf("back with %s = %d", what, p.status)
		}
	}
	if p := w.as(adminToken).get(declined); p.status != http.StatusConflict {
		t.Errorf("back in another browser = %d", p.status)
	}
	if p := admin.get(declined); p.path != path+"/check" || !strings.Contains(p.body, "You stopped it") {
		t.Errorf("after a no: %s\n%s", p.path, p.body)
	}
	if p := admin.get(declined); p.status != http.StatusConflict {
		t.Errorf("back twice = %d", p.status)
	}

	// The reader of a share link goes the same way, and comes back to it.
	link = attr(reader.get(share+"/connect").one("main .actions a"), "href")
	back := answered(link, true)
	p = reader.get(back)
	if p.path != share || !strings.Contains(p.body, "Your DNS host has entered the records") || !strings.Contains(p.text("#status"), "nothing is left to do") {
		t.Errorf("after a yes: %s\n%s", p.path, p.body)
	}
	if d, _ := w.planned(); d.State != myodai.DomainVerified || d.ConnectedAt.IsZero() {
		t.Errorf("the domain is %s, connected at %v", d.State, d.ConnectedAt)
	}
	if p := admin.get(path + "/connect"); p.status != http.StatusConflict || !strings.Contains(p.body, "There is no open record") {
		t.Errorf("with nothing open = %d", p.status)
	}
	trail, _, err := w.store.Audit(t.Context(), w.tenant.ID, myodai.Page{})
	var by []myodai.AuditActorKind
	for _, e := range trail {
		if e.Operation == "connect-domain" {
			by = append(by, e.Actor.Kind)
		}
	}
	if err != nil || len(by) != 2 {
		t.Errorf("in the trail: %v, %v", by, err)
	}
}

// An errand is the browser's own: another cookie, or somebody else's session, leads
// nowhere.
func TestErrandBelongsToItsBrowser(t *testing.T) {
	on := newInternet(t)
	on.connects()
	w := newWorldOn(t, on)
	admin := w.as(adminToken)
	path := "/domains/" + string(w.registered(admin).ID)
	link, err := url.Parse(attr(admin.get(path+"/connect").one("main .actions a"), "href"))
	if err != nil {
		t.Fatal(err)
	}
	back := "/connect/back?state=" + link.Query().Get("state")
	at, _ := url.Parse(w.url)
	for token, want := range map[string]int{strangerToken: http.StatusNotFound, memberToken: http.StatusNotFound} {
		stolen := w.as(token)
		jar, _ := cookiejar.New(nil)
		for _, c := range append(admin.client.Jar.Cookies(at), &http.Cookie{Name: "session", Value: token}) {
			jar.SetCookies(at, []*http.Cookie{c})
		}
		stolen.client.Jar = jar
		if p := stolen.get(back); p.status != want {
			t.Errorf("as %s = %d", token, p.status)
		}
	}
	admin.client.Jar.SetCookies(at, []*http.Cookie{{Name: "errand", Value: "forged"}})
	if p := admin.get(back); p.status != http.StatusConflict {
		t.Errorf("with a cookie of one's own making = %d", p.status)
	}
}
