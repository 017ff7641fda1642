package main

import (
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// TestDomainCheckSaying: a check tells how far it is while it asks, and takes
// what DNS does not say: what the office's resolver shows, and that the records
// have been entered.
func TestDomainCheckSaying(t *testing.T) {
	s := startService(t, testConfig(t))
	var made newTenant
	s.must(&made, "tenant", "add", "Acme")
	s.key = made.Credential.Secret
	s.must(nil, "domain", "add", "acme.example")
	const head = "@ SOA ns.host.example. hostmaster 2026112201 3600 600 86400 1\n@ NS ns.host.example.\n"
	if err := s.host.Set("acme.example.", head); err != nil {
		t.Fatal(err)
	}
	office := dnstest.Start(t, dnstest.Zones{"acme.example.": head + s.cli("domain", "records", "acme.example", "--format", "zone").out})
	check := func(args ...string) result {
		return s.cli(append([]string{"domain", "check", "acme.example", "--wait", "0"}, args...)...)
	}
	r := check("--lang", "en")
	if !strings.Contains(r.err, " questions are answered") || !strings.Contains(r.out, "missing") || !strings.Contains(r.out, "docs/checks/record-missing.md") {
		t.Errorf("progress %q, answer\n%s", r.err, r.out)
	}
	if r := check("--lang", "ja"); !strings.Contains(r.err, "件の質問に回答がありました") {
		t.Errorf("progress in Japanese %q", r.err)
	}
	if r := check("--seen-from", office.Addr()); !strings.Contains(r.out, "docs/checks/records-in-private-zone.md") {
		t.Errorf("seen from the office:\n%s", r.out)
	}
	if r := check("--entered"); !strings.Contains(r.out, "docs/checks/panel-change-not-applied.md") {
		t.Errorf("entered:\n%s", r.out)
	}
	if r := check("--seen-from", "office"); r.status != exitUsage {
		t.Errorf("a resolver without an address = %d", r.status)
	}
}
