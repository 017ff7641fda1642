package spf_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/spf"
)

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
