package console_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/submission"
)

// From nothing to the first mail, in a real browser and with nothing but the
// keyboard: the first operator, a tenant, its owner by invitation, a domain with a
// mistake that is told and mended, verified at a real authoritative server, a key,
// and a message that is found. The same without script.
func TestFirstMail(t *testing.T) {
	for name, l := range map[string]look{"by keyboard": {}, "without script": {NoScript: true}} {
		t.Run(name, func(t *testing.T) {
			o := newOfficeOn(t, newInternet(t))
			tenant := o.keyboardOperator(l)
			owner := o.keyboardOwner(tenant, l)
			o.tenant = tenant
			o.keyboardDomain(owner)
			o.keyboardMessage(owner)
		})
	}
}

// keyboardOperator makes the first operator, who takes on a tenant.
func (o *office) keyboardOperator(l look) myodai.Tenant {
	o.t.Helper()
	link, err := o.access.SetupLink(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	b := o.open("", l)
	b.visit(strings.TrimPrefix(link, o.url))
	if !l.NoScript { // which axe-core is
		b.accessible()
	}
	b.typed("#email", "op@plat.example")
	b.typed("#name", "Op")
	b.typed("#password", password+"\r")
	b.reach("You are the platform operator")
	b.onto("nav a[href='/operator/tenants']")
	b.reach("A new tenant")
	b.typed("#name", "Birch\r")
	b.reach("Birch is there.")
	list, _, err := o.store.Tenants(o.t.Context(), myodai.Page{})
	if err != nil {
		o.t.Fatal(err)
	}
	for _, tenant := range list {
		if tenant.Name == "Birch" {
			return tenant
		}
	}
	o.t.Fatal("there is no tenant")
	return myodai.Tenant{}
}

// keyboardOwner accepts an invitation, signs out and in again.
func (o *office) keyboardOwner(tenant myodai.Tenant, l look) *tab {
	o.t.Helper()
	invitation := access.NewInvitation{Email: "owner@birch.example", Role: myodai.RoleOwner, Language: "en"}
	if _, err := o.access.Invite(o.t.Context(), access.ByCommand(), tenant.ID, invitation); err != nil {
		o.t.Fatal(err)
	}
	_, page := o.mailTo("owner@birch.example")
	b := o.open("", l)
	b.visit(page)
	b.reach("Join Birch")
	b.typed("#name", "Owner")
	b.typed("#password", password+"\r")
	b.reach("Welcome to Birch.")
	b.onto("form[action='/sign-out'] button")
	b.reach("You are signed out.")
	b.typed("#email", "owner@birch.example")
	b.typed("#password", password+"\r")
	b.reach("Where your mail comes from.")
	return b
}

// keyboardDomain takes a domain from its name to verified, with one mistake.
func (o *office) keyboardDomain(b *tab) {
	o.t.Helper()
	b.onto("a[href='/domains/new']")
	b.typed("#name", "www.acme.example")
	b.typed("#from", "info@acme.example\r")
	b.wait(".records")
	d, p := o.planned()
	for i, item := range p.Items {
		if i == 0 {
			six[0].make(o.net, item)
			continue
		}
		o.net.enter(string(item.Name), right(item))
	}
	b.onto("a[href='/domains/" + string(d.ID) + "/check']")
	b.untilThere(".now button", `[id^="`+six[0].cause+`-"]`)
	o.net.enter(string(p.Items[0].Name) + ".acme.example")
	o.net.enter(string(p.Items[0].Name), right(p.Items[0]))
	b.untilThere(".now button", "#status .notice.good")
	b.onto("#status a.primary")
	b.reach("Verified")
}

// keyboardMessage makes a key, sends with it, and finds the message.
func (o *office) keyboardMessage(b *tab) {
	o.t.Helper()
	b.onto("nav a[href='/credentials']")
	b.typed("#label", "shop\r")
	b.wait("#secret")
	c, err := o.access.Authenticate(o.t.Context(), b.text("#secret"), myodai.CredentialSMTP)
	if err != nil {
		o.t.Fatal(err)
	}
	sent, err := o.sending.Submit(o.t.Context(), submission.Request{
		Credential: c, Recipients: []myodai.Address{{Local: "you", Domain: "example.net"}},
		Raw: []byte("From: info@acme.example\r\nTo: you@example.net\r\nSubject: The first mail\r\n\r\nHello\r\n"),
	})
	if err != nil {
		o.t.Fatal(err)
	}
	b.onto("nav a[href='/messages']")
	b.typed("#q", "example.net\r")
	b.onto("a[href='/messages/" + string(sent.Message.ID) + "']")
	b.reach("The first mail")
	b.reach("DMARC passes")
}

// typed goes to a field by Tab and types into it, in place of what it holds.
func (b *tab) typed(selector, text string) {
	b.t.Helper()
	b.tabTo(selector)
	b.do(chromedp.KeyEvent(text))
}

// onto goes to a link or button by Tab and presses Enter.
func (b *tab) onto(selector string) { b.typed(selector, "\r") }

// tabTo presses Tab until an element has the focus.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	b.wait(selector)
	quoted, _ := json.Marshal(selector)
	for range 80 {
		if js[bool](b, "document.activeElement?.matches("+string(quoted)+") ?? false") {
			return
		}
		b.do(chromedp.KeyEvent("\t"))
	}
	b.t.Fatalf("Tab never comes to %s, at a page that says:\n%s", selector, js[string](b, "document.body.innerText"))
}

// untilThere presses a button by the keyboard until an element is there.
func (b *tab) untilThere(button, selector string) {
	b.t.Helper()
	for range 20 {
		if b.there(selector) {
			return
		}
		if b.there(button) {
			b.onto(button)
		}
		b.do(chromedp.Sleep(patience / 100))
	}
	b.wait(selector)
}
