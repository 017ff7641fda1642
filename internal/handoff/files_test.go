package handoff_test

import (
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"go.yaml.in/yaml/v3"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/handoff"
	"github.com/myodai/myodai/internal/plan"
)

var shapes = []myodai.Shape{myodai.ShapeCNAME, myodai.ShapeTXT}

func TestFiles(t *testing.T) {
	if err := os.MkdirAll("testdata", 0o750); err != nil {
		t.Fatal(err)
	}
	for _, shape := range shapes {
		s := sheet(shape)
		golden(t, string(shape)+".zone", handoff.ZoneFile(s))
		golden(t, string(shape)+".octodns.yaml", handoff.OctoDNS(s))
		golden(t, string(shape)+".dnscontrol.js", handoff.DNSControl(s))
		golden(t, string(shape)+".csv", handoff.CSV(s, dnshost.Generic()))
		for _, p := range handoff.Providers {
			golden(t, string(shape)+"."+string(p)+".tf", handoff.Terraform(s, p))
		}
	}
	golden(t, "naughty.zone", handoff.ZoneFile(naughty()))
	golden(t, "naughty.octodns.yaml", handoff.OctoDNS(naughty()))
	golden(t, "naughty.dnscontrol.js", handoff.DNSControl(naughty()))
	golden(t, "naughty.csv", handoff.CSV(naughty(), dnshost.Generic()))
	for _, p := range handoff.Providers {
		golden(t, "naughty."+string(p)+".tf", handoff.Terraform(naughty(), p))
	}
}

// What a zone file says is what was planned, as another's parser reads it.
func TestZoneFileParsesBack(t *testing.T) {
	for _, s := range []handoff.Sheet{sheet(myodai.ShapeCNAME), sheet(myodai.ShapeTXT), naughty(), long(255), long(256), long(511), empty} {
		zone := handoff.ZoneFile(s)
		p := dns.NewZoneParser(strings.NewReader(zone), "elsewhere.example.", "")
		var got []string
		for rr, ok := p.Next(); ok; rr, ok = p.Next() {
			line := rr.Header().Name + " " + dns.TypeToString[rr.Header().Rrtype] + " "
			switch rr := rr.(type) {
			case *dns.TXT:
				for _, part := range rr.Txt {
					if n := len(myodai.UnescapeText(part)); n > 255 {
						t.Errorf("a string of %d octets", n)
					}
				}
				line += myodai.UnescapeText(strings.Join(rr.Txt, ""))
			case *dns.CNAME:
				line += strings.TrimSuffix(rr.Target, ".")
			case *dns.MX:
				line += "10 " + strings.TrimSuffix(rr.Mx, ".")
			}
			got = append(got, myodai.UnescapeText(line))
		}
		if err := p.Err(); err != nil {
			t.Errorf("%v in\n%s", err, zone)
		}
		var want []string
		for _, i := range s.Items {
			if i.Purpose != myodai.PurposeSPF {
				want = append(want, myodai.UnescapeText(string(i.Name)+". "+string(i.Type)+" "+i.Value))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("read back\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// empty is a sheet with an empty TXT value, which is one empty string.
var empty = handoff.Sheet{Zone: "acme.example", Items: []plan.Item{{Purpose: myodai.PurposeDMARC, Name: "a.acme.example", Type: myodai.TypeTXT}}}

// long is a sheet with a TXT value of n octets.
func long(n int) handoff.Sheet {
	return handoff.Sheet{Zone: "acme.example", Items: []plan.Item{{
		Purpose: myodai.PurposeDKIM, Name: "s1._domainkey.acme.example", Type: myodai.TypeTXT, Value: strings.Repeat("k", n-1) + `"`,
	}}}
}

// octoDNS reads ";" only escaped, and its own order.
func TestOctoDNSParsesBack(t *testing.T) {
	for _, shape := range shapes {
		var file map[string][]struct {
			TTL   int
			Type  string
			Value any
		}
		if err := yaml.Unmarshal([]byte(handoff.OctoDNS(sheet(shape))), &file); err != nil {
			t.Fatal(err)
		}
		for _, i := range sheet(shape).Items {
			if i.Purpose == myodai.PurposeSPF {
				continue
			}
			name := strings.TrimSuffix(string(i.Name), ".acme.example")
			n := slices.IndexFunc(file[name], func(r struct {
				TTL   int
				Type  string
				Value any
			}) bool {
				return r.Type == string(i.Type) && r.TTL == handoff.TTL
			})
			if n < 0 {
				t.Errorf("%s %s is not in the file", i.Name, i.Type)
				continue
			}
			switch value := file[name][n].Value.(type) {
			case string:
				if i.Type == myodai.TypeCNAME && value != i.Value+"." || i.Type == myodai.TypeTXT && strings.ReplaceAll(value, `\;`, ";") != i.Value {
					t.Errorf("%s %s = %q", i.Name, i.Type, value)
				}
			case map[string]any:
				if value["preference"] != 10 || value["exchange"] != strings.TrimPrefix(i.Value, "10 ")+"." {
					t.Errorf("%s MX = %v", i.Name, value)
				}
			}
		}
	}
}

func TestTerraformIsFormatted(t *testing.T) {
	terraform, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("needs terraform, which is not on the PATH")
	}
	dir := t.TempDir()
	for _, shape := range shapes {
		for _, p := range handoff.Providers {
			for name, s := range map[string]handoff.Sheet{string(shape): sheet(shape), "naughty": naughty()} {
				if err := os.WriteFile(filepath.Join(dir, name+"-"+string(p)+".tf"), []byte(handoff.Terraform(s, p)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	cmd := exec.CommandContext(t.Context(), terraform, "fmt", "-check", "-diff", "-no-color", dir) // #nosec G204 -- found by its name
	cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE=", "HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("terraform fmt: %v\n%s", err, out)
	}
}

func TestProviderAt(t *testing.T) {
	for id, want := range map[string]handoff.Provider{
		"cloudflare": handoff.ProviderCloudflare, "route53": handoff.ProviderRoute53,
		"google-cloud-dns": handoff.ProviderGoogle, "azure": handoff.ProviderAzure,
	} {
		if p, ok := handoff.ProviderAt(host(t, id).ID); !ok || p != want {
			t.Errorf("at %s it is %q", id, p)
		}
	}
	if p, ok := handoff.ProviderAt("onamae"); ok {
		t.Errorf("at onamae it is %q", p)
	}
}

// The host field is as the panel wants it (B8).
func TestCSVByHost(t *testing.T) {
	for _, tt := range []struct {
		host string
		zone myodai.Name
		want []string // host, priority, value of the bounce domain's MX record
	}{
		{"onamae", "acme.example", []string{"bounce-k7f3q9x2", "10", token + ".rp.plat.example"}},
		{"nifcloud", "acme.example", []string{"bounce-k7f3q9x2.acme.example", "", "10 " + token + ".rp.plat.example"}},
		{"value-domain", "acme.example", []string{"bounce-k7f3q9x2", "", "10 " + token + ".rp.plat.example."}},
		{"cloudflare", "example", []string{"bounce-k7f3q9x2.acme", "10", token + ".rp.plat.example"}},
	} {
		s := sheet(myodai.ShapeTXT)
		s.Zone = tt.zone
		rows, err := csv.NewReader(strings.NewReader(handoff.CSV(s, host(t, tt.host)))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != len(s.Items)+1 {
			t.Errorf("%s: %d rows for %d records", tt.host, len(rows), len(s.Items))
		}
		for _, row := range rows {
			if got := []string{row[0], row[2], row[3]}; row[1] == "MX" && !slices.Equal(got, tt.want) {
				t.Errorf("%s: %q, want %q", tt.host, got, tt.want)
			}
		}
	}
}

// No cell is a formula (T48).
func TestCSVHasNoFormulas(t *testing.T) {
	values := []string{
		`=HYPERLINK("http://evil.example")`, "+1", "-1", "@SUM(1)", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠1",
		"plain", "v=spf1 -all", "'=1", "",
	}
	s := handoff.Sheet{Zone: "acme.example"}
	for _, v := range values {
		s.Items = append(s.Items, plan.Item{Purpose: myodai.PurposeDMARC, Name: "acme.example", Type: myodai.TypeTXT, Value: v})
	}
	rows, err := csv.NewReader(strings.NewReader(handoff.CSV(s, dnshost.Generic()))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows[1:] {
		for _, cell := range row {
			if r := []rune(cell); len(r) > 0 && strings.ContainsRune("=+-@\t\r\n＝＋－＠", r[0]) {
				t.Errorf("the cell %q is a formula", cell)
			}
		}
		// A CR does not survive the table.
		if got, want := strings.TrimPrefix(row[3], "'"), strings.Trim(values[i], "\r'"); got != want || i < 11 && row[3][0] != '\'' {
			t.Errorf("%q became %q", values[i], row[3])
		}
		if row[0] != "'@" {
			t.Errorf("host = %q", row[0])
		}
	}
}

func TestOpenAndWhole(t *testing.T) {
	p := planned(domain("acme.example", myodai.ShapeTXT))
	check := func(i int, status myodai.RecordStatus, found ...string) myodai.RecordCheck {
		return myodai.RecordCheck{Name: p.Items[i].Name, Type: p.Items[i].Type, Purpose: p.Items[i].Purpose, Status: status, Found: found}
	}
	dmarc := slices.IndexFunc(p.Items, func(i plan.Item) bool { return i.Purpose == myodai.PurposeDMARC })
	ours := "TXT " + p.Items[dmarc].Value
	for _, tt := range []struct {
		name        string
		checks      []myodai.RecordCheck
		open, whole int
	}{
		{"never checked", nil, 7, 7},
		{"one is as planned (B15)", []myodai.RecordCheck{check(0, myodai.StatusAsPlanned)}, 6, 7},
		{"unknown and different are open", []myodai.RecordCheck{check(0, myodai.StatusUnknown), check(1, myodai.StatusDifferent)}, 7, 7},
		{"somebody else's DMARC record stays (C3)", []myodai.RecordCheck{check(dmarc, myodai.StatusAsPlanned, "TXT v=DMARC1; p=reject")}, 6, 6},
		{"ours is part of the whole", []myodai.RecordCheck{check(dmarc, myodai.StatusAsPlanned, ours)}, 6, 7},
		{"a check of another type is none", []myodai.RecordCheck{{Name: p.Items[0].Name, Type: "CNAME", Purpose: "dkim", Status: "as_planned"}}, 7, 7},
	} {
		if open, whole := len(handoff.Open(p, tt.checks)), len(handoff.Whole(p, tt.checks)); open != tt.open || whole != tt.whole {
			t.Errorf("%s: %d open, %d in all, want %d and %d", tt.name, open, whole, tt.open, tt.whole)
		}
	}
	if len(p.Items) != 7 {
		t.Error("the plan itself was changed")
	}
}

func TestEmptySheets(t *testing.T) {
	s := handoff.Sheet{Zone: "acme.example"}
	for _, p := range handoff.Providers {
		if got := handoff.Terraform(s, p); got != "" {
			t.Errorf("terraform: %q", got)
		}
	}
	if got := handoff.ZoneFile(s) + handoff.DNSControl(s); got != "" {
		t.Errorf("%q", got)
	}
}
