package dnstest

import (
	"strings"

	"github.com/miekg/dns"
)

// maxAliases ends loops of aliases between our own zones.
const maxAliases = 16

// answer fills reply with what the zones say to its question, by the algorithm
// of RFC 1034 §4.3.2.
func answer(zones map[string]*zone, reply *dns.Msg) {
	qtype := reply.Question[0].Qtype
	name := canonical(reply.Question[0].Name)
	for n := range maxAliases {
		z := closest(zones, name, qtype)
		if z == nil {
			if n == 0 {
				reply.Rcode = dns.RcodeRefused
			}
			return
		}
		// After an alias the answer stays authoritative: the bit is about the
		// first name (RFC 1035 §4.1.1).
		target := z.step(reply, name, qtype, n == 0)
		if target == "" {
			return
		}
		name = target
	}
}

// closest is the deepest zone that holds name. The DS records of a zone are held
// by the zone above.
func closest(zones map[string]*zone, name string, qtype uint16) *zone {
	if qtype == dns.TypeDS && name != "." {
		if z := closest(zones, parent(name), dns.TypeNone); z != nil {
			return z
		}
	}
	for {
		if z := zones[name]; z != nil {
			return z
		}
		if name == "." {
			return nil
		}
		name = parent(name)
	}
}

// step answers for one name out of one zone, and returns the name to go on with
// when it is an alias.
func (z *zone) step(reply *dns.Msg, name string, qtype uint16, first bool) (target string) {
	below := name
	if qtype == dns.TypeDS && name != z.apex {
		below = parent(name)
	}
	if cut := z.cut(below); cut != "" {
		if first {
			z.refer(reply, cut)
		}
		return ""
	}
	reply.Authoritative = true
	if d := z.dname(name); d != nil {
		to := strings.TrimSuffix(name, canonical(d.Hdr.Name)) + canonical(d.Target)
		if _, ok := dns.IsDomainName(to); !ok {
			reply.Rcode = dns.RcodeYXDomain
			return ""
		}
		reply.Answer = append(reply.Answer, d, &dns.CNAME{
			Hdr:    dns.RR_Header{Name: name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: d.Hdr.Ttl},
			Target: to,
		})
		return to
	}
	source := z.source(name)
	if source == "" {
		reply.Rcode = dns.RcodeNameError
		reply.Ns = append(reply.Ns, z.negative())
		return ""
	}
	alias := z.at(source, dns.TypeCNAME)
	if len(alias) > 0 && qtype != dns.TypeCNAME && qtype != dns.TypeANY && len(z.at(source, qtype)) == 0 {
		// Several aliases at one name are not allowed, nor is other data beside one,
		// and some hosts serve them.
		reply.Answer = append(reply.Answer, owned(alias, name)...)
		return canonical(alias[0].(*dns.CNAME).Target)
	}
	found := z.at(source, qtype)
	if qtype == dns.TypeANY {
		for _, list := range z.records[source] {
			found = append(found, list...)
		}
	}
	if len(found) == 0 {
		reply.Ns = append(reply.Ns, z.negative())
		return ""
	}
	reply.Answer = append(reply.Answer, owned(found, name)...)
	if qtype == dns.TypeNS {
		z.glue(reply, found)
	}
	return ""
}

// refer answers that somebody else is to be asked about names below cut.
func (z *zone) refer(reply *dns.Msg, cut string) {
	servers := z.at(cut, dns.TypeNS)
	reply.Ns = append(append(reply.Ns, servers...), z.at(cut, dns.TypeDS)...)
	z.glue(reply, servers)
}

// glue adds the addresses the zone has of the servers' hosts.
func (z *zone) glue(reply *dns.Msg, servers []dns.RR) {
	for _, rr := range servers {
		host := canonical(rr.(*dns.NS).Ns)
		reply.Extra = append(append(reply.Extra, z.at(host, dns.TypeA)...), z.at(host, dns.TypeAAAA)...)
	}
}

// owned is the records under another owner name, for wildcards.
func owned(records []dns.RR, owner string) []dns.RR {
	list := make([]dns.RR, len(records))
	for i, rr := range records {
		list[i] = rr
		if !strings.EqualFold(rr.Header().Name, owner) {
			list[i] = dns.Copy(rr)
			list[i].Header().Name = owner
		}
	}
	return list
}
