package dmarc_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name     string
		txt      string
		want     string // the record as String writes it, or its error
		problems string // kind and tag of each
	}{
		{"shortest with a policy", "v=DMARC1; p=none", "v=DMARC1; p=none", ""},
		{"everything", "v=DMARC1;p=reject;sp=reject;np=reject;psd=n;t=n;adkim=s;aspf=s;rua=mailto:a@b.example,mailto:c@d.example;ruf=mailto:e@f.example;fo=0:d",
			"v=DMARC1; p=reject; sp=reject; np=reject; psd=n; adkim=s; aspf=s; rua=mailto:a@b.example,mailto:c@d.example; ruf=mailto:e@f.example; fo=0:d", ""},
		{"defaults are not written", "v=DMARC1; p=none; psd=u; t=n; adkim=r; aspf=r", "v=DMARC1; p=none", ""},
		{"any order after v", "v=DMARC1; rua=mailto:a@b.example; p=reject", "v=DMARC1; p=reject; rua=mailto:a@b.example", ""},
		{"final semicolon", "v=DMARC1; p=none;", "v=DMARC1; p=none", ""},
		{"final semicolon and space", "v=DMARC1; p=none ; ", "v=DMARC1; p=none", ""},
		{"white space around", "v = DMARC1\t;\tp = reject ; adkim= s", "v=DMARC1; p=reject; adkim=s", ""},
		{"words in capitals", "v=DMARC1; p=Reject; adkim=S; psd=N; sp=REJECT", "v=DMARC1; p=reject; sp=reject; psd=n; adkim=s", ""},
		{"case of URIs is kept", "v=DMARC1; p=none; rua=MAILTO:DMARC@Example.COM", "v=DMARC1; p=none; rua=MAILTO:DMARC@Example.COM", ""},
		{"white space in a URI list", "v=DMARC1; p=none; rua=mailto:a@b.example , mailto:c@d.example", "v=DMARC1; p=none; rua=mailto:a@b.example,mailto:c@d.example", ""},
		{"test mode", "v=DMARC1; p=reject; t=Y", "v=DMARC1; p=reject; t=y", "test_mode t"},

		{"version alone", "v=DMARC1", "v=DMARC1; p=none", "no_policy p"},
		{"no policy but reports", "v=DMARC1; rua=mailto:a@b.example", "v=DMARC1; p=none; rua=mailto:a@b.example", "no_policy p"},
		{"p in capitals is another tag", "v=DMARC1; P=reject", "v=DMARC1; p=none", "unknown_tag P, no_policy p"},
		{"bad policy, reports", "v=DMARC1; p=monitor; adkim=s; rua=mailto:a@b.example", "v=DMARC1; p=none; adkim=s; rua=mailto:a@b.example", "bad_policy p"},
		{"bad policy, no reports", "v=DMARC1; p=monitor", "void", "bad_policy p"},
		{"empty policy, no reports", "v=DMARC1; p=", "void", "bad_policy p"},
		{"bad sp, reports", "v=DMARC1; p=reject; sp=bounce; rua=mailto:a@b.example", "v=DMARC1; p=none; rua=mailto:a@b.example", "bad_policy sp"},
		{"empty np, reports", "v=DMARC1; p=reject; np=; sp=none; rua=mailto:a@b.example", "v=DMARC1; p=none; rua=mailto:a@b.example", "bad_policy np"},
		{"bad sp, no reports", "v=DMARC1; p=reject; sp=bounce", "void", "bad_policy sp"},
		{"bad policy, reports to no URI", "v=DMARC1; p=monitor; rua=a@b.example", "void", "bad_policy p, bad_uri rua"},
		{"bad policy, only failure reports", "v=DMARC1; p=monitor; ruf=mailto:a@b.example", "void", "bad_policy p"},

		{"removed tags", "v=DMARC1; p=quarantine; pct=20; rf=afrf; ri=86400", "v=DMARC1; p=quarantine", "removed_tag pct, removed_tag rf, removed_tag ri"},
		{"unknown tag", "v=DMARC1; p=none; note=hello", "v=DMARC1; p=none", "unknown_tag note"},
		{"misspelled tag", "v=DMARC1; p=none; ruamailto:a@b.example", "v=DMARC1; p=none", "not_tag "},
		{"tag twice", "v=DMARC1; p=reject; p=none", "v=DMARC1; p=reject", "duplicate_tag p"},
		{"bad values fall back", "v=DMARC1; p=reject; adkim=strict; aspf=x; psd=yes; t=1; fo=2", "v=DMARC1; p=reject", "bad_value adkim, bad_value aspf, bad_value psd, bad_value t, bad_value fo"},
		{"size limit", "v=DMARC1; p=none; rua=mailto:a@b.example!10m", "v=DMARC1; p=none; rua=mailto:a@b.example", "size_limit rua"},
		{"weaker for subdomains", "v=DMARC1; p=reject; sp=quarantine; np=none", "v=DMARC1; p=reject; sp=quarantine; np=none", "weak_subdomains sp, weak_subdomains np"},
		{"stronger for subdomains", "v=DMARC1; p=none; sp=quarantine; np=reject", "v=DMARC1; p=none; sp=quarantine; np=reject", ""},
		{"failure options for nobody", "v=DMARC1; p=none; fo=1", "v=DMARC1; p=none; fo=1", "no_failure_report fo"},

		{"URI without a scheme", "v=DMARC1; p=none; rua=dmarc@b.example", "v=DMARC1; p=none", "bad_uri rua"},
		{"mailto without a colon", "v=DMARC1; p=none; rua=mailto dmarc@b.example", "v=DMARC1; p=none", "bad_uri rua"},
		{"space after mailto", "v=DMARC1; p=none; rua=mailto: dmarc@b.example", "v=DMARC1; p=none", "bad_uri rua"},
		{"mailto to nobody", "v=DMARC1; p=none; rua=mailto:", "v=DMARC1; p=none", "bad_uri rua"},
		{"mailto to no address", "v=DMARC1; p=none; rua=mailto:dmarc", "v=DMARC1; p=none", "bad_uri rua"},
		{"empty list", "v=DMARC1; p=none; rua=", "v=DMARC1; p=none", "bad_uri rua"},
		{"one good URI of two", "v=DMARC1; p=none; rua=x,mailto:a@b.example", "v=DMARC1; p=none; rua=mailto:a@b.example", "bad_uri rua"},
		{"semicolon between URIs", "v=DMARC1; p=none; rua=mailto:a@b.example; mailto:c@d.example", "v=DMARC1; p=none; rua=mailto:a@b.example", "not_tag "},
		{"URI of another scheme", "v=DMARC1; p=none; rua=https://b.example/in", "v=DMARC1; p=none; rua=https://b.example/in", ""},
		{"comma after a tag", "v=DMARC1; p=none, rua=mailto:a@b.example", "void", "bad_policy p, separator p"},
		{"colon after a flag", "v=DMARC1; p=none; t=y: adkim=s", "v=DMARC1; p=none", "bad_value t, separator t"},

		{"empty", "", "not a record", ""},
		{"an SPF record", "v=spf1 -all", "not a record", ""},
		{"some other text", "google-site-verification=x", "not a record", ""},
		{"version not first", "p=none; v=DMARC1", "not a record", "version v"},
		{"version in lower case", "v=dmarc1; p=none", "not a record", "version v"},
		{"version of two", "v=DMARC2; p=none", "not a record", ""},
		{"more after the version", "v=DMARC1x; p=none", "not a record", "version v"},
		{"full stop after the version", "v=DMARC1.; p=none", "not a record", "version v"},
		{"comma after the version", "v=DMARC1, p=none, rua=mailto:a@b.example", "not a record", "separator v"},
		{"space after the version", "v=DMARC1 p=none", "not a record", "separator v"},
		{"full-width semicolon", "v=DMARC1；p=none", "not a record", "separator v"},
		{"leading space", " v=DMARC1; p=none", "not a record", "version v"},
		{"quotes inside", `"v=DMARC1; p=none"`, "not a record", "version v"},
		{"V in capitals", "V=DMARC1; p=none", "not a record", "version v"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			record, problems, err := dmarc.Parse(tt.txt)
			got := record.String()
			switch {
			case errors.Is(err, dmarc.ErrNotRecord):
				got = "not a record"
			case errors.Is(err, dmarc.ErrVoid):
				got = "void"
			case err != nil:
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("Parse = %s, want %s", got, tt.want)
			}
			if got := kinds(problems); got != tt.problems {
				t.Errorf("problems = %s, want %s (%v)", got, tt.problems, problems)
			}
		})
	}
}

func kinds(problems []dmarc.Problem) string {
	var list []string
	for _, p := range problems {
		list = append(list, fmt.Sprintf("%s %s", p.Kind, p.Tag))
	}
	return strings.Join(list, ", ")
}

func TestProblemString(t *testing.T) {
	_, problems, _ := dmarc.Parse("v=DMARC1; p=none; pct=20; mailto:a@b.example")
	if got := fmt.Sprint(problems); got != `[removed_tag: pct="20" not_tag: "mailto:a@b.example"]` {
		t.Errorf("problems print as %s", got)
	}
}

func TestURIAddress(t *testing.T) {
	for _, tt := range []struct {
		uri  dmarc.URI
		want string // "" for none
	}{
		{"mailto:a@b.example", "a@b.example"},
		{"MAILTO:a@B.example", "a@b.example"},
		{"mailto:a%2Bb@b.example?subject=x", "a+b@b.example"},
		{"mailto:a%2@b.example", ""},
		{"mailto:a@b.example@", ""},
		{"https://b.example/", ""},
		{"a@b.example", ""},
	} {
		a, ok := tt.uri.Address()
		if a.String() != tt.want || ok != (tt.want != "") {
			t.Errorf("Address of %s = %s, %t, want %q", tt.uri, a, ok, tt.want)
		}
	}
}

func TestRecordAsked(t *testing.T) {
	for _, tt := range []struct {
		txt                         string
		own, subdomain, nonExistent dmarc.Policy
	}{
		{"p=reject", "reject", "reject", "reject"},
		{"p=reject; sp=none", "reject", "none", "none"},
		{"p=reject; np=none", "reject", "reject", "none"},
		{"p=none; sp=quarantine; np=reject", "none", "quarantine", "reject"},
		{"p=reject; sp=quarantine; np=none; t=y", "quarantine", "none", "none"},
	} {
		r, _, err := dmarc.Parse("v=DMARC1; " + tt.txt)
		if err != nil {
			t.Fatal(err)
		}
		own, sub, non := r.Asked(dmarc.StandingOwn), r.Asked(dmarc.StandingSubdomain), r.Asked(dmarc.StandingNonExistent)
		if own != tt.own || sub != tt.subdomain || non != tt.nonExistent {
			t.Errorf("%s asks for %s, %s, %s, want %s, %s, %s", tt.txt, own, sub, non, tt.own, tt.subdomain, tt.nonExistent)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, txt := range []string{
		"v=DMARC1; p=reject; sp=none; np=quarantine; psd=y; t=y; adkim=s; aspf=s; rua=mailto:a@b.example!1k,https://x; ruf=mailto:a%2Bb@c.example; fo=1:d:s",
		"v=DMARC1;p=none;;;=;p=", "v=DMARC1, p=none", " v=DMARC1", "v=DMARC1；p=none", "v = DMARC1 ; rua=!!", "v=DMARC1; p=x; rua=a:b",
	} {
		f.Add(txt)
	}
	f.Fuzz(func(t *testing.T, txt string) {
		record, _, err := dmarc.Parse(txt)
		if err != nil {
			return
		}
		again, _, err := dmarc.Parse(record.String())
		if err != nil || !reflect.DeepEqual(again, record) {
			t.Fatalf("Parse(%q) = %+v, %v, want %+v", record.String(), again, err, record)
		}
		for _, u := range record.Aggregate {
			if a, ok := u.Address(); ok && a == (myodai.Address{}) {
				t.Fatalf("%s is an address of nobody", u)
			}
		}
	})
}
