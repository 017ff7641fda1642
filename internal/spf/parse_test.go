package spf_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/spf"
)

func TestParseProblems(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []spf.Problem
	}{
		{"v=spf1", nil},
		{"V=sPf1 MX Include:A.example ~ALL", nil},
		{"v=spf1 a/0 a//0 a/32//128 mx:m.example/24 ptr exists:%{i}._x.%{d2} ip6:2001:db8::/32", nil},
		{"v=spf1 moo.cow-far_out=man:dog/cat ip4:1.2.3.4 -all", nil},
		{"v=spf10 mx", []spf.Problem{{Kind: spf.ProblemVersion, Text: "v=spf10"}}},
		{" v=spf1 mx", []spf.Problem{{Kind: spf.ProblemVersion}}},
		{"v=spf1 include:", []spf.Problem{{Kind: spf.ProblemNoDomain, Offset: 7, Text: "include:"}}},
		{"v=spf1  include", []spf.Problem{{Kind: spf.ProblemNoDomain, Offset: 8, Text: "include"}}},
		{"v=spf1 include:localhost", []spf.Problem{{Kind: spf.ProblemDomain, Offset: 7, Text: "include:localhost"}}},
		{"v=spf1 a:192.0.2.1", []spf.Problem{{Kind: spf.ProblemDomain, Offset: 7, Text: "a:192.0.2.1"}}},
		{"v=spf1 includes:a.example", []spf.Problem{{Kind: spf.ProblemMechanism, Offset: 7, Text: "includes:a.example"}}},
		{"v=spf1 _spf.plat.example", []spf.Problem{{Kind: spf.ProblemMechanism, Offset: 7, Text: "_spf.plat.example"}}},
		{"v=spf1 -+all", []spf.Problem{{Kind: spf.ProblemMechanism, Offset: 7, Text: "-+all"}}},
		{"v=spf1 +a=x", []spf.Problem{{Kind: spf.ProblemModifier, Offset: 7, Text: "+a=x"}}},
		{"v=spf1 ip4:203.0.113.300", []spf.Problem{{Kind: spf.ProblemAddress, Offset: 7, Text: "ip4:203.0.113.300"}}},
		{"v=spf1 ip4:2001:db8::1", []spf.Problem{{Kind: spf.ProblemAddress, Offset: 7, Text: "ip4:2001:db8::1"}}},
		{"v=spf1 ip6:192.0.2.1", []spf.Problem{{Kind: spf.ProblemAddress, Offset: 7, Text: "ip6:192.0.2.1"}}},
		{"v=spf1 ip4:203.0.113.0/32", nil},
		{"v=spf1 ip4:203.0.113.0/33", []spf.Problem{{Kind: spf.ProblemPrefix, Offset: 7, Text: "ip4:203.0.113.0/33"}}},
		{"v=spf1 a/32 a/33", []spf.Problem{{Kind: spf.ProblemPrefix, Offset: 12, Text: "a/33"}}},
		{"v=spf1 a//128 a//129", []spf.Problem{{Kind: spf.ProblemPrefix, Offset: 14, Text: "a//129"}}},
		{"v=spf1 a/024", []spf.Problem{{Kind: spf.ProblemPrefix, Offset: 7, Text: "a/024"}}},
		{"v=spf1 all.", []spf.Problem{{Kind: spf.ProblemMechanism, Offset: 7, Text: "all."}}},
		{"v=spf1 -all:x", []spf.Problem{{Kind: spf.ProblemArgument, Offset: 7, Text: "-all:x"}}},
		{"v=spf1 a:%x.example", []spf.Problem{{Kind: spf.ProblemMacro, Offset: 7, Text: "a:%x.example"}}},
		{"v=spf1 a:%{d0}", []spf.Problem{{Kind: spf.ProblemMacro, Offset: 7, Text: "a:%{d0}"}}},
		{"v=spf1 a:%%%_%-", nil},
		{"v=spf1 \u2013all", []spf.Problem{{Kind: spf.ProblemDash, Offset: 7, Text: "\u2013all"}}},
		{"v=spf1 \uff5eall", []spf.Problem{{Kind: spf.ProblemDash, Offset: 7, Text: "\uff5eall"}}},
		{"v=spf1 ~all\u201d", []spf.Problem{{Kind: spf.ProblemQuote, Offset: 7, Text: "~all\u201d"}}},
		{"v=spf1 a\tmx", []spf.Problem{{Kind: spf.ProblemASCII, Offset: 7, Text: "a\tmx"}}},
		{"v=spf1 mx; ~all", []spf.Problem{{Kind: spf.ProblemSeparator, Offset: 7, Text: "mx;"}}},
		{"v=spf1 redirect=a.example redirect=b.example", []spf.Problem{{Kind: spf.ProblemRepeated, Offset: 26, Text: "redirect=b.example"}}},
		{"v=spf1 ip4:x include: mx", []spf.Problem{
			{Kind: spf.ProblemAddress, Offset: 7, Text: "ip4:x"}, {Kind: spf.ProblemNoDomain, Offset: 13, Text: "include:"},
		}},
	} {
		r, err := spf.Parse(tt.text)
		var got []spf.Problem
		if bad, ok := errors.AsType[*spf.SyntaxError](err); ok {
			got = bad.Problems
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("Parse(%q) = %v, want %v", tt.text, got, tt.want)
		}
		if tt.want == nil && r.String() != tt.text {
			t.Errorf("Parse(%q).String() = %q", tt.text, r.String())
		}
	}
}

func TestSyntaxErrorNamesTheFirstProblem(t *testing.T) {
	_, err := spf.Parse("v=spf1 mx ip4:x -al")
	if want := `spf record: address at 10: "ip4:x"`; err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestCanonical(t *testing.T) {
	for _, same := range [][]string{
		{"+MX", "mx", "mx/32", "mx//128", "Mx/32//128"},
		{"ip4:192.0.2.1", "ip4:192.0.2.1/32", "+IP4:192.0.2.1"},
		{"ip4:192.0.2.0/24", "ip4:192.0.2.77/24"},
		{"ip6:2001:DB8::1", "ip6:2001:db8:0::1/128"},
		{"-include:A.example.", "-include:a.example"},
		{"redirect=A.example", "Redirect=a.example"},
	} {
		want := parseOne(t, same[0]).Canonical()
		for _, text := range same {
			if got := parseOne(t, text).Canonical(); got != want {
				t.Errorf("canonical %q = %q, want %q as for %q", text, got, want, same[0])
			}
		}
	}
	for _, pair := range [][2]string{{"a", "mx"}, {"a", "~a"}, {"a/24", "a//24"}, {"exists:%{L}.x.example", "exists:%{l}.x.example"}, {"x=A", "x=a"}} {
		if a, b := parseOne(t, pair[0]).Canonical(), parseOne(t, pair[1]).Canonical(); a == b {
			t.Errorf("%q and %q are both %q", pair[0], pair[1], a)
		}
	}
}

func parseOne(t *testing.T, term string) spf.Term {
	t.Helper()
	r, err := spf.Parse("v=spf1 " + term)
	if err != nil || len(r.Terms) != 1 {
		t.Fatalf("Parse(%q) = %v, %v", term, r, err)
	}
	return r.Terms[0]
}

func TestDead(t *testing.T) {
	r, err := spf.Parse("v=spf1 redirect=r.example mx -all exp=e.example a")
	if err != nil {
		t.Fatal(err)
	}
	var dead []string
	for i, term := range r.Terms {
		if r.Dead(i) {
			dead = append(dead, term.Text)
		}
	}
	if want := []string{"redirect=r.example", "a"}; !slices.Equal(dead, want) {
		t.Errorf("dead = %v, want %v", dead, want)
	}
}

func TestSelect(t *testing.T) {
	for _, tt := range []struct {
		text string
		want string // "record", "" or the kind of near miss
	}{
		{"v=spf1", "record"},
		{"V=SPF1 -all", "record"},
		{"v=spf1 garbage", "record"},
		{"v=spf1\t-all", "version"},
		{"v=spf1-all", "version"},
		{"v=spf1; mx; ~all", "version"},
		{"v=spf10 -all", "version"},
		{"v=spf -all", "version"},
		{"v = spf1 mx", "version"},
		{"spf1 mx -all", "version"},
		{"v=spf2.0/pra mx", "version"},
		{" v=spf1 mx -all", "space"},
		{"\ufeffv=spf1 mx -all", "space"},
		{"\uff56=spf1 mx", "space"},
		{"\"v=spf1 mx\"", "quote"},
		{"\u201cv=spf1 mx\u201d", "quote"},
		{"google-site-verification=abcv=spf1 mx ~all", "inside"},
		{"google-site-verification=abc", ""},
		{"", ""},
		{"v=DMARC1; p=none", ""},
	} {
		s, got := spf.Select([]string{tt.text}), ""
		switch {
		case len(s.Records) == 1:
			got = "record"
		case len(s.NearMisses) == 1:
			got = string(s.NearMisses[0].Kind)
		}
		if got != tt.want {
			t.Errorf("Select(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestRepair(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"v=spf1 mx ~all", "v=spf1 mx ~all"},
		{"v=spf1; include:_spf.plat.example; ~all", "v=spf1 include:_spf.plat.example ~all"},
		{"v=spf1 mx,a,~all", "v=spf1 mx a ~all"},
		{"v = spf1 include:_spf.plat.example ~all", "v=spf1 include:_spf.plat.example ~all"},
		{"spf1 include:_spf.plat.example ~all", "v=spf1 include:_spf.plat.example ~all"},
		{"\"v=spf1 mx ~all\"", "v=spf1 mx ~all"},
		{"\uff56\uff1d\uff53\uff50\uff46\uff11\u3000mx\u3000\uff5eall", "v=spf1 mx ~all"},
		{"v=spf1 include:_spf.plat.example \u301call", "v=spf1 include:_spf.plat.example ~all"},
		{"v=spf1 include:_spf.plat.example \u2212all", "v=spf1 include:_spf.plat.example -all"},
		{"v=spf1 include=_spf.plat.example ~all", "v=spf1 include:_spf.plat.example ~all"},
		{"v=spf1 includes:_spf.plat.example ~all", "v=spf1 include:_spf.plat.example ~all"},
		{"v=spf1 include: _spf.plat.example ~all", "v=spf1 include:_spf.plat.example ~all"},
		{"v=spf1 ip4: 192.0.2.1 ~all", "v=spf1 ip4:192.0.2.1 ~all"},
		{"v=spf1 ip:198.51.100.7 ip4:2001:db8::1 ~all", "v=spf1 ip4:198.51.100.7 ip6:2001:db8::1 ~all"},
		{"v=spf1 redirect:_spf.plat.example", "v=spf1 redirect=_spf.plat.example"},
		{"v=spf1 ip4:203.0.113.7~all", "v=spf1 ip4:203.0.113.7 ~all"},
		{"v=spf1 include:_spf.plat.example-all", "v=spf1 include:_spf.plat.example -all"},
		{"v=spf1 include:_spf.google.cominclude:_spf.plat.example ~all", "v=spf1 include:_spf.google.com include:_spf.plat.example ~all"},
		// What leaves a doubt is left alone.
		{"v=spf1 ip4:203.0.113.300 ~all", "v=spf1 ip4:203.0.113.300 ~all"},
		{"v=spf1 gmail.com ~all", "v=spf1 gmail.com ~all"},
		{"v=spf1 op=a,b;c mx -all", "v=spf1 op=a,b;c mx -all"},
		{"google-site-verification=abc", "google-site-verification=abc"},
	} {
		if got := spf.Repair(tt.text); got != tt.want {
			t.Errorf("Repair(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestSuspects(t *testing.T) {
	r, err := spf.Parse("v=spf1 include=a.example include:b.exampleinclude:c.example mx ~all")
	if err != nil {
		t.Fatal(err)
	}
	want := []spf.Problem{
		{Kind: spf.ProblemEquals, Offset: 7, Text: "include=a.example"},
		{Kind: spf.ProblemGlued, Offset: 25, Text: "include:b.exampleinclude:c.example"},
	}
	if got := spf.Suspects(r); !slices.Equal(got, want) {
		t.Errorf("Suspects = %v, want %v", got, want)
	}
}

func TestOpen(t *testing.T) {
	for _, tt := range []struct {
		term string
		open bool
	}{
		{"all", true}, {"+all", true}, {"?all", false}, {"~all", false}, {"ip4:0.0.0.0/0", true}, {"ip4:128.0.0.0/1", true},
		{"ip4:128.0.0.0/2", false}, {"-ip4:0.0.0.0/0", false}, {"ip6:::/0", true}, {"a/0", true}, {"mx//1", true}, {"mx", false},
		{"exists:yes.example", true}, {"exists:%{i}.list.example", false}, {"include:a.example", false},
	} {
		r, err := spf.Parse("v=spf1 " + tt.term)
		if err != nil || (len(r.Open()) == 1) != tt.open {
			t.Errorf("%s: open %v, %v; want %v", tt.term, r.Open(), err, tt.open)
		}
	}
	if r, _ := spf.Parse("v=spf1 -all +all ip4:0.0.0.0/0"); r.Open() != nil {
		t.Errorf("after -all, open are %v", r.Open())
	}
}

func TestSplit(t *testing.T) {
	word := strings.Repeat("a", 49) + " " // 50 octets
	for _, tt := range []struct {
		name string
		text string
		want []int // lengths
	}{
		{"fits", strings.Repeat("a", 255), []int{255}},
		{"one too many, no space", strings.Repeat("a", 256), []int{255, 1}},
		{"the space stays at the end", strings.Repeat(word, 6), []int{250, 50}},
		{"a space at the very end of the first", strings.Repeat("a", 254) + " b", []int{255, 1}},
		{"empty", "", []int{0}},
	} {
		got := spf.Split(tt.text)
		var lengths []int
		for _, s := range got {
			lengths = append(lengths, len(s))
		}
		if !slices.Equal(lengths, tt.want) || strings.Join(got, "") != tt.text {
			t.Errorf("%s: Split = %q", tt.name, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"v=spf1", "v=spf1 a mx/24//64 -all", "v=spf1 include:%{ir}.%{v}.x.example redirect=_spf.%{d2r-}",
		"v=spf1  ip6:2001:db8::/32 x=%{c} ~all", "V=SPF1 \u2013all",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := spf.Parse(text)
		spf.Select([]string{text})
		spf.Suspects(r)
		mended := spf.Repair(text)
		if _, broken := spf.Parse(mended); broken != nil && mended != text {
			t.Errorf("Repair(%q) = %q, which does not parse", text, mended)
		}
		if err != nil {
			return
		}
		again, err := spf.Parse(r.String())
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", r.String(), again, err, r)
		}
		for _, term := range r.Terms {
			if !strings.Contains(text, term.Text) {
				t.Errorf("term %q is not spelled like that in %q", term.Text, text)
			}
			if parsed, err := spf.Parse("v=spf1 " + term.Canonical()); err != nil || parsed.Terms[0].Canonical() != term.Canonical() {
				t.Errorf("canonical %q of %q does not stay", term.Canonical(), term.Text)
			}
		}
	})
}
