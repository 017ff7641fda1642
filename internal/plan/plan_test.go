package plan_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

var site = plan.Site{
	Zone: "plat.example", MailHost: "mail.plat.example", NameServers: []myodai.Name{"ns1.plat.example", "ns2.plat.example"},
	Addresses: []netip.Addr{netip.MustParseAddr("203.0.113.10"), netip.MustParseAddr("2001:db8::10")},
}

const token = "k7f3q9x2abcdefghijklmnopqr"

const public = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu5oIUrFDWZK7F4thFxpZa2or6jBEX3cSL6b2TJdPkO5iNn9vHNXhNX31nOefN8FksX94YbLJ8NHcFPbaZTW8R2HthYxRaCyqodxlLHibg8aHdfa+bxKeiI/xABRuAM0WG0JEDSyakMFqIO40ghj/h7DUc/4OXNdeQhrKDTlgf2bd+FjpJ3bNAFcMYa3Oeju33b2Tp+PdtqIwXRZksfuXh7m30kuyavp3Uaso145DRBaJZA55lNxmHWMgMjO+YjNeuR6j4oQqyGwzPaVcSdOG8Js2mXt+J3Hr+nNmJGxZUUW4Uw5ws08wT9opRgSpn+ThX2d1AgQePpGrWOamC3PdcwIDAQAB"

func domain(shape myodai.Shape) (myodai.Domain, []myodai.Key) {
	d := myodai.Domain{Name: "acme.example", State: myodai.DomainPending, Token: token, Shape: shape}
	d.ReturnPath = plan.DefaultReturnPath(d)
	return d, []myodai.Key{ // in no order
		{Selector: "s2-k7f3q9x2", Algorithm: myodai.KeyRSA, Public: public, State: myodai.KeyStandby},
		{Selector: "s1-k7f3q9x2", Algorithm: myodai.KeyRSA, Public: public, State: myodai.KeyActive},
		{Selector: "s0-k7f3q9x2", Algorithm: myodai.KeyRSA, Public: public, State: myodai.KeyRetired},
	}
}

// lines writes a plan down as zone-file lines.
func lines(p plan.Plan) []string {
	var out []string
	for _, i := range p.Items {
		required := "required"
		if !i.Required {
			required = "optional"
		}
		out = append(out, strings.Join([]string{string(i.Name), string(i.Type), i.Value, "(" + required + ")"}, " "))
	}
	return out
}

// F1: every shape there is. Of the domain itself only DMARC is asked for always
// (A4), SPF never (A25); keys go into TXT (A21) or three records are CNAMEs (E14);
// the return path is a subdomain with a CNAME (C7).
func TestShapes(t *testing.T) {
	dmarc := "_dmarc.acme.example TXT v=DMARC1; p=none; rua=mailto:" + token + "@dmarc.plat.example (required)"
	key := "TXT v=DKIM1; k=rsa; p=" + public + " (required)"
	mx := "bounce-k7f3q9x2.acme.example MX 10 " + token + ".rp.plat.example (required)"
	spf := "bounce-k7f3q9x2.acme.example TXT v=spf1 include:" + token + ".rp.plat.example -all (required)"
	for _, tt := range []struct {
		name   string
		change func(myodai.Domain) myodai.Domain
		want   []string
	}{
		{"three aliases (B, E)", func(d myodai.Domain) myodai.Domain { return d }, []string{
			"s1-k7f3q9x2._domainkey.acme.example CNAME s1-k7f3q9x2." + token + ".dkim.plat.example (required)",
			"s2-k7f3q9x2._domainkey.acme.example CNAME s2-k7f3q9x2." + token + ".dkim.plat.example (required)",
			"bounce-k7f3q9x2.acme.example CNAME " + token + ".rp.plat.example (required)", dmarc,
		}},
		{"the data itself (A, C, D)", func(d myodai.Domain) myodai.Domain { return d.Reshape("", myodai.ShapeTXT) }, []string{
			"s1-k7f3q9x2._domainkey.acme.example " + key, "s2-k7f3q9x2._domainkey.acme.example " + key, mx, spf, dmarc,
		}},
		{"a mix", func(d myodai.Domain) myodai.Domain {
			return d.Reshape("s2-k7f3q9x2._domainkey.acme.example", myodai.ShapeTXT).Reshape(d.ReturnPath, myodai.ShapeTXT)
		}, []string{
			"s1-k7f3q9x2._domainkey.acme.example CNAME s1-k7f3q9x2." + token + ".dkim.plat.example (required)",
			"s2-k7f3q9x2._domainkey.acme.example " + key, mx, spf, dmarc,
		}},
		{"with root SPF and a report address (C2, D8)", func(d myodai.Domain) myodai.Domain {
			d.RootSPF, d.ReportAddress = true, "dmarc@acme.example"
			return d
		}, []string{
			"s1-k7f3q9x2._domainkey.acme.example CNAME s1-k7f3q9x2." + token + ".dkim.plat.example (required)",
			"s2-k7f3q9x2._domainkey.acme.example CNAME s2-k7f3q9x2." + token + ".dkim.plat.example (required)",
			"bounce-k7f3q9x2.acme.example CNAME " + token + ".rp.plat.example (required)",
			"_dmarc.acme.example TXT v=DMARC1; p=none; rua=mailto:dmarc@acme.example (required)",
			"acme.example TXT include:spf.plat.example (optional)",
		}},
	} {
		d, keys := domain(myodai.ShapeCNAME)
		p := plan.For(tt.change(d), keys, site)
		if got := lines(p); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, strings.Join(got, "\n     "), strings.Join(tt.want, "\n     "))
		}
		for _, item := range p.Items {
			if item.Type == myodai.TypeCNAME && strings.Contains(item.Value, "_") {
				t.Errorf("%s: %s points to a name with an underscore (B22)", tt.name, item.Name)
			}
			if item.Why == "" {
				t.Errorf("%s: %s does not say why", tt.name, item.Name)
			}
		}
	}
}

func TestStandbyKeyIsOptionalOnceVerified(t *testing.T) {
	d, keys := domain(myodai.ShapeCNAME)
	d.State = myodai.DomainVerified
	if got := lines(plan.For(d, keys, site)); !strings.HasSuffix(got[0], "(required)") || !strings.HasSuffix(got[1], "(optional)") {
		t.Errorf("%q", got)
	}
}

func TestZone(t *testing.T) {
	d, keys := domain(myodai.ShapeCNAME)
	keys[2].State = myodai.KeyRevoked
	verified := d
	verified.State = myodai.DomainVerified
	platform := []myodai.Key{{Selector: "p1", Algorithm: myodai.KeyRSA, Public: public, State: myodai.KeyActive}}
	show := func(d myodai.Domain) []string {
		var out []string
		for _, rr := range plan.Zone(site, []plan.Published{{Domain: d, Keys: keys}}, platform) {
			out = append(out, string(rr.Name)+" "+string(rr.Type)+" "+rr.Data)
		}
		return out
	}
	pending := show(d)
	const spf = "TXT v=spf1 ip4:203.0.113.10 ip6:2001:db8::10 -all"
	for _, want := range []string{
		"plat.example SOA ns1.plat.example hostmaster.plat.example 0 3600 600 1209600 300",
		"plat.example NS ns2.plat.example", "ns2.plat.example A 203.0.113.10", "ns1.plat.example AAAA 2001:db8::10",
		"mail.plat.example A 203.0.113.10", "mail.plat.example " + spf,
		"p1._domainkey.plat.example TXT v=DKIM1; k=rsa; p=" + public,
		"s1-k7f3q9x2." + token + ".dkim.plat.example TXT v=DKIM1; k=rsa; p=" + public,
		"s0-k7f3q9x2." + token + ".dkim.plat.example TXT v=DKIM1; k=rsa; p=",
		token + ".rp.plat.example MX 10 mail.plat.example", token + ".rp.plat.example " + spf, token + ".rp.plat.example A 203.0.113.10",
		"dmarc.plat.example MX 10 mail.plat.example", "spf.plat.example " + spf,
	} {
		if !slices.Contains(pending, want) {
			t.Errorf("the zone lacks %q", want)
		}
	}
	report := "acme.example._report._dmarc.dmarc.plat.example TXT v=DMARC1"
	if slices.Contains(pending, report) || !slices.Contains(show(verified), report) {
		t.Error("report authorization must come with the proof, not before (T47)")
	}
}

// zone is what one of the tenant's name servers holds, in zone-file lines
// without TTL; "!" makes the server fail.
type zone string

// observe answers questions from the zones of two servers, until no more are
// asked.
func observe(t *testing.T, p plan.Plan, servers ...zone) myodai.Observation {
	t.Helper()
	o := myodai.Observation{Domain: p.Domain}
	for range 12 {
		questions := plan.Questions(p, o)
		if len(questions) == 0 {
			return o
		}
		for _, q := range questions {
			for n, z := range servers {
				o.Answers = append(o.Answers, z.answer(q, n)...)
			}
		}
	}
	t.Fatal("the questions never end")
	return o
}

func (z zone) answer(q myodai.Question, server int) []myodai.Answer {
	a := myodai.Answer{
		Question: q, Server: "ns" + string(rune('1'+server)), Address: "192.0.2." + string(rune('1'+server)) + ":53",
		Transport: myodai.TransportUDP, RCode: "NOERROR", Authoritative: true,
	}
	if z == "!" {
		a.RCode, a.Err = "", "timeout"
		return []myodai.Answer{a}
	}
	at := q.Name
	for again := true; again; {
		again = false
		for line := range strings.Lines(string(z)) {
			f := strings.SplitN(strings.TrimSpace(line), " ", 3)
			if len(f) < 3 || myodai.Name(f[0]) != at {
				continue
			}
			if rr := (myodai.Record{Name: at, Type: myodai.RecordType(f[1]), Data: f[2]}); rr.Type == q.Type || rr.Type == myodai.TypeCNAME {
				a.Records = append(a.Records, rr)
				if rr.Type == myodai.TypeCNAME {
					at, again = myodai.Name(rr.Data), true
				}
			}
		}
	}
	if len(a.Records) == 0 {
		a.RCode = "NXDOMAIN"
		a.Authority = []myodai.Record{{Name: "example", Type: myodai.TypeSOA}}
		return []myodai.Answer{a}
	}
	if q.Confirm {
		confirmed := a
		confirmed.Transport = myodai.TransportTCP
		return []myodai.Answer{a, confirmed}
	}
	return []myodai.Answer{a}
}

const (
	dkim1  = "s1-k7f3q9x2._domainkey.acme.example"
	target = "s1-k7f3q9x2." + token + ".dkim.plat.example"
	rp     = "bounce-k7f3q9x2.acme.example"
	rpHost = token + ".rp.plat.example"
)

func TestCompareOneRecord(t *testing.T) {
	const silent = "!"
	for _, tt := range []struct {
		name    string
		shape   myodai.Shape
		record  string // whose status is meant: owner and, with a blank, type
		servers []zone
		want    myodai.RecordStatus
	}{
		{"alias as planned", myodai.ShapeCNAME, dkim1, []zone{dkim1 + " CNAME " + target}, myodai.StatusAsPlanned},
		{"alias in upper case", myodai.ShapeCNAME, dkim1, []zone{dkim1 + " CNAME " + zone(strings.ToUpper(target))}, myodai.StatusAsPlanned},
		{"alias by way of another", myodai.ShapeCNAME, dkim1, []zone{dkim1 + " CNAME k.acme.example\nk.acme.example CNAME " + target}, myodai.StatusAsPlanned},
		{"the key instead of the alias", myodai.ShapeCNAME, dkim1, []zone{dkim1 + " TXT v=DKIM1; k=rsa; p=" + public}, myodai.StatusAsPlanned},
		{"the alias instead of the key", myodai.ShapeTXT, dkim1, []zone{dkim1 + " CNAME " + target}, myodai.StatusAsPlanned},
		{"the key, spelled another way", myodai.ShapeTXT, dkim1, []zone{dkim1 + " TXT p=" + public}, myodai.StatusAsPlanned},
		{"another's key", myodai.ShapeTXT, dkim1, []zone{dkim1 + " TXT v=DKIM1; p=MCowBQYDK2VwAyEA"}, myodai.StatusDifferent},
		{"the key and another beside it", myodai.ShapeTXT, dkim1, []zone{dkim1 + " TXT p=" + public + "\n" + dkim1 + " TXT p="}, myodai.StatusDifferent},
		{"alias to another claim", myodai.ShapeCNAME, dkim1, []zone{dkim1 + " CNAME s1.other.dkim.plat.example"}, myodai.StatusDifferent},
		{"alias to our zone without a token (T03)", myodai.ShapeCNAME, dkim1, []zone{dkim1 + " CNAME dkim.plat.example"}, myodai.StatusDifferent},
		{"nothing there", myodai.ShapeCNAME, dkim1, []zone{"", ""}, myodai.StatusMissing},
		{"nothing there, at the only server", myodai.ShapeCNAME, dkim1, []zone{""}, myodai.StatusMissing},
		{"nothing at one server, the other silent (P12)", myodai.ShapeCNAME, dkim1, []zone{"", silent}, myodai.StatusUnknown},
		{"both silent (P12)", myodai.ShapeCNAME, dkim1, []zone{silent, silent}, myodai.StatusUnknown},
		{"right at one server, the other silent", myodai.ShapeCNAME, dkim1, []zone{dkim1 + " CNAME " + target, silent}, myodai.StatusAsPlanned},
		{"right at one server only", myodai.ShapeCNAME, dkim1, []zone{dkim1 + " CNAME " + target, ""}, myodai.StatusUnknown},
		{"return path as alias", myodai.ShapeCNAME, rp, []zone{rp + " CNAME " + rpHost}, myodai.StatusAsPlanned},
		{"MX and SPF instead of the alias", myodai.ShapeCNAME, rp, []zone{rp + " MX 10 " + rpHost + "\n" + rp + " TXT v=spf1 include:" + rpHost + " -all"}, myodai.StatusAsPlanned},
		{"MX alone instead of the alias", myodai.ShapeCNAME, rp, []zone{rp + " MX 10 " + rpHost}, myodai.StatusDifferent},
		{"MX with another preference", myodai.ShapeTXT, rp + " MX", []zone{rp + " MX 50 " + rpHost + "."}, myodai.StatusAsPlanned},
		{"a second MX", myodai.ShapeTXT, rp + " MX", []zone{rp + " MX 10 " + rpHost + "\n" + rp + " MX 20 mail.other.example"}, myodai.StatusDifferent},
		{"alias instead of MX and SPF", myodai.ShapeTXT, rp + " TXT", []zone{rp + " CNAME " + rpHost}, myodai.StatusAsPlanned},
		{"SPF with more in it", myodai.ShapeTXT, rp + " TXT", []zone{rp + " TXT v=spf1 a +include:" + rpHost + " ~all"}, myodai.StatusAsPlanned},
		{"two SPF records", myodai.ShapeTXT, rp + " TXT", []zone{rp + " TXT v=spf1 include:" + rpHost + " -all\n" + rp + " TXT v=spf1 -all"}, myodai.StatusDifferent},
		{"SPF of others", myodai.ShapeTXT, rp + " TXT", []zone{rp + " TXT v=spf1 -all"}, myodai.StatusDifferent},
		{"a TXT record that is no SPF", myodai.ShapeTXT, rp + " TXT", []zone{rp + " TXT hello"}, myodai.StatusMissing},
		{"DMARC of its own", myodai.ShapeCNAME, "_dmarc.acme.example", []zone{"_dmarc.acme.example TXT v=DMARC1; p=reject; rua=mailto:x@y.example"}, myodai.StatusAsPlanned},
		{"DMARC without a policy that is valid", myodai.ShapeCNAME, "_dmarc.acme.example", []zone{"_dmarc.acme.example TXT v=DMARC1; p=refuse"}, myodai.StatusDifferent},
		{"two DMARC records", myodai.ShapeCNAME, "_dmarc.acme.example", []zone{"_dmarc.acme.example TXT v=DMARC1; p=none\n_dmarc.acme.example TXT v=DMARC1; p=reject"}, myodai.StatusDifferent},
		{"no DMARC", myodai.ShapeCNAME, "_dmarc.acme.example", []zone{"", ""}, myodai.StatusMissing},
		{"DMARC could not be asked", myodai.ShapeCNAME, "_dmarc.acme.example", []zone{silent}, myodai.StatusUnknown},
	} {
		d, keys := domain(tt.shape)
		p := plan.For(d, keys, site)
		o := observe(t, p, tt.servers...)
		owner, wantType, _ := strings.Cut(tt.record, " ")
		for _, check := range plan.Compare(p, o) {
			if string(check.Name) == owner && (wantType == "" || string(check.Type) == wantType) {
				if check.Status != tt.want || check.Reason == "" {
					t.Errorf("%s: %s (%s), found %q, want %s", tt.name, check.Status, check.Reason, check.Found, tt.want)
				}
				break
			}
		}
	}
}

// TestPolicyAboveCounts is A6 by the tree walk of RFC 9989: a subdomain needs no
// record of its own.
func TestPolicyAboveCounts(t *testing.T) {
	d, keys := domain(myodai.ShapeCNAME)
	d.Name = "news.acme.example"
	p := plan.For(d, keys, site)
	checks := plan.Compare(p, observe(t, p, "_dmarc.acme.example TXT v=DMARC1; p=quarantine; sp=reject"))
	if last := checks[len(checks)-1]; last.Status != myodai.StatusAsPlanned || !strings.Contains(last.Reason, "acme.example applies") {
		t.Errorf("%+v", last)
	}
}

// TestUnconfirmedIsNothing is T15: what UDP said and TCP did not confirm proves
// nothing.
func TestUnconfirmedIsNothing(t *testing.T) {
	d, keys := domain(myodai.ShapeCNAME)
	p := plan.For(d, keys, site)
	o := observe(t, p, dkim1+" CNAME "+target)
	o.Answers = slices.DeleteFunc(o.Answers, func(a myodai.Answer) bool { return a.Transport == myodai.TransportTCP })
	if c := plan.Compare(p, o)[0]; c.Status != myodai.StatusUnknown {
		t.Errorf("unconfirmed: %s", c.Status)
	}
}

func TestAliasLoopsEnd(t *testing.T) { // T36
	d, keys := domain(myodai.ShapeCNAME)
	p := plan.For(d, keys, site)
	q := myodai.Question{Name: dkim1, Type: myodai.TypeTXT, Confirm: true}
	o := myodai.Observation{Answers: []myodai.Answer{{
		Question: q, Server: "ns1", Address: "192.0.2.1:53", Transport: myodai.TransportTCP, RCode: "NOERROR", Authoritative: true,
		Records: []myodai.Record{{Name: dkim1, Type: myodai.TypeCNAME, Data: "x.example"}, {Name: "x.example", Type: myodai.TypeCNAME, Data: dkim1}},
	}}}
	if got := plan.Compare(p, o)[0]; got.Status != myodai.StatusDifferent {
		t.Errorf("a loop is %s", got.Status)
	}
	if got := len(plan.Questions(p, o)); got > 10 {
		t.Errorf("%d questions about a loop", got)
	}
}
