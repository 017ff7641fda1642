package diagnose

import (
	"slices"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dnshost"
)

// AsksRegistry says about which domain its registry is worth asking, when DNS
// itself leaves open why nothing is there: whether the domain exists at all, and
// whose customer its holder is. It is "" when nothing would follow from that.
func AsksRegistry(in Input) myodai.Name {
	org := in.Plan.Domain.Registrable()
	if in.Observation.Registration != nil || org == "" || len(in.Observation.Zones) == 0 {
		return "" // asked already, or there was no walk that led to the registry
	}
	if z, ok := in.Observation.ZoneOf(in.Plan.Domain); ok && slices.ContainsFunc(z.Servers, func(s myodai.Server) bool { return parked([]myodai.Name{s.Name}) }) {
		return org
	}
	if somethingThere(in) {
		return ""
	}
	v := newView(in)
	if _, gone := v.unregistered(); gone {
		return org
	}
	if v.zone != "" && !v.zone.IsPublicSuffix() && v.nothingThere() && !in.Known.Reviewing {
		return org
	}
	return ""
}

// somethingThere reports whether any answer brought a record at a planned name
// that is not DMARC's: most domains are right, and need no closer look.
func somethingThere(in Input) bool {
	for _, a := range in.Observation.Answers {
		if len(a.Records) == 0 || a.Recursive || a.Host != "" {
			continue
		}
		for _, item := range in.Plan.Items {
			if item.Name == a.Name && item.Value != "" && item.Purpose != myodai.PurposeDMARC && item.Purpose != myodai.PurposeSPF {
				return true
			}
		}
	}
	return false
}

// registration is what the registry said of the domain, when it said anything.
func (v *view) registration() (myodai.Registration, bool) {
	r := v.in.Observation.Registration
	if r == nil || !r.Known() || r.Domain != v.plan.Domain.Registrable() {
		return myodai.Registration{}, false
	}
	return *r, true
}

// withheld are the states of a registration in which no name servers are
// published for it (RFC 8056 §2), as far as its holder can do something about it.
var withheld = []string{"client hold", "server hold", "redemption period", "pending delete", "pending restore", "inactive", "locked"}

// status is why a domain that is registered is not in DNS, in the registry's
// words; all it says when none of them explains it.
func status(r myodai.Registration) string {
	var list []string
	for _, s := range r.Status {
		if s = strings.ToLower(s); slices.Contains(withheld, s) && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	switch {
	case len(list) > 0:
		return strings.Join(list, ", ")
	case len(r.NameServers) == 0:
		return "no name servers"
	}
	return strings.Join(r.Status, ", ")
}

// registryHosts are servers at which the domain's records may have been entered
// by what its registry says: those it has for the domain itself, and those of
// the registrar, whose panel its holder knows.
func (v *view) registryHosts() []myodai.Name {
	r, ok := v.registration()
	if !ok {
		return nil
	}
	list := slices.Clone(r.NameServers)
	for _, host := range dnshost.OfRegistrar(r.Registrar) {
		servers := host.UsualServers()
		list = append(list, servers[:min(len(servers), 2)]...)
	}
	return list
}
