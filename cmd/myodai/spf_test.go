package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/diagnose"
)

// TestDomainSPF: the SPF record that is there is edited, not doubled, and what
// only its owner knows is asked (C11–C15).
func TestDomainSPF(t *testing.T) {
	s := startService(t, testConfig(t))
	var made newTenant
	s.must(&made, "tenant", "add", "Acme")
	s.key = made.Credential.Secret
	s.must(nil, "domain", "add", "acme.example", "--root-spf")
	if r := s.cli("domain", "spf", "acme.example"); r.status != exitRefused || !strings.Contains(r.err, "check the domain first") {
		t.Errorf("before a check = %d %s", r.status, r.err)
	}
	set := func(records string) {
		t.Helper()
		if err := s.host.Set("acme.example.", "@ SOA ns.host.example. hostmaster 1 3600 600 86400 1\n@ NS ns.host.example.\n"+records); err != nil {
			t.Fatal(err)
		}
		s.cli("domain", "check", "acme.example", "--wait", "0")
	}
	set("@ TXT \"v=spf1 ip4:192.0.2.1 -all\"\n")
	r := s.cli("domain", "records", "acme.example", "--lang", "en")
	for _, want := range []string{"  - v=spf1 ip4:192.0.2.1 -all\n", "  + v=spf1 ip4:192.0.2.1 include:", " -all\n", "    @  TXT  v=spf1", "do not add a second one"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("records lack %q:\n%s", want, r.out)
		}
	}
	if r := s.cli("domain", "records", "acme.example", "--lang", "ja"); !strings.Contains(r.out, "既存のTXTレコードを編集します") {
		t.Errorf("in Japanese:\n%s", r.out)
	}
	set("@ MX 10 aspmx.l.google.com.\n")
	if r := s.cli("domain", "spf", "acme.example", "--lang", "en"); !strings.Contains(r.out, "include:_spf.google.com (--yes senders)") || strings.Contains(r.out, "+ v=spf1 include:_spf.google.com") {
		t.Errorf("who else sends is not asked:\n%s", r.out)
	}
	var answered api.Record
	s.must(&answered, "domain", "spf", "acme.example", "--sender", "ip4:192.0.2.7", "--yes", "complete")
	if e := answered.Edit; e == nil || !strings.HasPrefix(e.New, "v=spf1 ip4:192.0.2.7 include:") || !strings.HasSuffix(e.New, " -all") || answered.Entry == nil || answered.Entry.Value != e.New {
		t.Errorf("answered: %+v, %+v", answered.Edit, answered.Entry)
	}
	if r := s.cli("domain", "spf", "acme.example", "--sender", "everybody"); r.status != exitRefused {
		t.Errorf("a term that is none = %d", r.status)
	}
}

// TestRecordsTellOfTheHost: what a DNS host does not take is said with the
// command that switches to what it does.
func TestRecordsTellOfTheHost(t *testing.T) {
	var out bytes.Buffer
	c := &cli{out: &out}
	c.writeHints("acme.example", nil, []api.Warning{{
		ID: "underscore-name", Record: "s1._domainkey.acme.example", Shape: "txt",
		Message: api.Texts{English: "Your host takes no underscore; switch.", Japanese: "アンダースコアを使えません。"},
	}}, diagnose.Japanese)
	want := "注意: s1._domainkey.acme.example アンダースコアを使えません。\n  myodai domain shape acme.example txt --record s1._domainkey.acme.example\n"
	if out.String() != want {
		t.Errorf("%s", out.String())
	}
}
