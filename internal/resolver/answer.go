package resolver

import (
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
)

// answer is the reply as an observation keeps it. Of what the server said only
// what it may speak for is kept: records of the name asked and of what its
// aliases lead to, inside the zone (T15).
func (r reply) answer(q myodai.Question, server myodai.Server, zone myodai.Name) myodai.Answer {
	a := myodai.Answer{
		Question: q, Server: string(server.Name), Address: server.Address, Zone: zone,
		Transport: r.transport, Err: reason(r.err), At: r.at, Took: r.took,
		Records: []myodai.Record{}, Authority: []myodai.Record{},
	}
	if r.err != nil {
		return a
	}
	a.RCode = rcode(r.msg.Rcode)
	a.Authoritative, a.Validated = r.msg.Authoritative, r.msg.AuthenticatedData
	a.Records = relevant(r.msg.Answer, q.Name, zone)
	a.Authority = inside(r.msg.Ns, zone)
	a.ExtendedError = extendedError(r.msg)
	return a
}

func rcode(n int) string {
	if s, ok := dns.RcodeToString[n]; ok {
		return s
	}
	return "RCODE" + strconv.Itoa(n)
}

// maxAlong is how many names of one answer are followed; resolvers give up far
// earlier.
const maxAlong = 64

// relevant keeps, in their order, the records at name and along its aliases, as
// long as these stay in the zone. An alias is followed whatever the order of the
// records is.
func relevant(answer []dns.RR, name, zone myodai.Name) []myodai.Record {
	along := []myodai.Name{name}
	for i := 0; i < len(along); i++ {
		for _, rr := range answer {
			alias, ok := rr.(*dns.CNAME)
			if !ok || nameOf(alias.Hdr.Name) != along[i] || len(along) == maxAlong {
				continue
			}
			if target := nameOf(alias.Target); target.Under(zone) && !slices.Contains(along, target) {
				along = append(along, target)
			}
		}
	}
	kept := make([]myodai.Record, 0, len(answer))
	for _, rr := range answer {
		owner := nameOf(rr.Header().Name)
		above := rr.Header().Rrtype == dns.TypeDNAME && owner.Under(zone) && name.Under(owner)
		if slices.Contains(along, owner) || above {
			kept = append(kept, record(rr))
		}
	}
	return kept
}

// inside keeps the records whose owners are in the zone: the SOA record of a
// zone above says nothing about this one.
func inside(list []dns.RR, zone myodai.Name) []myodai.Record {
	kept := make([]myodai.Record, 0, len(list))
	for _, rr := range list {
		if nameOf(rr.Header().Name).Under(zone) {
			kept = append(kept, record(rr))
		}
	}
	return kept
}

// extendedError writes down the extended errors of RFC 8914, without control
// characters in the text, which the server chose.
func extendedError(m *dns.Msg) string {
	edns := m.IsEdns0()
	if edns == nil {
		return ""
	}
	var list []string
	for _, option := range edns.Option {
		ede, ok := option.(*dns.EDNS0_EDE)
		if !ok {
			continue
		}
		text := strconv.Itoa(int(ede.InfoCode))
		if meaning, ok := dns.ExtendedErrorCodeToString[ede.InfoCode]; ok {
			text += ": " + meaning
		}
		if ede.ExtraText != "" {
			text += " (" + printable(ede.ExtraText) + ")"
		}
		list = append(list, text)
	}
	return strings.Join(list, "; ")
}

func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if strconv.IsPrint(c) {
			return c
		}
		return -1
	}, strings.ToValidUTF8(s, ""))
}
