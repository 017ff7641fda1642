package delivery

import (
	"cmp"
	"context"
	"slices"

	"github.com/myodai/myodai"
)

// Site finds the site that mail for a domain goes to: its MX hosts, best first and
// equals by name, so that domains with the same hosts are one site. Where there are
// none, or they cannot be found now, the domain is a site of its own.
func (a *Agent) Site(ctx context.Context, domain myodai.Name) myodai.Site {
	if a.with.Smarthost != nil {
		return myodai.SmarthostSite(a.with.Smarthost.Host)
	}
	records, _ := settle(a.with.Lookup(ctx, domain, myodai.TypeMX), myodai.TypeMX)
	usable, _ := parseExchangers(records)
	slices.SortFunc(usable, func(a, b exchanger) int {
		return cmp.Or(cmp.Compare(a.preference, b.preference), cmp.Compare(a.host, b.host))
	})
	var hosts []myodai.Name
	for _, e := range usable[:min(len(usable), maxHosts)] {
		hosts = append(hosts, e.host)
	}
	if len(hosts) == 0 {
		return myodai.SiteOf(domain)
	}
	return myodai.SiteOf(hosts...)
}

// Site is Agent.Site by the given route.
func (r Routes) Site(ctx context.Context, domain myodai.Name, route myodai.Route) myodai.Site {
	if name := route.SmarthostName(); name != "" {
		return myodai.SmarthostSite(name)
	}
	return r.Delivery.Site(ctx, domain)
}
