package console_test

import (
	"crypto/rand"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// The operator takes on a tenant with a hostile name, suspends and resumes it,
// and every step is in the audit trail (T70).
func TestOperatorsTenants(t *testing.T) {
	o := newOffice(t)
	b := o.setup()
	if p := b.get("/"); p.path != "/operator" {
		t.Errorf("operators begin at %s", p.path)
	}
	const hostile = `"><script>alert(1)</script>`
	p := b.post("/operator/tenants", "name", hostile)
	if p.text("h1") != hostile || len(p.all("main script")) != 0 {
		t.Errorf("the name is shown as %q", p.text("h1"))
	}
	path := p.path
	if p := b.post("/operator/tenants", "name", ""); p.status != 422 || !strings.Contains(p.text("#name-problem"), "1 to 100") {
		t.Errorf("no name: %d", p.status)
	}
	if p := b.post(path + "/suspend"); p.text(".facts .chip") != "Suspended" {
		t.Errorf("after the suspension: %s", p.text(".facts"))
	}
	if p := b.post(path + "/resume"); p.text(".facts .chip") != "Active" {
		t.Errorf("after the resumption: %s", p.text(".facts"))
	}
	for range 50 {
		o.newTenant("Further")
	}
	p = b.get("/operator/tenants?lang=ja")
	if got := len(p.all("tbody tr")); got != 50 || p.text("h1") != "テナント" {
		t.Errorf("%d lines below %q", got, p.text("h1"))
	}
	if p := b.get(attr(p.one("main a.button"), "href")); len(p.all("tbody tr")) != 2 {
		t.Errorf("the second page has %d lines", len(p.all("tbody tr")))
	}
	trail := b.get("/audit?lang=en")
	for _, said := range []string{"Created a tenant", "Suspended a tenant", "Resumed a tenant"} {
		trail.has(said)
	}
	if p := b.get("/operator/tenants/" + string(myodai.PlatformTenant)); p.status != 404 {
		t.Errorf("the platform as a tenant: %d", p.status)
	}
}

// To who belongs to a tenant there is no operator's side, whatever their role (E1).
func TestOperatorsSideIsForOperators(t *testing.T) {
	o := newOffice(t)
	o.setup()
	owner, member := o.member("owner@acme.example", myodai.RoleOwner), o.member("ben@acme.example", myodai.RoleMember)
	n := 0
	for pattern, audience := range o.server.Routes() {
		method, path, _ := strings.Cut(pattern, " ")
		if !strings.HasPrefix(path, "/operator") {
			continue
		}
		if n++; audience != "operators" {
			t.Errorf("%s is for %s", pattern, audience)
		}
		path = strings.ReplaceAll(path, "{tenant}", string(o.tenant.ID))
		for _, b := range []*browser{owner, member} {
			if p := b.do(method, path, nil); p.status != 404 {
				t.Errorf("%s = %d, want 404", pattern, p.status)
			}
		}
	}
	if n < 10 {
		t.Errorf("%d routes were tried", n)
	}
}

// The operator sees what waits, by recipient domain, and which domains are in
// trouble and why, and has mail tried now.
func TestOperatorsOverview(t *testing.T) {
	o := newOffice(t)
	b := o.setup()
	b.get("/operator").has("Nothing waits.")
	o.mail("Hello", "x@example.net", myodai.DeliveryDeferred, myodai.Outcome{Kind: myodai.OutcomeTransient, Code: 451})
	now := time.Now()
	for name, state := range map[myodai.Name]myodai.DomainState{
		"risk.example": myodai.DomainAtRisk, "stopped.example": myodai.DomainSuspended, "old.example": myodai.DomainPending,
	} {
		d := myodai.Domain{
			ID: myodai.NewID[myodai.DomainID](now, rand.Reader), TenantID: o.tenant.ID, Name: name, State: state, Token: myodai.NewToken(rand.Reader),
			Shape: myodai.ShapeTXT, ReturnPath: "rp." + name, RegisteredAt: now.Add(-72 * time.Hour), NextCheckAt: now.Add(time.Hour),
			Cause: "name-suffix-duplicated",
		}
		if err := o.store.CreateDomain(t.Context(), d, nil); err != nil {
			t.Fatal(err)
		}
	}
	p := b.get("/operator")
	rows := append(p.all("[aria-labelledby=trouble] tbody tr"), p.all("[aria-labelledby=queue] tbody tr")...)
	if len(rows) != 4 {
		t.Fatalf("%d rows: %s", len(rows), p.text("main"))
	}
	for i, want := range []string{"stopped.example Acme Stopped", "risk.example Acme Needs attention", "old.example Acme Not verified yet", "example.net 0 1"} {
		if got := textOf(rows[i]); !strings.HasPrefix(got, want) || strings.Contains(got, "name-suffix") {
			t.Errorf("row %d is %q, want %q", i, got, want)
		}
	}
	if got := b.get("/operator?lang=ja").text("h1"); got != "運用状況" {
		t.Errorf("in Japanese: %s", got)
	}
	b.get("/operator?lang=en")
	if p := b.post("/operator/retry", "domain", "example.net"); p.path != "/operator" || p.text("[role=status]") == "" {
		t.Errorf("after the retry: %s", p.path)
	}
	if p := b.post("/operator/retry", "domain", "<script>"); p.status != 422 {
		t.Errorf("a retry to no domain: %d", p.status)
	}
}

// F2 to F6: the operator decides in the console, for all and for one tenant, and
// what is not said is left to the layer below.
func TestOperatorsPolicy(t *testing.T) {
	o := newOffice(t)
	b := o.setup()
	p := b.get("/operator/policy")
	for _, f := range p.all("main select") {
		if name := attr(f, "name"); !strings.HasPrefix(name, "classes") && p.text("#"+name+"-hint") == "" {
			t.Errorf("%s does not say what it means", name)
		}
	}
	said := []string{
		"verification", "either", "free_mail_allowed", "Gmail.com", "confirmation_life", "36h", "senders_rule", "list", "senders", "a.example,b.example",
		"classes[1].route", "delivery", "classes[1].unverified", "hold", "classes[1].return_path", "message", "classes[1].unsubscribe", "on", "classes[1].opens", "on",
	}
	if p := b.post("/operator/policy", said...); p.status != 200 || p.text("[role=status]") == "" {
		t.Fatalf("%d %s", p.status, p.text("main"))
	}
	set, err := o.store.OwnPolicy(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if set.Verification != "either" || set.Addresses != "" || set.FreeMailAllowed[0] != "gmail.com" || set.Senders.String() != "a.example\nb.example" ||
		set.Classes[1].Unverified != "hold" || set.Classes[1].ReturnPath != "message" || set.Classes[0].ReturnPath != "" || !set.Classes[1].Track.Opens || set.Classes[0].Unverified != "refuse" {
		t.Errorf("set is %+v", set)
	}
	tenant := "/operator/tenants/" + string(o.tenant.ID)
	b.post(tenant+"/policy", "addresses", "one", "verification", "")
	own, err := o.store.OwnPolicy(t.Context(), o.tenant.ID)
	if err != nil || own.Addresses != "one" || own.Verification != "" || own.Classes != nil {
		t.Errorf("the tenant's is %+v, %v", own, err)
	}
	p = b.get(tenant + "?lang=ja")
	if got := p.text("#verification"); !strings.Contains(got, "指定しない(どちらか一方)") {
		t.Errorf("what is below is %s", got)
	}
	b.get("/operator?lang=en")
	for name, tt := range map[string]struct{ field, value, says string }{
		"a life too short":   {"confirmation_life", "1s", "10 minutes"},
		"no length of time":  {"confirmation_life", "<b>", "24h"},
		"a suffix":           {"senders", "co.jp", "strangers"},
		"no domain":          {"free_mail_allowed", `"><script>`, ""},
		"a long life":        {"classes[0].life", "9999h", "14 days"},
		"an unknown way out": {"classes[0].route", "smarthost:x", "there is no route"},
	} {
		form := []string{tt.field, tt.value, "senders_rule", "list"}
		if tt.field != "classes[0].route" {
			form = append(form, "classes[0].route", "delivery")
		}
		p := b.post("/operator/policy", form...)
		if len(p.all("main script")) != 0 || p.status != 422 || !strings.Contains(strings.ToLower(p.body), tt.says) || !strings.Contains(p.body, tt.field+"-problem") {
			t.Errorf("%s: %d, and %s does not say %q", name, p.status, tt.field, tt.says)
		}
	}
}

// The operator sees what failed lately, by kind, the newest first, with whose it
// is: tenants' mishaps, what receivers put off, our own faults.
func TestOperatorsFaults(t *testing.T) {
	o := newOffice(t)
	b := o.setup()
	b.get("/operator/faults").has("Nothing failed in the last seven days.")
	now := time.Now()
	for i, told := range []struct {
		kind myodai.EventKind
		data map[string]any
	}{
		{myodai.EventDomainAtRisk, map[string]any{"domain": "xn--tckwe.example", "cause": "name-suffix-duplicated"}},
		{myodai.EventDomainSuspended, map[string]any{"domain": "stopped.example"}},
		{myodai.EventWebhookDisabled, map[string]any{"url": naughty, "reason": naughty}},
		{myodai.EventCertificateFailed, map[string]any{"tracking_domain": "click.acme.example", "detail": "CAA forbids it"}},
		{myodai.EventDomainVerified, map[string]any{"domain": "well.example"}},
	} {
		at := now.Add(time.Duration(i-60) * time.Minute)
		if err := o.store.AddEvents(t.Context(), myodai.Event{
			ID: myodai.NewID[myodai.EventID](at, rand.Reader), TenantID: o.tenant.ID, Kind: told.kind, At: at, Data: told.data,
		}); err != nil {
			t.Fatal(err)
		}
	}
	o.mail("Hello", "x@busy.example", myodai.DeliveryDeferred, myodai.Outcome{Kind: myodai.OutcomeTransient, Code: 451, Enhanced: "4.7.1", Text: naughty})
	fault := myodai.Fault{Node: "n1", Room: "queue", Text: "claim", Err: "disk full " + naughty, First: now, Last: now, Count: 3}
	if err := o.store.RecordFaults(t.Context(), []myodai.Fault{fault}, now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	p := b.get("/operator/faults")
	for id, want := range map[string][]string{
		"own":          {"claim disk full"},
		"domains":      {"stopped.example Acme stopped", "コム.example Acme at risk"},
		"webhooks":     {naughty[:10]},
		"certificates": {"click.acme.example Acme not issued CAA forbids it"},
		"deferred":     {"busy.example 1 451 4.7.1 " + naughty[:10]},
	} {
		rows := p.all("[aria-labelledby=" + id + "] tbody tr")
		if len(rows) != len(want) {
			t.Errorf("%s: %d rows", id, len(rows))
			continue
		}
		for i := range rows {
			if got := textOf(rows[i]); !strings.HasPrefix(got, want[i]) {
				t.Errorf("%s, row %d: %q, want %q", id, i, got, want[i])
			}
		}
	}
	if n := len(p.all("main script")) + len(p.all("main img")); n > 0 {
		t.Errorf("%d elements came with what failed (T70)", n)
	}
	if href := attr(p.one("[aria-labelledby=domains] a"), "href"); href != "/operator/tenants/"+string(o.tenant.ID) {
		t.Errorf("the link leads to %s", href)
	}
	b.get("/operator/faults?lang=ja").has("レコードが失われたドメイン")
}

// F2 to F6: the operator reads how the platform is set up, what it means, and
// where to change it.
func TestOperatorsSettings(t *testing.T) {
	o := newOffice(t)
	p := o.setup().get("/operator/settings")
	for section, want := range map[string]string{
		"decided":  "What proves a sender address What must be proved before mail may come from an address. its domain, by DNS",
		"platform": "plat.example configuration file",
		"dns":      "cname default",
	} {
		if got := p.text("[aria-labelledby=" + section + "] tbody"); !strings.Contains(got, want) {
			t.Errorf("%s says %q, want %q in it", section, got, want)
		}
	}
	if strings.Contains(p.body, "secret_of_ours") {
		t.Error("a setting that is not for operators is shown")
	}
	if len(p.all("main form")) != 0 {
		t.Error("something can be changed here")
	}
}

// B12: a tenant is shown what the platform has and its policy has a use for, and
// nothing else.
func TestNavigationFollowsWhatThereIs(t *testing.T) {
	w := newWorld(t)
	shown := func(token, path string) bool {
		w.t.Helper()
		return len(w.as(token).get("/domains").all("nav a[href="+path+"]")) > 0
	}
	for path, want := range map[string]bool{"/tracking": true, "/clicks": false, "/list-audits": true, "/webhooks": true, "/senders": true, "/routes": true} {
		if shown(adminToken, path) != want {
			t.Errorf("%s is shown: %v, want %v", path, !want, want)
		}
	}
	for path, p := range map[string]myodai.Policy{
		"/clicks":   {Classes: []myodai.Class{{Name: "news", Route: myodai.RouteDelivery, Unverified: "refuse", Track: myodai.Track{Clicks: true}}}},
		"/tracking": {Classes: []myodai.Class{{Name: "news", Route: myodai.RouteDelivery, Unverified: "refuse"}}},
	} {
		before := shown(adminToken, path)
		if err := w.store.SetPolicy(t.Context(), w.tenant.ID, p); err != nil {
			t.Fatal(err)
		}
		if shown(adminToken, path) == before {
			t.Errorf("%s does not follow the policy", path)
		}
	}
	bare := &world{t: t, log: &lines{}, door: w.door}
	o := bare.rooms("")
	o.Store, o.Sessions = w.store, w.door
	o.Senders, o.Tracking, o.Hygiene, o.Webhooks = nil, nil, nil, nil
	bare.serve(o, httptest.NewUnstartedServer(nil))
	p := bare.as(adminToken).get("/domains")
	for _, path := range []string{"/tracking", "/list-audits", "/webhooks", "/senders", "/routes"} {
		if len(p.all("nav a[href="+path+"]")) > 0 {
			t.Errorf("a platform without it shows %s", path)
		}
		if got := bare.as(adminToken).get(path).status; got != 404 {
			t.Errorf("%s = %d, want 404", path, got)
		}
	}
}
