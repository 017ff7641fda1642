package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// The domains of the five customers.
const (
	chatDomain  = "chat.example"
	salesDomain = "sales.example"
	eventDomain = "event.example"
	shopDomain  = "shop.example"
	listDomain  = "list.example"
)

// systems is one platform with a tenant for each of five systems, whose policies
// are the operator's choice per tenant.
type systems struct {
	*service
	ca      *authority
	browser context.Context
}

// TestSystems walks the whole way of a customer of each of five systems, on one
// platform and by that customer's policy: in Chromium at the console, with NSD for
// the customer's DNS, and with Postfix, OpenDKIM and OpenDMARC receiving. What each
// of them shows:
//
// system A: A1, A4, A6, A9, A13, A14, A15, A16, A17, A18, A21, A22, A23, A24, A25.
// system B: B1, B2, B3, B4, B5, B6, B9, B13, B14, B15, B17, B18, B19, B20, B21,
// B23, B24, B25, B26, B27, B28, B29.
// system C: C2, C5, C6, C7, C8, C9, C11, C12, C13, C14, C15.
// system D: D1, D2, D3, D4, D6, D7, D8, D9, D10, D11, D12, D13, D14, D15, D16,
// D17.
// system E: E1, E2, E3, E4, E5, E7, E8, E9, E10, E11, E12, E13, E14, E16, E17,
// E20, E21.
// all of them: F1, F2, F4, F6, F8.
func TestSystems(t *testing.T) {
	w := newWorldOf(t, chatDomain, salesDomain, eventDomain, shopDomain, listDomain)
	ca := w.startPebble(t)
	s := &systems{ca: ca, browser: w.chromium(t)}
	s.service = newService(t, w, "", "--routes", "normal="+receiverAddress+":25", "--acme-directory", ca.directory, "--acme-roots", ca.roots,
		"--acme-profile", "default", "--acme-ca-domains", "ca.example", "--listen-track", platformAddress+":80", "--listen-track-tls", platformAddress+":443")
	var all sync.WaitGroup // they mostly wait, so all at once, whatever -parallel says
	for name, walk := range map[string]func(*testing.T){
		"system A": s.systemA, "system B": s.systemB, "system C": s.systemC, "system D": s.systemD, "system E": s.systemE,
	} {
		all.Go(func() { t.Run(name, walk) })
	}
	all.Wait()
}

// customer is a tenant with its policy, and its owner at the console.
type customer struct {
	*systems
	tenant
	t     *testing.T
	name  string // of its domain
	owner *person
}

// takesOn makes a tenant, sets its policy, and has its owner join.
func (s *systems) takesOn(t *testing.T, name, domain string, policy map[string]any) *customer {
	t.Helper()
	c := &customer{systems: s, tenant: s.newTenant(t, name), t: t, name: domain}
	c.policy(policy)
	c.owner = s.joins(t, s.browser, c.id, "owner-"+strings.TrimSuffix(domain, ".example")+"@receiver.example", "owner")
	return c
}

func (c *customer) policy(policy map[string]any) {
	c.t.Helper()
	if status := c.call(c.t, c.operator, "PUT", "/v1/tenants/"+c.id+"/policy", policy, nil); status != http.StatusOK {
		c.t.Fatalf("policy: status %d", status)
	}
}

// classes are classes of mail by their names and what else they say.
func classes(list ...map[string]any) []any {
	out := make([]any, 0, len(list))
	for _, c := range list {
		out = append(out, c)
	}
	return out
}

// records are what the DNS administrator pastes, as lines of a zone, without
// those whose name begins with one of the given.
func (c *customer) records(without ...string) string {
	c.t.Helper()
	var lines []string
	for line := range strings.Lines(c.cli(c.t, c.key, "domain", "records", c.name, "--format", "zone")) {
		skip := strings.HasPrefix(line, ";") || strings.HasPrefix(line, "$")
		for _, name := range without {
			skip = skip || strings.HasPrefix(line, name)
		}
		if !skip {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// state is where the customer's only domain stands.
func (c *customer) state() string {
	c.t.Helper()
	var list struct {
		Items []struct{ ID, Name, State string }
	}
	c.call(c.t, c.key, "GET", "/v1/domains", nil, &list)
	for _, d := range list.Items {
		if d.Name == c.name {
			c.domain = d.ID
			return d.State
		}
	}
	return ""
}

// checks presses the button of the domain's page until it is verified: a check
// that was just made is not made again.
func (c *customer) checks() {
	c.t.Helper()
	c.owner.opens("/domains/" + c.domain + "/check")
	eventually(c.t, patience, c.name+" is verified", func() bool {
		if c.state() == "verified" {
			return true
		}
		if _, ok := looksAt[bool](c.owner, `document.querySelector(".now button")?.click() ?? true`); !ok {
			return false
		}
		return c.state() == "verified"
	})
	c.owner.opens("/domains/" + c.domain + "/check")
	c.owner.sees("#status .notice.good", "verified")
}

// sends sends a message and returns it as it arrived.
func (c *customer) sends(class, from, to, state string) (m message, mark string) {
	c.t.Helper()
	mark = newMark()
	if status := c.call(c.t, c.key, "POST", "/v1/messages", map[string]any{
		"class": class, "from": from, "to": []string{to}, "subject": "Hello " + mark, "text": mark + "\n",
		"html": `<p>` + mark + ` <a href="https://www.` + c.name + `/">More</a></p>`,
	}, &m); status != http.StatusAccepted {
		c.t.Fatalf("%s from %s: status %d", class, from, status)
	}
	if state != "" {
		m = c.settled(c.t, c.tenant, m.ID, state)
	}
	return m, mark
}

// refused says why a message is not accepted.
func (c *customer) refused(class, from string) string {
	c.t.Helper()
	var problem struct{ Detail string }
	status := c.call(c.t, c.key, "POST", "/v1/messages", map[string]any{
		"class": class, "from": from, "to": []string{"a@receiver.example"}, "subject": "x", "text": "x",
	}, &problem)
	if status != http.StatusForbidden && status != http.StatusConflict {
		c.t.Errorf("%s from %s: status %d %s", class, from, status, problem.Detail)
	}
	return problem.Detail
}

// refusedSoon waits until mail from an address is refused: what has changed counts
// within five seconds (P31).
func (c *customer) refusedSoon(from, why string) {
	c.t.Helper()
	eventually(c.t, 10*time.Second, "mail from "+from+" is refused: "+why, func() bool {
		var problem struct{ Detail string }
		c.call(c.t, c.key, "POST", "/v1/messages", map[string]any{"from": from, "to": []string{"a@receiver.example"}, "subject": "x", "text": "x"}, &problem)
		return strings.Contains(problem.Detail, why)
	})
}

// arrives sends from an address, and checks that the receiver finds it signed by
// the customer's own domain, aligned, with the return path below it.
func (c *customer) arrives(class, from string) {
	c.t.Helper()
	_, mark := c.sends(class, from, "a@receiver.example", "delivered")
	m := c.w.received(c.t, mark)
	c.passesAs(c.t, m, "dkim=pass", "header.d="+c.name, "spf=pass", "dmarc=pass", "header.from="+c.name)
	if back := m.Header.Get("Return-Path"); !strings.HasSuffix(back, "."+c.name+">") {
		c.t.Errorf("bounces go to %s", back)
	}
}

// says fails unless a text says something.
func (c *customer) says(text string, wants ...string) {
	c.t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			c.t.Errorf("%q is not said by:\n%s", want, text)
		}
	}
}

// hears waits until a mail to somebody says something.
func (c *customer) hears(who, what string) {
	c.t.Helper()
	eventually(c.t, patience, who+" hears "+what, func() bool {
		boxes, _ := filepath.Glob(filepath.Join(c.w.mail, "*", "new", "*"))
		for _, path := range boxes {
			raw, err := os.ReadFile(path)
			if err != nil || !bytes.Contains(raw, []byte("To: "+who)) {
				continue
			}
			m, err := mail.ReadMessage(bytes.NewReader(raw))
			check(c.t, err)
			if strings.Contains(textOf(c.t, m), what) {
				return true
			}
		}
		return false
	})
}

// bounceDomain is the owner of the return path's records.
func (c *customer) bounceDomain() string {
	c.t.Helper()
	m := regexp.MustCompile(`(?m)^(bounce\S*)\. `).FindStringSubmatch(c.records())
	if m == nil {
		c.t.Fatalf("no bounce domain in\n%s", c.records())
	}
	return m[1]
}

// confirmCode is the code that a page shows.
var confirmCode = regexp.MustCompile(`\b[0-9]{8}\b`)

func (c *customer) address(local string) string { return fmt.Sprintf("%s@%s", local, c.name) }
