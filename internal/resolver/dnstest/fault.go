package dnstest

import (
	"time"

	"github.com/miekg/dns"
)

// Fault is a way to misbehave.
type Fault string

const (
	Healthy  Fault = ""          // the right answer
	ServFail Fault = "servfail"  // SERVFAIL
	Refuse   Fault = "refused"   // REFUSED
	FormErr  Fault = "formerr"   // FORMERR to questions with EDNS, as very old servers do
	Silent   Fault = "silent"    // no answer at all
	Lame     Fault = "lame"      // not authoritative: an upward referral to the root
	Truncate Fault = "truncate"  // UDP answers say only that TCP is needed
	UDPOnly  Fault = "udp-only"  // TCP connections are closed without an answer
	Spoof    Fault = "spoof"     // over UDP, forged answers precede the right one
	Flood    Fault = "flood"     // the same, by the dozen
	Garbage  Fault = "garbage"   // octets that are no message
	NXDomain Fault = "nxdomain"  // that the name does not exist, where it exists without such records
	OldTypes Fault = "old-types" // NOTIMP to types above 255, such as CAA, as very old servers do
)

// habits is how a server behaves by name.
type habits struct {
	faults map[string]Fault
	delays map[string]time.Duration
}

// of is the habit that the longest name at or above the given one has.
func of[V any](by map[string]V, name string) (habit V) {
	for len(by) > 0 {
		if v, ok := by[name]; ok {
			return v
		}
		if name == "." {
			break
		}
		name = parent(name)
	}
	return habit
}

// respond writes what the fault makes of the right reply.
func (f Fault) respond(w dns.ResponseWriter, query, reply *dns.Msg) {
	udp := w.LocalAddr().Network() == "udp"
	bare := new(dns.Msg).SetReply(query)
	switch f {
	case Silent:
		return
	case ServFail:
		reply = bare.SetRcode(query, dns.RcodeServerFailure)
	case Refuse:
		reply = bare.SetRcode(query, dns.RcodeRefused)
	case FormErr:
		if query.IsEdns0() != nil {
			reply = bare.SetRcode(query, dns.RcodeFormatError)
		} else {
			reply.Extra = nil
		}
	case OldTypes:
		if query.Question[0].Qtype > dns.TypeANY {
			reply = bare.SetRcode(query, dns.RcodeNotImplemented)
		}
	case NXDomain:
		if len(reply.Answer) == 0 {
			reply.Rcode = dns.RcodeNameError
		}
	case Lame:
		bare.Ns = []dns.RR{&dns.NS{
			Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: 300},
			Ns:  "a.root-servers.invalid.",
		}}
		reply = bare
	case Truncate:
		if udp {
			bare.Truncated, reply = true, bare
		}
	case UDPOnly:
		if !udp {
			_ = w.Close()
			return
		}
	case Spoof:
		if udp {
			forge(w, query)
		}
	case Flood:
		for range 12 {
			if udp {
				forge(w, query)
			}
		}
	case Garbage:
		_, _ = w.Write([]byte("\x00not a message"))
		return
	}
	send(w, query, reply, udp)
}

// forge sends what an attacker off the path would: the wrong ID, the wrong
// question, each with an answer that looks right.
func forge(w dns.ResponseWriter, query *dns.Msg) {
	q := query.Question[0]
	wrongID := new(dns.Msg).SetReply(query)
	wrongID.Id++
	wrongName := new(dns.Msg).SetReply(query)
	wrongName.Question[0].Name = child("other", q.Name)
	for _, m := range []*dns.Msg{wrongID, wrongName} {
		m.Authoritative = true
		m.Answer = []dns.RR{&dns.TXT{
			Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 300},
			Txt: []string{"forged"},
		}}
		_ = w.WriteMsg(m)
	}
}

// send writes the reply in the size the client can take.
func send(w dns.ResponseWriter, query, reply *dns.Msg, udp bool) {
	reply.Compress = true
	if udp {
		size := dns.MinMsgSize
		if edns := query.IsEdns0(); edns != nil {
			size = max(size, int(edns.UDPSize()))
		}
		reply.Truncate(size)
	}
	if w.WriteMsg(reply) != nil {
		// It does not fit into any message.
		_ = w.WriteMsg(new(dns.Msg).SetRcode(query, dns.RcodeServerFailure))
	}
}
