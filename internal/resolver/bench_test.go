package resolver_test

import (
	"fmt"
	"net"
	"testing"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/resolver"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// BenchmarkProbe checks domains of twelve questions against one server, to be
// held against what the same server gives to bare queries below.
func BenchmarkProbe(b *testing.B) {
	s := dnstest.Start(b, dnstest.Zones{"example.": `* TXT "v=DKIM1; k=rsa; p=AAAA"`})
	p := resolver.NewProber(resolver.Options{Server: s.Addr()})
	defer p.Close()
	var twelve []myodai.Question
	for i := range 12 {
		twelve = append(twelve, myodai.Question{Name: myodai.Name(fmt.Sprintf("n%d.acme.example", i)), Type: "TXT"})
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if o := p.Probe(b.Context(), "acme.example", ask(twelve)); len(o.Answers) != 12 {
				b.Errorf("%d answers", len(o.Answers))
			}
		}
	})
	b.ReportMetric(12*float64(b.N)/b.Elapsed().Seconds(), "queries/s")
}

// BenchmarkBareQueries is one kept socket for each worker.
func BenchmarkBareQueries(b *testing.B) {
	s := dnstest.Start(b, dnstest.Zones{"example.": `* TXT "v=DKIM1; k=rsa; p=AAAA"`})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		raw, err := net.Dial("udp", s.Addr())
		if err != nil {
			b.Error(err)
			return
		}
		conn := dns.Conn{Conn: raw, UDPSize: 1232}
		defer conn.Close()
		for pb.Next() {
			m := new(dns.Msg).SetQuestion("n1.acme.example.", dns.TypeTXT).SetEdns0(1232, true)
			if err := conn.WriteMsg(m); err != nil {
				b.Error(err)
				return
			}
			if _, err := conn.ReadMsg(); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "queries/s")
}
