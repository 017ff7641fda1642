package e2e

import (
	"strings"
	"testing"
)

// systemA is customer chat: two streams from the company's own domain, DKIM and
// DMARC required and no SPF, and until then replies go from the platform's own
// address.
func (s *systems) systemA(t *testing.T) {
	c := s.takesOn(t, "Chat Ltd", chatDomain, map[string]any{
		"verification": "domain",
		"classes":      classes(map[string]any{"name": "reply", "unverified": "platform"}, map[string]any{"name": "marketing", "unsubscribe": true}),
	})
	from := "Test <" + c.address("test") + ">"

	// A9, F6: without a domain a reply notification goes from the platform's own
	// address, and passes; marketing does not.
	_, mark := c.sends("reply", from, "a@receiver.example", "delivered")
	m := c.w.received(t, mark)
	c.passesAs(t, m, "dkim=pass", "dmarc=pass", "header.from=plat.example")
	c.says(m.Header.Get("Reply-To"), c.address("test"))
	c.says(c.refused("marketing", from), "not a verified domain of yours")

	// A13, A14, A15, A23: the wizard refuses free mail while it is typed, and takes
	// a domain with www. and an address with a local part of one's own.
	c.owner.opens("/domains/new")
	c.owner.types("#name", "user@gmail.com")
	c.owner.sees("#name-hints", "mail provider's domain")
	c.owner.types("#name", "www."+chatDomain)
	c.owner.sees("#name-hints", "without www.")
	c.owner.types("#from", c.address("test"))
	c.owner.presses("form.form button.primary")
	if c.state() != "pending" {
		t.Fatalf("%s is %q at %s", chatDomain, c.state(), c.owner.at())
	}

	// A16, A21, A25: host, type, value; keys as TXT when one asks for it; no SPF.
	c.owner.sees("li.record dt", "Host", "Type", "Value")
	for _, record := range []string{"#record-1", "#record-2"} {
		c.owner.presses(record + "-cannot form button")
	}
	zone := c.records()
	if strings.Count(zone, "._domainkey."+chatDomain+". ") != 2 || strings.Count(zone, "v=DKIM1") != 2 || strings.Contains(zone, "\n"+chatDomain+". ") {
		t.Errorf("the records:\n%s", zone)
	}

	// A4, A17, A18, A24: the keys alone are not enough.
	c.w.publishAt(t, chatDomain, c.records("_dmarc."))
	c.owner.opens("/domains/" + c.domain + "/check")
	c.owner.sees("#status", "_dmarc."+chatDomain)
	if c.state() != "pending" {
		t.Errorf("without DMARC the domain is %s", c.state())
	}
	// A6: any valid policy counts.
	c.w.publishAt(t, chatDomain, c.records("_dmarc.")+"_dmarc."+chatDomain+". TXT \"v=DMARC1; p=quarantine; rua=mailto:dmarc@"+chatDomain+"\"\n")
	c.checks()
	c.owner.opens("/domains") // A22
	c.owner.sees("li.line", chatDomain, "Verified")

	// A1: both streams, from the company's own address.
	c.arrives("reply", from)
	c.arrives("marketing", from)
	if out := c.cli(t, c.key, "route", "explain", c.address("test"), "--class", "marketing"); !strings.Contains(out, "is verified") {
		t.Errorf("explained: %s", out)
	}
}
