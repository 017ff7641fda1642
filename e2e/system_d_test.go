package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// shopSenders is the list of verified senders that the operator keeps (D2, D17).
const shopSenders = shopDomain + ",shop-d@receiver.example"

// shopPolicy is the shop's policy with a list of verified senders.
func shopPolicy(senders string) map[string]any {
	return map[string]any{
		"verification": "either", "suppressed": "bounce", "audit_required": "on", "senders": senders,
		"classes": classes(map[string]any{"name": "automatic", "unverified": "normal"},
			map[string]any{"name": "newsletter", "route": "normal", "unverified": "normal"},
			map[string]any{"name": "administrator", "route": "normal", "unverified": "normal"}),
	}
}

// systemD is a shop's automatic mail: the operator sets it up, addresses are
// audited first, what matches the list of verified senders goes by us and all else
// the normal path, and dead addresses are withheld while the shop is told that
// they were sent to.
func (s *systems) systemD(t *testing.T) {
	c := s.takesOn(t, "Shop", shopDomain, shopPolicy(shopSenders))
	shop := c.address("test")

	c.operatorRegisters()
	c.audits(shop)
	c.byAddress()
	c.goesItsWay(shop)
	c.firstBounce(shop)
}

// operatorRegisters is D7, D8, D10 (b) and D13: the shop names its From, and the
// operator registers the domain, with where reports go; the shop's DNS gets MX,
// SPF, keys and, where there is none, DMARC. D10 (a) is the same with the operator
// publishing.
func (c *customer) operatorRegisters() {
	c.t.Helper()
	var made struct{ Secret string }
	if status := c.call(c.t, c.operator, "POST", "/v1/tenants/"+c.id+"/credentials", map[string]any{"kind": "api", "label": "the operator's"}, &made); status != http.StatusCreated {
		c.t.Fatalf("a key for the tenant: status %d", status)
	}
	c.cli(c.t, made.Secret, "domain", "add", c.name, "--report-address", c.address("dmarc"))
	c.cli(c.t, made.Secret, "domain", "shape", c.name, "txt", "--record", c.bounceDomain())
	if c.state() != "pending" {
		c.t.Fatalf("%s is %q", c.name, c.state())
	}
	zone := c.records()
	c.says(zone, " MX ", "v=spf1 ", "._domainkey."+c.name+". ", " CNAME ", "_dmarc."+c.name+". ", "rua=mailto:dmarc@"+c.name)
	c.w.publishAt(c.t, c.name, zone+c.name+". MX 10 mx.receiver.example.\n")
	c.checks()
}

// audits is D9: nothing is sent before the shop's addresses were looked at; dead
// ones of past bounces are entered with one press.
func (c *customer) audits(shop string) {
	c.t.Helper()
	c.says(c.refused("automatic", shop), "audit")
	list := "email\n"
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		list += name + "@receiver.example\n"
	}
	past := "From MAILER-DAEMON Mon Nov  2 10:00:00 2026\r\n" + pastBounce("dead@receiver.example") + "\r\n"
	c.owner.opens("/list-audits")
	c.owner.do(chromedp.SetUploadFiles("#file", []string{
		c.w.write(c.t, "shop/members.csv", list+"dead@receiver.example\n"), c.w.write(c.t, "shop/bounces.mbox", past),
	}))
	c.owner.presses("form[action='/list-audits'] button")
	page := c.owner.at()
	eventually(c.t, patience, "the audit is done", func() bool {
		c.owner.opens(page)
		return strings.Contains(c.owner.reads("main"), "14")
	})
	c.owner.presses(`form[action$="/accept"] button`)
	var entries struct {
		Items []struct{ Address, Reason string }
	}
	c.call(c.t, c.key, "GET", "/v1/suppressions", nil, &entries)
	if len(entries.Items) != 1 || entries.Items[0].Address != "dead@receiver.example" || entries.Items[0].Reason != "audited" {
		c.t.Errorf("suppressions: %+v", entries.Items)
	}
}

// pastBounce is a mail that came back before, as Postfix writes it.
func pastBounce(address string) string {
	return "From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n" +
		"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; " + address + "\r\nAction: failed\r\nStatus: 5.1.1\r\n" +
		"Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b--\r\n"
}

// byAddress is D10 (c), D11 and D12: where DNS cannot be had, one address is
// confirmed by mail, with what that costs said before.
func (c *customer) byAddress() {
	c.t.Helper()
	const address = "shop-d@receiver.example"
	c.owner.opens("/senders")
	c.owner.types("#address", address)
	c.owner.sees("#address-hints", "via plat.example", "mobile carriers") // D11
	c.owner.types("#label", "shop")
	c.owner.presses("section.card form button.primary")
	code := confirmCode.FindString(c.owner.reads("#code"))
	m := c.w.received(c.t, "To: "+address)
	if subject := m.Header.Get("Subject"); subject != "Email Address Verification Request" {
		c.t.Errorf("the subject is %s", subject)
	}
	reader := sitsDown(c.t, c.browser)
	reader.opens(linkIn(c.t, m, `/confirm/[0-9a-z]+`))
	reader.types("#code", code)
	reader.presses("#agree button")
	reader.sees("main", "is confirmed")
	_, mark := c.sends("automatic", "Shop <"+address+">", "a@receiver.example", "delivered")
	c.passesAs(c.t, c.w.received(c.t, mark), "dkim=pass", "header.d=plat.example", "spf=pass")
}

// goesItsWay is D1 to D4 and D17, F6: the matching table, on the wire and as it is
// explained, and a page at which the shop changes nothing.
func (c *customer) goesItsWay(shop string) {
	c.t.Helper()
	for _, tt := range []struct{ class, from, way string }{
		{"automatic", shop, "own"},                                        // row 1
		{"automatic", "test@other.example", "normal"},                     // row 2
		{"automatic", "test@sub." + c.name, "own"},                        // row 3
		{"automatic", "test@test" + c.name, "normal"},                     // row 4
		{"automatic", "shop-d@receiver.example", "address"},               // rows 5 and 7: the second of a list, an address
		{"automatic", "test@receiver.example", "normal"},                  // row 8
		{"newsletter", shop, "normal"}, {"administrator", shop, "normal"}, // D1
	} {
		_, mark := c.sends(tt.class, tt.from, "a@receiver.example", "delivered")
		m := c.w.received(c.t, mark)
		ours := strings.Contains(strings.Join(m.Header["Dkim-Signature"], "\n"), "d=plat.example")
		own := strings.Contains(strings.Join(m.Header["Dkim-Signature"], "\n"), "d="+c.name)
		routed := strings.Contains(c.cli(c.t, c.key, "route", "explain", tt.from, "--class", tt.class), "normal path")
		if from := m.Header.Get("From"); from != tt.from || routed != (tt.way == "normal") || (tt.way == "own") && !own || (tt.way == "address") && !ours {
			c.t.Errorf("%s from %s: normal path %t, signed %t %t, From %s", tt.class, tt.from, routed, own, ours, from)
		}
	}
	// Rows 6 and 9: a line break separates, too; a list of nothing matches nothing.
	for _, tt := range []struct {
		list   string
		normal bool
	}{{"a.example\n" + c.name, false}, {"", true}, {shopSenders, false}} {
		c.policy(shopPolicy(tt.list))
		if out := c.cli(c.t, c.key, "route", "explain", shop, "--class", "automatic"); strings.Contains(out, "normal path") != tt.normal {
			c.t.Errorf("with the list %q: %s", tt.list, out)
		}
	}
	c.owner.opens("/routes?from=" + shop + "&class=newsletter") // D3
	c.owner.sees("#answer", "by the normal path")
	c.owner.sees("main", shopDomain, "shop-d@receiver.example")
	if forms, _ := looksAt[int](c.owner, `document.querySelectorAll("main form[method=post], main input:not([type=email]), main textarea").length`); forms != 0 {
		c.t.Errorf("the shop can change something: %d forms and fields", forms)
	}
}

// firstBounce is D6, D14 to D16 and F8: the first mail to a dead address is
// attempted and MAILER-DAEMON comes back; from the second on nothing is sent, the
// shop is told that it was, and MAILER-DAEMON comes back all the same.
func (c *customer) firstBounce(shop string) {
	c.t.Helper()
	for n, state := range []string{"bounced", "suppressed", "suppressed"} {
		m, mark := c.sends("automatic", "Shop <"+shop+">", "gone@receiver.example", "")
		for _, d := range m.Deliveries {
			if d.State != "accepted" {
				c.t.Errorf("mail %d: the shop is told %s", n+1, d.State)
			}
		}
		m = c.settled(c.t, c.tenant, m.ID, state)
		back := c.w.received(c.t, mark)
		text, err := io.ReadAll(back.Body)
		check(c.t, err)
		c.says(back.Header.Get("From"), "MAILER-DAEMON@")
		c.says(back.Header.Get("To"), shop)
		c.says(string(text), "Final-Recipient: rfc822; gone@receiver.example", "Action: failed")
		if n > 0 && (len(m.Deliveries[0].Attempts) != 0 || !strings.HasPrefix(m.Deliveries[0].Last, "accepted, not sent: suppressed since ")) {
			c.t.Errorf("mail %d: our record is %+v", n+1, m.Deliveries[0])
		}
	}
}
