package main

import (
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
)

// A mistake, as the command line tells it: named once, with what to type, in the
// reader's language; and found again in the history after it was mended.
func TestDomainCheckExplains(t *testing.T) {
	s := startService(t, testConfig(t))
	var made newTenant
	s.must(&made, "tenant", "add", "Acme")
	s.key = made.Credential.Secret
	s.must(nil, "domain", "add", "acme.example")
	if r := s.cli("domain", "history", "acme.example", "--at", "2001-01-01"); r.status != exitRefused || !strings.Contains(r.err, "had not been checked by then") {
		t.Errorf("history before there was one = %d %s%s", r.status, r.out, r.err)
	}
	lines := s.cli("domain", "records", "acme.example", "--format", "zone").out
	zone := "@ SOA ns.host.example. hostmaster 1 3600 600 86400 1\n@ NS ns.host.example.\n"
	if err := s.host.Set("acme.example.", zone+strings.ReplaceAll(lines, ".acme.example. ", ".acme.example.acme.example. ")); err != nil {
		t.Fatal(err)
	}
	r := s.cli("domain", "check", "acme.example", "--wait", "0", "--lang", "en")
	for _, want := range []string{"[to fix] ", "What to do:\n  1) ", "._domainkey\n", "docs/checks/name-suffix-duplicated.md"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("the check lacks %q:\n%s", want, r.out)
		}
	}
	if n := strings.Count(r.out, "What to do:"); n != 1 || r.status != exitRefused {
		t.Errorf("%d causes are told of, status %d", n, r.status)
	}
	if r := s.cli("domain", "check", "acme.example", "--wait", "0", "--lang", "ja"); !strings.Contains(r.out, "[要修正] ") || !strings.Contains(r.out, "対応方法：") {
		t.Errorf("in Japanese:\n%s", r.out)
	}
	if r := s.cli("domain", "check", "acme.example", "--lang", "tlh"); r.status != exitUsage {
		t.Errorf("an unknown language = %d", r.status)
	}

	broken := time.Now()
	s.publish("acme.example")
	s.must(nil, "domain", "check", "acme.example")
	var list items[api.Check]
	s.must(&list, "domain", "history", "acme.example")
	if len(list.Items) < 3 || list.Items[0].Verdict != myodai.VerdictProved {
		t.Errorf("history %+v", list.Items)
	}
	if r := s.cli("domain", "history", "acme.example"); !strings.Contains(r.out, "disproved  name-suffix-duplicated") || !strings.Contains(r.out, "proved") {
		t.Errorf("history:\n%s", r.out)
	}
	var then api.CheckWithObservation
	s.must(&then, "domain", "history", "acme.example", "--at", broken.Format(time.RFC3339Nano))
	if then.Verdict != myodai.VerdictDisproved || len(then.Findings) == 0 || then.Findings[0].Cause != "name-suffix-duplicated" || len(then.Observation.Answers) == 0 {
		t.Errorf("at that time: %+v", then.Check)
	}
	if r := s.cli("domain", "history", "acme.example", "--at", time.Now().Format(time.DateOnly)); r.status != exitOK || !strings.Contains(r.out, "as_planned") {
		t.Errorf("on this day = %d\n%s%s", r.status, r.out, r.err)
	}
	if r := s.cli("domain", "history", "acme.example", "--at", "yesterday"); r.status != exitUsage {
		t.Errorf("a time that is none = %d", r.status)
	}
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2026-11-03":                time.Date(2026, 11, 4, 0, 0, 0, 0, time.Local).Add(-time.Microsecond),
		"2026-11-03 14:05":          time.Date(2026, 11, 3, 14, 5, 0, 0, time.Local),
		"2026-11-03 14:05:06":       time.Date(2026, 11, 3, 14, 5, 6, 0, time.Local),
		"2026-11-03T14:05:06+09:00": time.Date(2026, 11, 3, 5, 5, 6, 0, time.UTC),
	} {
		if got, err := parseTime(text); err != nil || !got.Equal(want) {
			t.Errorf("%s = %s, %v; want %s", text, got, err, want)
		}
	}
}
