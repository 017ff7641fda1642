package dnstest

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// zone is one zone, immutable once read. All names are fully qualified and in
// lower case.
type zone struct {
	apex    string
	records map[string]map[uint16][]dns.RR // by owner and type
	names   map[string]bool                // every owner, and every name between one and the apex
}

// readZone reads a zone file.
func readZone(origin, text string) (*zone, error) {
	z := &zone{apex: canonical(origin), records: map[string]map[uint16][]dns.RR{}, names: map[string]bool{}}
	if _, ok := dns.IsDomainName(z.apex); !ok {
		return nil, fmt.Errorf("%q is not an origin", origin)
	}
	parser := dns.NewZoneParser(strings.NewReader(dedent(text)), z.apex, "")
	parser.SetDefaultTTL(300)
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		if err := z.add(rr); err != nil {
			return nil, err
		}
	}
	if err := parser.Err(); err != nil {
		return nil, fmt.Errorf("zone %s: %w", origin, err)
	}
	if len(z.at(z.apex, dns.TypeSOA)) == 0 {
		return z, z.add(&dns.SOA{
			Hdr: dns.RR_Header{Name: z.apex, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 300},
			Ns:  "ns.invalid.", Mbox: "hostmaster.invalid.",
			Serial: 1, Refresh: 3600, Retry: 600, Expire: 86400, Minttl: 60,
		})
	}
	return z, nil
}

func (z *zone) add(rr dns.RR) error {
	owner := canonical(rr.Header().Name)
	if !dns.IsSubDomain(z.apex, owner) {
		return fmt.Errorf("zone %s: %s is not in it", z.apex, owner)
	}
	if z.records[owner] == nil {
		z.records[owner] = map[uint16][]dns.RR{}
	}
	t := rr.Header().Rrtype
	z.records[owner][t] = append(z.records[owner][t], rr)
	for name := owner; !z.names[name]; name = parent(name) {
		z.names[name] = true
		if name == z.apex {
			break
		}
	}
	return nil
}

func (z *zone) at(owner string, t uint16) []dns.RR { return z.records[owner][t] }

// cut is the highest name below the apex, at or above name, that is delegated;
// "" when there is none.
func (z *zone) cut(name string) string {
	found := ""
	for ; name != z.apex; name = parent(name) {
		if len(z.at(name, dns.TypeNS)) > 0 {
			found = name
		}
	}
	return found
}

// dname is the DNAME record above name, nil for none.
func (z *zone) dname(name string) *dns.DNAME {
	for name != z.apex {
		name = parent(name)
		if list := z.at(name, dns.TypeDNAME); len(list) > 0 {
			return list[0].(*dns.DNAME)
		}
	}
	return nil
}

// source is the owner whose records answer for name: name itself, or the
// wildcard below its closest encloser (RFC 4592 §3.3.1); "" when neither exists.
func (z *zone) source(name string) string {
	if z.names[name] {
		return name
	}
	encloser := parent(name)
	for !z.names[encloser] {
		encloser = parent(encloser)
	}
	if wildcard := child("*", encloser); z.names[wildcard] {
		return wildcard
	}
	return ""
}

// negative is the SOA record as a negative answer carries it, with the TTL that
// the answer may be kept for (RFC 2308 §3).
func (z *zone) negative() dns.RR {
	soa := dns.Copy(z.at(z.apex, dns.TypeSOA)[0]).(*dns.SOA)
	soa.Hdr.Ttl = min(soa.Hdr.Ttl, soa.Minttl)
	return soa
}

func canonical(name string) string { return strings.ToLower(dns.Fqdn(name)) }

// parent is the name without its first label; the root is its own parent.
func parent(name string) string {
	if next, end := dns.NextLabel(name, 0); !end {
		return name[next:]
	}
	return "."
}

func child(label, name string) string {
	if name == "." {
		return label + "."
	}
	return label + "." + name
}

// dedent takes away the indentation that all lines share, so that zones can be
// indented with the code around them although leading space means something in a
// zone file.
func dedent(text string) string {
	lines := strings.Split(text, "\n")
	shared := ""
	first := true
	for _, line := range lines {
		content := strings.TrimLeft(line, " \t")
		if content == "" {
			continue
		}
		indent := line[:len(line)-len(content)]
		if first {
			shared, first = indent, false
		}
		for !strings.HasPrefix(indent, shared) {
			shared = shared[:len(shared)-1]
		}
	}
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, shared)
	}
	return strings.Join(lines, "\n")
}
