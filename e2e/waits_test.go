package e2e

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// startPublicResolvers runs Unbound at each address of the public resolvers that
// a check without --root asks, with more configuration lines.
func (w *world) startPublicResolvers(t *testing.T, more string) {
	t.Helper()
	for _, address := range publicResolvers {
		w.startResolver(t, address, more)
	}
}

// startResolver runs Unbound at an address.
func (w *world) startResolver(t *testing.T, address, more string) {
	t.Helper()
	hints := w.write(t, address+".hints", ". NS ns.root.\nns.root. A "+realRoots[0]+"\n")
	conf := w.write(t, address+".conf", `server:
  username: ""
  chroot: ""
  pidfile: ""
  directory: "`+w.dir+`"
  use-syslog: no
  do-ip6: no
  num-threads: 1
  interface: `+address+`
  access-control: 0.0.0.0/0 allow
  root-hints: "`+hints+`"
  ede: yes
`+more+`remote-control:
  control-enable: no
`)
	w.start(t, "public-resolver-"+address, find("unbound"), "-d", "-d", "-p", "-c", conf)
	waitTCP(t, address+":53")
}

// looksUp asks a public resolver, as somebody curious does too early.
func looksUp(t *testing.T, resolver, name, qtype string) time.Time {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "dig", "+time=5", "+tries=1", "@"+resolver, name, qtype).CombinedOutput(); err != nil {
		t.Fatalf("dig %s %s: %v\n%s", name, qtype, err, out)
	}
	return time.Now()
}

// TestWaits: all is entered right, and a resolver still remembers that it was
// not there, or what was there before. The check says until when, and is right
// (A19, B10, E19).
func TestWaits(t *testing.T) {
	const early, changed = "early.example", "changed.example"
	const remembered = 20 // seconds, as the zones say
	w := emptyWorld(t)
	w.startParents(t, delegation(early, twoHosts...)+delegation(changed, twoHosts...))
	w.planFile(t, early, aliasPlan)
	w.planFile(t, changed, trackingPlan)
	w.startPublicResolvers(t, "  module-config: \"iterator\"\n  qname-minimisation: no\n")
	zones := func(serial int, instead map[string]string) []domainZone {
		list := []domainZone{
			{domain: early, serial: serial, records: zoneOf(aliasPlan, instead)},
			{domain: changed, serial: serial, records: zoneOf(trackingPlan, instead)},
		}
		for i := range list {
			list[i].ttl = remembered
		}
		return list
	}
	end := w.hosts(t, zones(1, map[string]string{back: "", click: "click CNAME old.esp.example."}))
	asked := map[string]time.Time{
		early:   looksUp(t, publicResolvers[0], "bounce."+early, "MX"),
		changed: looksUp(t, publicResolvers[1], "click."+changed, "A"),
	}
	end()
	w.hosts(t, zones(2, nil))
	for domain, want := range map[string]struct{ cause, record, says string }{
		early:   {"negative-cache-pending", "bounce." + early, publicResolvers[0]},
		changed: {"old-value-cached", "click." + changed, "old.esp.example"},
	} {
		t.Run(want.cause, func(t *testing.T) {
			w.waits(t, domain, want.cause, want.record, want.says, asked[domain].Add(remembered*time.Second))
		})
	}
	for domain, at := range asked {
		<-time.After(time.Until(at.Add((remembered + 6) * time.Second)))
		d := checked(t, domain, "--plan", w.path(domain+".plan.json"))
		if d.exit != 0 || len(d.Findings) > 0 {
			t.Errorf("%s, after the wait: exit status %d\n%s", domain, d.exit, strings.Join(findingsOf(d), "\n"))
		}
	}
}

// waits checks a domain without --root, for which there is nothing to do but
// wait, until about the given moment.
func (w *world) waits(t *testing.T, domain, cause, record, says string, until time.Time) {
	t.Helper()
	saved := w.path(domain + ".observation.json")
	plan := []string{"--plan", w.path(domain + ".plan.json")}
	d := checked(t, domain, append(plan, "--save", saved)...)
	if d.exit != 2 || d.Status != "waiting" || d.cause() != cause || d.record() != record {
		t.Errorf("exit status %d, %s, %s at %q, want 2, waiting, %s at %q\n%s",
			d.exit, d.Status, d.cause(), d.record(), cause, record, strings.Join(findingsOf(d), "\n"))
	}
	// It adds some seconds, so as never to promise too much.
	if late := d.VisibleAt.Sub(until); late < -time.Second || late > 8*time.Second {
		t.Errorf("visible at %v, which is %v after the resolver forgets", d.VisibleAt, late)
	}
	d.replays(t, saved, plan...)
	d.tells(t, says, append(plan, "--observation", saved)...)
	out, _ := checkCommand(t, domain, append(plan, "--observation", saved)...)
	if clock := d.VisibleAt.UTC().Format("15:04"); !strings.Contains(out, clock) {
		t.Errorf("the moment %s is not told:\n%s", clock, out)
	}
}

// TestAHealthyDomainByTheRealRoot is what somebody without any flag but the plan
// sees. What public resolvers say counts.
func TestAHealthyDomainByTheRealRoot(t *testing.T) {
	const domain = "well.example"
	w := emptyWorld(t)
	w.startParents(t, delegation(domain, twoHosts...))
	w.startPublicResolvers(t, "  module-config: \"iterator\"\n")
	plan := w.planFile(t, domain, aliasPlan)
	w.hosts(t, []domainZone{healthy(domain, 1)})
	d := checked(t, domain, "--plan", plan)
	if d.exit != 0 || len(d.Findings) > 0 {
		t.Errorf("exit status %d\n%s", d.exit, strings.Join(findingsOf(d), "\n"))
	}
	if review := checked(t, domain); review.exit > 1 {
		t.Errorf("a review: exit status %d\n%s", review.exit, strings.Join(findingsOf(review), "\n"))
	}
	out, exit := checkCommand(t, domain, "--plan", plan)
	if exit != 0 || !strings.Contains(out, domain) {
		t.Errorf("exit status %d:\n%s", exit, out)
	}
}
