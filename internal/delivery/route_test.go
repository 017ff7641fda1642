package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
)

// contacted attempts one delivery to example.net in a world of nothing but
// closed ports, and returns the addresses that were tried and the outcome.
func contacted(t *testing.T, zone string, forbidden ...string) (string, myodai.Outcome) {
	t.Helper()
	var tried []string
	agent := delivery.NewAgent(delivery.Options{
		Lookup: parseZone(zone).lookup, Hostname: "out1.plat.example", Keep: -1, MailHost: "mx.plat.example",
		Shuffle: func(int, func(i, j int)) {},
		Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			ip := netip.MustParseAddrPort(address).Addr().String()
			if slices.Contains(forbidden, ip) {
				return nil, myodai.Refuse(myodai.CodeForbidden, "", "%s is a private address", ip)
			}
			tried = append(tried, ip)
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		},
	})
	job := myodai.Job{Domain: "example.net", Items: []myodai.JobItem{item(1, myodai.Address{Local: "bob", Domain: "example.net"}, "")}}
	outcome := agent.Attempt(t.Context(), job)[0]
	return strings.Join(tried, " "), outcome
}

const closed = "transient 4.4.1" // somebody was there to be tried

// TestRoute shows for each state DNS can be in whom we contact (P13, T35, T36).
func TestRoute(t *testing.T) {
	const mx = "A mx.example.net 192.0.2.1\n"
	for _, tt := range []struct {
		name string
		zone string
		want string // addresses, in order
		out  string // kind and enhanced code
	}{
		// The ways of not knowing. The A record at the domain is a trap.
		{"MX SERVFAIL, A there", "MX example.net SERVFAIL\nA example.net 192.0.2.9", "", "transient 4.4.3"},
		{"MX timeout, A there", "MX example.net TIMEOUT\nA example.net 192.0.2.9", "", "transient 4.4.3"},
		{"empty answer without SOA, A there", "MX example.net LAME\nA example.net 192.0.2.9", "", "transient 4.4.3"},
		{"alias that leads to SERVFAIL", "CNAME example.net www.example.net\nMX example.net SERVFAIL\nA www.example.net 192.0.2.9", "", "transient 4.4.3"},
		{"MX host SERVFAIL for both families", "MX example.net 10 mx.example.net\nA mx.example.net SERVFAIL\nAAAA mx.example.net SERVFAIL\nA example.net 192.0.2.9", "", "transient 4.4.3"},
		{"MX host timeout for A, none for AAAA", "MX example.net 10 mx.example.net\nA mx.example.net TIMEOUT", "", "transient 4.4.3"},
		{"MX host none for A, timeout for AAAA", "MX example.net 10 mx.example.net\nNODATA mx.example.net\nAAAA mx.example.net TIMEOUT", "", "transient 4.4.3"},
		{"MX host timeout for AAAA, A there", "MX example.net 10 mx.example.net\nA mx.example.net 192.0.2.1\nAAAA mx.example.net TIMEOUT", "192.0.2.1", closed},
		{"MX host timeout for A, AAAA there", "MX example.net 10 mx.example.net\nA mx.example.net TIMEOUT\nAAAA mx.example.net 2001:db8::1", "2001:db8::1", closed},
		{"first MX unknown, second there", "MX example.net 10 mx1.example.net\nMX example.net 20 mx.example.net\nA mx1.example.net SERVFAIL\nAAAA mx1.example.net SERVFAIL\n" + mx, "192.0.2.1", closed},
		{"first MX unknown, second without address", "MX example.net 10 mx1.example.net\nMX example.net 20 mx2.example.net\nA mx1.example.net SERVFAIL\nAAAA mx1.example.net SERVFAIL\nNODATA mx2.example.net", "", "transient 4.4.3"},
		{"first MX without address, second unknown", "MX example.net 10 mx1.example.net\nMX example.net 20 mx2.example.net\nA mx2.example.net SERVFAIL\nAAAA mx2.example.net SERVFAIL\nNODATA mx1.example.net", "", "transient 4.4.3"},
		{"domain's own A SERVFAIL after NODATA for MX", "NODATA example.net\nA example.net SERVFAIL\nAAAA example.net SERVFAIL", "", "transient 4.4.3"},

		// The ways of there being nothing.
		{"NXDOMAIN", "", "", "permanent 5.1.2"},
		{"NXDOMAIN of the domain, a name below it there", "A mx.example.net 192.0.2.1", "", "permanent 5.1.2"},
		{"alias to a name that does not exist", "CNAME example.net gone.example.org", "", "permanent 5.1.2"},
		{"NODATA for everything", "NODATA example.net", "", "permanent 5.4.4"},
		{"MX to a name that does not exist", "MX example.net 10 gone.example.net\nA example.net 192.0.2.9", "", "permanent 5.4.4"},
		{"MX to a name without addresses", "MX example.net 10 mx.example.net\nNODATA mx.example.net\nA example.net 192.0.2.9", "", "permanent 5.4.4"},
		{"every MX without addresses", "MX example.net 10 mx1.example.net\nMX example.net 20 mx2.example.net\nNODATA mx1.example.net", "", "permanent 5.4.4"},
		{"TXT only", "TXT example.net v=spf1", "", "permanent 5.4.4"},

		// The domain's own address.
		{"NODATA for MX, A there", "A example.net 192.0.2.9", "192.0.2.9", closed},
		{"NODATA for MX, AAAA there", "AAAA example.net 2001:db8::9", "2001:db8::9", closed},
		{"NODATA for MX, both there", "A example.net 192.0.2.9\nAAAA example.net 2001:db8::9", "192.0.2.9 2001:db8::9", closed},
		{"alias to a name with only an A", "CNAME example.net www.example.org\nA www.example.org 192.0.2.9", "192.0.2.9", closed},
		{"MX there, so not the domain's own A", "MX example.net 10 mx.example.net\nA example.net 192.0.2.9\n" + mx, "192.0.2.1", closed},

		// Null MX (RFC 7505).
		{"null MX", "MX example.net 0 .\nA example.net 192.0.2.9", "", "permanent 5.1.10"},
		{"null MX without its dot", "MX example.net 0\nA example.net 192.0.2.9", "", "permanent 5.1.10"},
		{"null MX with another preference", "MX example.net 10 .\nA example.net 192.0.2.9", "", "permanent 5.1.10"},
		{"null MX beside a real one", "MX example.net 0 .\nMX example.net 10 mx.example.net\n" + mx, "192.0.2.1", closed},
		{"null MX beside an IP text", "MX example.net 0 .\nMX example.net 10 192.0.2.1", "", "permanent 5.1.10"},
		{"null MX behind an alias", "CNAME example.net example.org\nMX example.org 0 .", "", "permanent 5.1.10"},

		// Order.
		{"two preferences", "MX example.net 20 b.example.net\nMX example.net 10 a.example.net\nA a.example.net 192.0.2.1\nA b.example.net 192.0.2.2", "192.0.2.1 192.0.2.2", closed},
		{"preferences are numbers", "MX example.net 9 a.example.net\nMX example.net 10 b.example.net\nA a.example.net 192.0.2.1\nA b.example.net 192.0.2.2", "192.0.2.1 192.0.2.2", closed},
		{"lowest and highest preference", "MX example.net 65535 b.example.net\nMX example.net 0 a.example.net\nA a.example.net 192.0.2.1\nA b.example.net 192.0.2.2", "192.0.2.1 192.0.2.2", closed},
		{"a preference too large", "MX example.net 65536 b.example.net\nA b.example.net 192.0.2.2", "", "permanent 5.4.4"},
		{"one host named twice", "MX example.net 20 a.example.net\nMX example.net 10 a.example.net\nMX example.net 15 b.example.net\nA a.example.net 192.0.2.1\nA b.example.net 192.0.2.2", "192.0.2.1 192.0.2.2", closed},
		{"two hosts with one address", "MX example.net 10 a.example.net\nMX example.net 20 b.example.net\nA a.example.net 192.0.2.1\nA b.example.net 192.0.2.1", "192.0.2.1", closed},
		{"families take turns", "MX example.net 10 mx.example.net\nA mx.example.net 192.0.2.1\nA mx.example.net 192.0.2.2\nAAAA mx.example.net 2001:db8::1\nAAAA mx.example.net 2001:db8::2", "192.0.2.1 2001:db8::1 192.0.2.2 2001:db8::2", closed},

		// Aliases.
		{"MX to an alias", "MX example.net 10 mx.example.net\nCNAME mx.example.net real.example.org\nA real.example.org 192.0.2.1", "192.0.2.1", closed},
		{"alias to a name with MX", "CNAME example.net example.org\nMX example.org 10 mx.example.net\n" + mx, "192.0.2.1", closed},
		{"eight aliases", aliases(8), "192.0.2.1", closed},
		{"nine aliases", aliases(9), "", "transient 4.4.3"},
		{"alias to itself", "CNAME example.net example.net", "", "permanent 5.4.4"},
		{"two aliases in a circle", "CNAME example.net a.example.net\nCNAME a.example.net example.net", "", "transient 4.4.3"},

		// Addresses where names belong, and forbidden ones (192.0.2.66 and .67).
		{"MX IP text", "MX example.net 10 192.0.2.1\nA 192.0.2.1 192.0.2.1\nA example.net 192.0.2.9", "", "permanent 5.4.4"},
		{"MX IPv6 text", "MX example.net 10 2001:db8::1\nA example.net 192.0.2.9", "", "permanent 5.4.4"},
		{"MX IP text and a host", "MX example.net 10 192.0.2.7\nMX example.net 20 mx.example.net\n" + mx, "192.0.2.1", closed},
		{"MX is not a name", "MX example.net 10 a..b", "", "permanent 5.4.4"},
		{"MX data without preference", "MX example.net mx.example.net\n" + mx, "", "permanent 5.4.4"},
		{"MX to a forbidden address", "MX example.net 10 mx.example.net\nA mx.example.net 192.0.2.66", "", "permanent 5.4.4"},
		{"MX to a forbidden and another address", "MX example.net 10 mx.example.net\nA mx.example.net 192.0.2.66\nA mx.example.net 192.0.2.1", "192.0.2.1", closed},
		{"first MX forbidden, second not", "MX example.net 10 in.example.net\nMX example.net 20 mx.example.net\nA in.example.net 192.0.2.66\n" + mx, "192.0.2.1", closed},
		{"every MX forbidden", "MX example.net 10 in.example.net\nMX example.net 20 in2.example.net\nA in.example.net 192.0.2.66\nA in2.example.net 192.0.2.67", "", "permanent 5.4.4"},
		{"domain's own address forbidden", "A example.net 192.0.2.66", "", "permanent 5.4.4"},
		{"MX localhost, which has no address in DNS", "MX example.net 10 localhost", "", "permanent 5.4.4"},
		{"an A record that is no address", "MX example.net 10 mx.example.net\nA mx.example.net 192.0.2.256", "", "permanent 5.4.4"},
		{"an A record with an IPv6 address", "MX example.net 10 mx.example.net\nA mx.example.net 2001:db8::1", "", "permanent 5.4.4"},

		// Ourselves.
		{"only we", "MX example.net 10 mx.plat.example\nA mx.plat.example 192.0.2.9", "", "permanent 5.4.6"},
		{"we are best", "MX example.net 10 mx.plat.example\nMX example.net 20 mx.example.net\n" + mx, "", "permanent 5.4.6"},
		{"we are among the best", "MX example.net 10 mx.example.net\nMX example.net 10 mx.plat.example\n" + mx, "", "permanent 5.4.6"},
		{"we are second of three", "MX example.net 10 mx.example.net\nMX example.net 20 mx.plat.example\nMX example.net 30 b.example.net\nA b.example.net 192.0.2.2\n" + mx, "192.0.2.1", closed},
		{"we are last", "MX example.net 10 mx.example.net\nMX example.net 20 mx.plat.example\n" + mx, "192.0.2.1", closed},

		// Too much.
		{"ten MX", manyMX(10), addressRange(10), closed},
		{"200 MX", manyMX(200), addressRange(10), closed},
		{"five addresses", "MX example.net 10 mx.example.net\n" + manyA(5), addressRange(5), closed},
		{"200 addresses", "MX example.net 10 mx.example.net\n" + manyA(200), addressRange(5), closed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tried, o := contacted(t, tt.zone, "192.0.2.66", "192.0.2.67")
			if tried != tt.want {
				t.Errorf("contacted %q, want %q", tried, tt.want)
			}
			if got := fmt.Sprintf("%s %s", o.Kind, o.Enhanced); got != tt.out {
				t.Errorf("outcome %s (%s), want %s", got, o.Text, tt.out)
			}
			if o.Code != 0 || o.Text == "" || o.At.IsZero() {
				t.Errorf("outcome %+v", o)
			}
		})
	}
}

// aliases is n CNAMEs and an address at their end.
func aliases(n int) string {
	text := "MX example.net 10 c0.example.net\n"
	for i := range n {
		text += fmt.Sprintf("CNAME c%d.example.net c%d.example.net\n", i, i+1)
	}
	return text + fmt.Sprintf("A c%d.example.net 192.0.2.1\n", n)
}

func manyMX(n int) string {
	text := ""
	for i := range n {
		text += fmt.Sprintf("MX example.net %d mx%d.example.net\nA mx%d.example.net 192.0.2.%d\n", i+1, i, i, i+100)
	}
	return text
}

func manyA(n int) string {
	text := ""
	for i := range n {
		text += fmt.Sprintf("A mx.example.net 192.0.2.%d\n", i%100+100)
	}
	return text
}

func addressRange(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("192.0.2.%d", i+100))
	}
	return strings.Join(list, " ")
}

// TestEqualsShareTheLoad shows that the random source decides between equals and
// only between them (RFC 5321 §5.1).
func TestEqualsShareTheLoad(t *testing.T) {
	zone := parseZone(`MX example.net 20 last.example.net
		MX example.net 10 a.example.net
		MX example.net 10 b.example.net
		A a.example.net 192.0.2.1
		A b.example.net 192.0.2.2
		A last.example.net 192.0.2.3`)
	first := map[string]int{}
	for range 200 {
		var tried []string
		agent := delivery.NewAgent(delivery.Options{
			Lookup: zone.lookup, Hostname: "out1.plat.example", Keep: -1,
			Dial: func(_ context.Context, _, address string) (net.Conn, error) {
				tried = append(tried, address)
				return nil, errors.New("no")
			},
		})
		agent.Attempt(t.Context(), myodai.Job{Domain: "example.net", Items: []myodai.JobItem{{}}})
		if len(tried) != 3 || tried[2] != "192.0.2.3:25" {
			t.Fatalf("tried %v", tried)
		}
		first[tried[0]]++
	}
	if len(first) != 2 || first["192.0.2.1:25"] < 50 || first["192.0.2.2:25"] < 50 {
		t.Errorf("first tried: %v", first)
	}
}
