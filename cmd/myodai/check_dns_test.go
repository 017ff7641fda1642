package main

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// acmePlan is a plan as people write it by hand: with and without final dots.
const acmePlan = `{"domain": "acme.example", "records": [
	{"purpose": "dkim", "selector": "s1", "name": "s1._domainkey.acme.example.", "type": "CNAME", "value": "s1.k7f3.dkim.plat.example.", "required": true},
	{"purpose": "return-path", "name": "bounce.acme.example", "type": "CNAME", "value": "k7f3.rp.plat.example", "required": true},
	{"purpose": "dmarc", "name": "_dmarc.acme.example.", "type": "TXT", "value": "v=DMARC1; p=none", "required": true}
]}`

const platZone = `
	@ NS ns.plat.example.
	ns A 127.0.0.1
	s1.k7f3.dkim TXT "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuEyFmgarZS7L6HcnE6NPksK2ZrEMsueE7H8FqMgvnK1Md/xmKxVTK27Q/a7w9mifILzqqvkL6VEvILR+lckT6X3vryMsmRDaUeD0EQnzj/32icg2Ig4zYjeJC582ICvnN8h0d/VHC9fc501VQkpwzQyh89vm" "aTfeGM4rtHTroZFTu23YghS1FbDd8t4skrYyIezoCoMLDOQyuPqfL6wo3LnpWH/lWEW9I2CkHq6RG+b3vS5PM1wq9qlG6BKAw/8woOAGeFYDSrOaTjDZy1DWkWR01q4LghZZ0YnqVy5W1aCViuA1a7vJNOSfaT4S4PgnFBeGjGDb8gGUROwgRh90OwIDAQAB"
	k7f3.rp A 192.0.2.25
	k7f3.rp MX 10 mail.plat.example.
	k7f3.rp TXT "v=spf1 ip4:192.0.2.25 -all"
	mail A 192.0.2.25
`

const rightZone = `
	@ NS ns.acme.example.
	ns A 127.0.0.1
	@ MX 10 mail
	mail A 192.0.2.80
	s1._domainkey CNAME s1.k7f3.dkim.plat.example.
	bounce CNAME k7f3.rp.plat.example.
	_dmarc TXT "v=DMARC1; p=none"
`

// wrongZone has one mistake: the panel added the zone to the key's name.
var wrongZone = strings.Replace(rightZone, "s1._domainkey CNAME", "s1._domainkey.acme.example CNAME", 1)

// checkFile writes a file for one test.
func checkFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// checkAt runs check against one server that knows both zones.
func checkAt(t *testing.T, acme string, args ...string) result {
	t.Helper()
	server := dnstest.Start(t, dnstest.Zones{"acme.example.": acme, "plat.example.": platZone})
	return command(t.Context(), nil, nil, append([]string{"check", "acme.example", "--server", server.Addr()}, args...)...)
}

func TestCheckNamesTheMistake(t *testing.T) {
	plan := checkFile(t, "plan.json", acmePlan)
	r := checkAt(t, wrongZone, "--plan", plan)
	if r.status != exitToFix {
		t.Errorf("status = %d %s%s", r.status, r.out, r.err)
	}
	for _, want := range []string{
		"acme.example: there is something to fix.",
		"1. [to fix] The domain is in the name twice",
		`The record was saved as "s1._domainkey.acme.example.acme.example"`,
		"s1._domainkey.acme.example[-.acme.example-]",
		"In the host (name) field, type: s1._domainkey\n",
		"docs/checks/name-suffix-duplicated.md",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	if strings.Contains(r.out, "\n2. [to fix]") {
		t.Errorf("one mistake makes more than one finding to fix:\n%s", r.out)
	}
	if !strings.Contains(r.err, "myodai: round 1: ") {
		t.Errorf("no progress is shown: %q", r.err)
	}
}

func TestCheckSpeaksJapanese(t *testing.T) {
	plan := checkFile(t, "plan.json", acmePlan)
	server := dnstest.Start(t, dnstest.Zones{"acme.example.": wrongZone, "plat.example.": platZone})
	for _, tt := range []struct {
		environ, args []string
	}{
		{nil, []string{"--lang", "ja"}},
		{[]string{"LANG=ja_JP.UTF-8"}, nil},
	} {
		args := append([]string{"check", "acme.example", "--server", server.Addr(), "--plan", plan}, tt.args...)
		r := command(t.Context(), nil, tt.environ, args...)
		if r.status != exitToFix || !strings.Contains(r.out, "修正が必要な項目があります。") || !strings.Contains(r.out, "ドメイン名の重複") {
			t.Errorf("%v %v = %d\n%s", tt.environ, tt.args, r.status, r.out)
		}
	}
}

func TestCheckOfARightDomain(t *testing.T) {
	r := checkAt(t, rightZone, "--plan", checkFile(t, "plan.json", acmePlan))
	if r.status != exitOK || !strings.Contains(r.out, "all required records are right") {
		t.Errorf("status = %d\n%s%s", r.status, r.out, r.err)
	}
	if strings.Contains(r.out, "[to fix]") || strings.Contains(r.out, "[will break]") {
		t.Errorf("a right domain has a finding:\n%s", r.out)
	}
}

// TestCheckOfADeadServer: what nobody answered is no evidence (P12).
func TestCheckOfADeadServer(t *testing.T) {
	plan := checkFile(t, "plan.json", acmePlan)
	server := dnstest.Start(t, dnstest.Zones{"acme.example.": rightZone, "plat.example.": platZone})
	server.Break("_domainkey.acme.example.", dnstest.ServFail)
	r := command(t.Context(), nil, nil, "check", "acme.example", "--server", server.Addr(), "--plan", plan, "--json")
	if r.status != exitUnknown {
		t.Errorf("status = %d\n%s%s", r.status, r.out, r.err)
	}
}

// TestCheckFromAnotherRoot walks a whole name space on loopback.
func TestCheckFromAnotherRoot(t *testing.T) {
	space := dnstest.StartSpace(t, map[string]dnstest.Zones{
		"127.0.0.1": {".": "example. NS ns.example.\nns.example. A 127.0.0.2"},
		"127.0.0.2": {"example.": `
			@ NS ns
			ns A 127.0.0.2
			acme NS ns.acme
			ns.acme A 127.0.0.3
			plat NS ns.plat
			ns.plat A 127.0.0.3`},
		"127.0.0.3": {"acme.example.": strings.Replace(rightZone, "ns A 127.0.0.1", "ns A 127.0.0.3", 1),
			"plat.example.": strings.Replace(platZone, "ns A 127.0.0.1", "ns A 127.0.0.3", 1)},
	})
	root := space.Servers["127.0.0.1"].Addr()
	r := command(t.Context(), nil, nil, "check", "acme.example", "--root", root, "--plan", checkFile(t, "plan.json", acmePlan), "--json")
	if r.status != exitOK {
		t.Errorf("status = %d\n%s%s", r.status, r.out, r.err)
	}
	if space.Count("s1._domainkey.acme.example.", "") == 0 {
		t.Error("the name servers of the domain were not asked")
	}
}

// TestCheckIsReplayed: the same answers give the same verdict, without asking.
func TestCheckIsReplayed(t *testing.T) {
	plan, saved := checkFile(t, "plan.json", acmePlan), filepath.Join(t.TempDir(), "seen.json")
	first := checkAt(t, wrongZone, "--plan", plan, "--save", saved, "--json")
	second := command(t.Context(), nil, nil, "check", "acme.example", "--plan", plan, "--observation", saved, "--json")
	if first.status != exitToFix || second.status != first.status || second.out != first.out {
		t.Errorf("first %d\n%s\nsecond %d %s\n%s", first.status, first.out, second.status, second.err, second.out)
	}
	if strings.Contains(second.err, "round") {
		t.Errorf("a replay asks: %s", second.err)
	}
}

// TestCheckAnswersPrograms fixes the shape of the JSON.
func TestCheckAnswersPrograms(t *testing.T) {
	r := checkAt(t, wrongZone, "--plan", checkFile(t, "plan.json", acmePlan), "--json")
	var answer struct {
		Domain, Status string
		Primary        struct{ Cause, Record, Severity string }
		Findings       []struct {
			Cause, Severity, Record, Purpose, Found, Expected string
			Message, Fix                                      struct{ En, Ja string }
		}
		CheckedAt string `json:"checked_at"`
	}
	if err := json.Unmarshal([]byte(r.out), &answer); err != nil {
		t.Fatalf("%v in %s", err, r.out)
	}
	if answer.Domain != "acme.example" || answer.Status != "fix" || answer.CheckedAt == "" {
		t.Errorf("answer = %+v", answer)
	}
	p := answer.Primary
	if p.Cause != "name-suffix-duplicated" || p.Record != "s1._domainkey.acme.example" || p.Severity != "blocks" {
		t.Errorf("primary = %+v", p)
	}
	f := answer.Findings[0]
	if f.Cause != p.Cause || f.Purpose != "dkim" || f.Found == "" || f.Message.En == "" || f.Message.Ja == "" ||
		!strings.Contains(f.Fix.En, "type: s1._domainkey\n") || !strings.Contains(f.Fix.Ja, "：s1._domainkey\n") {
		t.Errorf("finding = %+v", f)
	}
	for _, key := range []string{`"dns_host"`, `"visible_at"`} {
		if !strings.Contains(r.out, key) {
			t.Errorf("no %s in %s", key, r.out)
		}
	}
}

// TestCheckWithoutPlan reviews the domain as a sender.
func TestCheckWithoutPlan(t *testing.T) {
	zone := rightZone + `
	@ TXT "v=spf1 mx ~all"
	@ TXT "v=spf1 include:_spf.plat.example -all"
	google._domainkey TXT "v=DKIM1; k=rsa; p="
`
	r := checkAt(t, zone, "--json")
	if r.status != exitToFix {
		t.Errorf("status = %d\n%s%s", r.status, r.out, r.err)
	}
	for _, cause := range []string{"spf-multiple-records", "dkim-revoked"} {
		if !strings.Contains(r.out, `"cause": "`+cause+`"`) {
			t.Errorf("no %s in %s", cause, r.out)
		}
	}
	if strings.Contains(r.out, `"cause": "record-missing"`) {
		t.Errorf("a review misses what nobody planned: %s", r.out)
	}
	if r := checkAt(t, rightZone+"\n\t@ TXT \"v=spf1 mx ~all\"\n"); r.status != exitOK ||
		!strings.Contains(r.out, "nothing is wrong") || !strings.Contains(r.out, "acme.example  TXT v=spf1 mx ~all\n") {
		t.Errorf("status = %d\n%s", r.status, r.out)
	}
}

func TestCheckUsage(t *testing.T) {
	plan := checkFile(t, "plan.json", acmePlan)
	empty := checkFile(t, "empty.json", `{"domain":"acme.example","records":[]}`)
	broken := checkFile(t, "broken.json", `{"domain":`)
	other := checkFile(t, "other.json", strings.Replace(acmePlan, `"domain": "acme.example"`, `"domain": "other.example"`, 1))
	seen := checkFile(t, "seen.json", `{"domain":"other.example"}`)
	record := func(fields string) string {
		return checkFile(t, "record.json", `{"domain":"acme.example","records":[{`+fields+`}]}`)
	}
	for _, tt := range []struct {
		name string
		args []string
		says string
	}{
		{"no domain", nil, "accepts 1 arg"},
		{"no domain name", []string{"not a domain"}, ""},
		{"a language nobody speaks", []string{"acme.example", "--lang", "fr"}, "en and ja"},
		{"a server that is no address", []string{"acme.example", "--server", "dns.example"}, "--server"},
		{"a root that is no address", []string{"acme.example", "--root", "127.0.0.1:x"}, "--root"},
		{"two places to ask", []string{"acme.example", "--root", "127.0.0.1:1", "--server", "127.0.0.1:1"}, "root"},
		{"no such plan", []string{"acme.example", "--plan", "/nonexistent"}, "--plan"},
		{"a plan without records", []string{"acme.example", "--plan", empty}, "no records"},
		{"a plan that is no JSON", []string{"acme.example", "--plan", broken}, "JSON"},
		{"a plan for another domain", []string{"acme.example", "--plan", other}, "not for acme.example"},
		{"an observation of another domain", []string{"acme.example", "--plan", plan, "--observation", seen}, "not about acme.example"},
		{"an unknown purpose", []string{"acme.example", "--plan", record(`"purpose":"x","name":"a.example","type":"TXT","value":"v"`)}, "purpose"},
		{"an unknown type", []string{"acme.example", "--plan", record(`"purpose":"dkim","name":"a.example","type":"SRV","value":"v"`)}, "type"},
		{"no name", []string{"acme.example", "--plan", record(`"purpose":"dkim","type":"TXT","value":"v"`)}, "name"},
		{"no value", []string{"acme.example", "--plan", record(`"purpose":"dkim","name":"a.example","type":"TXT"`)}, "value"},
		{"an MX without priority", []string{"acme.example", "--plan", record(`"purpose":"return-path","name":"a.example","type":"MX","value":"m.example"`)}, "priority"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := command(t.Context(), nil, nil, append([]string{"check"}, tt.args...)...)
			if r.status != exitUsage || !strings.Contains(r.err, tt.says) {
				t.Errorf("status = %d %q, want 64 with %q", r.status, r.err, tt.says)
			}
		})
	}
}

// TestCheckThatOnlyWaits replays what public resolvers still remembered of a
// record that is right by now.
func TestCheckThatOnlyWaits(t *testing.T) {
	cases := filepath.Join("..", "..", "internal", "diagnose", "testdata")
	packed, err := os.Open(filepath.Join(cases, "negative-cache-pending", "observation.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct{ Now json.RawMessage }
	if err := json.NewDecoder(unpacked).Decode(&recorded); err != nil {
		t.Fatal(err)
	}
	seen := checkFile(t, "seen.json", string(recorded.Now))
	args := []string{"check", "kaisha.example", "--plan", filepath.Join(cases, "_plans", "aliases.json"), "--observation", seen}
	r := command(t.Context(), nil, nil, append(args, "--json")...)
	if r.status != exitWaiting || !strings.Contains(r.out, `"status": "waiting"`) || !strings.Contains(r.out, `"visible_at": "2026-11-22T05:13:37Z"`) {
		t.Errorf("status = %d\n%s%s", r.status, r.out, r.err)
	}
	if r := command(t.Context(), nil, nil, append(args, "--lang", "ja")...); r.status != exitWaiting || !strings.Contains(r.out, "反映をお待ちください。") {
		t.Errorf("status = %d\n%s%s", r.status, r.out, r.err)
	}
}
