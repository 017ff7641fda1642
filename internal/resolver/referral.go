package resolver

import (
	"net/netip"
	"slices"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
)

// found is what a server of a zone says about a name below it.
type found string

const (
	foundCut    found = "cut"    // a zone begins there, and these are its servers
	foundInner  found = "inner"  // the name is part of the zone
	foundAbsent found = "absent" // nothing begins there or below
	foundNot    found = "not"    // the answer does not tell
)

// How much of a delegation is looked at. No honest one comes near (T36).
const (
	maxListed    = 64 // name servers
	maxHosts     = 20 // of them with their addresses
	maxPerHost   = 8  // addresses of one
	maxAddresses = 40 // of all together
)

// referral is a delegation as one message tells it.
type referral struct {
	cut    myodai.Name
	hosts  []myodai.Name // sorted
	glue   map[myodai.Name][]netip.Addr
	ds     []myodai.Record
	ttl    uint32 // of the shortest-lived part
	direct bool   // from the zone's own apex: its parent lives on the same server
}

// readReferral reads the answer of a server of zone to a question about name.
// Only records inside zone count, and only a cut strictly below it: a referral
// upward or to itself means that the server does not know the zone.
func readReferral(m *dns.Msg, zone, name myodai.Name) (referral, found) {
	switch {
	case m.Rcode == dns.RcodeNameError && m.Authoritative:
		return referral{}, foundAbsent
	case m.Rcode != dns.RcodeSuccess:
		return referral{}, foundNot
	}
	if ref, ok := delegation(m.Answer, zone, name, true); ok && ref.cut == name {
		ref.direct = true
		ref.addGlue(m.Extra, zone)
		return ref, foundCut
	}
	for _, rr := range m.Answer {
		if rr.Header().Rrtype == dns.TypeCNAME && m.Authoritative {
			return referral{}, foundAbsent
		}
	}
	if len(m.Answer) == 0 {
		if ref, ok := delegation(m.Ns, zone, name, false); ok {
			ref.addGlue(m.Extra, zone)
			return ref, foundCut
		}
	}
	if m.Authoritative {
		return referral{}, foundInner
	}
	return referral{}, foundNot
}

// delegation finds the NS records of one cut below zone, at or above name. A
// negative answer, which has an SOA record, is none.
func delegation(list []dns.RR, zone, name myodai.Name, answer bool) (referral, bool) {
	ref := referral{ttl: 1<<32 - 1, glue: map[myodai.Name][]netip.Addr{}}
	for _, rr := range list {
		owner := nameOf(rr.Header().Name)
		if rr.Header().Rrtype == dns.TypeSOA && !answer {
			return referral{}, false
		}
		if owner == zone || !owner.Under(zone) || !name.Under(owner) || len(ref.hosts) > 0 && owner != ref.cut {
			continue
		}
		switch rr := rr.(type) {
		case *dns.NS:
			ref.cut = owner
			ref.hosts = append(ref.hosts, nameOf(rr.Ns))
		case *dns.DS:
			ref.ds = append(ref.ds, record(rr))
		default:
			continue
		}
		ref.ttl = min(ref.ttl, rr.Header().Ttl)
	}
	ref.ds = slices.DeleteFunc(ref.ds, func(ds myodai.Record) bool { return ds.Name != ref.cut })
	slices.Sort(ref.hosts)
	ref.hosts = slices.Compact(ref.hosts)
	return ref, len(ref.hosts) > 0
}

// addGlue takes the addresses of the servers' hosts from the additional section,
// as far as the answering zone may speak for them.
func (r *referral) addGlue(extra []dns.RR, zone myodai.Name) {
	for _, rr := range extra {
		owner := nameOf(rr.Header().Name)
		if _, ours := slices.BinarySearch(r.hosts, owner); !ours || !owner.Under(zone) {
			continue
		}
		if a, ok := address(rr); ok && len(r.glue[owner]) < maxPerHost && !slices.Contains(r.glue[owner], a) {
			r.glue[owner] = append(r.glue[owner], a)
			r.ttl = min(r.ttl, rr.Header().Ttl)
		}
	}
}

// address is the address in an A or AAAA record. IPv4 written as IPv6 is IPv4.
func address(rr dns.RR) (a netip.Addr, ok bool) {
	switch rr := rr.(type) {
	case *dns.A:
		a, ok = netip.AddrFromSlice(rr.A)
	case *dns.AAAA:
		a, ok = netip.AddrFromSlice(rr.AAAA)
	}
	return a.Unmap(), ok
}
