package spf_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/spf"
)

func TestEvaluateSaysWhy(t *testing.T) {
	lookup := world(t, providers+`
kaisha.example. TXT "v=spf1 a:gone.example include:_spf.mailhost.example -all"
moved.example. TXT "v=spf1 redirect=_spf.mailhost.example"
two.example. TXT "v=spf1 mx -all"
two.example. TXT "v=spf1 -all"
bad.example. TXT "v=spf1 mx ip4:x -all"
orphan.example. TXT "v=spf1 include:nothing.example -all"
shaky.example. TXT "v=spf1 ip4:192.0.2.1 a:down.example -all"
down.example. SERVFAIL
hall.example. TXT "v=spf1 mx mx:crowd.example -all"
hall.example. MX 20 b.hall.example.
hall.example. MX 10 a.hall.example.
a.hall.example. A 192.0.2.10
b.hall.example. SERVFAIL
lonely.example. TXT "v=spf1 mx:crowd.example -all"
`+crowd(11)+`
cut.example. TXT "v=spf1 include:down.example -all"
voids.example. TXT "v=spf1 a:x.example a:y.example a:z.example -all"
alias.example. CNAME kaisha.example.
`)
	for _, tt := range []struct {
		name   string
		domain string
		ip     string
		want   spf.Result
	}{
		{"an include matches", "kaisha.example", "198.51.100.200", spf.Result{
			Kind: spf.ResultPass, Domain: "kaisha.example", Matched: "include:_spf.mailhost.example",
			Path: []myodai.Name{"kaisha.example"}, Lookups: 4, Voids: 1,
		}},
		{"nothing but all matches", "kaisha.example", "192.0.2.99", spf.Result{
			Kind: spf.ResultFail, Domain: "kaisha.example", Matched: "-all",
			Path: []myodai.Name{"kaisha.example"}, Lookups: 4, Voids: 1,
		}},
		{"a redirect leads away", "moved.example", "192.0.2.99", spf.Result{
			Kind: spf.ResultSoftFail, Domain: "moved.example", Matched: "~all",
			Path: []myodai.Name{"moved.example", "_spf.mailhost.example"}, Lookups: 3,
		}},
		{"an IPv4 address in IPv6 clothes", "kaisha.example", "::ffff:198.51.100.200", spf.Result{
			Kind: spf.ResultPass, Domain: "kaisha.example", Matched: "include:_spf.mailhost.example",
			Path: []myodai.Name{"kaisha.example"}, Lookups: 4, Voids: 1,
		}},
		{"no record", "nothing.example", "192.0.2.1", spf.Result{
			Kind: spf.ResultNone, Domain: "nothing.example", Path: []myodai.Name{"nothing.example"}, Reason: spf.ReasonNoRecord,
		}},
		{"two records", "two.example", "192.0.2.1", spf.Result{
			Kind: spf.ResultPermError, Domain: "two.example", Path: []myodai.Name{"two.example"}, Reason: spf.ReasonMultiple,
		}},
		{"a syntax error outweighs a match", "bad.example", "192.0.2.1", spf.Result{
			Kind: spf.ResultPermError, Domain: "bad.example", Matched: "ip4:x", Path: []myodai.Name{"bad.example"}, Reason: spf.ReasonSyntax,
		}},
		{"an include of nothing", "orphan.example", "192.0.2.1", spf.Result{
			Kind: spf.ResultPermError, Domain: "orphan.example", Matched: "include:nothing.example",
			Path: []myodai.Name{"orphan.example"}, Reason: spf.ReasonNoTarget, Lookups: 1,
		}},
		{"a match before a failing question", "shaky.example", "192.0.2.1", spf.Result{
			Kind: spf.ResultPass, Domain: "shaky.example", Matched: "ip4:192.0.2.1", Path: []myodai.Name{"shaky.example"},
		}},
		{"a failing question", "shaky.example", "192.0.2.2", spf.Result{
			Kind: spf.ResultTempError, Domain: "shaky.example", Matched: "a:down.example",
			Path: []myodai.Name{"shaky.example"}, Reason: spf.ReasonDNS, Lookups: 1,
		}},
		{"the third void", "voids.example", "192.0.2.2", spf.Result{
			Kind: spf.ResultPermError, Domain: "voids.example", Matched: "a:z.example",
			Path: []myodai.Name{"voids.example"}, Reason: spf.ReasonVoids, Lookups: 3, Voids: 3,
		}},
		{"the preferred MX host matches before one that fails", "hall.example", "192.0.2.10", spf.Result{
			Kind: spf.ResultPass, Domain: "hall.example", Matched: "mx", Path: []myodai.Name{"hall.example"}, Lookups: 1,
		}},
		{"an MX host fails", "hall.example", "192.0.2.2", spf.Result{
			Kind: spf.ResultTempError, Domain: "hall.example", Matched: "mx", Path: []myodai.Name{"hall.example"}, Reason: spf.ReasonDNS, Lookups: 1,
		}},
		{"eleven MX hosts", "lonely.example", "192.0.2.2", spf.Result{
			Kind: spf.ResultPermError, Domain: "lonely.example", Matched: "mx:crowd.example", Path: []myodai.Name{"lonely.example"},
			Reason: spf.ReasonMXHosts, Lookups: 1,
		}},
		{"an include that fails", "cut.example", "192.0.2.2", spf.Result{
			Kind: spf.ResultTempError, Domain: "cut.example", Path: []myodai.Name{"cut.example", "down.example"}, Reason: spf.ReasonDNS, Lookups: 1,
		}},
		{"an alias that is left to us", "alias.example", "192.0.2.99", spf.Result{
			Kind: spf.ResultFail, Domain: "alias.example", Matched: "-all", Path: []myodai.Name{"alias.example"}, Lookups: 4, Voids: 1,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := spf.Evaluate(lookup, netip.MustParseAddr(tt.ip), "mail.example", "someone@"+tt.domain)
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("Evaluate = %+v, want %+v", got, tt.want)
			}
		})
	}
}

// crowd is a domain with the given number of MX hosts.
func crowd(hosts int) string {
	var b strings.Builder
	for i := range hosts {
		fmt.Fprintf(&b, "crowd.example. MX 10 mx%d.crowd.example.\n", i)
	}
	return b.String()
}

func TestEvaluateTenMXHosts(t *testing.T) {
	lookup := world(t, `ten.example. TXT "v=spf1 mx:crowd.example -all"`+"\n"+crowd(10)+"mx9.crowd.example. A 192.0.2.9\n")
	if got := spf.Evaluate(lookup, netip.MustParseAddr("192.0.2.9"), "", "a@ten.example"); got.Kind != spf.ResultPass {
		t.Errorf("Evaluate = %+v, want pass by the tenth host", got)
	}
	if c := spf.Count(lookup, "ten.example"); c.Terms[0].Hosts != 10 || c.Terms[0].Problem != "" || c.Lookups != 1 {
		t.Errorf("Count = %+v, want ten hosts for one look-up", c)
	}
}

// A name made from what the client said may be none: it is not asked for, and
// nothing breaks.
func TestEvaluateNamesFromMacros(t *testing.T) {
	lookup := world(t, `kaisha.example. TXT "v=spf1 include:%{l} exists:%{h}.x.example -all"`)
	for from, want := range map[string]spf.ResultKind{
		"a..b@kaisha.example":                       spf.ResultPermError, // an include that leads nowhere
		"a\x00b@kaisha.example":                     spf.ResultPermError,
		strings.Repeat("l", 64) + "@kaisha.example": spf.ResultPermError,
	} {
		if got := spf.Evaluate(lookup, netip.MustParseAddr("192.0.2.9"), "h", from); got.Kind != want || got.Reason != spf.ReasonNoTarget {
			t.Errorf("Evaluate for %q = %+v, want %s", from, got, want)
		}
	}
}

func TestEvaluateIgnoresType99(t *testing.T) {
	asked := map[myodai.RecordType]bool{}
	inner := world(t, `kaisha.example. SPF "v=spf1 -all"`)
	lookup := func(name myodai.Name, rtype myodai.RecordType) myodai.Answer {
		asked[rtype] = true
		return inner(name, rtype)
	}
	got := spf.Evaluate(lookup, netip.MustParseAddr("192.0.2.1"), "", "a@kaisha.example")
	if got.Kind != spf.ResultNone || len(asked) != 1 || !asked[myodai.TypeTXT] {
		t.Errorf("Evaluate = %+v after asking for %v, want none after TXT only", got, asked)
	}
}

func TestExplanationMacros(t *testing.T) {
	lookup := world(t, `
kaisha.example. TXT "v=spf1 -all exp=why.%{d}"
why.kaisha.example. TXT "%{c} at %{t} told %{r}, %{S}"
rude.example. TXT "v=spf1 -all exp=why.rude.example"
why.rude.example. TXT "line\010break"
`)
	r := spf.Request{
		IP: netip.MustParseAddr("192.0.2.1"), MailFrom: "a b@kaisha.example", Receiver: "mx.plat.example",
		At: time.Unix(1795300000, 0),
	}
	if got, want := r.Evaluate(lookup).Explanation, "192.0.2.1 at 1795300000 told mx.plat.example, a%20b%40kaisha.example"; got != want {
		t.Errorf("explanation = %q, want %q", got, want)
	}
	r.MailFrom = "a@rude.example"
	if got := r.Evaluate(lookup); got.Kind != spf.ResultFail || got.Explanation != "" {
		t.Errorf("Evaluate = %+v, want fail without the explanation that breaks the line", got)
	}
}
