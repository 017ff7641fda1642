package e2e

import (
	"os/exec"
	"strings"
	"testing"
)

// TestBogusDNSSEC: a zone signed by Knot below a signed parent, seen through an
// Unbound that validates from a trust anchor for the parent. The parent's DS
// record is right, of the same key with a wrong digest, and of another key, as a
// change of the DNS host leaves it behind.
func TestBogusDNSSEC(t *testing.T) {
	const domain = "signed.example"
	w := emptyWorld(t)
	w.startPlatformZone(t)
	plan := w.planFile(t, domain, aliasPlan)
	signed := map[string]string{domain: "    dnssec-signing: on\n    file: " + w.write(t, "signed.zone", healthy(domain, 1, "ns2.host.example").String())}
	w.startKnot(t, "signed", host3Address, signed, "")
	ds := w.ds(t, "signed", domain)
	tag, rest, _ := strings.Cut(ds, " ")
	broken := ds[:len(ds)-8] + "00000000"
	former := "4711 " + rest
	if tag == "4711" {
		former = "4712 " + rest
	}

	t.Run("right", func(t *testing.T) {
		w.signedParents(t, domain, ds)
		d := checked(t, domain, "--plan", plan)
		if d.exit != 0 || len(d.Findings) > 0 {
			t.Errorf("exit status %d\n%s", d.exit, strings.Join(findingsOf(d), "\n"))
		}
	})
	t.Run("a digest that fits no key, which only validation shows", func(t *testing.T) {
		w.signedParents(t, domain, broken)
		w.isBogus(t, domain, nil)
	})
	t.Run("a key of the host before", func(t *testing.T) {
		w.signedParents(t, domain, former)
		w.isBogus(t, domain, nil)
	})
	t.Run("a key of the host before, without any resolver", func(t *testing.T) {
		w.signedParents(t, domain, former)
		w.isBogus(t, domain, []string{"--root", rootAddress + ":53"})
	})
}

func (w *world) isBogus(t *testing.T, domain string, how []string) {
	t.Helper()
	saved := w.path(domain + ".observation.json")
	plan := []string{"--plan", w.path(domain + ".plan.json")}
	d := checked(t, domain, append(append(plan, "--save", saved), how...)...)
	if d.exit != 1 || d.cause() != "dnssec-bogus" || d.record() != "" {
		t.Errorf("exit status %d, %s at %q\n%s", d.exit, d.cause(), d.record(), strings.Join(findingsOf(d), "\n"))
		t.Logf("%s", d.raw)
	}
	d.replays(t, saved, plan...)
	d.tells(t, "DNSSEC", append(plan, "--observation", saved)...)
}

// signedParents serves the root and the signed zone example, with the given DS
// record of the domain, and resolvers that validate, until the test ends.
func (w *world) signedParents(t *testing.T, domain, ds string) {
	t.Helper()
	zone := exampleZone(delegation(domain, "ns2.host.example") + domain + ". DS " + ds + "\n")
	top := zoneHead(".", 1, 60, []string{"ns.host.example"}) + "example. NS ns.host.example.\nns.host.example. A " + rootAddress + "\n"
	zones := map[string]string{
		".":       "    file: " + w.write(t, "top.zone", top),
		"example": "    dnssec-signing: on\n    file: " + w.write(t, "example.zone", zone),
	}
	w.startKnot(t, "parents", rootAddress, zones, "")
	anchor := w.ds(t, "parents", "example")
	w.startPublicResolvers(t, "  module-config: \"validator iterator\"\n  trust-anchor: \"example. DS "+anchor+"\"\n")
}

// ds is the DS record with which the zone that Knot signs wants to be delegated.
func (w *world) ds(t *testing.T, name, zone string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), find("keymgr"), "-c", w.path("knot-"+name+"/knot.conf"), zone, "ds").Output()
	check(t, err)
	for line := range strings.Lines(string(out)) {
		if _, data, ok := strings.Cut(line, " DS "); ok && strings.Contains(data, " 13 2 ") {
			return strings.TrimSpace(data)
		}
	}
	t.Fatalf("no DS record for %s: %s", zone, out)
	return ""
}
