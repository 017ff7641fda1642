package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The hosts of the name space that checks are made in, beside those of the
// main job.
const (
	host3Address = "11.22.33.55" // a DNS host that runs Knot
	host4Address = "11.22.33.56" // one that has other contents, or no manners
	host5Address = "11.22.33.57" // one that takes questions and never answers
)

// realRoots are where a check without --root begins: any six of them.
var realRoots = []string{
	"198.41.0.4", "170.247.170.2", "192.33.4.12", "199.7.91.13", "192.203.230.10", "192.5.5.241", "192.112.36.4",
	"198.97.190.53", "192.36.148.17", "192.58.128.30", "193.0.14.129", "199.7.83.42", "202.12.27.33",
}

// publicResolvers are those a check asks once the servers are right.
var publicResolvers = []string{"8.8.8.8", "1.1.1.1", "9.9.9.9"}

var checkAddresses = slices.Concat([]string{host3Address, host4Address, host5Address}, realRoots, publicResolvers)

// twoHosts are the servers that a domain is delegated to unless its test says
// otherwise: two addresses, with programs by different people behind them.
var twoHosts = []string{"ns1.host.example", "ns2.host.example"}

// hostNames are the addresses of all name servers.
var hostNames = map[string]string{
	"ns1.host.example": host1Address, "ns2.host.example": host3Address,
	"ns3.host.example": host2Address, "ns4.host.example": host4Address,
	"ns5.host.example": host5Address,
	"ns.host.example":  rootAddress, "ns1.plat.example": platformAddress,
}

// zoneHead begins every zone: its SOA record, with the given serial and TTL of
// what is not there, and its name servers.
func zoneHead(origin string, serial, negative int, servers []string) string {
	origin = strings.TrimSuffix(origin, ".") + "."
	var b strings.Builder
	fmt.Fprintf(&b, "$ORIGIN %s\n$TTL 300\n@ %d SOA ns.host.example. hostmaster.host.example. %d 3600 600 86400 %d\n", origin, negative, serial, negative)
	for _, s := range servers {
		fmt.Fprintf(&b, "@ %d NS %s.\n", negative, s)
	}
	return b.String()
}

// startParents serves the root, the zone example with the given lines about
// domains, and Myodai's own zone plat.example, as others would see them.
func (w *world) startParents(t *testing.T, delegations string) {
	t.Helper()
	w.startRegistries(t, delegations, nil)
	w.startPlatformZone(t)
}

// startRegistries serves the root, the zone example with the given lines about
// domains, and more top-level domains with lines of their own.
func (w *world) startRegistries(t *testing.T, delegations string, more map[string]string) *exec.Cmd {
	t.Helper()
	top := zoneHead(".", 1, 60, []string{"ns.host.example"}) + "example. NS ns.host.example.\nns.host.example. A " + rootAddress + "\n"
	zones := map[string]string{"example": w.write(t, "example.zone", exampleZone(delegations))}
	for tld, lines := range more {
		top += tld + ". NS ns.host.example.\n"
		zones[tld] = w.write(t, tld+".zone", zoneHead(tld, 1, 60, []string{"ns.host.example"})+lines)
	}
	zones["."] = w.write(t, "root.zone", top)
	cmd := w.startNSD(t, "root", append([]string{rootAddress}, realRoots...), zones)
	w.waitServed(t, rootAddress, "example")
	return cmd
}

func exampleZone(delegations string) string {
	var b strings.Builder
	b.WriteString(zoneHead("example.", 1, 60, []string{"ns.host.example"}))
	for _, host := range slices.Sorted(maps.Keys(hostNames)) {
		fmt.Fprintf(&b, "%s. A %s\n", host, hostNames[host])
	}
	b.WriteString("plat.example. NS ns1.plat.example.\nmail.example. A " + receiverAddress + "\n")
	b.WriteString(delegations)
	return b.String()
}

// delegation is the lines of a parent that delegate a domain.
func delegation(domain string, servers ...string) string {
	var b strings.Builder
	for _, s := range servers {
		fmt.Fprintf(&b, "%s. NS %s.\n", domain, s)
	}
	return b.String()
}

// startPlatformZone serves the targets that plans point to, for one token.
func (w *world) startPlatformZone(t *testing.T) {
	t.Helper()
	zone := zoneHead("plat.example.", 1, 60, []string{"ns1.plat.example"}) + `
ns1 A ` + platformAddress + `
mail A ` + platformAddress + `
spf TXT "v=spf1 ip4:` + platformAddress + ` -all"
s1.k7f3.dkim TXT ` + quoted(key("s1")) + `
s2.k7f3.dkim TXT ` + quoted(key("s2")) + `
k7f3.rp A ` + platformAddress + `
k7f3.rp MX 10 mail
k7f3.rp TXT "v=spf1 ip4:` + platformAddress + ` -all"
k7f3.t A ` + platformAddress + `
k7f3.acme TXT "Q2hhbGxlbmdlIHRvIGJlIGFuc3dlcmVkIGZvciBhIENB"
dmarc MX 10 mail
*._report._dmarc.dmarc TXT "v=DMARC1"
`
	w.startNSD(t, "platform", []string{platformAddress}, map[string]string{"plat.example": w.write(t, "plat.example.zone", zone)})
}

// quoted writes text as the strings of a TXT record, 255 octets each.
func quoted(text string) string {
	var list []string
	for part := range slices.Chunk([]byte(text), 255) {
		list = append(list, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(string(part))+`"`)
	}
	return strings.Join(list, " ")
}

// startKnot runs Knot at an address; more is added to its configuration.
func (w *world) startKnot(t *testing.T, name, address string, zones map[string]string, more string) *exec.Cmd {
	t.Helper()
	listen := address + "@53"
	if address == rootAddress {
		listen += ", " + strings.Join(realRoots, "@53, ") + "@53"
	}
	conf := w.configureKnot(t, name, listen, zones, more)
	cmd := w.start(t, "knot-"+name, find("knotd"), "-c", conf)
	waitTCP(t, address+":53")
	for zone := range zones {
		w.waitServed(t, address, zone)
	}
	return cmd
}

func (w *world) configureKnot(t *testing.T, name, listen string, zones map[string]string, more string) string {
	t.Helper()
	dir := w.path("knot-" + name)
	check(t, os.MkdirAll(filepath.Join(dir, "db"), 0o755))
	var b strings.Builder
	fmt.Fprintf(&b, "server:\n    rundir: %s\n    listen: [ %s ]\n    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1\nlog:\n  - target: stderr\n    any: warning\ndatabase:\n    storage: %s/db\n%s\nzone:\n", dir, listen, dir, more)
	for _, zone := range slices.Sorted(maps.Keys(zones)) {
		fmt.Fprintf(&b, "  - domain: %s\n    zonefile-sync: -1\n    journal-content: none\n%s\n", zone, zones[zone])
	}
	return w.write(t, "knot-"+name+"/knot.conf", b.String())
}

func (w *world) waitServed(t *testing.T, address, zone string) {
	t.Helper()
	eventually(t, 20*time.Second, address+" serves "+zone, func() bool { return strings.Contains(dig(address, zone, "SOA"), " SOA ") })
}

// domainZone is one tenant's zone as a program serves it.
type domainZone struct {
	domain  string
	serial  int
	records string
	servers []string // in the zone's own NS set; nil means twoHosts
	ttl     int      // of everything, there or not; 0 means 300
}

func (z domainZone) String() string {
	servers := z.servers
	if servers == nil {
		servers = twoHosts
	}
	ttl := cmp.Or(z.ttl, 300)
	return zoneHead(z.domain, z.serial, ttl, servers) + fmt.Sprintf("$TTL %d\n", ttl) + strings.ReplaceAll(z.records, "{d}", z.domain)
}

// hosts runs the DNS hosts that serve the same zones, NSD and Knot, until the
// returned function is called.
func (w *world) hosts(t *testing.T, zones []domainZone) (end func()) {
	t.Helper()
	nsd, knot := map[string]string{}, map[string]string{}
	for _, z := range zones {
		path := w.write(t, z.domain+"."+strconv.Itoa(z.serial)+".zone", z.String())
		nsd[z.domain] = path
		knot[z.domain] = "    file: " + path
	}
	name := strconv.Itoa(zones[0].serial)
	programs := []*exec.Cmd{
		w.startNSD(t, name, []string{host1Address, host2Address}, nsd),
		w.startKnot(t, name, host3Address, knot, ""),
	}
	for zone := range nsd {
		w.waitServed(t, host1Address, zone)
	}
	return func() {
		for _, p := range programs {
			stop(p)
		}
	}
}
