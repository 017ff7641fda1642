package authdns_test

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/myodai/myodai/internal/authdns"
)

// told is a reply in the notation of zone files: status and flags, then the
// answer section, then the authority section after a line of its own.
func told(m *dns.Msg) string {
	var b strings.Builder
	b.WriteString(dns.RcodeToString[m.Rcode])
	if m.Rcode == dns.RcodeBadVers {
		b.Reset()
		b.WriteString("BADVERS")
	}
	if m.Authoritative {
		b.WriteString(" aa")
	}
	if m.Truncated {
		b.WriteString(" tc")
	}
	b.WriteString("\n")
	for _, rr := range m.Answer {
		b.WriteString(line(rr))
	}
	if len(m.Ns) > 0 {
		b.WriteString("authority\n")
	}
	for _, rr := range m.Ns {
		b.WriteString(line(rr))
	}
	return b.String()
}

func line(rr dns.RR) string { return strings.Join(strings.Fields(rr.String()), " ") + "\n" }

const (
	no  = "authority\nplat.example. 300 IN SOA ns1.plat.example. hostmaster.plat.example. 42 3600 600 1209600 300\n"
	any = "3600 IN HINFO \"RFC8482\" \"\"\n"
)

func TestAnswer(t *testing.T) {
	z := newZone(t, zoneText, 42)
	for _, tt := range []struct {
		name, ask string // "name type [class]"
		want      string
	}{
		{"exact", "mail.plat.example. A", "NOERROR aa\nmail.plat.example. 3600 IN A 192.0.2.2\n"},
		{"several records", "plat.example. NS", "NOERROR aa\nplat.example. 3600 IN NS ns1.plat.example.\nplat.example. 3600 IN NS ns2.plat.example.\n"},
		{"SOA with the serial given", "plat.example. SOA", "NOERROR aa\nplat.example. 3600 IN SOA ns1.plat.example. hostmaster.plat.example. 42 3600 600 1209600 300\n"},
		{"in the asker's spelling (0x20)", "MaIL.pLAT.eXample. A", "NOERROR aa\nMaIL.pLAT.eXample. 3600 IN A 192.0.2.2\n"},
		{"a key", "s1-aaaaaaaa.abc.dkim.plat.example. TXT", "NOERROR aa\ns1-aaaaaaaa.abc.dkim.plat.example. 3600 IN TXT \"v=DKIM1; k=ed25519; p=abc\"\n"},

		{"no such type", "mail.plat.example. AAAA", "NOERROR aa\n" + no},
		{"no such name", "nothing.plat.example. A", "NXDOMAIN aa\n" + no},
		{"below a name with records (RFC 8020)", "x.mail.plat.example. A", "NXDOMAIN aa\n" + no},
		{"below an alias", "x.www.plat.example. A", "NXDOMAIN aa\n" + no},
		{"empty non-terminal", "rp.plat.example. A", "NOERROR aa\n" + no},
		{"empty non-terminal, two above", "dkim.plat.example. TXT", "NOERROR aa\n" + no},
		{"beside an empty non-terminal", "rq.plat.example. A", "NXDOMAIN aa\n" + no},
		{"star is a name like others", "*.plat.example. A", "NXDOMAIN aa\n" + no},
		{"type nobody has heard of", "mail.plat.example. TYPE4711", "NOERROR aa\n" + no},
		{"dot within a label", `mail\.plat.example. A`, "REFUSED\n"},
		{"dot within a label, below us", `a\.mail.plat.example. A`, "NXDOMAIN aa\n" + no},

		{"alias", "www.plat.example. A", "NOERROR aa\nwww.plat.example. 600 IN CNAME mail.plat.example.\nmail.plat.example. 3600 IN A 192.0.2.2\n"},
		{"alias itself", "www.plat.example. CNAME", "NOERROR aa\nwww.plat.example. 600 IN CNAME mail.plat.example.\n"},
		{"two aliases", "long.plat.example. A", "NOERROR aa\nlong.plat.example. 600 IN CNAME www.plat.example.\nwww.plat.example. 600 IN CNAME mail.plat.example.\nmail.plat.example. 3600 IN A 192.0.2.2\n"},
		{"alias without that type", "www.plat.example. TXT", "NOERROR aa\nwww.plat.example. 600 IN CNAME mail.plat.example.\n" + no},
		{"alias out of the zone", "away.plat.example. A", "NOERROR aa\naway.plat.example. 600 IN CNAME mail.elsewhere.example.\n"},
		{"alias to nothing (RFC 6604)", "lost.plat.example. A", "NXDOMAIN aa\nlost.plat.example. 600 IN CNAME nothing.plat.example.\n" + no},
		{"alias to an empty non-terminal", "empty.plat.example. A", "NOERROR aa\nempty.plat.example. 600 IN CNAME rp.plat.example.\n" + no},

		{"ANY (RFC 8482)", "plat.example. ANY", "NOERROR aa\nplat.example. " + any},
		{"ANY of an alias", "www.plat.example. ANY", "NOERROR aa\nwww.plat.example. 600 IN CNAME mail.plat.example.\n"},
		{"ANY of an empty non-terminal", "rp.plat.example. ANY", "NOERROR aa\n" + no},
		{"ANY of nothing", "nothing.plat.example. ANY", "NXDOMAIN aa\n" + no},

		{"outside", "www.elsewhere.example. A", "REFUSED\n"},
		{"above", "example. NS", "REFUSED\n"},
		{"the root", ". NS", "REFUSED\n"},
		{"ending alike", "notplat.example. A", "REFUSED\n"},
		{"transfer", "plat.example. AXFR", "REFUSED\n"},
		{"difference", "plat.example. IXFR", "REFUSED\n"},
		{"CHAOS", "version.bind. TXT CH", "REFUSED\n"},
		{"CHAOS in our zone", "plat.example. TXT CH", "REFUSED\n"},
		{"any class", "plat.example. TXT ANY", "REFUSED\n"},
	} {
		f := strings.Fields(tt.ask)
		q := question(f[0], qtype(f[1]))
		if len(f) == 3 {
			q.Question[0].Qclass = dns.StringToClass[f[2]]
		}
		if got := told(overTCP(t, z, q)); got != tt.want {
			t.Errorf("%s: %s\n%swant\n%s", tt.name, tt.ask, got, tt.want)
		}
	}
}

func qtype(s string) uint16 {
	if t, ok := dns.StringToType[s]; ok {
		return t
	}
	return 4711
}

func TestAnswerEndsAtLoops(t *testing.T) {
	reply := authdns.Answer(newZone(t, zoneText, 1), question("loop1.plat.example.", dns.TypeA))
	if reply.Rcode != dns.RcodeSuccess || len(reply.Answer) == 0 || len(reply.Answer) > 8 {
		t.Errorf("Answer = %s, want some aliases", told(reply))
	}
}

func TestAnswersDoNotShareRecords(t *testing.T) {
	z := newZone(t, zoneText, 1)
	first := authdns.Answer(z, question("MAIL.plat.example.", dns.TypeA))
	before := told(first)
	authdns.Answer(z, question("mail.PLAT.example.", dns.TypeA))
	if after := told(first); after != before {
		t.Errorf("an answer changed with the next question: %s, was %s", after, before)
	}
}

func TestAnswerToOddMessages(t *testing.T) {
	z := newZone(t, zoneText, 1)
	ask := func(change func(*dns.Msg)) *dns.Msg {
		q := question("mail.plat.example.", dns.TypeA)
		change(q)
		return q
	}
	soa := &dns.SOA{Hdr: dns.RR_Header{Name: "plat.example.", Rrtype: dns.TypeSOA, Class: dns.ClassINET}, Ns: ".", Mbox: "."}
	for _, tt := range []struct {
		name string
		zone *authdns.Zone
		q    *dns.Msg
		want string // first line of the reply, "" for none
	}{
		{"no question", z, ask(func(q *dns.Msg) { q.Question = nil }), "FORMERR"},
		{"two questions", z, ask(func(q *dns.Msg) { q.Question = append(q.Question, q.Question[0]) }), "FORMERR"},
		{"an answer in it", z, ask(func(q *dns.Msg) { q.Answer = []dns.RR{soa} }), "FORMERR"},
		{"IXFR with its SOA", z, ask(func(q *dns.Msg) { q.Question[0].Qtype = dns.TypeIXFR; q.Ns = []dns.RR{soa} }), "REFUSED"},
		{"two authorities", z, ask(func(q *dns.Msg) { q.Ns = []dns.RR{soa, soa} }), "FORMERR"},
		{"UPDATE", z, ask(func(q *dns.Msg) { q.Opcode = dns.OpcodeUpdate }), "NOTIMP"},
		{"NOTIFY", z, ask(func(q *dns.Msg) { q.Opcode = dns.OpcodeNotify }), "NOTIMP"},
		{"a reply", z, ask(func(q *dns.Msg) { q.Response = true }), ""},
		{"EDNS", z, ask(func(q *dns.Msg) { q.SetEdns0(4096, true) }), "NOERROR aa"},
		{"EDNS version 1", z, ask(func(q *dns.Msg) { q.SetEdns0(4096, false).IsEdns0().SetVersion(1) }), "BADVERS"},
		{"EDNS twice", z, ask(func(q *dns.Msg) { q.SetEdns0(4096, false).SetEdns0(1232, false) }), "FORMERR"},
		{"no zone yet", nil, ask(func(*dns.Msg) {}), "SERVFAIL"},
	} {
		reply := authdns.Answer(tt.zone, tt.q)
		if reply == nil || tt.want == "" {
			if (reply == nil) != (tt.want == "") {
				t.Errorf("%s: Answer = %v, want %q", tt.name, reply, tt.want)
			}
			continue
		}
		if got, _, _ := strings.Cut(told(reply), "\n"); got != tt.want {
			t.Errorf("%s: Answer = %s, want %s", tt.name, got, tt.want)
		}
		opt, asked := reply.IsEdns0(), tt.q.IsEdns0()
		if tt.want != "FORMERR" && (opt == nil) != (asked == nil) {
			t.Errorf("%s: EDNS in the reply %v, in the question %v", tt.name, opt, asked)
		}
		if opt != nil && (opt.Do() != asked.Do() || opt.Version() != 0 || opt.UDPSize() != 1232) {
			t.Errorf("%s: EDNS in the reply = %v, want version 0, 1232 octets, DO as asked", tt.name, opt)
		}
		if reply.Id != tt.q.Id || !reply.Response || reply.RecursionAvailable {
			t.Errorf("%s: header = %+v", tt.name, reply.MsgHdr)
		}
	}
}
