package authdns

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
)

// Zone is one version of the zone. It never changes, so any number of
// goroutines may answer from it.
type Zone struct {
	origin   string // lower case, with the final dot
	serial   uint32
	names    map[string]node // by owner, as origin is written; empty non-terminals included
	negative *dns.SOA        // for answers that say no (RFC 2308 §3)
	records  int
}

// node is the records of one name by type. That of an empty non-terminal is nil.
type node map[uint16][]dns.RR

// NewZone builds the zone named origin from its records, one of which is the SOA
// record; the serial in it is replaced by the given one. Records that are there
// twice count once, and a record set lives as long as the shortest of its
// records (RFC 2181 §5.2).
//
// An error means that the records are no zone: one is outside of it or not
// valid, an alias stands beside other data (RFC 1034 §3.6.2), SOA or NS are
// missing at the top or stand below it.
func NewZone(origin myodai.Name, records []myodai.Record, serial uint32) (*Zone, error) {
	z := &Zone{origin: dns.Fqdn(string(origin)), serial: serial, names: map[string]node{}}
	for _, r := range records {
		if !r.Name.Under(origin) {
			return nil, fmt.Errorf("record %s %s is outside the zone %s", r.Name, r.Type, origin)
		}
		rr, err := parse(r)
		if err != nil {
			return nil, fmt.Errorf("record %s %s %q: %w", r.Name, r.Type, r.Data, err)
		}
		if soa, ok := rr.(*dns.SOA); ok {
			soa.Serial = serial
		}
		z.add(rr)
	}
	if err := z.check(); err != nil {
		return nil, err
	}
	soa := z.names[z.origin][dns.TypeSOA][0].(*dns.SOA)
	z.negative = dns.Copy(soa).(*dns.SOA)
	z.negative.Hdr.Ttl = min(soa.Hdr.Ttl, soa.Minttl)
	return z, nil
}

// add files a record, and the names between it and the top of the zone.
func (z *Zone) add(rr dns.RR) {
	header := rr.Header()
	if z.names[header.Name] == nil {
		z.names[header.Name] = node{}
	}
	set := z.names[header.Name][header.Rrtype]
	ttl := header.Ttl
	for _, other := range set {
		ttl = min(ttl, other.Header().Ttl)
	}
	if !slices.ContainsFunc(set, func(other dns.RR) bool { return dns.IsDuplicate(rr, other) }) {
		set = append(set, rr)
		z.records++
	}
	for _, one := range set {
		one.Header().Ttl = ttl
	}
	z.names[header.Name][header.Rrtype] = set
	for name := parent(header.Name); name != "" && dns.IsSubDomain(z.origin, name); name = parent(name) {
		if _, ok := z.names[name]; !ok {
			z.names[name] = nil
		}
	}
}

// parent cuts the first label off a name without escapes; "" above a top-level
// domain.
func parent(name string) string {
	_, rest, _ := strings.Cut(name, ".")
	return rest
}

func (z *Zone) check() error {
	if n := len(z.names[z.origin][dns.TypeSOA]); n != 1 {
		return fmt.Errorf("zone %s has %d SOA records at its top, not one", z.origin, n)
	}
	if len(z.names[z.origin][dns.TypeNS]) == 0 {
		return fmt.Errorf("zone %s has no NS record at its top", z.origin)
	}
	for name, n := range z.names {
		if aliases := len(n[dns.TypeCNAME]); aliases > 1 || (aliases == 1 && len(n) > 1) {
			return fmt.Errorf("%s is an alias and something else", name)
		}
		if name != z.origin && (len(n[dns.TypeSOA]) > 0 || len(n[dns.TypeNS]) > 0) {
			return fmt.Errorf("%s has SOA or NS records below the top of the zone", name)
		}
	}
	return nil
}

// Serial is the serial number in the zone's SOA record.
func (z *Zone) Serial() uint32 { return z.serial }
