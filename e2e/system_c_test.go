package e2e

import (
	"strings"
	"testing"
)

// systemC is event and press mail of a company whose IT department keeps the DNS:
// two keys as TXT, a bounce domain as an alias, SPF if one wants it.
func (s *systems) systemC(t *testing.T) {
	c := s.takesOn(t, "Event SA", eventDomain, map[string]any{"verification": "domain", "classes": classes(map[string]any{"name": "press"})})
	plain := s.joins(t, s.browser, c.id, "guest-event@receiver.example", "member")

	// C7, F1: any shape, by record; the bounce domain is a subdomain of one's choice.
	c.cli(t, c.key, "domain", "add", eventDomain, "--shape", "txt", "--return-path", "lm-bounce", "--root-spf")
	c.cli(t, c.key, "domain", "shape", eventDomain, "cname", "--record", "lm-bounce."+eventDomain)
	if c.state() != "pending" {
		t.Fatalf("%s is %q", eventDomain, c.state())
	}
	zone := c.records("_dmarc.", eventDomain+". ")
	if strings.Count(zone, "v=DKIM1") != 2 || !strings.Contains(zone, "lm-bounce."+eventDomain+". ") || strings.Count(zone, " CNAME ") != 1 {
		t.Errorf("the records:\n%s", zone)
	}

	// C8: whoever has access shares the records with IT, who need no login; a plain
	// member has no set-up.
	plain.mayNotSee("/domains/" + c.domain + "/records")
	c.owner.opens("/domains/" + c.domain + "/handover")
	c.owner.types("#recipient", "IT")
	c.owner.presses(`form[action$="/links"] button`)
	link := strings.TrimSpace(c.owner.reads(".notice.good code"))
	it := sitsDown(t, s.browser)
	it.opens(link)
	it.sees("li.record", "_domainkey", "lm-bounce", "_dmarc")
	it.opens("/domains/" + c.domain)
	if it.at() != "/sign-in" {
		t.Errorf("without a login one comes to %s", it.at())
	}

	// C5, C9: nothing is sent before everything is confirmed.
	c.says(c.refused("press", c.address("press")), "is not verified")

	// C11, C12, C14: there is no SPF record, so one is to be made.
	c.spf("+ v=spf1 ", "include:spf.plat.example")
	// C13, C15: there is one, which is kept, and ours goes before "all".
	const old = "v=spf1 a mx ~all"
	zone += eventDomain + ". A " + receiverAddress + "\n" + eventDomain + ". MX 10 mx.receiver.example.\n"
	c.w.publishAt(t, eventDomain, zone+eventDomain+". TXT \""+old+"\"\n")
	c.spf("- "+old, "+ v=spf1 a mx include:spf.plat.example ~all")

	// C2: DMARC and DKIM are required, SPF is optional; IT sees it turn green, and
	// whoever asked hears by mail that it is confirmed.
	c.w.publishAt(t, eventDomain, zone+eventDomain+". TXT \"v=spf1 a mx include:spf.plat.example ~all\"\n_dmarc."+eventDomain+". TXT \"v=DMARC1; p=reject\"\n")
	eventually(t, patience, "IT has it checked", func() bool {
		_, _ = looksAt[bool](it, `document.querySelector(".now button")?.click() ?? true`)
		it.opens(link)
		return c.state() == "verified"
	})
	it.sees("#status .notice.good", "")
	c.hears("owner-event@receiver.example", "All records of "+eventDomain+" are there")
	c.arrives("press", "Press <"+c.address("press")+">") // C6: and the return path is below lm-bounce
	if spf := c.cli(t, c.key, "domain", "spf", eventDomain); strings.Contains(spf, "  + ") {
		t.Errorf("there is still something to change:\n%s", spf)
	}
}

// spf has the domain looked at until what is said of its SPF record has all of the
// given: a check that was just made is not made again.
func (c *customer) spf(wants ...string) {
	c.t.Helper()
	said := ""
	defer func() {
		if c.t.Failed() {
			c.t.Logf("said of SPF:\n%s", said)
		}
	}()
	eventually(c.t, patience, "SPF is looked at", func() bool {
		_, _ = c.try(c.key, "domain", "check", c.name, "--wait", "0")
		said = c.cli(c.t, c.key, "domain", "spf", c.name)
		for _, want := range wants {
			if !strings.Contains(said, want) {
				return false
			}
		}
		return true
	})
}
