package resolver_test

import (
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// add puts lines at the end of a zone of world.
func add(zones dnstest.Zones, origin string, lines ...string) {
	for _, line := range lines {
		zones[origin] += "\n\t\t\t\t" + line
	}
}

func TestWalk(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(map[string]dnstest.Zones)
		domain  myodai.Name
		ask     string
		zones   string // below example
		answers string
	}{
		{
			name: "a cut below the domain is seen when it is asked across",
			change: func(hosts map[string]dnstest.Zones) {
				hosts["127.0.0.2"]["acme.example."] = "@ NS ns1\nns1 A 127.0.0.2\n_domainkey NS ns.sub\nns.sub A 127.0.0.4"
				hosts["127.0.0.3"] = hosts["127.0.0.2"]
				hosts["127.0.0.4"]["_domainkey.acme.example."] = `s1 TXT "here"`
			},
			domain: "acme.example", ask: "s1._domainkey.acme.example TXT",
			zones: `
				acme.example: ns1.acme.example@.2 ns2.acme.example@.3 1 DS
				_domainkey.acme.example: ns.sub.acme.example@.4`,
			answers: `s1._domainkey.acme.example TXT @.4 udp positive NOERROR [s1._domainkey.acme.example TXT here]`,
		},
		{
			name: "name servers in another zone are looked up there",
			change: func(hosts map[string]dnstest.Zones) {
				add(hosts["127.0.0.1"], "example.", "shop NS ns1.acme", "shop NS ns9.acme", "glueless NS ns.plat.other.")
				add(hosts["127.0.0.1"], ".", "other. NS a.root.example.")
				hosts["127.0.0.1"]["other."] = "@ NS a.root.example.\nplat NS ns.plat\nns.plat A 127.0.0.4"
				hosts["127.0.0.4"]["plat.other."] = "ns A 127.0.0.4\nns AAAA ::ffff:127.0.0.4"
				hosts["127.0.0.4"]["glueless.example."] = `@ TXT "found"`
			},
			domain: "glueless.example", ask: "glueless.example TXT",
			zones:   `glueless.example: ns.plat.other@.4`,
			answers: `glueless.example TXT @.4 udp positive NOERROR [glueless.example TXT found]`,
		},
		{
			name: "name servers without an address",
			change: func(hosts map[string]dnstest.Zones) {
				add(hosts["127.0.0.1"], "example.", "shop NS none.acme", "shop NS mail.shop", "shop NS www.acme")
			},
			domain: "shop.example", ask: "shop.example TXT",
			zones:   `shop.example: mail.shop.example@ (no address: it is named in the zone itself, and there is no glue) none.acme.example@ (no address: NXDOMAIN) www.acme.example@ (no address: it is an alias, which a name server must not be) none of its name servers has an address`,
			answers: `shop.example TXT @  unknown (none of its name servers has an address)`,
		},
		{
			name:   "a domain that is not registered",
			change: func(map[string]dnstest.Zones) {},
			domain: "free.example", ask: "free.example TXT",
			answers: `free.example TXT @.1 udp negative NXDOMAIN`,
		},
		{
			name: "zones that need each other's name servers",
			change: func(hosts map[string]dnstest.Zones) {
				add(hosts["127.0.0.1"], "example.", "a NS ns.b", "b NS ns.a")
			},
			domain: "a.example", ask: "a.example TXT",
			zones:   `a.example: ns.b.example@ (no address: none of its name servers has an address) none of its name servers has an address`,
			answers: `a.example TXT @  unknown (none of its name servers has an address)`,
		},
		{
			name: "child and parent on one server, and DS",
			change: func(hosts map[string]dnstest.Zones) {
				hosts["127.0.0.1"]["acme.example."] = "@ NS ns\nns A 127.0.0.1\n@ TXT \"co-hosted\"\nmail.deep NS ns\n"
				hosts["127.0.0.1"]["mail.deep.acme.example."] = "@ NS ns.acme.example.\n@ TXT \"deep\""
			},
			domain: "mail.deep.acme.example", ask: "mail.deep.acme.example TXT",
			zones: `
				acme.example: ns.acme.example@.1 1 DS
				mail.deep.acme.example: ns.acme.example@.1`,
			answers: `mail.deep.acme.example TXT @.1 udp positive NOERROR [mail.deep.acme.example TXT deep]`,
		},
		{
			name:   "DS records are asked of the zone above",
			change: func(map[string]dnstest.Zones) {},
			domain: "acme.example", ask: "acme.example DS",
			zones:   `acme.example: ns1.acme.example@.2 ns2.acme.example@.3 1 DS`,
			answers: `acme.example DS @.1 udp positive NOERROR [acme.example DS 12345 13 2 49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC0000]`,
		},
		{
			name: "the top-level domain is down",
			change: func(hosts map[string]dnstest.Zones) {
				hosts["127.0.0.1"]["."] = "@ NS a.root.example.\na.root.example. A 127.0.0.1\nexample. NS b.root.example.\nb.root.example. A 127.0.0.9"
				delete(hosts["127.0.0.1"], "example.")
			},
			domain: "acme.example", ask: "acme.example TXT",
			answers: `acme.example TXT @  unknown (no server said who is in charge of acme.example: connection refused)`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := prober(t, options(world(t, tt.change)))
			o := p.Probe(t.Context(), tt.domain, ask(questions(tt.ask)))
			var below []myodai.Zone
			for _, z := range o.Zones {
				if z.Name.Labels() > 1 {
					below = append(below, z)
				}
			}
			expect(t, "answers", told(o.Answers), tt.answers)
			o.Zones = below
			expect(t, "zones", walked(o), tt.zones)
		})
	}
}

// What a tenant has changed shows at once; what is above is remembered.
func TestOnlyPublicZonesAreRememberedBetweenProbes(t *testing.T) {
	space := world(t)
	p := prober(t, options(space))
	for range 3 {
		p.Probe(t.Context(), "acme.example", ask(questions("acme.example TXT")))
	}
	if got := space.Count("example.", "NS"); got != 1 {
		t.Errorf("the root was asked %d times for example, want 1", got)
	}
	if got := space.Servers["127.0.0.1"].Count("acme.example.", "NS"); got != 3 {
		t.Errorf("example was asked %d times for acme.example, want 3", got)
	}
}
