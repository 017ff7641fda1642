package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// TestDMARCEffect answers "what happens to my mail if I publish this", of none,
// quarantine and reject (A7).
func TestDMARCEffect(t *testing.T) {
	server := dnstest.Start(t, dnstest.Zones{"acme.example.": rightZone, "plat.example.": platZone, ".": "@ NS ns.\nns A 127.0.0.1\n"})
	plan := checkFile(t, "plan.json", acmePlan)
	ask := func(record string, args ...string) result {
		return command(t.Context(), nil, nil, append([]string{"dmarc", "effect", "acme.example", record, "--server", server.Addr(), "--plan", plan}, args...)...)
	}
	for name, tt := range map[string]struct {
		record string
		status int
		says   []string
	}{
		"refusing":         {"v=DMARC1; p=reject", exitOK, []string{"through us: it passes.", "and is refused (stricter than now).", "Mailing lists", "nobody learns"}},
		"a typing mistake": {"v=DMARC1, p=reject", exitToFix, []string{"This is no DMARC record", "v=DMARC1; p=reject"}},
		"a bad value":      {"v=DMARC1; p=none; adkim=strict", exitOK, []string{"No mail is handled more strictly", "adkim=strict"}},
	} {
		r := ask(tt.record)
		for _, want := range tt.says {
			if !strings.Contains(r.out, want) || r.status != tt.status {
				t.Errorf("%s: exit %d, lacks %q:\n%s%s", name, r.status, want, r.out, r.err)
			}
		}
	}
	if r := ask("v=DMARC1; p=reject", "--lang", "ja"); !strings.Contains(r.out, "受信を拒否されます（現在より厳しくなります）") {
		t.Errorf("in Japanese:\n%s", r.out)
	}
	var e api.DMARCEffect
	r := ask("v=DMARC1; p=quarantine", "--json")
	if err := json.Unmarshal([]byte(r.out), &e); err != nil || e.Asked != "quarantine" || len(e.Mail) != 4 || !e.Mail[3].Worse || e.Mail[0].After.Result != "pass" {
		t.Errorf("%v, %s", err, r.out)
	}
	if r := command(t.Context(), nil, nil, "dmarc", "effect", "acme.example"); r.status != exitUsage {
		t.Errorf("without a record = %d", r.status)
	}
}
