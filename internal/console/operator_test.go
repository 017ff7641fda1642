package console_test

import (
	"crypto/rand"
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
		"classes[1].route", "delivery", "classes[1].unverified", "hold", "classes[1].unsubscribe", "on", "classes[1].opens", "on",
	}
	if p := b.post("/operator/policy", said...); p.status != 200 || p.text("[role=status]") == "" {
		t.Fatalf("%d %s", p.status, p.text("main"))
	}
	set, err := o.store.OwnPolicy(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if set.Verification != "either" || set.Addresses != "" || set.FreeMailAllowed[0] != "gmail.com" || set.Senders.String() != "a.example\nb.example" ||
		set.Classes[1].Unverified != "hold" || !set.Classes[1].Track.Opens || set.Classes[0].Unverified != "refuse" {
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
