package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// emptyZone has nothing of the plan, and a serial that tells of changes.
const emptyZone = `
	@ SOA ns.acme.example. h 2026112201 3600 600 86400 60
	@ NS ns.acme.example.
	ns A 127.0.0.1
`

// causeOf reads the primary cause of a JSON answer.
func causeOf(t *testing.T, r result) string {
	t.Helper()
	var answer checkAnswer
	if err := json.Unmarshal([]byte(r.out), &answer); err != nil || answer.Primary == nil {
		t.Fatalf("%v: %s%s", err, r.out, r.err)
	}
	return string(answer.Primary.Cause)
}

// TestCheckWithEarlierObservations: a zone that is as it was before the records
// were entered was not saved; and a record that was there is lost.
func TestCheckWithEarlierObservations(t *testing.T) {
	plan, dir := checkFile(t, "plan.json", acmePlan), t.TempDir()
	before, now := filepath.Join(dir, "before.json"), filepath.Join(dir, "now.json")
	server := dnstest.Start(t, dnstest.Zones{"acme.example.": emptyZone, "plat.example.": platZone})
	run := func(args ...string) result {
		return command(t.Context(), nil, nil, append([]string{"check", "acme.example", "--plan", plan, "--json"}, args...)...)
	}
	ask := func(args ...string) result { return run(append(args, "--server", server.Addr())...) }
	if got := causeOf(t, ask("--save", before)); got != "record-missing" {
		t.Fatalf("before: %s", got)
	}
	if got := causeOf(t, ask("--earlier", before, "--entered", "1ns", "--save", now)); got != "panel-change-not-applied" {
		t.Errorf("not saved: %s", got)
	}
	if got := causeOf(t, run("--observation", now, "--earlier", before, "--entered", "1ns")); got != "panel-change-not-applied" {
		t.Errorf("replayed: %s", got)
	}
	if err := server.Set("acme.example.", rightZone); err != nil {
		t.Fatal(err)
	}
	right := filepath.Join(dir, "right.json")
	ask("--save", right)
	if err := server.Set("acme.example.", strings.Replace(rightZone, "s1._domainkey", "x", 1)); err != nil {
		t.Fatal(err)
	}
	if got := causeOf(t, ask("--earlier", before, "--earlier", right)); got != "record-removed-after-verification" {
		t.Errorf("removed: %s", got)
	}
	if got := causeOf(t, ask("--elsewhere", right)); got != "record-missing" {
		t.Errorf("elsewhere it is there: %s", got)
	}
}

// TestCheckSeenFrom: what the office's resolver shows and the Internet does not
// is in an internal zone. What was seen is saved.
func TestCheckSeenFrom(t *testing.T) {
	plan, saved := checkFile(t, "plan.json", acmePlan), filepath.Join(t.TempDir(), "seen.json")
	outside := dnstest.Start(t, dnstest.Zones{"acme.example.": emptyZone, "plat.example.": platZone})
	office := dnstest.Start(t, dnstest.Zones{"acme.example.": rightZone, "plat.example.": platZone})
	base := []string{"check", "acme.example", "--plan", plan, "--json"}
	r := command(t.Context(), nil, nil, append(base, "--server", outside.Addr(), "--seen-from", office.Addr(), "--save", saved)...)
	if got := causeOf(t, r); got != "records-in-private-zone" || r.status != exitToFix {
		t.Errorf("%s, exit %d", got, r.status)
	}
	if got := causeOf(t, command(t.Context(), nil, nil, append(base, "--observation", saved)...)); got != "records-in-private-zone" {
		t.Errorf("replayed: %s", got)
	}
}

// TestCheckAsksTheRegistry: a domain that its registry holds back is told from
// one that nobody has, also from the file alone.
func TestCheckAsksTheRegistry(t *testing.T) {
	plan, saved := checkFile(t, "plan.json", acmePlan), filepath.Join(t.TempDir(), "seen.json")
	space := dnstest.StartSpace(t, map[string]dnstest.Zones{
		"127.0.0.1": {".": "example. NS ns.example.\nns.example. A 127.0.0.2"},
		"127.0.0.2": {"example.": "@ NS ns\nns A 127.0.0.2\n"},
	})
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"objectClassName":"domain","ldhName":"acme.example","status":["client hold"]}`))
	}))
	defer registry.Close()
	base := []string{"check", "acme.example", "--plan", plan, "--json"}
	ask := append(base, "--root", space.Servers["127.0.0.1"].Addr())
	if got := causeOf(t, command(t.Context(), nil, nil, ask...)); got != "domain-not-registered" {
		t.Errorf("nobody asked: %s", got)
	}
	if got := causeOf(t, command(t.Context(), nil, nil, append(ask, "--rdap", registry.URL, "--save", saved)...)); got != "domain-on-hold" {
		t.Errorf("asked: %s", got)
	}
	if got := causeOf(t, command(t.Context(), nil, nil, append(base, "--observation", saved)...)); got != "domain-on-hold" {
		t.Errorf("replayed: %s", got)
	}
}

// TestWrongKnownFlags: what makes no sense is said, with the status of a usage
// error.
func TestWrongKnownFlags(t *testing.T) {
	plan := checkFile(t, "plan.json", acmePlan)
	other := checkFile(t, "other.json", `{"domain": "other.example"}`)
	for says, args := range map[string][]string{
		"--earlier":   {"--plan", plan, "--earlier", other},
		"--elsewhere": {"--plan", plan, "--elsewhere", filepath.Join(t.TempDir(), "nothing")},
		"--entered":   {"--plan", plan, "--entered", "yesterday"},
		"--seen-from": {"--seen-from", "127.0.0.1:53"},
		"--rdap":      {"--plan", plan, "--rdap", "rdap.example"},
	} {
		r := command(t.Context(), nil, nil, append([]string{"check", "acme.example"}, args...)...)
		if r.status != exitUsage || !strings.Contains(r.err, says) {
			t.Errorf("%v: exit %d, %s", args, r.status, r.err)
		}
	}
}

// TestCheckIsJapaneseThroughout: what is written beside the answer is, too.
func TestCheckIsJapaneseThroughout(t *testing.T) {
	r := checkAt(t, wrongZone, "--plan", checkFile(t, "plan.json", acmePlan), "--lang", "ja")
	if !strings.Contains(r.err, "問い合わせ1回目") || !strings.Contains(r.err, "修正が必要な項目があります") || strings.Contains(r.err, "round") || strings.Contains(r.err, "something to fix") {
		t.Errorf("%s", r.err)
	}
}
