package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// trap is a zone whose owner means harm, or whose server has gone wrong.
type trap struct {
	records string // zone-file lines; {d} is the domain
	fault   dnstest.Fault
	delay   time.Duration
	plan    []wanted
	root    bool // the lines belong into the zone above
	fine    bool // nothing is wrong, and that must be found out
}

// many writes a line n times, with a number for {n}.
func many(n int, line string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(line, "{n}", fmt.Sprint(i)) + "\n")
	}
	return b.String()
}

// longText is a TXT record of about 64 KiB that begins with text and goes on
// with more, a number in place of {n}.
func longText(name, text, more string) string {
	var b strings.Builder
	b.WriteString(text)
	for i := 0; b.Len()+b.Len()/255 < 64500; i++ {
		b.WriteString(strings.ReplaceAll(more, "{n}", fmt.Sprint(i)))
	}
	return name + " TXT " + quoted(b.String()) + "\n"
}

func traps() map[string]trap {
	right := zoneOf(aliasPlan, nil)
	rightBut := func(r, lines string) string { return zoneOf(aliasPlan, map[string]string{r: lines}) }
	return map[string]trap{
		"ten thousand includes, and as many in each": {plan: spfPlan,
			records: right + longText("@", "v=spf1", " include:{n}.example") + longText("*", "v=spf1", " include:{n}.example")},
		"includes that include each other": {plan: spfPlan,
			records: right + `@ TXT "v=spf1 include:a.{d} ~all"` + "\n" + `a TXT "v=spf1 include:b.{d} include:b.{d} ~all"` + "\n" + `b TXT "v=spf1 include:a.{d} include:a.{d} ~all"`},
		"a hundred redirects": {plan: spfPlan,
			records: right + `@ TXT "v=spf1 redirect=r0.{d}"` + "\n" + redirects(100)},
		"macros that make new names of every name": {plan: spfPlan,
			records: right + `@ TXT "v=spf1 include:%{d}.%{d} exists:%{i}.%{l}.%{d2r-}.{d} a:%{p}.{d} ~all"` + "\n" + `*.{d}. TXT "v=spf1 include:%{d}.x.{d} ~all"`},
		"a chain of a hundred aliases":    {records: rightBut(s1, "s1._domainkey CNAME c0\n"+aliases(100))},
		"an alias to itself":              {records: rightBut(s1, "s1._domainkey CNAME s1._domainkey")},
		"two aliases to each other":       {records: rightBut(back, "bounce CNAME b\nb CNAME bounce")},
		"names that grow with each step":  {records: rightBut(back, "bounce CNAME x.g\ng DNAME g.g")},
		"a wildcard alias below itself":   {records: "* CNAME x.x.x.{d}.\n"},
		"64 KiB of text for a policy":     {records: rightBut(dmarc, longText("_dmarc", "v=DMARC1; p=none; rua=mailto:a@r.example", ",mailto:a@r{n}.example"))},
		"64 KiB of text for a key":        {plan: textPlan(), records: zoneOf(textPlan(), map[string]string{"s1._domainkey TXT": longText("s1._domainkey", "v=DKIM1; k=rsa; p=", "MIIB")})},
		"a thousand texts on the domain":  {plan: spfPlan, records: right + many(1000, `@ TXT "v=spf1 include:n{n}.{d} ~all"`)},
		"two hundred keys under one name": {plan: textPlan(), records: zoneOf(textPlan(), nil) + many(200, `s1._domainkey TXT "v=DKIM1; k=rsa; p=AAAA{n}"`)},
		"five hundred mail hosts":         {plan: textPlan(), records: zoneOf(textPlan(), nil) + many(500, "bounce MX {n} m{n}.nowhere.{d}.")},
		"addressees of reports by the hundred": {
			records: rightBut(dmarc, `_dmarc TXT "v=DMARC1; p=none; rua=`+strings.TrimSuffix(strings.ReplaceAll(many(9, "mailto:a@r{n}.v{n}.example,"), "\n", ""), ",")+`" "`+strings.Repeat(",mailto:a@z.example", 12)+`"`)},
		"escape sequences for terminals": {
			records: rightBut(s1, `s1._domainkey CNAME \027[2J\027]0;mine\007.\000\013.{d}.`) + `@ TXT "v=spf1 \027[31m\226\128\174 \000"` + "\n"},
		"no answer at all":                          {records: right, fault: dnstest.Silent},
		"answers after a second":                    {records: right, delay: time.Second, fine: true},
		"answers too late":                          {records: right, delay: 5 * time.Second},
		"octets that are no message":                {records: right, fault: dnstest.Garbage},
		"forged answers by the dozen":               {records: rightBut(s2, ""), fault: dnstest.Flood},
		"upward referrals":                          {records: right, fault: dnstest.Lame},
		"refusals":                                  {records: right, fault: dnstest.Refuse},
		"long answers, and no TCP to fetch them by": {plan: textPlan(), records: zoneOf(textPlan(), map[string]string{"s1._domainkey TXT": longText("s1._domainkey", "v=DKIM1; k=rsa; p=", "MIIB")}), fault: dnstest.UDPOnly},
		"two hundred servers without addresses":     {root: true, records: many(200, "{d}. NS ns{n}.nowhere{n}.{d}.")},
		"servers below one another":                 {root: true, records: "{d}. NS ns.a.{d}.\na.{d}. NS ns.b.{d}.\nb.{d}. NS ns.a.{d}.\n"},
	}
}

func aliases(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "c%d CNAME c%d\n", i, i+1)
	}
	return b.String()
}

func redirects(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "r%d TXT \"v=spf1 redirect=r%d.{d}\"\n", i, i+1)
	}
	return b.String()
}

// trapTime is what one check may take: its own deadline is 20 s, and the
// machine does all traps at once.
const trapTime = 40 * time.Second

// TestHostileZones: whatever a zone holds and however its servers behave, the
// check ends, with a finding, and says the same again from what it saved (T36).
func TestHostileZones(t *testing.T) {
	w := emptyWorld(t)
	server, err := dnstest.Listen(host4Address + ":53")
	check(t, err)
	t.Cleanup(func() { _ = server.Close() })
	list := traps()
	names := slices.Sorted(maps.Keys(list))
	var delegations strings.Builder
	for i, name := range names {
		tr, domain := list[name], trapDomain(i)
		if tr.root {
			delegations.WriteString(strings.ReplaceAll(tr.records, "{d}", domain) + "\n")
			continue
		}
		delegations.WriteString(delegation(domain, "ns4.host.example"))
		text := strings.ReplaceAll(zoneHead(domain, 1, 300, []string{"ns4.host.example"})+tr.records, "{d}", domain)
		check(t, server.Set(domain+".", text))
		server.Break(domain+".", tr.fault)
		server.Delay(domain+".", tr.delay)
	}
	w.startParents(t, delegations.String())
	var running sync.WaitGroup
	for i, name := range names {
		tr := list[name]
		if tr.plan == nil {
			tr.plan = aliasPlan
		}
		w.planFile(t, trapDomain(i), tr.plan)
		running.Go(func() { t.Run(name, func(t *testing.T) { w.survives(t, trapDomain(i), tr) }) })
	}
	running.Wait()
}

func trapDomain(i int) string { return fmt.Sprintf("trap%d.example", i) }

func (w *world) survives(t *testing.T, domain string, tr trap) {
	saved := w.path(domain + ".observation.json")
	d := checked(t, domain, append(w.checkArgs(domain), "--save", saved)...)
	if d.took > trapTime {
		t.Errorf("it took %v", d.took)
	}
	// What is not known because of time is no finding about the tenant (P12).
	if ended := len(d.Findings) > 0 || tr.delay > 0 && d.exit == 3; ended == tr.fine || tr.fine && d.exit != 0 {
		t.Errorf("exit status %d, %s, and the findings are not as they should be: %s", d.exit, d.Status, d.raw)
	}
	if len(d.raw) > 1<<20 {
		t.Errorf("the answer has %d octets", len(d.raw))
	}
	plan := []string{"--plan", w.path(domain + ".plan.json")}
	d.replays(t, saved, plan...)
	out, _ := checkCommand(t, domain, append(plan, "--observation", saved)...)
	if strings.ContainsAny(out, "\x1b\x07\x00\u202e") {
		t.Errorf("control characters reach the terminal:\n%q", out)
	}
	t.Logf("%s (%d) in %v: %s", d.Status, d.exit, d.took.Round(time.Millisecond), d.cause())
}
