package diagnose

import (
	"errors"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
)

// policies is a world of lines as dmarc and MX look-ups want it.
func policies(lines ...string) (dmarc.Lookup, hostLookup) {
	lookup := world(lines...)
	hosts := func(name myodai.Name, t myodai.RecordType) ([]myodai.Record, bool) {
		a := lookup(name, t)
		return a.Of(t), a.Kind() != myodai.AnswerUnknown
	}
	texts := func(name myodai.Name) ([]string, bool, error) {
		a := lookup(name, myodai.TypeTXT)
		if a.Kind() == myodai.AnswerUnknown {
			return nil, false, errors.New("no answer")
		}
		var list []string
		for _, rr := range a.Of(myodai.TypeTXT) {
			list = append(list, rr.Text())
		}
		return list, a.RCode != "NXDOMAIN", nil
	}
	return texts, hosts
}

func TestPolicyFlaws(t *testing.T) {
	const own = "_dmarc.kaisha.example TXT "
	const mx = "kaisha.example MX 10 mx.kaisha.example"
	const rua = "; rua=mailto:a@kaisha.example"
	for _, tt := range []struct {
		name     string
		zone     []string
		causes   []myodai.Cause
		expected string // of the first
	}{
		{"as planned", []string{mx, own + "v=DMARC1; p=none" + rua}, nil, ""},
		{"stricter", []string{mx, own + "v=DMARC1; p=reject; sp=reject; np=reject" + rua}, nil, ""},
		{"np alone", []string{mx, own + "v=DMARC1; p=none; np=reject" + rua}, nil, ""},
		{"nothing anywhere", nil, []myodai.Cause{DMARCMissing}, "v=DMARC1; p=none; rua=mailto:dmarc@kaisha.example"},
		{"nobody answers", []string{"_dmarc.kaisha.example SERVFAIL"}, nil, ""},
		{"the parent does not answer", []string{"_dmarc.example SERVFAIL"}, nil, ""},
		{"the parent's applies", []string{"_dmarc.example TXT v=DMARC1; p=reject; sp=quarantine"}, []myodai.Cause{DMARCInherited}, ""},
		{"two records", []string{own + "v=DMARC1; p=none", own + "v=DMARC1; p=reject" + rua}, []myodai.Cause{DMARCMultiple}, "v=DMARC1; p=reject" + rua},
		{"a record and something else", []string{mx, own + "v=DMARC1; p=none" + rua, own + "hello"}, nil, ""},
		{"p=monitor", []string{mx, own + "v=DMARC1; p=monitor" + rua}, []myodai.Cause{DMARCInvalidP}, "v=DMARC1; p=none" + rua},
		{"p=monitor without reports", []string{own + "v=DMARC1; p=monitor"}, []myodai.Cause{DMARCInvalidP}, "v=DMARC1; p=none"},
		{"p=quarantaine", []string{mx, own + "v=DMARC1; p=quarantaine" + rua}, []myodai.Cause{DMARCInvalidP}, "v=DMARC1; p=quarantine" + rua},
		{"sp=monitor", []string{mx, own + "v=DMARC1; p=reject; sp=monitor" + rua}, []myodai.Cause{DMARCInvalidP}, "v=DMARC1; p=reject; sp=none" + rua},
		{"no p", []string{mx, own + "v=DMARC1" + rua}, []myodai.Cause{DMARCInvalidP}, "v=DMARC1; p=none" + rua},
		{"p in capitals", []string{mx, own + "v=DMARC1; p=NONE" + rua}, nil, ""},
		{"version last", []string{own + "p=none; v=DMARC1"}, []myodai.Cause{DMARCVersionInvalid}, "v=DMARC1; p=none"},
		{"version in small letters", []string{own + "v=dmarc1; p=none"}, []myodai.Cause{DMARCVersionInvalid}, "v=DMARC1; p=none"},
		{"version with a period", []string{own + "v=DMARC1.; p=none"}, []myodai.Cause{DMARCVersionInvalid}, "v=DMARC1; p=none"},
		{"version with a space", []string{own + "v=DMARC 1; p=none"}, []myodai.Cause{DMARCVersionInvalid}, "v=DMARC1; p=none"},
		{"leading space", []string{own + " v=DMARC1; p=none"}, []myodai.Cause{DMARCVersionInvalid}, "v=DMARC1; p=none"},
		{"no version", []string{own + "p=none; rua=mailto:a@kaisha.example"}, []myodai.Cause{DMARCVersionInvalid}, "v=DMARC1; p=none" + rua},
		{"quotes inside", []string{own + `"v=DMARC1; p=none"`}, []myodai.Cause{DMARCVersionInvalid}, "v=DMARC1; p=none"},
		{"curly quotes", []string{own + "\u201cv=DMARC1; p=none\u201d"}, []myodai.Cause{TXTSmartQuotes}, "v=DMARC1; p=none"},
		{"escaped", []string{own + `v=DMARC1\; p=none`}, []myodai.Cause{TXTEscapedSemicolons}, "v=DMARC1; p=none"},
		{"zone line", []string{own + `_dmarc IN TXT "v=DMARC1; p=none"`}, []myodai.Cause{ValueContainsZoneLine}, "v=DMARC1; p=none"},
		{"commas", []string{own + "v=DMARC1, p=none, rua=mailto:a@kaisha.example"}, []myodai.Cause{DMARCSeparatorWrong}, "v=DMARC1; p=none" + rua},
		{"spaces", []string{own + "v=DMARC1 p=none"}, []myodai.Cause{DMARCSeparatorWrong}, "v=DMARC1; p=none"},
		{"full width", []string{own + "v=DMARC1；p=none；"}, []myodai.Cause{DMARCSeparatorWrong}, "v=DMARC1; p=none"},
		{"colon in the tag", []string{mx, own + "v=DMARC1; p:none" + rua}, []myodai.Cause{DMARCSeparatorWrong}, "v=DMARC1; p=none" + rua},
		{"one separator lost", []string{mx, own + "v=DMARC1; p=none rua=mailto:a@kaisha.example"}, []myodai.Cause{DMARCSeparatorWrong}, "v=DMARC1; p=none" + rua},
		{"no mailto", []string{own + "v=DMARC1; p=none; rua=dmarc@kaisha.example"}, []myodai.Cause{DMARCRUANoMailto}, "v=DMARC1; p=none; rua=mailto:dmarc@kaisha.example"},
		{"space behind mailto", []string{own + "v=DMARC1; p=none; rua=mailto: dmarc@kaisha.example"}, []myodai.Cause{DMARCRUANoMailto}, "v=DMARC1; p=none; rua=mailto:dmarc@kaisha.example"},
		{"mailto without colon", []string{own + "v=DMARC1; p=none; rua=mailto dmarc@kaisha.example"}, []myodai.Cause{DMARCRUANoMailto}, "v=DMARC1; p=none; rua=mailto:dmarc@kaisha.example"},
		{"addresses separated by semicolon", []string{mx, own + "v=DMARC1; p=none; rua=mailto:a@kaisha.example; mailto:b@kaisha.example"}, []myodai.Cause{DMARCRUANoMailto}, "v=DMARC1; p=none; rua=mailto:a@kaisha.example,mailto:b@kaisha.example"},
		{"elsewhere, not allowed", []string{own + "v=DMARC1; p=none; rua=mailto:k@rep.vendor.test"}, []myodai.Cause{DMARCRUAExternalUnauthorized}, "v=DMARC1; p=none; rua=mailto:dmarc@kaisha.example"},
		{"elsewhere, allowed", []string{own + "v=DMARC1; p=none; rua=mailto:k@rep.vendor.test", "kaisha.example._report._dmarc.rep.vendor.test TXT v=DMARC1", "rep.vendor.test A 192.0.2.1"}, nil, ""},
		{"elsewhere, not known", []string{own + "v=DMARC1; p=none; rua=mailto:k@rep.vendor.test", "kaisha.example._report._dmarc.rep.vendor.test SERVFAIL", "rep.vendor.test A 192.0.2.1"}, nil, ""},
		{"no such host", []string{own + "v=DMARC1; p=none; rua=mailto:d@nomail.kaisha.example"}, []myodai.Cause{DMARCRUAUndeliverable}, "v=DMARC1; p=none; rua=mailto:dmarc@kaisha.example"},
		{"takes no mail", []string{"kaisha.example MX 0 ", own + "v=DMARC1; p=none" + rua}, []myodai.Cause{DMARCRUAUndeliverable}, "v=DMARC1; p=none; rua=mailto:dmarc@kaisha.example"},
		{"address but no MX", []string{"kaisha.example AAAA 2001:db8::1", own + "v=DMARC1; p=none" + rua}, nil, ""},
		{"weak subdomains", []string{mx, own + "v=DMARC1; p=reject; sp=none" + rua}, []myodai.Cause{DMARCSPNPConflict}, "v=DMARC1; p=reject" + rua},
		{"weak subdomains twice", []string{mx, own + "v=DMARC1; p=reject; sp=none; np=none" + rua}, []myodai.Cause{DMARCSPNPConflict}, "v=DMARC1; p=reject" + rua},
		{"subdomain policy of a subdomain", []string{mx, own + "v=DMARC1; p=none; sp=reject" + rua, "_dmarc.example TXT v=DMARC1; p=reject"}, []myodai.Cause{DMARCSPNPConflict}, "v=DMARC1; p=none" + rua},
		{"strict", []string{mx, own + "v=DMARC1; p=reject; adkim=s; aspf=s" + rua}, []myodai.Cause{DMARCStrictAlignment}, "v=DMARC1; p=reject; adkim=s" + rua},
		{"strict for signatures", []string{mx, own + "v=DMARC1; p=reject; adkim=s" + rua}, nil, ""},
		{"removed tags", []string{mx, own + "v=DMARC1; p=quarantine; pct=20; rf=afrf; ri=86400" + rua}, []myodai.Cause{DMARCDeprecatedTags}, "v=DMARC1; p=quarantine" + rua},
		{"test mode", []string{mx, own + "v=DMARC1; p=reject; t=y" + rua}, []myodai.Cause{DMARCTestMode}, "v=DMARC1; p=reject" + rua},
		{"t=n", []string{mx, own + "v=DMARC1; p=reject; t=n" + rua}, nil, ""},
		{"psd=y", []string{mx, own + "v=DMARC1; p=reject; psd=y" + rua}, []myodai.Cause{DMARCPSDMisused}, "v=DMARC1; p=reject" + rua},
		{"psd=n", []string{mx, own + "v=DMARC1; p=reject; psd=n" + rua}, nil, ""},
		{"only looking on, blindly", []string{own + "v=DMARC1; p=none"}, []myodai.Cause{DMARCPNone}, "v=DMARC1; p=none; rua=mailto:dmarc@kaisha.example"},
		{"a value that cannot be", []string{mx, own + "v=DMARC1; p=reject; adkim=strict" + rua}, []myodai.Cause{DMARCTagIgnored}, "v=DMARC1; p=reject" + rua},
		{"a tag twice", []string{mx, own + "v=DMARC1; p=reject; p=none" + rua}, []myodai.Cause{DMARCTagIgnored}, "v=DMARC1; p=reject" + rua},
		{"a tag that does not exist", []string{mx, own + "v=DMARC1; p=reject; note=hello" + rua}, []myodai.Cause{DMARCTagIgnored}, "v=DMARC1; p=reject" + rua},
		{"a tag mistyped", []string{mx, own + "v=DMARC1; p=reject; rau=mailto:a@kaisha.example"}, []myodai.Cause{DMARCTagIgnored}, "v=DMARC1; p=reject; rua=mailto:a@kaisha.example"},
		{"a word without a tag", []string{mx, own + "v=DMARC1; p=reject; strict" + rua}, []myodai.Cause{DMARCTagIgnored}, "v=DMARC1; p=reject" + rua},
		{"SPF there", []string{own + "v=spf1 include:_spf.plat.example ~all"}, []myodai.Cause{TXTValuesExchanged}, "v=DMARC1; p=none; rua=mailto:dmarc@kaisha.example"},
		{"a key there", []string{own + wanted}, []myodai.Cause{TXTValuesExchanged}, "v=DMARC1; p=none; rua=mailto:dmarc@kaisha.example"},
		{"SPF beside the record", []string{mx, own + "v=spf1 -all", own + "v=DMARC1; p=none" + rua}, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := policyPlan{
				domain: "kaisha.example", want: "v=DMARC1; p=none; rua=mailto:dmarc@kaisha.example",
				bounce: "bounce.kaisha.example", signing: []myodai.Name{"kaisha.example"},
			}
			lookup, hosts := policies(tt.zone...)
			flaws := policyFlaws(p, dmarc.NewTree(lookup), hosts)
			checkCauses(t, flaws, tt.causes)
			if len(flaws) > 0 && flaws[0].expected != tt.expected {
				t.Errorf("expected %q, want %q", flaws[0].expected, tt.expected)
			}
		})
	}
}

// Mail passes DMARC by either of the two: only when both are strict and neither
// can be the domain itself does none pass.
func TestStrictAlignmentBlocksOnlyWhatCannotPass(t *testing.T) {
	for _, tt := range []struct {
		tags    string
		signing myodai.Name
		want    myodai.Severity
	}{
		{"aspf=s", "kaisha.example", fragile},
		{"adkim=s; aspf=s", "kaisha.example", fragile},
		{"adkim=s; aspf=s", "mail.kaisha.example", blocks},
		{"adkim=s", "mail.kaisha.example", fragile},
	} {
		lookup, hosts := policies("_dmarc.kaisha.example TXT v=DMARC1; p=reject; " + tt.tags)
		p := policyPlan{domain: "kaisha.example", bounce: "bounce.kaisha.example", signing: []myodai.Name{tt.signing}}
		flaws := policyFlaws(p, dmarc.NewTree(lookup), hosts)
		if len(flaws) != 1 || flaws[0].cause != DMARCStrictAlignment || flaws[0].severity != tt.want {
			t.Errorf("%s, signing as %s: %+v, want severity %s", tt.tags, tt.signing, flaws, tt.want)
		}
	}
}

// D8, D11: that the host of our own reports has not agreed yet is our doing, and
// so is that it takes no mail.
func TestOurReportHostIsNotTheTenantsFault(t *testing.T) {
	lookup, hosts := policies("_dmarc.kaisha.example TXT v=DMARC1; p=none; rua=mailto:tok@dmarc.plat.test")
	p := policyPlan{domain: "kaisha.example", want: "v=DMARC1; p=none; rua=mailto:tok@dmarc.plat.test"}
	checkCauses(t, policyFlaws(p, dmarc.NewTree(lookup), hosts), nil)
	p.want = ""
	checkCauses(t, policyFlaws(p, dmarc.NewTree(lookup), hosts), []myodai.Cause{DMARCRUAExternalUnauthorized})
}

func FuzzPolicyFlaws(f *testing.F) {
	f.Add("v=DMARC1; p=none; rua=mailto:a@b.example", "")
	f.Add("v=DMARC1, p=none", "v=DMARC1; p=reject; sp=none; mailto:x")
	f.Add("v=DMARC1; p:none; rua=mailto: x; ; psd=y; t=y; aspf=s", "\u201cv=DMARC1")
	f.Fuzz(func(t *testing.T, a, b string) {
		lookup := func(name myodai.Name) ([]string, bool, error) {
			if name != "_dmarc.kaisha.example" {
				return nil, strings.Contains(string(name), "x"), nil
			}
			if b == "" {
				return []string{a}, true, nil
			}
			return []string{a, b}, true, nil
		}
		hosts := func(myodai.Name, myodai.RecordType) ([]myodai.Record, bool) { return nil, true }
		p := policyPlan{domain: "kaisha.example", bounce: "bounce.kaisha.example"}
		for _, flaw := range policyFlaws(p, dmarc.NewTree(lookup), hosts) {
			if _, ok := About(flaw.cause); !ok {
				t.Errorf("cause %q is not in the table", flaw.cause)
			}
			if flaw.expected != "" && flaw.cause == DMARCSeparatorWrong {
				if _, _, err := dmarc.Parse(flaw.expected); err != nil {
					t.Errorf("for %q: %q is expected, which is no record: %v", a, flaw.expected, err)
				}
			}
		}
	})
}
