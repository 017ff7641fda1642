package e2e

import (
	"crypto/tls"
	"io"
	"mime/quotedprintable"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// systemB is bulk mail from a sales tool: the domain in one step, a tracking
// domain in three, and then the account that mail comes from.
func (s *systems) systemB(t *testing.T) {
	c := s.takesOn(t, "Sales KK", salesDomain, map[string]any{
		"verification": "domain",
		"classes":      classes(map[string]any{"name": "bulk", "unsubscribe": true, "track": map[string]any{"clicks": true}}),
	})
	// B28, F6: there is no domain to choose an address of, and nothing is sent.
	c.owner.opens("/senders")
	c.owner.types("#address", c.address("maildm"))
	c.owner.sees("#address-hints", "not a verified domain of yours")
	c.says(c.refused("bulk", c.address("maildm")), "not a verified domain of yours")

	// B13, B14: the domain is that of the address, and saving shows its records.
	c.owner.opens("/domains/new")
	c.owner.types("#name", c.address("maildm"))
	c.owner.presses("form.form button.primary")
	if c.state() != "pending" {
		t.Fatalf("%s is %q", salesDomain, c.state())
	}
	c.owner.sees("li.record", "_domainkey", "CNAME")

	// B15: the request to the administrator is of what is still open.
	dmarc := "_dmarc." + salesDomain + ". TXT \"v=DMARC1; p=none\"\nwww." + salesDomain + ". A " + host2Address + "\n" + salesDomain + ". MX 10 mx.receiver.example.\n"
	c.w.publishAt(t, salesDomain, dmarc)
	c.owner.opens("/domains/" + c.domain + "/check")
	c.owner.sees("#record-4 .chip, [id^=record-4] .chip", "")
	eventually(t, patience, "DMARC is done", func() bool {
		c.owner.opens("/domains/" + c.domain + "/handover")
		open := c.owner.reads("#letter-records li")
		return strings.Contains(open, "_domainkey") && !strings.Contains(open, "_dmarc")
	})
	c.owner.types("#to", "dns@receiver.example")
	c.owner.presses("form.letter button.primary")
	request := textOf(t, c.w.received(t, "To: dns@receiver.example"))
	c.says(request, "_domainkey", "bounce", "CNAME")
	if strings.Contains(request, "_dmarc."+salesDomain) {
		t.Errorf("it asks for what is there:\n%s", request)
	}

	// B2, B9, B17, B18: all of them, and they stay.
	zone := c.records("_dmarc.") + dmarc
	c.w.publishAt(t, salesDomain, zone)
	c.checks()
	c.owner.sees(".keep", "Do not delete these records")

	c.account()
	c.sharedTracking()
	c.ownTracking(zone)
}

// account is B26 to B29: the address that bulk mail comes from.
func (c *customer) account() {
	c.t.Helper()
	c.owner.opens("/senders")
	c.owner.sees("#address-hint", "Verified domains: "+salesDomain, "can receive") // B28, B29
	c.owner.types("#address", c.address("maildm"))
	c.owner.sees("#address-hints", "The domain "+salesDomain+" is verified")
	c.owner.types("#label", "#1")
	c.owner.presses("section.card form button.primary")
	c.owner.sees("#label-problem", "half-width letters and digits") // B27
	c.owner.types("#label", "Maildm1")
	c.owner.presses("section.card form button.primary")
	c.owner.sees("main", "Maildm1", c.address("maildm"), "Verified")
	c.arrives("bulk", "Sales <"+c.address("maildm")+">")
}

// link sends a mail and returns the link in it as it arrived.
func (c *customer) link() string {
	c.t.Helper()
	_, mark := c.sends("bulk", c.address("maildm"), "a@receiver.example", "delivered")
	body, err := io.ReadAll(quotedprintable.NewReader(c.w.received(c.t, mark).Body))
	check(c.t, err)
	m := regexp.MustCompile(`href="(https?://[^"]+)"`).FindSubmatch(body)
	if m == nil {
		c.t.Fatalf("no link in the mail:\n%s", body)
	}
	return string(m[1])
}

// leads follows a link to where it leads.
func (c *customer) leads(link string) {
	c.t.Helper()
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: c.ca.issued}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Get(link)
	check(c.t, err)
	_ = resp.Body.Close()
	if to := resp.Header.Get("Location"); to != "https://www."+c.name+"/" {
		c.t.Errorf("%s leads to %q", link, to)
	}
}

// sharedTracking is B6: without a tracking domain links are the platform's.
func (c *customer) sharedTracking() {
	c.t.Helper()
	link := c.link()
	if !strings.HasPrefix(link, "http://track.plat.example/") && !strings.HasPrefix(link, "https://track.plat.example/") {
		c.t.Errorf("the link is %s", link)
	}
	c.leads(link)
}

// ownTracking is B4, B5 and B19 to B25: three steps, each published and checked,
// and then links are the customer's own.
func (c *customer) ownTracking(zone string) {
	c.t.Helper()
	const host = "click." + salesDomain
	c.owner.opens("/tracking")
	if proposed, _ := looksAt[string](c.owner, `document.querySelector("#name").value`); proposed != host {
		c.t.Errorf("proposed is %q", proposed)
	}
	c.owner.do(evaluate(`document.querySelector("#way").value = "prepared"`))
	c.owner.presses("section.card form button.primary")
	page := c.owner.at()
	d := tracked{ID: page[strings.LastIndexByte(page, '/')+1:], Name: host}
	k := &tracking{service: c.service, tenant: c.tenant, ca: c.ca}
	for n, next := range []string{"validating", "switching", "verified"} {
		d = k.get(c.t, d)
		if d.Step != n+1 || len(d.Records) == 0 {
			c.t.Fatalf("in step %d: %+v", n+1, d)
		}
		if left := time.Until(d.Deadline); n == 1 && (left < 71*time.Hour || left > 72*time.Hour) { // B23
			c.t.Errorf("the second step may take %v", left)
		}
		c.owner.opens(page)
		c.owner.sees("ol.timeline li[aria-current=step]", string(rune('1'+n))+".")
		c.w.publishAt(c.t, salesDomain, zone+records(d)) // from here on it may go on by itself
		c.owner.presses(`form[action$="/check"] button`)
		d = k.isState(c.t, d, next, 30*time.Second)
	}
	c.owner.opens(page)
	c.owner.sees("main", "Set up")
	link := ""
	eventually(c.t, patience, "links are the customer's own", func() bool {
		link = c.link()
		return strings.HasPrefix(link, "https://"+host+"/")
	})
	c.leads(link)
}
