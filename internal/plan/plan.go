// Package plan says which records a domain must publish and which zone we serve
// for it, and judges plainly how that differs from what DNS said.
//
// It asks nothing itself, and it does not name the mistake that was made: that
// is package diagnose. Records follow RFC 6376, RFC 7208 and RFC 9989.
package plan

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// Site is what the platform operator decided once for all domains.
type Site struct {
	Zone        myodai.Name   // the zone we serve, such as plat.example
	MailHost    myodai.Name   // our HELO name and the target of return-path MX records
	Addresses   []netip.Addr  // of MailHost and of the name servers, and what SPF allows
	NameServers []myodai.Name // of Zone; at least one
	TrackHost   myodai.Name   // where links of tenants without a tracking host lead; "" for nowhere
	Contact     myodai.Name   // RNAME of the SOA record; "" means hostmaster in Zone
}

// Item is one record a domain must or may publish.
type Item struct {
	Purpose  myodai.Purpose    `json:"purpose"`
	Selector string            `json:"selector,omitempty"` // for DKIM
	Name     myodai.Name       `json:"name"`
	Type     myodai.RecordType `json:"type"`
	Value    string            `json:"value"` // as typed: TXT unquoted and unsplit, "10 host" for MX
	Required bool              `json:"required"`
	Why      string            `json:"why,omitempty"` // one plain English sentence

	// Alternatives are records that do the same job, as "TYPE value": the other
	// shape of this one. What stands in DNS in either shape is as planned, so a
	// switch of shape never unmakes what already works.
	Alternatives []string `json:"-"`
}

// Plan is the records a domain publishes, in the order in which people enter
// them.
type Plan struct {
	Domain myodai.Name `json:"domain"`
	Items  []Item      `json:"records"`
}

// Selectors are the selectors of a domain's keys: two of each algorithm from
// the first day, so that a rotation needs nothing new from the tenant (T25).
// They carry the domain's tag, since two tenants may sign for one domain (E4).
func Selectors(d myodai.Domain, alg myodai.KeyAlgorithm) []string {
	letter := "s"
	if alg == myodai.KeyEd25519 {
		letter = "e"
	}
	return []string{letter + "1-" + d.Tag(), letter + "2-" + d.Tag()}
}

// DefaultReturnPath is the bounce domain of d unless its tenant chose another
// (C7): a name of this claim alone.
func DefaultReturnPath(d myodai.Domain) myodai.Name { return d.Name.Child("bounce-" + d.Tag()) }

// For returns the records that d, with these keys, must publish at the site.
// Keys that are retired or revoked are asked for no more.
func For(d myodai.Domain, keys []myodai.Key, site Site) Plan {
	p := Plan{Domain: d.Name}
	keys = slices.SortedFunc(slices.Values(keys), func(a, b myodai.Key) int { return strings.Compare(a.Selector, b.Selector) })
	for _, k := range keys {
		if k.State == myodai.KeyActive || k.State == myodai.KeyStandby {
			p.Items = append(p.Items, dkimItem(d, k, site))
		}
	}
	p.Items = append(p.Items, returnPathItems(d, site)...)
	p.Items = append(p.Items, Item{
		Purpose: myodai.PurposeDMARC, Name: d.Name.Child("_dmarc"), Type: myodai.TypeTXT, Required: true,
		Value: "v=DMARC1; p=none; rua=mailto:" + reportAddress(d, site),
		Why:   "Tells receivers that mail from this domain is authenticated. Any DMARC record you already have is fine and stays as it is.",
	})
	if d.RootSPF {
		p.Items = append(p.Items, Item{
			Purpose: myodai.PurposeSPF, Name: d.Name, Type: myodai.TypeTXT,
			Value: "include:" + string(spfHost(site)),
			Why:   "Optional: goes into the SPF record of the domain itself, for gateways that look there. Never add a second SPF record.",
		})
	}
	return p
}

func dkimItem(d myodai.Domain, k myodai.Key, site Site) Item {
	item := Item{
		Purpose: myodai.PurposeDKIM, Selector: k.Selector,
		// Both at first; afterwards a missing standby key stops no mail.
		Required: k.State == myodai.KeyActive || d.State == myodai.DomainPending,
		Name:     d.Name.Child(k.Selector + "._domainkey"),
		Why:      "Lets receivers check the signature under every mail. There are two, so that the key can be changed later without asking you again.",
	}
	target, text := string(keyHost(d, k.Selector, site)), dkim.KeyRecord(k.Algorithm, k.Public)
	return item.shaped(d, target, myodai.TypeTXT, text)
}

// returnPathItems plans the bounce domain: one alias, or its MX and SPF.
func returnPathItems(d myodai.Domain, site Site) []Item {
	target := string(returnHost(d, site))
	mx := Item{
		Purpose: myodai.PurposeReturnPath, Name: d.ReturnPath, Required: true,
		Why: "Bounces come back here, and receivers find here that we may send for you.",
	}.shaped(d, target, myodai.TypeMX, "10 "+target)
	if mx.Type == myodai.TypeCNAME {
		mx.Alternatives = nil // both records would have to be there: see returnPath
		return []Item{mx}
	}
	txt := mx
	txt.Type, txt.Value = myodai.TypeTXT, returnSPF(target)
	return []Item{mx, txt}
}

// shaped completes the item in the shape its domain wants: an alias to target,
// or the record itself.
func (i Item) shaped(d myodai.Domain, target string, t myodai.RecordType, value string) Item {
	if d.ShapeOf(i.Name) == myodai.ShapeCNAME {
		i.Type, i.Value = myodai.TypeCNAME, target
		i.Alternatives = []string{string(t) + " " + value}
		return i
	}
	i.Type, i.Value = t, value
	i.Alternatives = []string{"CNAME " + target}
	return i
}

// The names in our zone. None has an underscore where a tenant's alias points:
// some DNS hosts refuse it there (B22).

func keyHost(d myodai.Domain, selector string, site Site) myodai.Name {
	return site.Zone.Child(selector + "." + d.Token + ".dkim")
}

func returnHost(d myodai.Domain, site Site) myodai.Name { return site.Zone.Child(d.Token + ".rp") }

func spfHost(site Site) myodai.Name { return site.Zone.Child("spf") }

// ReportHost is the host of the addresses to which we have DMARC reports sent.
func ReportHost(zone myodai.Name) myodai.Name { return zone.Child("dmarc") }

func reportAddress(d myodai.Domain, site Site) string {
	if d.ReportAddress != "" {
		return d.ReportAddress
	}
	return d.Token + "@" + string(ReportHost(site.Zone))
}

func returnSPF(target string) string { return "v=spf1 include:" + target + " -all" }

// SiteSPF is the SPF record that allows the site's addresses and nothing else.
func SiteSPF(site Site) string {
	terms := []string{"v=spf1"}
	for _, a := range site.Addresses {
		mechanism := "ip4:"
		if a.Is6() {
			mechanism = "ip6:"
		}
		terms = append(terms, mechanism+a.String())
	}
	return strings.Join(append(terms, "-all"), " ")
}
