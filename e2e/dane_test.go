package e2e

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/delivery/smtptest"
	"github.com/myodai/myodai/internal/resolver"
)

// TestDANEByUnbound: a zone signed by Knot, seen through an Unbound that validates
// on this machine, says which certificate its mail server has (RFC 7672).
func TestDANEByUnbound(t *testing.T) {
	const domain = "signed.example"
	w := emptyWorld(t)
	certificate, _ := smtptest.Certificate(t, "mx.signed.example")
	sink := smtptest.NewSink(t, smtptest.SinkOptions{Certificate: &certificate, Distrusted: true})
	sum := sha256.Sum256(certificate.Leaf.RawSubjectPublicKeyInfo)
	zone := fmt.Sprintf(`$TTL 60
signed.example. SOA ns.signed.example. hostmaster.signed.example. 1 3600 600 86400 1
signed.example. NS ns.signed.example.
ns.signed.example. A %[1]s
signed.example. MX 10 mx.signed.example.
mx.signed.example. A 127.0.0.1
_%[2]d._tcp.mx.signed.example. TLSA 3 1 1 %[3]x
other.signed.example. MX 10 mx2.signed.example.
mx2.signed.example. A 127.0.0.1
_%[2]d._tcp.mx2.signed.example. TLSA 3 1 1 %[4]s
plain.signed.example. MX 10 mx3.signed.example.
mx3.signed.example. A 127.0.0.1
`, host3Address, sink.Addr().Port(), sum, strings.Repeat("00", 32))
	w.startKnot(t, "signed", host3Address, map[string]string{domain: "    dnssec-signing: on\n    file: " + w.write(t, "signed.zone", zone)}, "")
	ds := w.ds(t, "signed", domain)
	const right, wrong = "127.0.0.3", "127.0.0.4"
	for address, anchor := range map[string]string{right: ds, wrong: ds[:len(ds)-8] + "00000000"} {
		w.startResolver(t, address, "  module-config: \"validator iterator\"\n  do-not-query-localhost: no\n  trust-anchor: \""+domain+". DS "+anchor+
			"\"\nstub-zone:\n  name: \""+domain+"\"\n  stub-addr: "+host3Address+"\n")
	}
	for _, tt := range []struct {
		name, resolver string
		to             myodai.Name
		kind           myodai.OutcomeKind
		tls, text      string
	}{
		{"the certificate that the zone names", right, domain, myodai.OutcomeDelivered, "TLS 1.3, certificate verified by DANE", ""},
		{"another one", right, "other.signed.example", myodai.OutcomeTransient, "", "the certificate is none that its TLSA records name"},
		{"no TLSA records", right, "plain.signed.example", myodai.OutcomeDelivered, "TLS 1.3, certificate not verified", ""},
		{"bogus", wrong, domain, myodai.OutcomeTransient, "", "the MX records of signed.example cannot be looked up now"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cache := resolver.NewCache(resolver.Options{Servers: []string{tt.resolver}})
			defer cache.Close()
			agent := delivery.NewAgent(delivery.Options{
				Lookup: cache.Lookup, Validates: true, Dial: new(net.Dialer).DialContext, Hostname: "out.plat.example", Port: sink.Addr().Port(), Keep: -1,
			})
			job := myodai.Job{Domain: tt.to, Items: []myodai.JobItem{{
				Delivery: myodai.Delivery{
					Recipient: myodai.Address{Local: "taro", Domain: tt.to}, ReturnPath: myodai.Address{Local: "bounce", Domain: "example.com"},
				},
				Load: func(context.Context) ([]byte, error) { return []byte("Subject: x\r\n\r\nx\r\n"), nil },
			}}}
			if o := agent.Attempt(t.Context(), job)[0]; o.Kind != tt.kind || !strings.Contains(o.Text, tt.text) || tt.tls != "" && o.TLS != tt.tls {
				t.Errorf("%+v", o)
			}
		})
	}
}
