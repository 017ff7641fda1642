package resolver_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// A machine without IPv6 says nothing about servers that have it.
func TestIPv6WithoutAWayThereIsNoEvidence(t *testing.T) {
	space := world(t, func(hosts map[string]dnstest.Zones) {
		add(hosts["127.0.0.1"], "example.", "ns1.acme AAAA 2001:db8::1", "ns2.acme AAAA 2001:db8::2",
			"six NS ns.six", "ns.six AAAA 2001:db8::3")
	})
	opts := options(space)
	opts.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "[") {
			return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	o := prober(t, opts).Probe(t.Context(), "acme.example", ask(
		questions("acme.example TXT confirm"), questions("acme.example MX", "six.example TXT")))
	expect(t, "answers", told(o.Answers), `
		acme.example TXT @.2 udp positive NOERROR [acme.example TXT v=spf1 -all]
		acme.example TXT @.2 tcp positive NOERROR [acme.example TXT v=spf1 -all]
		acme.example TXT @.3 udp positive NOERROR [acme.example TXT v=spf1 -all]
		acme.example TXT @.3 tcp positive NOERROR [acme.example TXT v=spf1 -all]
		acme.example MX @.2 udp positive NOERROR [acme.example MX 10 mail.acme.example]
		acme.example MX @.3 udp positive NOERROR [acme.example MX 10 mail.acme.example]
		six.example TXT @[2001 udp unknown (network is unreachable)`)
	z, _ := o.ZoneOf("acme.example")
	if len(z.Servers) != 4 || z.Servers[1].Err != "network is unreachable" || z.Servers[0].Err != "" {
		t.Errorf("servers %+v", z.Servers)
	}
}

// What Dial refuses, such as internal addresses, is unknown with its reason.
func TestRefusedAddressesAreUnknown(t *testing.T) {
	opts := options(world(t))
	opts.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "127.0.0.3:") {
			return nil, myodai.Refuse(myodai.CodeForbidden, "", "that is not a public address")
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	o := probe(t, opts, "none.acme.example TXT")
	expect(t, "answers", told(o.Answers), `
		none.acme.example TXT @.2 udp negative NXDOMAIN
		none.acme.example TXT @.3 udp unknown (that is not a public address)`)
}

// A healthy domain takes one round trip for all questions of a round, whatever
// the number of servers and questions, and two more to open and use TCP.
func TestQuestionsOfOneRoundGoOutTogether(t *testing.T) {
	const trip = 150 * time.Millisecond
	space := world(t)
	for _, s := range space.Servers {
		s.Delay("acme.example.", trip)
	}
	opts := options(space)
	opts.Timeout = 5 * time.Second
	p := prober(t, opts)
	p.Probe(t.Context(), "acme.example", ask())
	var lines []string
	for i := range 12 {
		lines = append(lines, fmt.Sprintf("n%d.acme.example TXT", i))
	}
	started := time.Now()
	p.Probe(t.Context(), "acme.example", ask(questions(lines...)))
	if took := time.Since(started); took > 3*trip { // one for the walk, one for the questions
		t.Errorf("took %v, which is %.1f round trips", took, float64(took)/float64(trip))
	}
}
