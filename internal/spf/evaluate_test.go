package spf_test

import (
	"fmt"
	"net/netip"
	"slices"
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

// hostile answers every question, so that each evaluation is as long as it can
// be (T19).
func hostile(record string, count *int) spf.Lookup {
	return func(name myodai.Name, rtype myodai.RecordType) myodai.Answer {
		*count++
		a := myodai.Answer{Question: myodai.Question{Name: name, Type: rtype}, Authoritative: true, RCode: "NOERROR"}
		add := func(data string) {
			a.Records = append(a.Records, myodai.Record{Name: name, Type: rtype, Data: data})
		}
		switch rtype {
		case myodai.TypeTXT:
			add(record)
		case myodai.TypeMX:
			for i := range 10 {
				add(fmt.Sprintf("10 mx%d.%s", i, name))
			}
		case "PTR":
			for i := range 1000 {
				add(fmt.Sprintf("p%d.evil.example", i))
			}
		case myodai.TypeA:
			add("192.0.2.200")
		default:
			a.Authority = []myodai.Record{{Type: myodai.TypeSOA}}
		}
		return a
	}
}

func TestHostileZones(t *testing.T) {
	many := func(format string) string {
		var b strings.Builder
		b.WriteString("v=spf1")
		for i := 0; b.Len() < 65000; i++ {
			fmt.Fprintf(&b, " "+format, i)
		}
		return b.String()
	}
	for _, tt := range []struct{ name, record string }{
		{"ten thousand includes", many("include:%d.evil.example")},
		{"includes of itself", "v=spf1 include:evil.example include:evil.example"},
		{"redirect to itself", "v=spf1 redirect=evil.example"},
		{"mx everywhere", many("mx:m%d.evil.example")},
		{"the client's names in every macro", many("exists:%%{p}.%d.evil.example")},
		{"macros that grow", "v=spf1 exists:" + strings.Repeat("%{d}%{h}%{s}", 4000) + ".evil.example -all"},
		{"64 KiB of nothing", "v=spf1 " + strings.Repeat("x", 65000)},
		{"64 KiB of spaces", "v=spf1" + strings.Repeat(" ", 65000)},
		{"64 KiB of modifiers", many("m%d=x")},
		{"64 KiB of addresses", many("ip4:192.0.2.%d")},
		{"64 KiB of percent signs", "v=spf1 a:" + strings.Repeat("%", 65000)},
		{"64 KiB of glue", "v=spf1 " + strings.Repeat("ip4:", 16000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			lookup := hostile(tt.record, &asked)
			spf.Evaluate(lookup, netip.MustParseAddr("192.0.2.1"), strings.Repeat("h.", 500), strings.Repeat("l", 1000)+"@evil.example")
			if asked > 200 {
				t.Errorf("Evaluate asked %d questions", asked)
			}
			asked = 0
			spf.Count(lookup, "evil.example")
			if asked > 200 {
				t.Errorf("Count asked %d questions", asked)
			}
			if _, err := spf.Propose(lookup, []string{tt.record}, spf.Wish{Domain: "evil.example", Include: "_spf.plat.example"}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAliasLoops(t *testing.T) {
	asked := 0
	lookup := func(name myodai.Name, rtype myodai.RecordType) myodai.Answer {
		asked++
		return myodai.Answer{
			Question: myodai.Question{Name: name, Type: rtype}, Authoritative: true, RCode: "NOERROR",
			Records: []myodai.Record{{Name: name, Type: myodai.TypeCNAME, Data: "x" + string(name)}},
		}
	}
	got := spf.Evaluate(lookup, netip.MustParseAddr("192.0.2.1"), "", "a@evil.example")
	if got.Kind != spf.ResultTempError || asked > 10 {
		t.Errorf("Evaluate = %+v after %d questions", got, asked)
	}
}

func TestCount(t *testing.T) {
	lookup := world(t, providers+`
kaisha.example. TXT "v=spf1 a mx ptr include:_spf.mailhost.example mx include:spf.crm.example a:gone.example exists:%{i}.x.example -all a redirect=dead.example"
loop.example. TXT "v=spf1 include:loop2.example ~all"
loop2.example. TXT "v=spf1 include:loop.example ~all"
v6.example. AAAA 2001:db8::1
six.example. TXT "v=spf1 a:v6.example -all"
`)
	c := spf.Count(lookup, "kaisha.example")
	if c.Lookups != 12 || c.Voids != 1 || !c.AtLeast {
		t.Errorf("Count = %d look-ups, %d voids, at least %v; want 12, 1, true", c.Lookups, c.Voids, c.AtLeast)
	}
	var got []string
	for _, tc := range c.Terms {
		got = append(got, fmt.Sprintf("%s %d+%d", tc.Term, tc.Before, tc.Lookups))
	}
	want := []string{
		"a 0+1", "mx 1+1", "ptr 2+1", "include:_spf.mailhost.example 3+3", "mx 6+1", "include:spf.crm.example 7+3",
		"a:gone.example 10+1", "exists:%{i}.x.example 11+1", "-all 12+0", "a 12+0", "redirect=dead.example 12+0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("terms = %q, want %q", got, want)
	}
	if !c.Terms[4].Duplicate || !c.Terms[6].Void || !c.Terms[9].Dead || !c.Terms[10].Dead || c.Terms[9].Duplicate == c.Terms[8].Duplicate {
		t.Errorf("marks are wrong: %+v", c.Terms)
	}
	var beyond []string
	for _, tc := range c.Beyond() {
		beyond = append(beyond, tc.Term.Text)
	}
	if want := []string{"a:gone.example", "exists:%{i}.x.example", "-all"}; !slices.Equal(beyond, want) {
		t.Errorf("Beyond = %q, want %q", beyond, want)
	}
	if c := spf.Count(lookup, "loop.example"); c.Lookups != 2 || !c.AtLeast || c.Terms[0].Below.Terms[0].Problem != spf.ReasonLoop {
		t.Errorf("a loop counts as %+v", c)
	}
	if c := spf.Count(lookup, "six.example"); c.Voids != 0 {
		t.Errorf("a host with an IPv6 address only counts as void")
	}
	if c := spf.Count(lookup, "nowhere.example"); c.Problem != spf.ReasonNoRecord {
		t.Errorf("no record counts as %+v", c)
	}
}

func TestReaches(t *testing.T) {
	lookup := world(t, providers+`
via.example. TXT "v=spf1 include:_spf.plat.example -all"
`)
	for _, tt := range []struct {
		record string
		want   []myodai.Name
	}{
		{"v=spf1 include:_spf.plat.example", []myodai.Name{"_spf.plat.example"}},
		{"v=spf1 redirect=via.example", []myodai.Name{"via.example", "_spf.plat.example"}},
		{"v=spf1 redirect=via.example ~all", nil},
		{"v=spf1 ~include:_spf.plat.example", nil},
		{"v=spf1 -include:via.example", nil},
		{"v=spf1 -all include:_spf.plat.example", nil},
		{"v=spf1 a mx", nil},
	} {
		r, err := spf.Parse(tt.record)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := spf.CountRecord(lookup, "kaisha.example", r).Reaches("_spf.plat.example")
		if !slices.Equal(got, tt.want) || ok != (tt.want != nil) {
			t.Errorf("%q reaches by %v, %v; want %v", tt.record, got, ok, tt.want)
		}
	}
}

func TestSendersByMX(t *testing.T) {
	got := spf.SendersByMX("kaisha.example", []myodai.Name{"aspmx.l.google.com", "alt1.aspmx.l.google.com", "mx.kaisha.example", "mx.other.example"})
	if want := []string{"include:_spf.google.com", "mx"}; !slices.Equal(got, want) {
		t.Errorf("SendersByMX = %v, want %v", got, want)
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add("v=spf1 include:%{d} a:%{ir}.%{v}.%{p2r-}.x.example mx -all exp=%{l}.x.example", "a.b@kaisha.example", "helo.example")
	f.Fuzz(func(t *testing.T, record, from, helo string) {
		asked := 0
		for _, ip := range []string{"192.0.2.1", "2001:db8::1"} {
			spf.Evaluate(hostile(record, &asked), netip.MustParseAddr(ip), helo, from)
		}
		if asked > 400 {
			t.Errorf("%d questions", asked)
		}
	})
}
