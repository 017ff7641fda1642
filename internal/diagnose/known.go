package diagnose

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/myodai/myodai"
)

// cdnRanges are addresses at which a content delivery network answers for names
// it proxies, as Cloudflare publishes them.
var cdnRanges = prefixes(
	"173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18", "108.162.192.0/18",
	"190.93.240.0/20", "188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17", "162.158.0.0/15", "104.16.0.0/13",
	"104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22", "2400:cb00::/32", "2606:4700::/32", "2803:f800::/32",
	"2405:b500::/32", "2405:8100::/32", "2a06:98c0::/29", "2c0f:f248::/32",
)

// forwardingRanges are addresses of registrars' web forwarding. They are
// believed, and complete for nobody.
var forwardingRanges = prefixes(
	"192.0.2.80/32",                                                               // of the documentation range, for examples
	"15.197.142.173/32", "3.33.152.147/32", "15.197.148.33/32", "3.33.130.190/32", // GoDaddy
	"192.64.119.0/24", "162.255.119.0/24", // Namecheap
	"150.95.255.38/32", "150.95.54.0/24", // onamae.com
	"157.7.107.254/32", "157.7.44.0/24", // Muumuu Domain
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(list))
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func proxied(addresses []string) bool { return within(addresses, cdnRanges) }

func forwarding(addresses []string) bool { return within(addresses, forwardingRanges) }

// within reports whether any of the addresses is in the ranges.
func within(addresses []string, ranges []netip.Prefix) bool {
	return slices.ContainsFunc(addresses, func(s string) bool {
		a, err := netip.ParseAddr(s)
		return err == nil && slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return p.Contains(a) })
	})
}

// flattens reports whether a DNS host, by its id, answers with addresses in place
// of aliases when it is told to.
func flattens(host string) bool {
	return slices.ContainsFunc([]string{"cloudflare", "dnsimple", "dnsmadeeasy", "netlify", "vercel", "ns1", "constellix", "easydns", "gehirn"},
		func(s string) bool { return strings.Contains(host, s) })
}

// parking are name servers of domains that are for sale, or were not renewed.
var parking = []myodai.Name{
	"sedoparking.com", "bodis.com", "parkingcrew.net", "dan.com", "above.com", "parklogic.com", "undeveloped.com", "afternic.com",
	"uniregistrymarket.link", "namebrightdns.com", "smtmdns.com", "domainparking.ru", "parkingspa.com", "cashparking.com",
	"hastydns.com", "voodoo.com", "fabulous.com", "renewyourname.net", "ztomy.com", "huge-domains.com",
}

func parked(nameServers []myodai.Name) bool {
	return slices.ContainsFunc(nameServers, func(n myodai.Name) bool {
		return strings.HasPrefix(string(n), "ns1.expired") || strings.Contains(string(n), ".expired.") || strings.Contains(string(n), "parking.") ||
			slices.ContainsFunc(parking, func(p myodai.Name) bool { return n.Under(p) })
	})
}

// initialSets are name servers that a registrar sets at first and whose zones
// cannot be edited, and where that registrar's editable zones are.
var initialSets = map[myodai.Name][]myodai.Name{
	"dns1.onamae.com":   {"01.dnsv.jp", "02.dnsv.jp"},
	"dns2.onamae.com":   {"01.dnsv.jp", "02.dnsv.jp"},
	"ns1.xdomain.ne.jp": {"ns1.xserver.jp", "ns2.xserver.jp"},
	"ns2.xdomain.ne.jp": {"ns1.xserver.jp", "ns2.xserver.jp"},
	"ns3.xdomain.ne.jp": {"ns1.xserver.jp", "ns2.xserver.jp"},
}

// likelyHosts are servers that answer for zones of many tenants, where records
// may have been entered although the domain is delegated elsewhere.
var likelyHosts = []myodai.Name{
	"01.dnsv.jp", "dns01.muumuu-domain.com", "ns1.dns.ne.jp", "ns1.xserver.jp", "ns1.xdomain.ne.jp", "ns1.value-domain.com",
	"dns1.registrar-servers.com", "ns1.squarespacedns.com",
}
