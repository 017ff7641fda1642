package diagnose

import (
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/spf"
)

// world answers from lines such as "kaisha.example TXT v=spf1 -all". A name with
// the type "SERVFAIL" gets no answer; what is in no line does not exist.
func world(lines ...string) spf.Lookup {
	return func(name myodai.Name, t myodai.RecordType) myodai.Answer {
		a := myodai.Answer{Question: myodai.Question{Name: name, Type: t}, RCode: "NXDOMAIN", Authoritative: true}
		for _, line := range lines {
			owner, rest, _ := strings.Cut(line, " ")
			kind, data, _ := strings.Cut(rest, " ")
			if myodai.Name(owner) != name {
				continue
			}
			switch kind {
			case "SERVFAIL":
				a.RCode = "SERVFAIL"
				return a
			case string(t), "CNAME":
				a.Records = append(a.Records, myodai.Record{Name: name, Type: myodai.RecordType(kind), Data: strings.ReplaceAll(data, `\`, `\\`)})
			}
			a.RCode = "NOERROR"
		}
		if len(a.Records) == 0 {
			a.Authority = []myodai.Record{{Name: "", Type: myodai.TypeSOA}}
		}
		return a
	}
}

const ours = "_spf.plat.example TXT v=spf1 ip4:203.0.113.0/24 ~all"

// google is a provider whose include costs three look-ups, crm one of two.
var (
	google = []string{
		"_spf.google.com TXT v=spf1 include:_n1.google.com include:_n2.google.com ~all",
		"_n1.google.com TXT v=spf1 ip4:192.0.2.0/24 ~all",
		"_n2.google.com TXT v=spf1 ip4:198.51.100.0/24 ~all",
	}
	crm = []string{
		"spf.crm.example TXT v=spf1 include:_n1.google.com ?all",
	}
)

func TestSPFFlaws(t *testing.T) {
	const d = "kaisha.example TXT "
	for _, tt := range []struct {
		name   string
		zone   []string
		causes []myodai.Cause
	}{
		{"right", []string{d + "v=spf1 include:_spf.plat.example ~all"}, nil},
		{"right, before another", append([]string{d + "v=spf1 include:_spf.plat.example include:_spf.google.com -all"}, google...), nil},
		{"upper case", []string{d + "V=SPF1 INCLUDE:_spf.plat.example ~ALL"}, nil},
		{"none at all", []string{d + "hello"}, nil},
		{"missing", append([]string{d + "v=spf1 include:_spf.google.com ~all"}, google...), []myodai.Cause{SPFMissingInclude}},
		{"no mail", []string{d + "v=spf1 -all"}, []myodai.Cause{SPFMissingInclude}},
		{"ours does not say pass", []string{d + "v=spf1 ?include:_spf.plat.example ~all"}, []myodai.Cause{SPFMissingInclude}},
		{"unknown what others hold", []string{d + "v=spf1 include:dark.example ~all", "dark.example SERVFAIL"}, nil},
		{"depends on the sender", []string{d + "v=spf1 include:%{i}._spf.flat.example ~all"}, nil},
		{"two records", append([]string{d + "v=spf1 include:_spf.google.com ~all", d + "v=spf1 include:_spf.plat.example ~all"}, google...), []myodai.Cause{SPFMultipleRecords}},
		{"two records, one broken", []string{d + "v=spf1 ip4:1.2.3 ~all", d + "v=spf1 include:_spf.plat.example ~all"}, []myodai.Cause{SPFIPSyntax, SPFMultipleRecords}},
		{"ten look-ups", append(append([]string{d + "v=spf1 a mx include:_spf.google.com include:spf.crm.example include:spf.crm.example include:_spf.plat.example ~all", "kaisha.example MX 10 mx.kaisha.example", "kaisha.example A 192.0.2.1"}, google...), crm...), []myodai.Cause{SPFLookupsNearLimit}},
		{"eleven look-ups", append(append([]string{d + "v=spf1 a mx exists:%{i}.x.example include:_spf.google.com include:spf.crm.example include:spf.crm.example include:_spf.plat.example ~all", "kaisha.example MX 10 mx.kaisha.example", "kaisha.example A 192.0.2.1"}, google...), crm...), []myodai.Cause{SPFTooManyLookups}},
		{"eight look-ups", append([]string{d + "v=spf1 a mx include:_n1.google.com include:_spf.google.com a:kaisha.example include:_spf.plat.example ~all", "kaisha.example MX 10 mx.kaisha.example", "kaisha.example A 192.0.2.1"}, google...), []myodai.Cause{SPFLookupsNearLimit}},
		{"seven look-ups", append([]string{d + "v=spf1 a mx include:_n1.google.com include:_spf.google.com include:_spf.plat.example ~all", "kaisha.example MX 10 mx.kaisha.example", "kaisha.example A 192.0.2.1"}, google...), nil},
		{"three voids", []string{d + "v=spf1 a:old1.kaisha.example a:old2.kaisha.example mx:gone.example include:_spf.plat.example ~all"}, []myodai.Cause{SPFVoidLookups}},
		{"two voids", []string{d + "v=spf1 a:old1.kaisha.example mx:gone.example include:_spf.plat.example ~all"}, nil},
		{"ours mistyped", []string{d + "v=spf1 include:_spf.platt.example ~all"}, []myodai.Cause{SPFIncludeTargetMissing}},
		{"another's target gone", []string{d + "v=spf1 include:_spf.gone.example include:_spf.plat.example ~all"}, []myodai.Cause{SPFIncludeTargetMissing}},
		{"another's target has two", []string{d + "v=spf1 include:two.example include:_spf.plat.example ~all", "two.example TXT v=spf1 -all", "two.example TXT v=spf1 ~all"}, []myodai.Cause{SPFIncludeTargetMissing}},
		{"equals sign", []string{d + "v=spf1 include=_spf.plat.example ~all"}, []myodai.Cause{SPFIncludeSyntax}},
		{"includes", []string{d + "v=spf1 includes:_spf.plat.example ~all"}, []myodai.Cause{SPFIncludeSyntax}},
		{"space behind the colon", []string{d + "v=spf1 include: _spf.plat.example ~all"}, []myodai.Cause{SPFIncludeSyntax}},
		{"host name alone", []string{d + "v=spf1 _spf.plat.example ~all"}, []myodai.Cause{SPFIncludeSyntax}},
		{"after all", append([]string{d + "v=spf1 include:_spf.google.com ~all include:_spf.plat.example"}, google...), []myodai.Cause{SPFIncludeAfterAll}},
		{"redirect beside all", []string{d + "v=spf1 include:_spf.plat.example redirect=_spf.corp.example ~all"}, []myodai.Cause{SPFRedirectWithAll}},
		{"redirect only", []string{d + "v=spf1 redirect=_spf.corp.example", "_spf.corp.example TXT v=spf1 ip4:192.0.2.7 ~all"}, []myodai.Cause{SPFRedirectOnly}},
		{"redirect to a record with ours", []string{d + "v=spf1 redirect=_spf.corp.example", "_spf.corp.example TXT v=spf1 include:_spf.plat.example ~all"}, []myodai.Cause{SPFNestedOk}},
		{"+all", []string{d + "v=spf1 include:_spf.plat.example +all"}, []myodai.Cause{SPFPlusAll}},
		{"all without a sign", []string{d + "v=spf1 include:_spf.plat.example all"}, []myodai.Cause{SPFPlusAll}},
		{"half the Internet", []string{d + "v=spf1 ip4:0.0.0.0/1 include:_spf.plat.example ~all"}, []myodai.Cause{SPFPlusAll}},
		{"a quarter of the Internet", []string{d + "v=spf1 ip4:64.0.0.0/2 include:_spf.plat.example ~all"}, nil},
		{"no ending", []string{d + "v=spf1 include:_spf.plat.example"}, []myodai.Cause{SPFNoAll}},
		{"ptr", []string{d + "v=spf1 ptr include:_spf.plat.example ~all"}, []myodai.Cause{SPFPTR}},
		{"macro p", []string{d + "v=spf1 exists:%{p}.x.example include:_spf.plat.example ~all"}, []myodai.Cause{SPFPTR}},
		{"semicolons", []string{d + "v=spf1; include:_spf.plat.example; ~all"}, []myodai.Cause{SPFVersionBroken}},
		{"commas behind the version", []string{d + "v=spf1 include:_spf.plat.example, ~all"}, []myodai.Cause{SPFVersionBroken}},
		{"spaces in the version", []string{d + "v = spf1 include:_spf.plat.example ~all"}, []myodai.Cause{SPFVersionBroken}},
		{"no v=", []string{d + "spf1 include:_spf.plat.example ~all"}, []myodai.Cause{SPFVersionBroken}},
		{"spf2.0", []string{d + "v=spf2.0 include:_spf.plat.example ~all"}, []myodai.Cause{SPFVersionBroken}},
		{"leading space", []string{d + " v=spf1 include:_spf.plat.example ~all"}, []myodai.Cause{SPFVersionBroken}},
		{"no space behind the version", []string{d + "v=spf1include:_spf.plat.example ~all"}, []myodai.Cause{SPFVersionBroken}},
		{"full-width equals", []string{d + "v＝spf1 include:_spf.plat.example ~all"}, []myodai.Cause{SPFVersionBroken}},
		{"quotes", []string{d + `"v=spf1 include:_spf.plat.example ~all"`}, []myodai.Cause{SPFVersionBroken}},
		{"curly quotes", []string{d + "\u201cv=spf1 include:_spf.plat.example ~all\u201d"}, []myodai.Cause{TXTSmartQuotes}},
		{"a curly quote at the end", []string{d + "v=spf1 include:_spf.plat.example ~all\u201d"}, []myodai.Cause{TXTSmartQuotes}},
		{"zone line", []string{d + `kaisha.example. IN TXT "v=spf1 include:_spf.plat.example ~all"`}, []myodai.Cause{ValueContainsZoneLine}},
		{"space lost between strings", []string{d + "v=spf1 include:_spf.google.cominclude:_spf.plat.example ~all"}, []myodai.Cause{SPFSpaceLost}},
		{"space lost before all", []string{d + "v=spf1 ip4:203.0.113.7~all"}, []myodai.Cause{SPFSpaceLost}},
		{"en dash", []string{d + "v=spf1 include:_spf.plat.example \u2013all"}, []myodai.Cause{SPFDashLookalike}},
		{"wave dash", []string{d + "v=spf1 include:_spf.plat.example \u301call"}, []myodai.Cause{SPFDashLookalike}},
		{"full-width tilde", []string{d + "v=spf1 include:_spf.plat.example \uff5eall"}, []myodai.Cause{SPFDashLookalike}},
		{"addresses", []string{d + "v=spf1 ip4:203.0.113.300 ip4:2001:db8::1 ip:198.51.100.7 include:_spf.plat.example ~all"}, []myodai.Cause{SPFIPSyntax}},
		{"prefix of 33", []string{d + "v=spf1 ip4:203.0.113.0/33 include:_spf.plat.example ~all"}, []myodai.Cause{SPFIPSyntax}},
		{"address alone", []string{d + "v=spf1 203.0.113.7 include:_spf.plat.example ~all"}, []myodai.Cause{SPFIPSyntax}},
		{"private address", []string{d + "v=spf1 ip4:192.168.1.1 include:_spf.plat.example ~all"}, []myodai.Cause{SPFIPSyntax}},
		{"in another TXT", []string{d + "google-site-verification=abcv=spf1 include:_spf.plat.example ~all"}, []myodai.Cause{SPFInOtherTXT}},
		{"itself", []string{d + "v=spf1 include:kaisha.example include:_spf.plat.example ~all"}, []myodai.Cause{SPFIncludeLoop}},
		{"itself, by another", []string{d + "v=spf1 include:a.example include:_spf.plat.example ~all", "a.example TXT v=spf1 include:kaisha.example ~all"}, []myodai.Cause{SPFIncludeLoop}},
		{"nested", []string{d + "v=spf1 include:dc-8e8b._spfm.kaisha.example ~all", "dc-8e8b._spfm.kaisha.example TXT v=spf1 include:_spf.plat.example ~all"}, []myodai.Cause{SPFNestedOk}},
		{"450 octets", []string{d + long(450)}, nil},
		{"451 octets", []string{d + long(451)}, []myodai.Cause{SPFTooLarge}},
		{"many TXT records", []string{d + "v=spf1 include:_spf.plat.example ~all", d + strings.Repeat("x", 1200)}, []myodai.Cause{SPFTooLarge}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lookup := world(append(tt.zone, ours)...)
			p := spfPlan{domain: "kaisha.example", include: "_spf.plat.example", required: true}
			checkCauses(t, spfFlaws(lookup("kaisha.example", myodai.TypeTXT).Records, p, lookup), tt.causes)
		})
	}
}

// long is a good record of n octets.
func long(n int) string {
	s := "v=spf1 include:_spf.plat.example"
	for len(s)+len(" ip4:192.0.2.10")+len(" ~all") <= n-7 {
		s += " ip4:192.0.2.10"
	}
	for len(s)+len(" ~all") < n {
		s += " "
	}
	return s + " ~all"
}

// What to type instead, by the table of the SPF editor and for the mistakes that
// can be mended in one way only.
func TestSPFFlawsProposeARecord(t *testing.T) {
	for found, want := range map[string]string{
		"v=spf1 include:_spf.google.com ~all":                                                "v=spf1 include:_spf.google.com include:_spf.plat.example ~all",
		"v=spf1 include:_spf.google.com ~all include:_spf.plat.example":                      "v=spf1 include:_spf.google.com include:_spf.plat.example ~all",
		"v=spf1 redirect=_n1.google.com":                                                     "v=spf1 include:_spf.plat.example redirect=_n1.google.com",
		"v=spf1; include:_spf.plat.example; ~all":                                            "v=spf1 include:_spf.plat.example ~all",
		"v = spf1 include:_spf.plat.example ~all":                                            "v=spf1 include:_spf.plat.example ~all",
		"v=spf1 include=_spf.plat.example ~all":                                              "v=spf1 include:_spf.plat.example ~all",
		"v=spf1 includes:_spf.plat.example ~all":                                             "v=spf1 include:_spf.plat.example ~all",
		"v=spf1 include: _spf.plat.example ~all":                                             "v=spf1 include:_spf.plat.example ~all",
		"v=spf1 include:_spf.platt.example ~all":                                             "v=spf1 include:_spf.plat.example ~all",
		"v=spf1 include:_spf.plat.example \u2013all":                                         "v=spf1 include:_spf.plat.example -all",
		"v=spf1 include:_spf.plat.example \u301call":                                         "v=spf1 include:_spf.plat.example ~all",
		"v=spf1 include:_spf.google.cominclude:_spf.plat.example ~all":                       "v=spf1 include:_spf.google.com include:_spf.plat.example ~all",
		"v=spf1 include:_spf.plat.example +all":                                              "v=spf1 include:_spf.plat.example ~all",
		"v=spf1 include:_spf.plat.example":                                                   "v=spf1 include:_spf.plat.example ~all",
		"v=spf1 ptr include:_spf.plat.example ~all":                                          "v=spf1 include:_spf.plat.example ~all",
		"v=spf1 include:kaisha.example include:_spf.plat.example ~all":                       "v=spf1 include:_spf.plat.example ~all",
		"\u201cv=spf1 include:_spf.plat.example ~all\u201d":                                  "v=spf1 include:_spf.plat.example ~all",
		"v=spf1 include:_spf.plat.example redirect=_n1.google.com ~all":                      "v=spf1 include:_spf.plat.example ~all",
		"google-site-verification=abc v=spf1 include:_spf.plat.example ~all":                 "v=spf1 include:_spf.plat.example ~all",
		"v=spf1 a:o1.x.example a:o2.x.example a:o3.x.example include:_spf.plat.example ~all": "v=spf1 include:_spf.plat.example ~all",
	} {
		lookup := world(append([]string{"kaisha.example TXT " + found, ours}, google...)...)
		p := spfPlan{domain: "kaisha.example", include: "_spf.plat.example", required: true}
		flaws := spfFlaws(lookup("kaisha.example", myodai.TypeTXT).Records, p, lookup)
		if len(flaws) == 0 || flaws[0].expected != want {
			t.Errorf("for %q: %+v, want %q expected", found, flaws, want)
		}
	}
}

// A25, C2: what mail depends on is the return path; the domain's own record is advice.
func TestOptionalSPFIsAdvice(t *testing.T) {
	lookup := world(append([]string{"kaisha.example TXT v=spf1 include:_spf.google.com -all", ours}, google...)...)
	records := lookup("kaisha.example", myodai.TypeTXT).Records
	for _, tt := range []struct {
		name string
		plan spfPlan
		want myodai.Cause
		sev  myodai.Severity
	}{
		{"required", spfPlan{required: true}, SPFMissingInclude, blocks},
		{"optional, return path right", spfPlan{bounce: "bounce.kaisha.example"}, SPFNotNeeded, ""},
		{"optional, return path not right", spfPlan{}, SPFMissingInclude, advice},
	} {
		tt.plan.domain, tt.plan.include = "kaisha.example", "_spf.plat.example"
		flaws := spfFlaws(records, tt.plan, lookup)
		if len(flaws) != 1 || flaws[0].cause != tt.want || flaws[0].severity != tt.sev {
			t.Errorf("%s: %+v, want %s of severity %q", tt.name, flaws, tt.want, tt.sev)
		}
	}
}

// A record that is over the limit still lets pass what is matched before it.
func TestTooManyLookupsAfterOurs(t *testing.T) {
	zone := append([]string{
		"kaisha.example TXT v=spf1 include:_spf.plat.example include:_spf.google.com include:_spf.google.com include:_spf.google.com mx ~all",
		"kaisha.example MX 10 mx.kaisha.example", ours}, google...)
	lookup := world(zone...)
	p := spfPlan{domain: "kaisha.example", include: "_spf.plat.example", required: true}
	flaws := spfFlaws(lookup("kaisha.example", myodai.TypeTXT).Records, p, lookup)
	if len(flaws) != 1 || flaws[0].cause != SPFTooManyLookups || flaws[0].severity != fragile || flaws[0].args["n"] != "11" {
		t.Fatalf("flaws = %+v", flaws)
	}
	if got := flaws[0].args["candidates"]; got != "include:_spf.google.com (3)" {
		t.Errorf("candidates = %q", got)
	}
}

func FuzzSPFFlaws(f *testing.F) {
	f.Add("v=spf1 include:_spf.plat.example ~all", "v=spf1 include:kaisha.example ~all")
	f.Add("v = spf1 a mx ptr", "x")
	f.Add("v=spf1 include=a redirect=b exp=c +all", "v=spf1 redirect=kaisha.example")
	f.Fuzz(func(t *testing.T, text, below string) {
		lookup := func(name myodai.Name, typ myodai.RecordType) myodai.Answer {
			switch {
			case typ != myodai.TypeTXT:
				return world()(name, typ)
			case name == "kaisha.example":
				return world("kaisha.example TXT "+text)(name, typ)
			}
			return world(string(name)+" TXT "+below)(name, typ)
		}
		records := []myodai.Record{{Name: "kaisha.example", Type: myodai.TypeTXT, Data: text}}
		for _, include := range []myodai.Name{"_spf.plat.example", ""} {
			for _, flaw := range spfFlaws(records, spfPlan{domain: "kaisha.example", include: include}, lookup) {
				if _, ok := About(flaw.cause); !ok {
					t.Errorf("cause %q is not in the table", flaw.cause)
				}
			}
		}
	})
}
