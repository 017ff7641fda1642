package console_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/myodai/myodai"
)

// authenticator gives a tab an authenticator that knows its owner and is always
// ready.
func (b *tab) authenticator() {
	b.t.Helper()
	call(b, webauthn.Enable, webauthn.EnableParams{})

	call(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, AutomaticPresenceSimulation: true, IsUserVerified: true,
	}})
}

// fill types into a form and sends it by its button.
func (b *tab) fill(button string, fields ...string) {
	b.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		b.do(chromedp.SendKeys(fields[i], fields[i+1]))
	}
	b.do(chromedp.Click(button))
}

// reach waits until a page that says something has come. Between two pages the
// browser may have no answer.
func (b *tab) reach(text string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		said, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.readyState === 'complete' ? document.body.innerText : ''"))
		if err == nil && strings.Contains(said, text) {
			return
		}
		if chromedp.Do(ctx, chromedp.Sleep(50*time.Millisecond)) != nil && ctx.Err() != nil {
			b.t.Fatalf("no page says %q; the last one says\n%s", text, said)
		}
	}
}

// In a real browser: an invitation is accepted, the new member sees no set-up
// (E1), adds a passkey, signs out and in with it, and removes it again.
func TestMemberInABrowser(t *testing.T) {
	o := newOffice(t)
	o.setup()
	owner := o.member("owner@acme.example", myodai.RoleOwner)
	owner.post("/members", "email", "ben@acme.example", "role", "member", "language", "en")
	_, page := o.mailTo("ben@acme.example")

	b := o.open("", look{})
	b.authenticator()
	b.visit(page)
	b.reach("Join Acme")
	b.accessible()
	b.fill("main form button", "#name", "Ben", "#password", password)
	b.reach("Welcome to Acme.")
	b.visit("/account")
	b.reach("ben@acme.example")
	b.accessible()
	if nav := b.text("#nav"); strings.Contains(nav, "Members") || strings.Contains(nav, "Keys") || strings.Contains(nav, "Audit") {
		t.Errorf("a member's navigation says %q", nav)
	}
	b.visit("/members")
	b.reach("Page not found")

	b.visit("/account")
	b.fill("form[data-passkey-new] button", "#passkey_name", "laptop")
	b.reach("The passkey was added.")
	b.reach("Recovery codes")
	b.do(chromedp.Click("main a.button"))
	b.reach("Last used")
	b.do(chromedp.Click(`form[action="/sign-out"] button`))
	b.reach("You are signed out.")
	b.accessible()
	b.do(chromedp.Click("form[data-passkey] button"))
	b.reach("Where your mail comes from.")
	b.visit("/account")
	b.reach("ben@acme.example")
	b.do(chromedp.Click(`form[action$="/remove"] button`))
	b.reach("The passkey was removed.")
	if b.text("form[action='/account/recovery']") != "" {
		t.Error("recovery codes outlive the last second factor")
	}
}
