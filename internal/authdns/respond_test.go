package authdns_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/authdns"
)

// bigZone has a key record of each size and a name with more than fits.
func bigZone(t testing.TB) *authdns.Zone {
	list := records(t, zoneText)
	text := func(name string, octets int) {
		list = append(list, myodai.Record{Name: myodai.Name(name), Type: "TXT", TTL: 3600, Data: strings.Repeat("A", octets)})
	}
	text("s1-aaaaaaaa.abcdefghijklmnopqrstuvw234.dkim.plat.example", 410) // RSA-2048
	text("s2-aaaaaaaa.abcdefghijklmnopqrstuvw234.dkim.plat.example", 540) // more than fits without EDNS
	text("t.plat.example", 700)
	for range 3 {
		text("huge.plat.example", 3000-len(list))
	}
	z, err := authdns.NewZone(origin, list, 1)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func packed(t testing.TB, q *dns.Msg) []byte {
	t.Helper()
	packet, err := q.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packet
}

func TestRespondFitsTheTransport(t *testing.T) {
	z := bigZone(t)
	const rsa, large = "s1-aaaaaaaa.abcdefghijklmnopqrstuvw234.dkim.plat.example.", "s2-aaaaaaaa.abcdefghijklmnopqrstuvw234.dkim.plat.example."
	for _, tt := range []struct {
		name string
		ask  string
		size uint16 // EDNS, 0 for none
		pad  int    // octets of padding in the question
		via  myodai.Transport
		most int
		cut  bool
	}{
		{"a key without EDNS", rsa, 0, 0, myodai.TransportUDP, 512, false},
		{"a large key without EDNS", large, 0, 0, myodai.TransportUDP, 512, true},
		{"a large key with EDNS", large, 1232, 0, myodai.TransportUDP, 1232, false},
		{"a large key with less", large, 600, 0, myodai.TransportUDP, 600, true},
		{"EDNS below 512 counts as 512", rsa, 100, 0, myodai.TransportUDP, 512, false},
		{"no more than 1232, whatever is allowed", "huge.plat.example.", 65535, 0, myodai.TransportUDP, 1232, true},
		{"no more than 1232, also for a large question", "huge.plat.example.", 65535, 2000, myodai.TransportUDP, 1232, true},
		{"no more than eight times the question", "t.plat.example.", 1232, 0, myodai.TransportUDP, 8 * 47, true},
		{"the same to a larger question", "t.plat.example.", 1232, 100, myodai.TransportUDP, 1232, false},
		{"anything over TCP", "huge.plat.example.", 0, 0, myodai.TransportTCP, 65535, false},
		{"EDNS does not limit TCP", "huge.plat.example.", 512, 0, myodai.TransportTCP, 65535, false},
	} {
		q := question(tt.ask, dns.TypeTXT)
		if tt.size > 0 {
			opt := q.SetEdns0(tt.size, false).IsEdns0()
			opt.Option = []dns.EDNS0{&dns.EDNS0_PADDING{Padding: make([]byte, tt.pad)}}
		}
		response := authdns.Respond(z, packed(t, q), tt.via)
		reply := new(dns.Msg)
		if err := reply.Unpack(response); err != nil {
			t.Fatal(err)
		}
		if len(response) > tt.most || reply.Truncated != tt.cut || (len(reply.Answer) == 0) != tt.cut {
			t.Errorf("%s: %d octets, tc %v, %d records; want at most %d, tc %v",
				tt.name, len(response), reply.Truncated, len(reply.Answer), tt.most, tt.cut)
		}
		if reply.Question[0] != q.Question[0] {
			t.Errorf("%s: question = %v, want %v", tt.name, reply.Question, q.Question)
		}
	}
}

// Threat T49: over UDP no question is worth forging.
func TestRespondDoesNotAmplify(t *testing.T) {
	z := bigZone(t)
	most := 0.0
	for _, name := range []string{
		"plat.example.", "mail.plat.example.", "t.plat.example.", "huge.plat.example.", "nothing.plat.example.", "rp.plat.example.", "lost.plat.example.",
		"long.plat.example.", "s1-aaaaaaaa.abcdefghijklmnopqrstuvw234.dkim.plat.example.", "www.elsewhere.example.", ".",
	} {
		for qtype := range uint16(258) {
			for _, size := range []uint16{0, 512, 1232, 4096} {
				q := question(name, qtype)
				if size > 0 {
					q.SetEdns0(size, true)
				}
				packet := packed(t, q)
				response := authdns.Respond(z, packet, myodai.TransportUDP)
				most = max(most, float64(len(response))/float64(len(packet)))
			}
		}
	}
	if most > 8 {
		t.Errorf("octets out per octet in = %.2f, want at most 8", most)
	}
}

// Threat T50: what is malformed gets the shortest answer there is, or none.
func TestRespondToMalformedPackets(t *testing.T) {
	z := newZone(t, zoneText, 1)
	good := packed(t, question("mail.plat.example.", dns.TypeA))
	change := func(at int, to ...byte) []byte {
		p := append([]byte(nil), good...)
		copy(p[at:], to)
		return p
	}
	for _, tt := range []struct {
		name   string
		packet []byte
		rcode  int // -1: no answer
	}{
		{"nothing", nil, -1},
		{"less than a header", good[:11], -1},
		{"a response", change(2, good[2]|0x80), -1},
		{"header alone", good[:12], dns.RcodeFormatError},
		{"no question announced", change(4, 0, 0), dns.RcodeFormatError},
		{"two questions announced, one there", change(4, 0, 2), dns.RcodeFormatError},
		{"65535 questions announced", change(4, 0xff, 0xff), dns.RcodeFormatError},
		{"answer announced", change(6, 0, 1), dns.RcodeFormatError},
		{"name cut", good[:20], dns.RcodeFormatError},
		{"type cut", good[:len(good)-3], dns.RcodeFormatError},
		{"name points to itself", change(12, 0xc0, 12), dns.RcodeFormatError},
		{"name points into the header, where there is one", append([]byte{1, 'a', 0, 0}, change(12, 0xc0, 0)[4:]...), dns.RcodeFormatError},
		{"label longer than the packet", change(12, 63), dns.RcodeFormatError},
		{"label type of no meaning", change(12, 0x41), dns.RcodeFormatError},
		{"UPDATE", change(2, 5<<3), dns.RcodeNotImplemented},
		{"NOTIFY, header alone", change(2, 4<<3)[:12], dns.RcodeNotImplemented},
		{"opcode 15", change(2, 15<<3), dns.RcodeNotImplemented},
	} {
		response := authdns.Respond(z, tt.packet, myodai.TransportUDP)
		if (response == nil) != (tt.rcode < 0) {
			t.Errorf("%s: Respond = %x", tt.name, response)
			continue
		}
		if response == nil {
			continue
		}
		if len(response) != 12 || response[2]&0x80 == 0 || int(response[3]&0xf) != tt.rcode ||
			binary.BigEndian.Uint16(response) != binary.BigEndian.Uint16(tt.packet) {
			t.Errorf("%s: Respond = %x, want a header with code %d", tt.name, response, tt.rcode)
		}
	}
}

// Promise P25 and threats T49, T50: any packet gets an answer that can be read,
// has the packet's id, and is not too large; or none.
func FuzzRespond(f *testing.F) {
	z := bigZone(f)
	for _, q := range []*dns.Msg{
		question("mail.plat.example.", dns.TypeA),
		question("huge.plat.example.", dns.TypeTXT).SetEdns0(4096, true),
		question("plat.example.", dns.TypeIXFR),
		new(dns.Msg).SetNotify("plat.example."),
		new(dns.Msg).SetUpdate("plat.example."),
	} {
		f.Add(packed(f, q))
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		for _, via := range []myodai.Transport{myodai.TransportUDP, myodai.TransportTCP} {
			response := authdns.Respond(z, packet, via)
			if response == nil {
				continue
			}
			reply := new(dns.Msg)
			if err := reply.Unpack(response); err != nil {
				t.Fatalf("Respond(%x) = %x: %v", packet, response, err)
			}
			if !reply.Response || reply.Id != binary.BigEndian.Uint16(packet) {
				t.Fatalf("Respond(%x) = %v", packet, reply)
			}
			if via == myodai.TransportUDP && (len(response) > 8*len(packet) || len(response) > 1232) {
				t.Fatalf("Respond(%x) is %d octets for %d", packet, len(response), len(packet))
			}
		}
	})
}
