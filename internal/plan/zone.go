package plan

import (
	"fmt"
	"slices"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// Published is a domain with all its keys, as our zone shows it.
type Published struct {
	Domain myodai.Domain
	Keys   []myodai.Key
}

// Times to live in our zone, in seconds. Keys and return paths change only when
// we change them, so an hour is kind to caches and short enough for a
// revocation; a name that is asked for too early is forgotten after 5 minutes.
const (
	zoneTTL     = 3600
	negativeTTL = 300
)

// Zone returns every record of the site's zone: its own, the platform's DKIM
// keys, and those of each domain. Records of the same name and type stand
// together. The serial in the SOA record is 0: whoever serves the zone counts.
func Zone(site Site, published []Published, platform []myodai.Key) []myodai.Record {
	z := apex(site)
	for _, k := range platform {
		z.add(site.Zone.Child(k.Selector+"._domainkey"), myodai.TypeTXT, keyRecord(k))
	}
	authorized := map[myodai.Name]bool{}
	for _, p := range published {
		for _, k := range p.Keys {
			z.add(keyHost(p.Domain, k.Selector, site), myodai.TypeTXT, keyRecord(k))
		}
		host := returnHost(p.Domain, site)
		z.addresses(host, site)
		z.add(host, myodai.TypeMX, "10 "+string(site.MailHost))
		z.add(host, myodai.TypeTXT, SiteSPF(site))
		// T47: only who proved a domain may have its reports sent to us.
		if p.Domain.CanSend() && !authorized[p.Domain.Name] {
			authorized[p.Domain.Name] = true
			z.add(ReportHost(site.Zone).Child(string(p.Domain.Name)+"._report._dmarc"), myodai.TypeTXT, "v=DMARC1")
		}
	}
	return z
}

type zone []myodai.Record

func (z *zone) add(name myodai.Name, t myodai.RecordType, data string) {
	*z = append(*z, myodai.Record{Name: name, Type: t, TTL: zoneTTL, Data: data})
}

func (z *zone) addresses(name myodai.Name, site Site) {
	for _, a := range site.Addresses {
		t := myodai.TypeA
		if a.Is6() {
			t = myodai.TypeAAAA
		}
		z.add(name, t, a.String())
	}
}

// apex returns the records that are there without any tenant.
func apex(site Site) zone {
	var z zone
	contact := site.Contact
	if contact == "" {
		contact = site.Zone.Child("hostmaster")
	}
	z.add(site.Zone, myodai.TypeSOA, fmt.Sprintf("%s %s 0 3600 600 1209600 %d", site.NameServers[0], contact, negativeTTL))
	for _, ns := range site.NameServers {
		z.add(site.Zone, myodai.TypeNS, string(ns))
	}
	z.add(site.Zone, myodai.TypeMX, "10 "+string(site.MailHost))
	z.add(site.Zone, myodai.TypeTXT, SiteSPF(site))
	z.add(site.Zone.Child("_dmarc"), myodai.TypeTXT, "v=DMARC1; p=reject")
	z.add(spfHost(site), myodai.TypeTXT, SiteSPF(site))
	z.add(ReportHost(site.Zone), myodai.TypeMX, "10 "+string(site.MailHost))
	for i, ns := range site.NameServers {
		if ns.Under(site.Zone) && ns != site.MailHost && !slices.Contains(site.NameServers[:i], ns) {
			z.addresses(ns, site)
		}
	}
	if site.MailHost.Under(site.Zone) && site.MailHost != site.Zone {
		z.addresses(site.MailHost, site)
		z.add(site.MailHost, myodai.TypeTXT, SiteSPF(site)) // of the HELO name, RFC 7208 §2.3
	}
	if t := site.TrackHost; t != "" && t.Under(site.Zone) && t != site.Zone && t != site.MailHost && !slices.Contains(site.NameServers, t) {
		z.addresses(t, site)
	}
	return z
}

// keyRecord is the key as published; of a revoked one only that it is so.
func keyRecord(k myodai.Key) string {
	if k.State == myodai.KeyRevoked {
		return dkim.KeyRecord(k.Algorithm, "")
	}
	return dkim.KeyRecord(k.Algorithm, k.Public)
}
