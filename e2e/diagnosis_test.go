package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// mistake is one that a DNS administrator makes while entering a plan.
type mistake struct {
	name    string // what they did
	group   string // of causes
	plan    []wanted
	instead map[string]string // zone-file lines, by the record they are entered for
	beside  string            // lines that belong to the zone, before and after
	cause   string
	record  string // that the primary finding is about, relative to the domain
	says    string // what people are shown of it, in any language
}

// The final dot that is missing in many of these is the mistake: the server
// appends the zone, as a panel does.
func mistakes() []mistake {
	return slices.Concat(nameMistakes, aliasMistakes, keyMistakes(), spfMistakes, returnMistakes, policyMistakes, hostMistakes)
}

const (
	s1    = "s1._domainkey CNAME"
	s2    = "s2._domainkey CNAME"
	back  = "bounce CNAME"
	dmarc = "_dmarc TXT"
	click = "click CNAME"
	acme  = "_acme-challenge.click CNAME"
	root  = "@ TXT"
)

var nameMistakes = []mistake{
	{"the domain typed into the host field of a panel that appends it", "A", aliasPlan, map[string]string{
		s1:   "s1._domainkey.{d} CNAME s1.k7f3.dkim.plat.example.",
		s2:   "s2._domainkey.{d} CNAME s2.k7f3.dkim.plat.example.",
		back: "bounce.{d} CNAME k7f3.rp.plat.example.",
	}, "", "name-suffix-duplicated", "s1._domainkey", "s1._domainkey.{d}.{d}"},
	{"_domainkey left out", "A", aliasPlan, map[string]string{s1: "s1 CNAME s1.k7f3.dkim.plat.example."}, "",
		"name-missing-domainkey-label", "s1._domainkey", "s1.{d}"},
	{"the labels the other way round", "A", aliasPlan, map[string]string{s2: "_domainkey.s2 CNAME s2.k7f3.dkim.plat.example."}, "",
		"name-labels-reversed", "s2._domainkey", "_domainkey.s2.{d}"},
	{"_dmarc misspelled", "A", aliasPlan, map[string]string{dmarc: `_damrc TXT "v=DMARC1; p=none; rua=mailto:k7f3@dmarc.plat.example"`}, "",
		"name-typo", "_dmarc", "_damrc"},
	{"an underscore lost", "A", aliasPlan, map[string]string{s1: "s1.domainkey CNAME s1.k7f3.dkim.plat.example."}, "",
		"name-underscore-missing", "s1._domainkey", "s1.domainkey.{d}"},
	{"the DMARC record on the bare domain", "A", aliasPlan, map[string]string{dmarc: `@ TXT "v=DMARC1; p=none; rua=mailto:k7f3@dmarc.plat.example"`}, "",
		"dmarc-at-apex", "_dmarc", "_dmarc.{d}"},
	{"a character nobody sees, from a web page", "A", aliasPlan, map[string]string{dmarc: `_dmarc\226\128\139 TXT "v=DMARC1; p=none; rua=mailto:k7f3@dmarc.plat.example"`}, "",
		"name-invisible-unicode", "_dmarc", "_dmarc<U+200B>.{d}"},
	{"name and value swapped", "A", aliasPlan, map[string]string{s1: "s1.k7f3.dkim.plat.example CNAME s1._domainkey.{d}."}, "",
		"name-value-swapped", "s1._domainkey", "s1.k7f3.dkim.plat.example.{d}"},
}

var aliasMistakes = []mistake{
	{"a target without its final dot", "B", aliasPlan, map[string]string{
		s1: "s1._domainkey CNAME s1.k7f3.dkim.plat.example", s2: "s2._domainkey CNAME s2.k7f3.dkim.plat.example",
	}, "", "cname-target-suffix-appended", "s1._domainkey", "s1.k7f3.dkim.plat.example.{d}"},
	{"a misspelled target", "B", aliasPlan, map[string]string{back: "bounce CNAME k7f3.rp.plta.example."}, "",
		"cname-target-typo", "bounce", "k7f3.rp.plta.example"},
	{"the end of the target cut off", "B", aliasPlan, map[string]string{s1: "s1._domainkey CNAME s1.k7f3.dkim."}, "",
		"cname-target-truncated", "s1._domainkey", "s1.k7f3.dkim"},
	{"the two keys exchanged", "B", aliasPlan, map[string]string{
		s1: "s1._domainkey CNAME s2.k7f3.dkim.plat.example.", s2: "s2._domainkey CNAME s1.k7f3.dkim.plat.example.",
	}, "", "cname-targets-swapped", "s1._domainkey", "s2.k7f3.dkim.plat.example"},
	{"an alias entered as TXT", "B", aliasPlan, map[string]string{s1: `s1._domainkey TXT "s1.k7f3.dkim.plat.example"`}, "",
		"cname-entered-as-txt", "s1._domainkey", "TXT"},
	{"an alias entered as MX", "B", aliasPlan, map[string]string{back: "bounce MX 10 k7f3.rp.plat.example."}, "",
		"cname-entered-as-mx", "bounce", "MX"},
	{"a TXT value entered as alias", "B", aliasPlan, map[string]string{dmarc: `_dmarc CNAME v\061DMARC1\059\032p\061none`}, "",
		"txt-entered-as-cname", "_dmarc", "CNAME"},
	{"an alias that leads back to itself", "B", trackingPlan, map[string]string{click: "click CNAME t\nt CNAME click"}, "",
		"cname-loop", "click", "click.{d}"},
	{"an address in place of an alias", "B", trackingPlan, map[string]string{click: "click A 198.51.100.20"}, "",
		"tracking-a-instead-of-cname", "click", "198.51.100.20"},
	{"a wildcard that answers for everything", "B", aliasPlan, map[string]string{back: ""}, "* CNAME www\nwww A 198.51.100.5",
		"wildcard-masks-record", "bounce", "www.{d}"},
	{"a record forgotten", "B", aliasPlan, map[string]string{s2: ""}, "", "record-missing", "s2._domainkey", "s2._domainkey.{d}"},
	{"names below a cut entered above it", "B", aliasPlan, map[string]string{back: "bounce NS ns3.host.example."}, "",
		"record-occluded-by-delegation", "bounce", "bounce.{d}"},
}

func keyMistakes() []mistake {
	const s1 = "s1._domainkey TXT"
	right := key("s1")
	half := len(right) / 2
	in := func(name, lines, cause, says string) mistake {
		return mistake{name, "C", textPlan(), map[string]string{s1: lines}, "", cause, "s1._domainkey", says}
	}
	return []mistake{
		in("a panel that cuts at 255 characters", s1+" "+quoted(right[:255]), "dkim-txt-truncated-255", right[:40]),
		in("the halves in two records", s1+" "+quoted(right[:half])+"\n"+s1+" "+quoted(right[half:]), "dkim-txt-split-records", right[:40]),
		in("the quotation marks of the instructions typed as well", s1+" "+quoted(`"`+right+`"`), "dkim-txt-quotes-inside", `"`),
		in("a backslash before every semicolon", s1+" "+quoted(strings.ReplaceAll(right, ";", `\;`)), "txt-escaped-semicolons", `\;`),
		in("the key of the other selector", s1+" "+quoted(key("s2")), "dkim-key-of-other-selector", "s2"),
		in("a key file with its frame", s1+" "+quoted(strings.Replace(right, "p=", "p=-----BEGIN PUBLIC KEY-----", 1)+"-----END PUBLIC KEY-----"), "dkim-pem-armor", "BEGIN PUBLIC KEY"),
		in("the private key", s1+" "+quoted("v=DKIM1; k=rsa; p="+keys()["s1"].private), "dkim-private-key-published", "s1._domainkey.{d}"),
		in("a panel that writes everything small", s1+" "+quoted(strings.ToLower(right)), "dkim-base64-case-changed", strings.ToLower(right)[:40]),
	}
}

var spfMistakes = []mistake{
	{"a second SPF record", "D", spfPlan, map[string]string{root: `@ TXT "v=spf1 mx ~all"` + "\n" + `@ TXT "v=spf1 include:spf.plat.example ~all"`}, "@ MX 10 mail.example.",
		"spf-multiple-records", "", "v=spf1 mx"},
	{"the include at the very end", "D", spfPlan, map[string]string{root: `@ TXT "v=spf1 mx ~all include:spf.plat.example"`}, "@ MX 10 mail.example.",
		"spf-include-after-all", "", "include:spf.plat.example"},
	{"a record for somebody else alone", "D", spfPlan, map[string]string{root: `@ TXT "v=spf1 ip4:198.51.100.0/24 ~all"`}, "",
		"spf-missing-include", "", "include:spf.plat.example"},
	{"an equals sign for a colon", "D", spfPlan, map[string]string{root: `@ TXT "v=spf1 include=spf.plat.example ~all"`}, "",
		"spf-include-syntax", "", "include=spf.plat.example"},
	{"semicolons between the terms", "D", spfPlan, map[string]string{root: `@ TXT "v=spf1; include:spf.plat.example; ~all"`}, "",
		"spf-version-broken", "", "v=spf1;"},
	{"twelve look-ups", "D", spfPlan, map[string]string{root: `@ TXT "v=spf1 include:a.{d} include:b.{d} include:c.{d} include:spf.plat.example ~all"`},
		`a TXT "v=spf1 a:w1.{d} a:w2.{d} a:w3.{d} ?all"` + "\n" + `b TXT "v=spf1 a:w4.{d} a:w5.{d} a:w6.{d} ?all"` + "\n" + `c TXT "v=spf1 a:w7.{d} a:w8.{d} ?all"` + "\n" + manyHosts,
		"spf-too-many-lookups", "", "12"},
	{"a record that includes itself", "D", spfPlan, map[string]string{root: `@ TXT "v=spf1 include:{d} include:spf.plat.example ~all"`}, "",
		"spf-include-loop", "", "{d}"},
}

var manyHosts = func() string {
	var b strings.Builder
	for i := range 8 {
		fmt.Fprintf(&b, "w%d A 198.51.100.%d\n", i+1, i+1)
	}
	return b.String()
}()

const (
	backMX  = "bounce MX"
	backTXT = "bounce TXT"
)

var returnMistakes = []mistake{
	{"the return path's MX on the bare domain, in place of the company's", "E", textPlan(), map[string]string{backMX: "@ MX 10 k7f3.rp.plat.example."}, "",
		"returnpath-replaced-apex-mx", "bounce", "k7f3.rp.plat.example"},
	{"an MX target without its final dot", "E", textPlan(), map[string]string{backMX: "bounce MX 10 k7f3.rp.plat.example"}, "",
		"mx-target-invalid", "bounce", "k7f3.rp.plat.example.{d}"},
	{"an MX that takes no mail", "E", textPlan(), map[string]string{backMX: "bounce MX 0 ."}, "",
		"returnpath-null-mx", "bounce", "bounce.{d}"},
	{"the SPF record of the return path forgotten", "E", textPlan(), map[string]string{backTXT: ""}, "",
		"returnpath-spf-missing", "bounce", "bounce.{d}"},
}

var policyMistakes = []mistake{
	{"no DMARC record", "F", aliasPlan, map[string]string{dmarc: ""}, "", "dmarc-missing", "_dmarc", "_dmarc.{d}"},
	{"two DMARC records", "F", aliasPlan, map[string]string{dmarc: `_dmarc TXT "v=DMARC1; p=none"` + "\n" + `_dmarc TXT "v=DMARC1; p=reject"`}, "",
		"dmarc-multiple", "_dmarc", "v=DMARC1; p=reject"},
	{"the version in small letters", "F", aliasPlan, map[string]string{dmarc: `_dmarc TXT "v=dmarc1; p=none"`}, "",
		"dmarc-version-invalid", "_dmarc", "v=dmarc1"},
	{"commas between the tags", "F", aliasPlan, map[string]string{dmarc: `_dmarc TXT "v=DMARC1, p=none"`}, "",
		"dmarc-separator-wrong", "_dmarc", "v=DMARC1, p=none"},
	{"a policy that does not exist", "F", aliasPlan, map[string]string{dmarc: `_dmarc TXT "v=DMARC1; p=monitor"`}, "",
		"dmarc-invalid-p", "_dmarc", "monitor"},
	{"the SPF record in place of the DMARC record", "F", aliasPlan, map[string]string{dmarc: `_dmarc TXT "v=spf1 include:spf.plat.example ~all"`}, "",
		"txt-values-exchanged", "_dmarc", "v=spf1"},
}

var hostMistakes = []mistake{
	{"no alias for the challenges of the certificate authority", "I", trackingPlan, map[string]string{acme: ""}, "",
		"acme-challenge-missing", "_acme-challenge.click", "_acme-challenge.click.{d}"},
	{"the challenge alias one level too high", "I", trackingPlan, map[string]string{acme: "_acme-challenge CNAME k7f3.acme.plat.example."}, "",
		"acme-challenge-wrong-level", "_acme-challenge.click", "_acme-challenge.{d}"},
	{"a CAA record that lets only another company issue certificates", "I", trackingPlan, map[string]string{
		acme: "_acme-challenge.click CNAME k7f3.acme.plat.example.\n@ CAA 0 issue \"ca.example\"",
	}, "", "caa-forbids-issuer", "click", "ca.example"},
	{"the answer to an old challenge", "I", trackingPlan, map[string]string{acme: `_acme-challenge.click TXT "gfj9Xq2w8Rg85nMabcdefghijklmnopqrstuvwxyz01"`}, "",
		"acme-challenge-txt-left", "_acme-challenge.click", "gfj9Xq"},
}

// TestMistakes serves every mistake from NSD and Knot, has the command name it,
// and sees it satisfied with the mended zone (issue 3: at least one for each
// group of causes that is about contents).
func TestMistakes(t *testing.T) {
	w := emptyWorld(t)
	list := mistakes()
	broken, mended := make([]domainZone, len(list)), make([]domainZone, len(list))
	var delegations strings.Builder
	for i, m := range list {
		domain := m.domain(i)
		delegations.WriteString(delegation(domain, twoHosts...))
		broken[i] = domainZone{domain: domain, serial: 2026112101, records: zoneOf(m.plan, m.instead) + m.beside + "\n"}
		mended[i] = domainZone{domain: domain, serial: 2026112201, records: zoneOf(m.plan, nil) + m.beside + "\n"}
		w.planFile(t, domain, m.plan)
	}
	w.startParents(t, delegations.String())
	end := w.hosts(t, broken)
	t.Run("made", func(t *testing.T) {
		for i, m := range list {
			t.Run(m.group+" "+m.name, func(t *testing.T) { t.Parallel(); m.isNamed(t, w, m.domain(i)) })
		}
	})
	end()
	w.hosts(t, mended)
	t.Run("mended", func(t *testing.T) {
		for i, m := range list {
			t.Run(m.group+" "+m.name, func(t *testing.T) { t.Parallel(); w.isRight(t, m.domain(i)) })
		}
	})
}

func (m mistake) domain(i int) string {
	return fmt.Sprintf("%s%d.example", strings.ToLower(m.group), i)
}

func (w *world) checkArgs(domain string) []string {
	return []string{"--plan", w.path(domain + ".plan.json"), "--root", rootAddress + ":53"}
}

func (m mistake) isNamed(t *testing.T, w *world, domain string) {
	saved := w.path(domain + ".observation.json")
	d := checked(t, domain, append(w.checkArgs(domain), "--save", saved)...)
	if d.exit != 1 {
		t.Errorf("exit status %d, want 1", d.exit)
	}
	if record := strings.TrimPrefix(m.record+"."+domain, "."); d.cause() != m.cause || d.record() != record {
		t.Errorf("primary cause %q at %q, want %q at %q\n%s", d.cause(), d.record(), m.cause, record, strings.Join(findingsOf(d), "\n"))
	}
	plan := []string{"--plan", w.path(domain + ".plan.json")}
	d.replays(t, saved, plan...)
	d.tells(t, strings.ReplaceAll(m.says, "{d}", domain), append(plan, "--observation", saved)...)
}

// isRight checks that there is nothing to find in a domain's zone.
func (w *world) isRight(t *testing.T, domain string) {
	t.Helper()
	d := checked(t, domain, w.checkArgs(domain)...)
	if d.exit != 0 || len(d.Findings) > 0 || d.Primary != nil {
		t.Errorf("exit status %d, %s:\n%s", d.exit, d.Status, strings.Join(findingsOf(d), "\n"))
	}
}
