package spf

import (
	"slices"

	"github.com/myodai/myodai"
)

// SendersByMX guesses from the MX hosts of a domain which terms its own mail
// needs; hosts of its own need "mx". A guess is for a question, and never used
// unasked.
func SendersByMX(domain myodai.Name, hosts []myodai.Name) []string {
	var terms []string
	for _, host := range hosts {
		term := ""
		if host.Under(domain) {
			term = string(TermMX)
		}
		for _, known := range mailHosts {
			if host.Under(known.suffix) {
				term = known.term
			}
		}
		if term != "" && !slices.Contains(terms, term) {
			terms = append(terms, term)
		}
	}
	return terms
}

// mailHosts are mail services whose documentation names the term.
var mailHosts = []struct {
	suffix myodai.Name
	term   string
}{
	{"google.com", "include:_spf.google.com"},
	{"googlemail.com", "include:_spf.google.com"},
	{"mail.protection.outlook.com", "include:spf.protection.outlook.com"},
	{"mx.microsoft", "include:spf.protection.outlook.com"},
	{"zoho.com", "include:zohomail.com"},
	{"messagingengine.com", "include:spf.messagingengine.com"},
	{"protonmail.ch", "include:_spf.protonmail.ch"},
	{"secureserver.net", "include:secureserver.net"},
	{"lolipop.jp", "include:_spf.lolipop.jp"},
	{"xserver.jp", "include:spf.sender.xserver.jp"},
}
