package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// registry is a small RDAP server that says the same of a domain every time.
func registry(t *testing.T, domain, says string) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/domain/"+domain || says == "" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/rdap+json")
		_, _ = w.Write([]byte(`{"objectClassName":"domain","ldhName":"` + domain + `",` + says + `}`))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// empty is the zone of a domain with a web server and nothing else.
func empty(domain string, serial int, servers ...string) domainZone {
	return domainZone{domain: domain, serial: serial, records: "www A 198.51.100.5\n", servers: servers}
}

// TestWrongDNSHost: the records were entered at a DNS host that the domain is not
// delegated to: a usual one, and the one of the registrar, which the registry
// names (E23, the fourth case).
func TestWrongDNSHost(t *testing.T) {
	const usual, other = "usual.example", "registrars.example"
	w := emptyWorld(t)
	w.startRegistries(t, delegation(usual, twoHosts...)+delegation(other, twoHosts...), map[string]string{
		"jp":  "01.dnsv.jp. A " + host4Address + "\n",
		"com": "curitiba.ns.porkbun.com. A " + host5Address + "\n",
	})
	w.startPlatformZone(t)
	w.hosts(t, []domainZone{empty(usual, 1), empty(other, 1)})
	w.serve(t, "elsewhere", host4Address, healthy(usual, 1))
	w.serve(t, "registrar", host5Address, healthy(other, 1))
	w.planFile(t, usual, aliasPlan)
	w.planFile(t, other, aliasPlan)
	w.finds(t, usual, 1, "wrong-dns-host", "", "01.dnsv.jp")

	rdap := registry(t, other, `"status":["active"],"entities":[{"roles":["registrar"],"vcardArray":["vcard",[["fn",{},"text","Porkbun LLC"]]]}]`)
	w.finds(t, other, 1, "record-missing", "s1._domainkey."+other, "s1._domainkey."+other)
	w.finds(t, other, 1, "wrong-dns-host", "", "curitiba.ns.porkbun.com", "--rdap", rdap)
}

// TestOnHold: the registry has the domain and keeps it out of DNS. Without the
// registry's word it looks like a domain that nobody has.
func TestOnHold(t *testing.T) {
	const held, free = "held.example", "free.example"
	w := emptyWorld(t)
	w.startParents(t, "")
	w.planFile(t, held, aliasPlan)
	w.planFile(t, free, aliasPlan)
	w.finds(t, held, 1, "domain-not-registered", "", held)
	w.finds(t, held, 1, "domain-on-hold", "", "client hold", "--rdap", registry(t, held, `"status":["client hold","client transfer prohibited"]`))
	w.finds(t, free, 1, "domain-not-registered", "", free, "--rdap", registry(t, free, ""))
}

// TestPrivateZone: the office's resolver, an Unbound with a zone of its own, has
// what the Internet does not.
func TestPrivateZone(t *testing.T) {
	const domain = "inside.example"
	const office = host5Address
	w := emptyWorld(t)
	w.startParents(t, delegation(domain, twoHosts...))
	w.planFile(t, domain, aliasPlan)
	w.hosts(t, []domainZone{empty(domain, 1)})
	var local strings.Builder
	for _, r := range aliasPlan[:3] {
		local.WriteString("  local-data: \"" + r.Name + "." + domain + ". " + r.Type + " " + r.Value + ".\"\n")
	}
	w.startResolver(t, office, "  module-config: \"iterator\"\n  local-zone: \""+domain+"\" static\n"+local.String())
	w.finds(t, domain, 1, "record-missing", "s1._domainkey."+domain, "s1._domainkey."+domain)
	w.finds(t, domain, 1, "records-in-private-zone", "", domain, "--seen-from", office+":53")
}

// TestNameServersChange: the domain has moved to another DNS host, and a public
// resolver still asks the one before. The check says until when.
func TestNameServersChange(t *testing.T) {
	const domain = "moving.example"
	const remembered = 12 // seconds
	w := emptyWorld(t)
	w.startPlatformZone(t)
	parents := w.startRegistries(t, delegation(domain, "ns4.host.example"), nil)
	w.planFile(t, domain, aliasPlan)
	before := healthy(domain, 1, "ns4.host.example")
	before.ttl = remembered
	w.serve(t, "before", host4Address, before)
	w.startPublicResolvers(t, "  module-config: \"iterator\"\n")
	asked := looksUp(t, publicResolvers[0], domain, "NS")
	stop(parents)
	w.startRegistries(t, delegation(domain, twoHosts...), nil)
	w.hosts(t, []domainZone{healthy(domain, 2)})
	w.waits(t, domain, "ns-change-in-progress", "", "ns4.host.example", asked.Add(remembered*time.Second))
	<-time.After(time.Until(asked.Add((remembered + 6) * time.Second)))
	if d := checked(t, domain, "--plan", w.path(domain+".plan.json")); d.exit != 0 || len(d.Findings) > 0 {
		t.Errorf("after the wait: exit status %d\n%s", d.exit, strings.Join(findingsOf(d), "\n"))
	}
}

// TestServersOfNobody: a domain that is parked, and one at the servers that its
// registrar sets at first, where nothing can be entered.
func TestServersOfNobody(t *testing.T) {
	const parked, fresh = "parked.example", "fresh.example"
	w := emptyWorld(t)
	com := "ns1.sedoparking.com. A " + host4Address + "\nns2.sedoparking.com. A " + host4Address +
		"\ndns1.onamae.com. A " + host5Address + "\ndns2.onamae.com. A " + host5Address + "\n"
	w.startRegistries(t, delegation(parked, "ns1.sedoparking.com", "ns2.sedoparking.com")+delegation(fresh, "dns1.onamae.com", "dns2.onamae.com"),
		map[string]string{"com": com})
	w.startPlatformZone(t)
	w.planFile(t, parked, aliasPlan)
	w.planFile(t, fresh, aliasPlan)
	w.serve(t, "parking", host4Address, domainZone{domain: parked, serial: 1, records: "* A 198.51.100.9\n", servers: []string{"ns1.sedoparking.com", "ns2.sedoparking.com"}})
	w.serve(t, "initial", host5Address, empty(fresh, 1, "dns1.onamae.com", "dns2.onamae.com"))
	w.finds(t, parked, 1, "domain-parked", "", "ns1.sedoparking.com")
	w.finds(t, fresh, 1, "registrar-default-ns", "", "dns1.onamae.com")
}
