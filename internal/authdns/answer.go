package authdns

import (
	"strings"

	"github.com/miekg/dns"
)

// maxUDP is the most that is ever sent in one datagram, and what we tell others:
// it fits an IPv6 packet that nobody has to fragment.
const maxUDP = 1232

// maxAliases bounds a chain of CNAME records within the zone.
const maxAliases = 8

// Answer is what z answers to q, before it is fitted to the transport; nil when
// q is itself an answer, which must never be answered. A nil zone fails every
// question. q stays as it is.
func Answer(z *Zone, q *dns.Msg) *dns.Msg {
	if q.Response {
		return nil
	}
	reply := new(dns.Msg).SetReply(q)
	reply.Compress = true
	if q.Opcode != dns.OpcodeQuery {
		reply.Rcode = dns.RcodeNotImplemented
		return reply
	}
	opt, ok := edns(q)
	// The one record that IXFR puts into the authority section is let through to
	// its refusal.
	if !ok || len(q.Question) != 1 || len(q.Answer) > 0 || len(q.Ns) > 1 {
		reply.Rcode = dns.RcodeFormatError
		return reply
	}
	if opt != nil {
		reply.SetEdns0(maxUDP, opt.Do()) // DO is copied (RFC 4035 §3.1)
		if opt.Version() != 0 {
			reply.Rcode = dns.RcodeBadVers // RFC 6891 §6.1.3
			return reply
		}
	}
	z.resolve(q.Question[0], reply)
	return reply
}

// edns finds the OPT record; ok is false when there are several (RFC 6891
// §6.1.1).
func edns(q *dns.Msg) (opt *dns.OPT, ok bool) {
	for _, rr := range q.Extra {
		if o, is := rr.(*dns.OPT); is {
			if opt != nil {
				return nil, false
			}
			opt = o
		}
	}
	return opt, true
}

// resolve fills in the reply to one question (RFC 1034 §4.3.2).
func (z *Zone) resolve(q dns.Question, reply *dns.Msg) {
	switch {
	case z == nil:
		reply.Rcode = dns.RcodeServerFailure
		return
	case q.Qclass != dns.ClassINET, q.Qtype == dns.TypeAXFR, q.Qtype == dns.TypeIXFR, !z.has(q.Name):
		reply.Rcode = dns.RcodeRefused
		return
	}
	reply.Authoritative = true
	owner := q.Name // spelled as it was asked, so that the asker knows it again
	for range maxAliases {
		n, exists := z.names[strings.ToLower(owner)]
		if !exists {
			// Also at the end of a chain of aliases (RFC 6604 §3).
			reply.Rcode = dns.RcodeNameError
			reply.Ns = []dns.RR{z.negative}
			return
		}
		if set := n.answer(q.Qtype); len(set) > 0 {
			reply.Answer = append(reply.Answer, owned(set, owner)...)
			return
		}
		alias := n[dns.TypeCNAME]
		if len(alias) == 0 {
			reply.Ns = []dns.RR{z.negative}
			return
		}
		reply.Answer = append(reply.Answer, owned(alias, owner)...)
		if owner = alias[0].(*dns.CNAME).Target; !z.has(owner) {
			return
		}
	}
}

// has reports whether name is in the zone, there or not.
func (z *Zone) has(name string) bool { return dns.IsSubDomain(z.origin, strings.ToLower(name)) }

// answer is the records of type t. To ANY it is the alias, or else one made-up
// record that says nothing (RFC 8482 §4.2, §4.3).
func (n node) answer(t uint16) []dns.RR {
	if t != dns.TypeANY || len(n) == 0 {
		return n[t]
	}
	if alias := n[dns.TypeCNAME]; len(alias) > 0 {
		return alias
	}
	return []dns.RR{&dns.HINFO{
		Hdr: dns.RR_Header{Rrtype: dns.TypeHINFO, Class: dns.ClassINET, Ttl: 3600}, Cpu: "RFC8482",
	}}
}

// owned copies records to another spelling of their owner. The zone's own are
// shared by all answers and must not be touched.
func owned(set []dns.RR, owner string) []dns.RR {
	copies := make([]dns.RR, len(set))
	for i, rr := range set {
		copies[i] = dns.Copy(rr)
		copies[i].Header().Name = owner
	}
	return copies
}
