package e2e

import (
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// serve runs NSD with some zones at an address.
func (w *world) serve(t *testing.T, name, address string, zones ...domainZone) *exec.Cmd {
	t.Helper()
	files := map[string]string{}
	for _, z := range zones {
		files[z.domain] = w.write(t, fmt.Sprintf("%s.%s.%d.zone", z.domain, name, z.serial), z.String())
	}
	cmd := w.startNSD(t, name, []string{address}, files)
	for _, z := range zones {
		w.waitServed(t, address, z.domain)
	}
	return cmd
}

// healthy is the zone of a domain with all that aliasPlan wants.
func healthy(domain string, serial int, servers ...string) domainZone {
	return domainZone{domain: domain, serial: serial, records: zoneOf(aliasPlan, nil), servers: servers}
}

// finds checks a domain, with more arguments where DNS is asked, and that the primary finding is the wanted one, told to
// people, and the same again from what was saved.
func (w *world) finds(t *testing.T, domain string, exit int, cause, record, says string, more ...string) diagnosis {
	t.Helper()
	saved := w.path(domain + ".observation.json")
	d := checked(t, domain, append(append(w.checkArgs(domain), "--save", saved), more...)...)
	if d.exit != exit || d.cause() != cause || d.record() != record {
		t.Errorf("exit status %d, primary cause %q at %q; want %d, %q at %q\n%s",
			d.exit, d.cause(), d.record(), exit, cause, record, strings.Join(findingsOf(d), "\n"))
	}
	plan := []string{"--plan", w.path(domain + ".plan.json")}
	d.replays(t, saved, plan...)
	d.tells(t, says, append(plan, "--observation", saved)...)
	return d
}

// TestSplitAnswers: two servers of one zone hold different contents, because
// they hold two zones, and not two versions of one.
func TestSplitAnswers(t *testing.T) {
	w := emptyWorld(t)
	w.startParents(t, delegation("split.example", "ns1.host.example", "ns4.host.example"))
	w.planFile(t, "split.example", aliasPlan)
	right := healthy("split.example", 2026112201, "ns1.host.example", "ns4.host.example")
	other := right
	other.records = zoneOf(aliasPlan, map[string]string{s1: "s1._domainkey CNAME u12.wl3.sendgrid.net.", s2: ""})
	w.serve(t, "one", host1Address, right)
	another := w.serve(t, "another", host4Address, other)
	w.finds(t, "split.example", 1, "ns-split-answers", "s1._domainkey.split.example", "ns4.host.example")
	stop(another)
	w.serve(t, "another", host4Address, right)
	w.isRight(t, "split.example")
}

// TestStaleSecondary: Knot took the zone over from NSD, and nobody tells it
// about the next version.
func TestStaleSecondary(t *testing.T) {
	const domain = "stale.example"
	w := emptyWorld(t)
	w.startParents(t, delegation(domain, twoHosts...))
	w.planFile(t, domain, aliasPlan)
	before := healthy(domain, 2026101001)
	before.records = "www A 198.51.100.5\n"
	primary := func(z domainZone) *exec.Cmd {
		file := w.write(t, "stale.zone", z.String())
		conf := "server:\n  username: \"\"\n  chroot: \"\"\n  pidfile: \"\"\n  database: \"\"\n  xfrdfile: \"\"\n  xfrdir: \"" + w.dir + "\"\n  zonelistfile: \"" + w.path("stale.list") + "\"\n" +
			"  ip-address: " + host1Address + "\nremote-control:\n  control-enable: no\nzone:\n  name: " + domain + "\n  zonefile: \"" + file + "\"\n  provide-xfr: " + host3Address + " NOKEY\n"
		cmd := w.start(t, "nsd-primary", find("nsd"), "-d", "-c", w.write(t, "stale.conf", conf))
		w.waitServed(t, host1Address, domain)
		return cmd
	}
	secondary := func(name string) *exec.Cmd {
		return w.startKnot(t, name, host3Address, map[string]string{domain: "    master: primary"},
			"remote:\n  - id: primary\n    address: "+host1Address+"\n    via: "+host3Address+"\n")
	}
	first := primary(before)
	second := secondary("secondary")
	stop(first)
	primary(healthy(domain, 2026112201))
	w.finds(t, domain, 1, "ns-split-answers", "s1._domainkey."+domain, "ns2.host.example")
	stop(second)
	secondary("secondary-again")
	w.isRight(t, domain)
}

// TestLameDelegation: one server refuses, one is silent, and one answers. Mail
// works, so nothing required is wrong; but it will not go on like this.
func TestLameDelegation(t *testing.T) {
	const domain = "lame.example"
	w := emptyWorld(t)
	lame := []string{"ns1.host.example", "ns4.host.example", "ns5.host.example"}
	w.startParents(t, delegation(domain, lame...))
	w.planFile(t, domain, aliasPlan)
	silent, err := net.ListenPacket("udp", host5Address+":53")
	check(t, err)
	w.serve(t, "good", host1Address, healthy(domain, 1, lame...))
	refusing := w.serve(t, "refusing", host4Address, healthy("other.example", 1))
	d := w.finds(t, domain, 0, "lame-delegation", "", "ns4.host.example")
	if found := strings.Join(findingsOf(d), "\n"); !strings.Contains(found, "ns5.host.example") || !strings.Contains(found, "REFUSED") {
		t.Errorf("found: %s", found)
	}
	check(t, silent.Close())
	stop(refusing)
	w.serve(t, "mended-4", host4Address, healthy(domain, 1, lame...))
	w.serve(t, "mended-5", host5Address, healthy(domain, 1, lame...))
	w.isRight(t, domain)
}

// TestServersFail: the zone is not there at any of its servers, which say
// SERVFAIL and REFUSED.
func TestServersFail(t *testing.T) {
	const domain = "dead.example"
	w := emptyWorld(t)
	w.startParents(t, delegation(domain, twoHosts...))
	w.planFile(t, domain, aliasPlan)
	programs := []*exec.Cmd{
		w.startNSD(t, "expired", []string{host1Address}, map[string]string{domain: w.path("not-there.zone")}),
		w.serve(t, "unpaid", host3Address, healthy("other.example", 1)),
	}
	w.finds(t, domain, 1, "zone-servfail", "", "SERVFAIL")
	for _, p := range programs {
		stop(p)
	}
	w.hosts(t, []domainZone{healthy(domain, 1)})
	w.isRight(t, domain)
}

// TestDelegationDiffers: the zone names other servers than its parent does.
func TestDelegationDiffers(t *testing.T) {
	const domain = "moved.example"
	w := emptyWorld(t)
	w.startParents(t, delegation(domain, twoHosts...))
	w.planFile(t, domain, aliasPlan)
	end := w.hosts(t, []domainZone{healthy(domain, 1, "ns1.host.example", "ns3.host.example")})
	w.finds(t, domain, 0, "ns-parent-child-mismatch", "", "ns3.host.example")
	end()
	w.hosts(t, []domainZone{healthy(domain, 2)})
	w.isRight(t, domain)
}

// TestNotRegistered: the registry has never heard of the domain. The trouble is with
// the domain itself, and that is said (E15).
func TestNotRegistered(t *testing.T) {
	const domain = "unheard.example"
	w := emptyWorld(t)
	w.startParents(t, "")
	w.planFile(t, domain, aliasPlan)
	w.finds(t, domain, 1, "domain-not-registered", "", domain)
}

// TestNobodyAnswers: when the root cannot be reached, nothing is known, and no
// record is said to be missing (P12).
func TestNobodyAnswers(t *testing.T) {
	w := emptyWorld(t)
	silent, err := net.ListenPacket("udp", host5Address+":53")
	check(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	file := w.planFile(t, "acme.example", aliasPlan)
	d := checked(t, "acme.example", "--plan", file, "--root", host5Address+":53")
	if d.exit != 3 || len(d.Findings) != 0 {
		t.Errorf("exit status %d:\n%s", d.exit, strings.Join(findingsOf(d), "\n"))
	}
}

// TestOneServerForEverything: --server asks one server as if it were
// authoritative for every zone.
func TestOneServerForEverything(t *testing.T) {
	const domain = "alone.example"
	w := emptyWorld(t)
	file := w.planFile(t, domain, textPlan())
	w.startNSD(t, "alone", []string{host1Address}, map[string]string{
		domain: w.write(t, "alone.zone", domainZone{domain: domain, serial: 1, records: zoneOf(textPlan(), map[string]string{
			"s1._domainkey TXT": "s1._domainkey TXT " + strconv.Quote(key("s2")[:200]),
		})}.String()),
	})
	w.waitServed(t, host1Address, domain)
	d := checked(t, domain, "--plan", file, "--server", host1Address+":53")
	if d.exit != 1 || d.record() != "s1._domainkey."+domain {
		t.Errorf("exit status %d, %s at %q:\n%s", d.exit, d.cause(), d.record(), strings.Join(findingsOf(d), "\n"))
	}
}

// TestUsage: a command line or a file that means nothing is exit status 64.
func TestUsage(t *testing.T) {
	w := emptyWorld(t)
	plan := w.planFile(t, "acme.example", aliasPlan)
	for name, args := range map[string][]string{
		"no plan there":                {"acme.example", "--plan", w.path("nothing.json")},
		"a plan that is none":          {"acme.example", "--plan", w.write(t, "junk", "{")},
		"a plan of another domain":     {"other.example", "--plan", plan},
		"no domain":                    {"--plan", plan},
		"a language that is not known": {"acme.example", "--plan", plan, "--lang", "de"},
		"a root without an address":    {"acme.example", "--plan", plan, "--root", "ns.host.example"},
		"an observation that is none":  {"acme.example", "--plan", plan, "--observation", w.write(t, "empty", "")},
	} {
		t.Run(name, func(t *testing.T) {
			if out, exit := runMyodai(t, append([]string{"check"}, args...)...); exit != 64 {
				t.Errorf("exit status %d, want 64\n%s", exit, out)
			}
		})
	}
}
