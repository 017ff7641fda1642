package authdns_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/authdns"
)

const origin = myodai.Name("plat.example")

// zoneText is the zone of most tests.
const zoneText = `
plat.example.                          3600 IN SOA   ns1.plat.example. hostmaster.plat.example. 0 3600 600 1209600 300
plat.example.                          3600 IN NS    ns1.plat.example.
plat.example.                          3600 IN NS    ns2.plat.example.
plat.example.                          3600 IN MX    10 mail.plat.example.
ns1.plat.example.                      3600 IN A     192.0.2.1
ns1.plat.example.                      3600 IN AAAA  2001:db8::1
mail.plat.example.                     3600 IN A     192.0.2.2
abc.rp.plat.example.                   3600 IN MX    10 mail.plat.example.
abc.rp.plat.example.                   3600 IN TXT   "v=spf1 ip4:192.0.2.2 -all"
s1-aaaaaaaa.abc.dkim.plat.example.     3600 IN TXT   "v=DKIM1; k=ed25519; p=abc"
www.plat.example.                      600  IN CNAME mail.plat.example.
away.plat.example.                     600  IN CNAME mail.elsewhere.example.
lost.plat.example.                     600  IN CNAME nothing.plat.example.
long.plat.example.                     600  IN CNAME www.plat.example.
empty.plat.example.                    600  IN CNAME rp.plat.example.
loop1.plat.example.                    600  IN CNAME loop2.plat.example.
loop2.plat.example.                    600  IN CNAME loop1.plat.example.
`

// records reads zone-file lines as the records of the vocabulary.
func records(t testing.TB, text string) []myodai.Record {
	t.Helper()
	var list []myodai.Record
	p := dns.NewZoneParser(strings.NewReader(text), "", "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		h := rr.Header()
		r := myodai.Record{Name: name(h.Name), Type: myodai.RecordType(dns.TypeToString[h.Rrtype]), TTL: h.Ttl}
		switch rr := rr.(type) {
		case *dns.TXT:
			r.Data = strings.Join(rr.Txt, "")
		case *dns.CNAME:
			r.Data = string(name(rr.Target))
		case *dns.NS:
			r.Data = string(name(rr.Ns))
		case *dns.MX:
			r.Data = fmt.Sprintf("%d %s", rr.Preference, name(rr.Mx))
		case *dns.SOA:
			r.Data = fmt.Sprintf("%s %s %d %d %d %d %d", name(rr.Ns), name(rr.Mbox), rr.Serial, rr.Refresh, rr.Retry, rr.Expire, rr.Minttl)
		default:
			r.Data = strings.TrimPrefix(rr.String(), h.String())
		}
		list = append(list, r)
	}
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func name(fqdn string) myodai.Name { return myodai.Name(strings.TrimSuffix(fqdn, ".")) }

func newZone(t testing.TB, text string, serial uint32) *authdns.Zone {
	t.Helper()
	z, err := authdns.NewZone(origin, records(t, text), serial)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestNewZoneRefuses(t *testing.T) {
	top := zoneText[:strings.Index(zoneText, "ns1.plat.example.                      3600")]
	record := func(name, kind, data string) []myodai.Record {
		return append(records(t, top), myodai.Record{Name: myodai.Name(name), Type: myodai.RecordType(kind), TTL: 60, Data: data})
	}
	for _, tt := range []struct {
		name string
		list []myodai.Record
		want string // part of the error, "" for none
	}{
		{"a plain zone", records(t, top), ""},
		{"a name with an underscore", record("x._domainkey.plat.example", "TXT", "v"), ""},
		{"null MX", record("x.plat.example", "MX", "0 ."), ""},
		{"the same record twice", record("plat.example", "MX", "10 mail.plat.example"), ""},
		{"nothing", nil, "0 SOA"},
		{"no NS", records(t, strings.SplitAfterN(top, "\n", 3)[1]), "no NS"},
		{"two SOA", record("plat.example", "SOA", "ns1.plat.example other.plat.example 0 1 1 1 1"), "2 SOA"},
		{"outside", record("example", "A", "192.0.2.1"), "outside"},
		{"outside, ending alike", record("notplat.example", "A", "192.0.2.1"), "outside"},
		{"alias and data", append(record("x.plat.example", "CNAME", "mail.plat.example"),
			myodai.Record{Name: "x.plat.example", Type: "A", TTL: 60, Data: "192.0.2.1"}), "alias"},
		{"two aliases", append(record("x.plat.example", "CNAME", "mail.plat.example"),
			myodai.Record{Name: "x.plat.example", Type: "CNAME", TTL: 60, Data: "ns1.plat.example"}), "alias"},
		{"alias at the top", record("plat.example", "CNAME", "example.net"), "alias"},
		{"delegation", record("x.plat.example", "NS", "ns1.plat.example"), "below the top"},
		{"SOA below", record("x.plat.example", "SOA", "a.example b.example 0 1 1 1 1"), "below the top"},
		{"wildcard", record("*.plat.example", "A", "192.0.2.1"), "labels"},
		{"upper case", record("X.plat.example", "A", "192.0.2.1"), "labels"},
		{"escape", record(`a\.b.plat.example`, "A", "192.0.2.1"), "labels"},
		{"empty label", record("a..plat.example", "A", "192.0.2.1"), "labels"},
		{"label of 64", record(strings.Repeat("a", 64)+".plat.example", "A", "192.0.2.1"), "labels"},
		{"IPv6 as A", record("x.plat.example", "A", "2001:db8::1"), "family"},
		{"IPv4 as AAAA", record("x.plat.example", "AAAA", "192.0.2.1"), "family"},
		{"mapped IPv4", record("x.plat.example", "AAAA", "::ffff:192.0.2.1"), "family"},
		{"no address", record("x.plat.example", "A", "mail"), "IP address"},
		{"MX without a number", record("x.plat.example", "MX", "mail.plat.example"), "preference"},
		{"MX past 65535", record("x.plat.example", "MX", "65536 mail.plat.example"), "preference"},
		{"MX without a host", record("x.plat.example", "MX", "10"), "labels"},
		{"SOA cut", record("plat.example", "SOA", "ns1.plat.example h.plat.example 0 1 1 1"), "seven"},
		{"TTL past 31 bits", append(records(t, top), myodai.Record{Name: "x.plat.example", Type: "A", TTL: 1 << 31, Data: "192.0.2.1"}), "TTL"},
		{"type not served", record("x.plat.example", "DNAME", "example.net"), "type"},
	} {
		z, err := authdns.NewZone(origin, tt.list, 7)
		if tt.want == "" {
			if err != nil || z.Serial() != 7 {
				t.Errorf("%s: NewZone = %v, want a zone", tt.name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: NewZone = %v, want an error about %q", tt.name, err, tt.want)
		}
	}
}

func TestTextIsSplitAt255(t *testing.T) {
	for _, tt := range []struct {
		name string
		data string
		want []int // lengths of the strings
	}{
		{"nothing", "", []int{0}},
		{"one string", strings.Repeat("a", 255), []int{255}},
		{"one octet more", strings.Repeat("a", 256), []int{255, 1}},
		{"a 2048 bit key", "v=DKIM1; k=rsa; p=" + strings.Repeat("A", 392), []int{255, 155}},
		{"three strings", strings.Repeat("a", 511), []int{255, 255, 1}},
		{"octets and not escapes are counted", strings.Repeat(`\255`, 256), []int{255, 1}},
		{"quotes and backslashes", `a"b\\c`, []int{5}},
	} {
		list := append(records(t, zoneText), myodai.Record{Name: "t.plat.example", Type: "TXT", TTL: 60, Data: tt.data})
		z, err := authdns.NewZone(origin, list, 1)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		reply := overTCP(t, z, question("t.plat.example.", dns.TypeTXT))
		txt := reply.Answer[0].(*dns.TXT).Txt
		got, whole := []int{}, ""
		for _, s := range txt {
			got = append(got, len(myodai.UnescapeText(s)))
			whole += myodai.UnescapeText(s)
		}
		if fmt.Sprint(got) != fmt.Sprint(tt.want) || whole != myodai.UnescapeText(tt.data) {
			t.Errorf("%s: strings of %v octets, want %v, and together what went in", tt.name, got, tt.want)
		}
	}
}

func question(name string, qtype uint16) *dns.Msg {
	return new(dns.Msg).SetQuestion(name, qtype)
}

// overTCP asks z by way of the wire.
func overTCP(t testing.TB, z *authdns.Zone, q *dns.Msg) *dns.Msg {
	t.Helper()
	packet, err := q.Pack()
	if err != nil {
		t.Fatal(err)
	}
	reply := new(dns.Msg)
	if err := reply.Unpack(authdns.Respond(z, packet, myodai.TransportTCP)); err != nil {
		t.Fatal(err)
	}
	return reply
}
