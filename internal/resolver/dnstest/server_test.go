package dnstest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// ask sends one question and writes down the answer: the code, aa, tc, and the
// sections as owner, type and data.
func ask(t *testing.T, s *dnstest.Server, network, name string, qtype uint16) string {
	t.Helper()
	q := new(dns.Msg).SetQuestion(name, qtype)
	q.SetEdns0(1232, false)
	client := dns.Client{Net: network, Timeout: 200 * time.Millisecond}
	r, _, err := client.Exchange(q, s.Addr())
	if err != nil {
		return "error"
	}
	said := dns.RcodeToString[r.Rcode]
	if r.Authoritative {
		said += " aa"
	}
	if r.Truncated {
		said += " tc"
	}
	for n, section := range [][]dns.RR{r.Answer, r.Ns, r.Extra} {
		for _, rr := range section {
			if h := rr.Header(); h.Rrtype != dns.TypeOPT {
				data := strings.TrimPrefix(rr.String(), h.String())
				if h.Rrtype == dns.TypeSOA {
					data = fmt.Sprint(h.Ttl)
				}
				said += fmt.Sprintf(" %s{%s %s %s}", []string{"an", "ns", "ad"}[n], h.Name, dns.TypeToString[h.Rrtype], data)
			}
		}
	}
	return said
}

func server(t *testing.T) *dnstest.Server {
	return dnstest.Start(t, dnstest.Zones{
		"example.": `
			@ NS ns
			ns A 192.0.2.1
			sub NS ns.sub
			sub DS 1 13 2 AB
			ns.sub A 192.0.2.2
			a.b TXT "deep"
			*.wild TXT "wild"
			www CNAME web
			web A 192.0.2.3
			out CNAME at.other.test.
			away CNAME x.elsewhere.test.
			loop CNAME pool
			pool CNAME loop
			old DNAME new
			x.new TXT "moved"`,
		"other.test.": `
			@ 900 SOA ns.other.test. root.other.test. 7 1 1 1 30
			at A 192.0.2.4`,
	})
}

func TestAnswers(t *testing.T) {
	s := server(t)
	for _, tt := range []struct {
		name  string
		qname string
		qtype uint16
		want  string
	}{
		{"a record", "ns.example.", dns.TypeA, "NOERROR aa an{ns.example. A 192.0.2.1}"},
		{"case does not matter", "NS.example.", dns.TypeA, "NOERROR aa an{ns.example. A 192.0.2.1}"},
		{"no such type", "ns.example.", dns.TypeTXT, "NOERROR aa ns{example. SOA 60}"},
		{"no such name", "no.example.", dns.TypeTXT, "NXDOMAIN aa ns{example. SOA 60}"},
		{"a name with names below", "b.example.", dns.TypeTXT, "NOERROR aa ns{example. SOA 60}"},
		{"the zone's own negative TTL", "no.other.test.", dns.TypeA, "NXDOMAIN aa ns{other.test. SOA 30}"},
		{"not our zone", "elsewhere.test.", dns.TypeA, "REFUSED"},
		{"referral with glue and DS", "x.sub.example.", dns.TypeTXT, "NOERROR ns{sub.example. NS ns.sub.example.} ns{sub.example. DS 1 13 2 AB} ad{ns.sub.example. A 192.0.2.2}"},
		{"DS is the parent's", "sub.example.", dns.TypeDS, "NOERROR aa an{sub.example. DS 1 13 2 AB}"},
		{"NS of the zone", "example.", dns.TypeNS, "NOERROR aa an{example. NS ns.example.} ad{ns.example. A 192.0.2.1}"},
		{"wildcard", "any.thing.wild.example.", dns.TypeTXT, `NOERROR aa an{any.thing.wild.example. TXT "wild"}`},
		{"wildcard without the type", "any.wild.example.", dns.TypeA, "NOERROR aa ns{example. SOA 60}"},
		{"alias inside", "www.example.", dns.TypeA, "NOERROR aa an{www.example. CNAME web.example.} an{web.example. A 192.0.2.3}"},
		{"the alias itself", "www.example.", dns.TypeCNAME, "NOERROR aa an{www.example. CNAME web.example.}"},
		{"alias into another zone of ours", "out.example.", dns.TypeA, "NOERROR aa an{out.example. CNAME at.other.test.} an{at.other.test. A 192.0.2.4}"},
		{"alias away", "away.example.", dns.TypeA, "NOERROR aa an{away.example. CNAME x.elsewhere.test.}"},
		{"DNAME", "x.old.example.", dns.TypeTXT, `NOERROR aa an{old.example. DNAME new.example.} an{x.old.example. CNAME x.new.example.} an{x.new.example. TXT "moved"}`},
	} {
		if got := ask(t, s, "udp", tt.qname, tt.qtype); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
		if got := ask(t, s, "tcp", tt.qname, tt.qtype); got != tt.want {
			t.Errorf("%s over TCP:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
	if got := strings.Count(ask(t, s, "tcp", "loop.example.", dns.TypeA), "an{"); got != 16 {
		t.Errorf("a loop of aliases gave %d records, want 16", got)
	}
	if got := s.Count("www.example.", "A"); got != 2 {
		t.Errorf("www was counted %d times, want 2", got)
	}
}

func TestZonesChangeWhileItRuns(t *testing.T) {
	s := server(t)
	if err := s.Set("example.", `@ TXT "new"`); err != nil {
		t.Fatal(err)
	}
	if got, want := ask(t, s, "udp", "example.", dns.TypeTXT), `NOERROR aa an{example. TXT "new"}`; got != want {
		t.Errorf("after Set: %s, want %s", got, want)
	}
	if err := s.Set("example.", `@ TXT`); err == nil {
		t.Error("a broken zone was taken")
	}
	if err := s.Set("example.", "other.test. A 192.0.2.1"); err == nil {
		t.Error("a record of another zone was taken")
	}
	if got, want := ask(t, s, "udp", "example.", dns.TypeTXT), `NOERROR aa an{example. TXT "new"}`; got != want {
		t.Errorf("after a failed Set: %s, want %s", got, want)
	}
	s.Remove("example.")
	if got := ask(t, s, "udp", "example.", dns.TypeTXT); got != "REFUSED" {
		t.Errorf("after Remove: %s", got)
	}
}

func TestFaults(t *testing.T) {
	s := server(t)
	const right = "NOERROR aa an{ns.example. A 192.0.2.1}"
	for _, tt := range []struct {
		fault    dnstest.Fault
		udp, tcp string
	}{
		{dnstest.ServFail, "SERVFAIL", "SERVFAIL"},
		{dnstest.Refuse, "REFUSED", "REFUSED"},
		{dnstest.FormErr, "FORMERR", "FORMERR"},
		{dnstest.Silent, "error", "error"},
		{dnstest.Lame, "NOERROR ns{. NS a.root-servers.invalid.}", "NOERROR ns{. NS a.root-servers.invalid.}"},
		{dnstest.Truncate, "NOERROR tc", right},
		{dnstest.UDPOnly, right, "error"},
		{dnstest.Garbage, "error", "error"},
		{dnstest.Healthy, right, right},
	} {
		s.Break("example.", tt.fault)
		if got := ask(t, s, "udp", "ns.example.", dns.TypeA); got != tt.udp {
			t.Errorf("%s over UDP: %s, want %s", tt.fault, got, tt.udp)
		}
		if got := ask(t, s, "tcp", "ns.example.", dns.TypeA); got != tt.tcp {
			t.Errorf("%s over TCP: %s, want %s", tt.fault, got, tt.tcp)
		}
	}
}

func TestTheLongestNameSaysHowToMisbehave(t *testing.T) {
	s := server(t)
	s.Break(".", dnstest.Refuse)
	s.Break("b.example.", dnstest.ServFail)
	s.Delay("web.example.", time.Hour)
	for name, want := range map[string]string{"ns.example.": "REFUSED", "a.b.example.": "SERVFAIL", "web.example.": "error"} {
		if got := ask(t, s, "udp", name, dns.TypeA); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestLargeAnswersNeedTCP(t *testing.T) {
	s := dnstest.Start(t, dnstest.Zones{"example.": "@ TXT" + strings.Repeat(` "`+strings.Repeat("x", 255)+`"`, 200)})
	if got := ask(t, s, "udp", "example.", dns.TypeTXT); got != "NOERROR aa tc" {
		t.Errorf("over UDP: %.60s", got)
	}
	if got := ask(t, s, "tcp", "example.", dns.TypeTXT); !strings.HasPrefix(got, "NOERROR aa an{example. TXT") {
		t.Errorf("over TCP: %.60s", got)
	}
}
