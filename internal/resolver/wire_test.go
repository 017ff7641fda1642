package resolver

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
)

// What servers send is read by package dns first; this is what we do with it.
func FuzzReply(f *testing.F) {
	for _, text := range []string{
		"a.example. 300 IN TXT \"x\"", "a.example. 300 IN CNAME b.example.", "example. 300 IN NS ns.example.",
		"example. 300 IN SOA a. b. 1 2 3 4 5", "a.example. 300 IN DNAME b.example.", "example. 300 IN DS 1 13 2 AB",
	} {
		rr, err := dns.NewRR(text)
		if err != nil {
			f.Fatal(err)
		}
		m := new(dns.Msg).SetQuestion("a.example.", dns.TypeTXT)
		m.Response, m.Authoritative = true, true
		m.Answer, m.Ns, m.Extra = []dns.RR{rr}, []dns.RR{rr}, []dns.RR{rr}
		m.SetEdns0(1232, true)
		m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_EDE{InfoCode: 9, ExtraText: "\x1b[31m"}}
		wire, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		m := new(dns.Msg)
		if m.Unpack(wire) != nil {
			return
		}
		const zone, name = "example", "a.example"
		a := reply{msg: m}.answer(myodai.Question{Name: name, Type: "TXT"}, myodai.Server{}, zone)
		for _, list := range [][]myodai.Record{a.Records, a.Authority} {
			for _, rr := range list {
				if !rr.Name.Under(zone) {
					t.Errorf("kept %+v of another zone", rr)
				}
				for _, c := range []byte(rr.Data) {
					if rr.Type == myodai.TypeTXT && (c < ' ' || c > '~') {
						t.Errorf("octet %#x in %q", c, rr.Data)
					}
				}
			}
		}
		if strings.ContainsAny(a.ExtendedError, "\x1b\n\r\x00") {
			t.Errorf("control characters in %q", a.ExtendedError)
		}
		_, _, _ = chase(a.Records, a.Question)
		_ = negativeTTL(a)
		ref, found := readReferral(m, zone, name)
		if found == foundCut && (!ref.cut.Under(zone) || ref.cut == zone || !myodai.Name(name).Under(ref.cut)) {
			t.Errorf("a cut at %q", ref.cut)
		}
		for host := range ref.glue {
			if !host.Under(zone) {
				t.Errorf("glue for %q", host)
			}
		}
	})
}

func TestMatches(t *testing.T) {
	query := func(change func(*dns.Msg)) *dns.Msg {
		m := new(dns.Msg).SetQuestion("a.example.", dns.TypeTXT)
		m.Id = 7
		if change != nil {
			m.Response = true
			change(m)
		}
		return m
	}
	for _, tt := range []struct {
		name   string
		reply  *dns.Msg
		exact  bool
		wanted bool
	}{
		{"the answer", query(func(*dns.Msg) {}), true, true},
		{"another ID", query(func(m *dns.Msg) { m.Id = 8 }), false, false},
		{"a question", query(func(m *dns.Msg) { m.Response = false }), false, false},
		{"another name", query(func(m *dns.Msg) { m.Question[0].Name = "b.example." }), false, false},
		{"another type", query(func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeA }), false, false},
		{"another class", query(func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }), false, false},
		{"another case", query(func(m *dns.Msg) { m.Question[0].Name = "A.example." }), false, true},
		{"another case where it counts", query(func(m *dns.Msg) { m.Question[0].Name = "A.example." }), true, false},
		{"two questions", query(func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }), false, false},
		{"no question", query(func(m *dns.Msg) { m.Question = nil }), false, false},
		{"no question in an error", query(func(m *dns.Msg) { m.Question, m.Rcode = nil, dns.RcodeFormatError }), false, true},
		{"no question in NXDOMAIN", query(func(m *dns.Msg) { m.Question, m.Rcode = nil, dns.RcodeNameError }), false, false},
	} {
		if got := matches(tt.reply, query(nil), tt.exact); got != tt.wanted {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.wanted)
		}
	}
}

func TestExtendedErrors(t *testing.T) {
	m := new(dns.Msg).SetEdns0(1232, true)
	m.IsEdns0().Option = []dns.EDNS0{
		&dns.EDNS0_EDE{InfoCode: 9}, &dns.EDNS0_EDE{InfoCode: 22, ExtraText: "at \x1b[1mns1\n"}, &dns.EDNS0_EDE{InfoCode: 999},
	}
	if got, want := extendedError(m), "9: DNSKEY Missing; 22: No Reachable Authority (at [1mns1); 999"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
