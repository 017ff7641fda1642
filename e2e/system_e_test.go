package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// systemE is a list tool: one sender address at a time, confirmed by mail and with
// its domain verified, and no address is two accounts'.
func (s *systems) systemE(t *testing.T) {
	policy := map[string]any{"verification": "both", "addresses": "one"}
	c := s.takesOn(t, "Plan A", listDomain, policy)
	plain := s.joins(t, s.browser, c.id, "guest-list@receiver.example", "member")

	// E1: who is no administrator sees no set-up.
	for _, path := range []string{"/domains/new", "/senders/hint"} {
		plain.mayNotSee(path)
	}
	plain.opens("/senders")
	if fields, _ := looksAt[int](plain, `document.querySelectorAll("#address, section.card form").length`); fields != 0 {
		t.Error("a plain member sees the form")
	}

	// E8, E11: free mail is refused while it is typed, and when it is sent.
	c.owner.opens("/senders")
	c.owner.types("#address", "me@gmail.com")
	c.owner.sees("#address-hints", "mail provider's domain")
	c.owner.types("#label", "sales")
	c.owner.presses("section.card form button.primary")
	c.owner.sees("#address-problem", "mail provider's domain")

	// E7, E9: the address first; a mail goes to it.
	c.owner.types("#address", c.address("sales"))
	c.w.publishAt(t, listDomain, listMail)
	c.owner.presses("section.card form button.primary")
	c.owner.sees("main", "Look into its mailbox, and into spam as well", "has to be verified")
	page := c.owner.at()
	link := linkIn(t, c.w.received(t, "To: "+c.address("sales")), `/confirm/[0-9a-z]+`)
	c.scanned(link, page)

	// E10: who asked presses the button, without a code.
	c.owner.opens(link)
	c.owner.presses("#agree button")
	c.owner.sees("main", "is confirmed")
	c.says(c.refused("", c.address("sales")), "not a verified domain of yours") // E5

	c.enables(page)
	c.changes(page)
	c.shares(policy)
}

// listMail is where mail to the customer's own addresses goes.
const listMail = listDomain + ". MX 10 mx.receiver.example.\n"

// scanned is T10: what link scanners do with the link in a mail. They fetch it, and
// open it in a browser that runs scripts, presses every link and button, and sends
// every form.
func (c *customer) scanned(link, page string) {
	c.t.Helper()
	for range 10 {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			req, err := http.NewRequest(method, link, nil)
			check(c.t, err)
			resp, err := http.DefaultClient.Do(req)
			check(c.t, err)
			_ = resp.Body.Close()
		}
	}
	scanner := sitsDown(c.t, c.browser)
	for _, press := range []string{
		`[...document.querySelectorAll("a, button, summary, [role=button], input[type=submit]")].forEach(e => e.click())`,
		`document.querySelector("#agree button").click()`,
		`document.querySelector("#deny button").click()`,
		`document.querySelector("#agree").submit()`,
		`document.querySelector("#deny").requestSubmit(document.querySelector("#deny button"))`,
		`{ const f = document.querySelector("#deny"), i = document.createElement("input"); i.name = "answer"; i.value = "deny"; f.append(i); f.submit() }`,
	} {
		scanner.opens(link)
		scanner.sees("#agree", "")
		_ = chromedp.Do(scanner.tab, evaluate(press), chromedp.Sleep(300*time.Millisecond)) // for what was pressed to be sent
	}
	c.owner.opens(page)
	c.owner.sees("main", "has to agree") // neither confirmed nor denied
}

// enables is E14, E16, E17, E20 and E21: three aliases and DMARC; the check says
// what is still missing, and later that all is there.
func (c *customer) enables(page string) {
	c.t.Helper()
	c.owner.opens("/domains/new")
	c.owner.types("#name", c.name)
	c.owner.presses("form.form button.primary")
	if c.state() != "pending" {
		c.t.Fatalf("%s is %q", c.name, c.state())
	}
	c.owner.sees("li.record dt", "Type", "Host", "Value", "TTL")
	c.owner.sees(".hand", "Somebody else manages our DNS")
	if zone := c.records(); strings.Count(zone, " CNAME ") != 3 {
		c.t.Errorf("the records:\n%s", zone)
	}
	c.owner.opens("/domains/" + c.domain + "/check")
	c.owner.sees("#status", "Check now")
	c.w.publishAt(c.t, c.name, listMail+c.records())
	c.checks()
	c.owner.opens(page)
	c.owner.sees("main", "Verified")
	c.arrives("", "Sales <"+c.address("sales")+">") // E5: both are there
}

// changes is E2, E12 and E13: there is one address, and another of the domain has
// to be confirmed, and nothing more.
func (c *customer) changes(page string) {
	c.t.Helper()
	c.owner.opens("/senders")
	c.owner.types("#address", c.address("second"))
	c.owner.types("#label", "second")
	c.owner.presses("section.card form button.primary")
	c.owner.sees("main", "one is allowed at a time")
	c.owner.opens(page)
	c.owner.types("#address", c.address("info"))
	c.owner.presses("section.card form button.primary")
	c.owner.sees("main", "has to agree")
	if text := c.owner.reads("main"); strings.Contains(text, "has to be verified: publish") {
		c.t.Errorf("the same domain asks for DNS again:\n%s", text)
	}
	c.refusedSoon(c.address("sales"), "is not confirmed")
	c.owner.opens(linkIn(c.t, c.w.received(c.t, "To: "+c.address("info")), `/confirm/[0-9a-z]+`))
	c.owner.presses("#agree button")
	c.arrives("", "Info <"+c.address("info")+">")
}

// shares is E3, E4 and F4: another account has the domain, and an address of its
// own; not this one's.
func (c *customer) shares(policy map[string]any) {
	c.t.Helper()
	other := c.takesOn(c.t, "Plan B", "b."+listDomain, policy)
	other.name = listDomain
	other.cli(c.t, other.key, "domain", "add", listDomain)
	if other.state() != "pending" {
		c.t.Fatal("the domain cannot be had twice")
	}
	c.w.publishAt(c.t, listDomain, listMail+c.records()+other.records("_dmarc."))
	other.checks()
	other.owner.opens("/senders")
	same := c.address("INFO") // a mailbox has no case
	other.owner.types("#address", same)
	other.owner.types("#label", "mine")
	other.owner.presses("section.card form button.primary")
	other.owner.opens(linkIn(c.t, c.w.received(c.t, "To: "+same), `/confirm/[0-9a-z]+`))
	other.owner.presses("#agree button")
	other.owner.sees("main", "belongs to one")
	other.refusedSoon(same, "is not confirmed")
	c.arrives("", "Info <"+c.address("info")+">")
}
