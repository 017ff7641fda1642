// Package plan says which records a domain must publish and which zone we serve
// for it, and judges plainly how that differs from what DNS said.
//
// It asks nothing itself. Records follow RFC 6376, RFC 7208, RFC 9989.
package plan

import (
	"net/netip"

	"github.com/myodai/myodai"
)

// Site is what the platform operator decided once for all domains.
type Site struct {
	Zone        myodai.Name   // the zone we serve, such as plat.example
	MailHost    myodai.Name   // our HELO name and the target of return-path MX records
	Addresses   []netip.Addr  // of MailHost and of the name servers, and what SPF allows
	NameServers []myodai.Name // of Zone; at least one
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
	Why      string            `json:"why"` // one plain English sentence
}

// Plan is the records a domain publishes, in the order in which people enter
// them.
type Plan struct {
	Domain myodai.Name `json:"domain"`
	Items  []Item      `json:"records"`
}
