package diagnose

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/plan"
)

func init() {
	if flag.Lookup("update") == nil {
		flag.Bool("update", false, "write what the tests compare with anew")
	}
}

// updating reports whether files are written instead of compared.
func updating() bool { return flag.Lookup("update").Value.String() == "true" }

// sampled is the sample of a cause as a finding, with its context.
func (e textEntry) sampled(lang Lang) (myodai.Finding, Context) {
	s := e.Sample
	info, _ := About(e.ID)
	args := map[string]string{"org": string(s.Org)}
	for p, value := range s.Args {
		args[p] = value
		if argument, ok := e.Args[p]; ok {
			args[argument] = value
		}
	}
	if s.DNSHost != "" {
		args["dnshost"] = s.DNSHost
	}
	f := myodai.Finding{
		Cause: e.ID, Severity: info.Severity, Primary: true, Record: s.Name, Purpose: s.Purpose,
		Found: s.Found, Expected: s.Expected, Args: args,
	}
	return f, Context{
		Lang: lang, Host: dnshost.Generic(), Domain: s.Domain, Zone: s.Zone, Location: time.UTC,
		Item: plan.Item{Name: s.Name, Type: s.Type, Value: s.Value, Purpose: s.Purpose, Required: true},
	}
}

// all is everything a text says.
func (t Text) all() string {
	return strings.Join(append(append([]string{t.Title, t.Message, t.Diff, t.Why}, t.Details...), t.Steps...), "\n")
}

func TestEverySampleRenders(t *testing.T) {
	for _, e := range allTexts {
		for _, lang := range languages {
			f, c := e.sampled(lang)
			checkText(t, e, lang, Explain(f, c))
			// The same finding with nothing known but its id.
			checkText(t, e, lang, Explain(myodai.Finding{Cause: e.ID}, Context{Lang: lang}))
		}
	}
}

func checkText(t *testing.T, e textEntry, lang Lang, text Text) {
	t.Helper()
	all := text.all()
	if text.Title == "" || text.Message == "" || len(text.Steps) == 0 || text.Why == "" {
		t.Errorf("%s %s: incomplete: %+v", e.ID, lang, text)
	}
	if m := braced.FindString(all); m != "" {
		t.Errorf("%s %s: %s is left in %q", e.ID, lang, m, all)
	}
	if strings.Contains(all, "%!") || strings.Contains(all, `""`) || strings.Contains(all, "「」") || strings.Contains(all, "()") {
		t.Errorf("%s %s: something is missing in %q", e.ID, lang, all)
	}
	if text.Page != "docs/checks/"+string(e.ID)+".md" {
		t.Errorf("%s %s: page = %q", e.ID, lang, text.Page)
	}
}

// TestExplainGolden fixes whole texts as people see them.
func TestExplainGolden(t *testing.T) {
	xserver, ok := dnshost.ByID("xserver")
	if !ok {
		t.Fatal("no DNS host xserver")
	}
	at := time.Date(2026, 11, 22, 4, 52, 0, 0, time.UTC)
	tokyo := time.FixedZone("JST", 9*3600)
	for _, id := range []myodai.Cause{
		NameSuffixDuplicated, CNAMETargetTypo, CNAMEEnteredAsTXT, CNAMEAtApex, PlatformTargetMissing, RecordMissing,
		DKIMTXTTruncated255, SPFMultipleRecords, SPFDashLookalike, ReturnpathReplacedApexMX, DMARCInvalidP, LameDelegation,
		NegativeCachePending,
	} {
		e := textOf[id]
		for _, lang := range languages {
			t.Run(string(id)+"."+string(lang), func(t *testing.T) {
				f, c := e.sampled(lang)
				c.Host, c.Location = xserver, tokyo
				if f.Severity == myodai.SeverityWait {
					f.VisibleAt = at.Add(13 * time.Minute)
					delete(f.Args, "eta")
				}
				c.Answers = []myodai.Answer{{
					Question: myodai.Question{Name: e.Sample.Name, Type: e.Sample.Type},
					Server:   "ns1.host.example", Address: "192.0.2.53:53", Transport: myodai.TransportUDP, Zone: e.Sample.Zone,
					RCode: "NXDOMAIN", Authoritative: true, At: at,
					Authority: []myodai.Record{{Name: e.Sample.Zone, Type: myodai.TypeSOA}},
				}}
				got := render(Explain(f, c))
				path := filepath.Join("testdata", "explain", string(id)+"."+string(lang)+".txt")
				compare(t, path, got)
			})
		}
	}
}

// render writes a text as a terminal shows it.
func render(text Text) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n\n", text.Title, text.Message)
	for _, detail := range text.Details {
		fmt.Fprintf(&b, "  %s\n", detail)
	}
	if text.Diff != "" {
		fmt.Fprintf(&b, "\n  %s\n", text.Diff)
	}
	b.WriteString("\n")
	for i, step := range text.Steps {
		fmt.Fprintf(&b, "%d. %s\n", i+1, step)
	}
	fmt.Fprintf(&b, "\n%s\n\n%s\n", text.Why, text.Page)
	return b.String()
}

// compare compares with a file, or writes it with -update.
func compare(t *testing.T, path, got string) {
	t.Helper()
	if updating() {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run the test with -update to see how. Got:\n%s", path, got)
	}
}

// TestStrangersCannotSpeak shows that what stands in DNS cannot pose as a
// placeholder, move the cursor of a terminal or fill the page (T36).
func TestStrangersCannotSpeak(t *testing.T) {
	f := myodai.Finding{
		Cause: CNAMETargetTypo, Record: "bounce.acme.example",
		Found:    "{want}\x1b[2J\u202e\u200b" + strings.Repeat("x", 100_000),
		Expected: "rp.k7f3.plat.example",
	}
	for _, lang := range languages {
		text := Explain(f, Context{Lang: lang})
		all := text.all()
		if !strings.Contains(text.Message, "{want}<U+001B>[2J<U+202E><U+200B>") {
			t.Errorf("%s: message = %q", lang, text.Message)
		}
		for _, r := range all {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%s: %U in the text", lang, r)
			}
		}
		if len(all) > 8192 {
			t.Errorf("%s: the text has %d octets", lang, len(all))
		}
	}
}

// TestValuesAreRenderedForThePanel: what to type is the form this host wants (A20).
func TestValuesAreRenderedForThePanel(t *testing.T) {
	item := plan.Item{
		Purpose: myodai.PurposeDKIM, Selector: "s1", Name: "s1._domainkey.acme.example", Type: myodai.TypeCNAME,
		Value: "s1.k7f3.dkim.plat.example",
	}
	f := myodai.Finding{Cause: RecordMissing, Record: item.Name, Purpose: item.Purpose, Expected: item.Value}
	for _, tt := range []struct {
		name  string
		panel dnshost.Panel
		want  []string
	}{
		{"relative, no dot", dnshost.Panel{
			Host:     dnshost.Fact[dnshost.HostForm]{Value: dnshost.HostRelative, Certainty: dnshost.Seen},
			FinalDot: dnshost.Fact[dnshost.Need]{Value: dnshost.MustNot, Certainty: dnshost.Seen},
		}, []string{"type: s1._domainkey\n", "type: s1.k7f3.dkim.plat.example\n"}},
		{"absolute, final dot", dnshost.Panel{
			Host:     dnshost.Fact[dnshost.HostForm]{Value: dnshost.HostAbsolute, Certainty: dnshost.Seen},
			FinalDot: dnshost.Fact[dnshost.Need]{Value: dnshost.Must, Certainty: dnshost.Seen},
		}, []string{"type: s1._domainkey.acme.example.\n", "type: s1.k7f3.dkim.plat.example.\n"}},
		{"not known", dnshost.Panel{}, []string{"type: s1._domainkey\n", "name s1._domainkey.acme.example and the value s1.k7f3.dkim.plat.example."}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := Explain(f, Context{Host: dnshost.Host{ID: "h", Panel: tt.panel}, Zone: "acme.example", Item: item})
			steps := strings.Join(text.Steps, "\n") + "\n"
			for _, want := range tt.want {
				if !strings.Contains(steps, want) {
					t.Errorf("no %q in\n%s", want, steps)
				}
			}
		})
	}
}

// TestDNSHostIsNamedInTheReadersLanguage: the finding brings both names.
func TestDNSHostIsNamedInTheReadersLanguage(t *testing.T) {
	f := myodai.Finding{Cause: ZoneServFail, Args: map[string]string{"dnshost": "Onamae.com", "dnshost_ja": "お名前.com"}}
	for lang, want := range map[Lang]string{English: "Ask Onamae.com whether", Japanese: "お名前.comに確認します"} {
		if steps := strings.Join(Explain(f, Context{Lang: lang}).Steps, "\n"); !strings.Contains(steps, want) {
			t.Errorf("%s: no %q in %q", lang, want, steps)
		}
	}
}

// TestTermsAreExplainedOnce: each at its first use, and not again.
func TestTermsAreExplainedOnce(t *testing.T) {
	f, c := textOf[CNAMEEnteredAsTXT].sampled(English)
	all := Explain(f, c).all()
	for _, want := range []string{"TXT (text)", "CNAME (alias)"} {
		if strings.Count(all, want) != 1 {
			t.Errorf("%q is there %d times in\n%s", want, strings.Count(all, want), all)
		}
	}
}

func FuzzExplain(f *testing.F) {
	f.Add("cname-target-typo", "ja", "a.example", "b.example", "got", "x", "s1._domainkey.acme.example")
	f.Add("spf-no-all", "en", "v=spf1", "v=spf1 ~all", "n", "2", "acme.example")
	f.Fuzz(func(t *testing.T, cause, lang, found, expected, key, value, record string) {
		text := Explain(myodai.Finding{
			Cause: myodai.Cause(cause), Found: found, Expected: expected, Record: myodai.Name(record),
			Args: map[string]string{key: value},
		}, Context{Lang: Lang(lang), Zone: myodai.Name(record)})
		all := text.all()
		if !strings.ContainsAny(cause+found+expected+value+record, "{}") {
			if m := regexp.MustCompile(`\{[a-z]+\}`).FindString(all); m != "" {
				t.Errorf("%s is left in %q", m, all)
			}
		}
		if _, known := textOf[myodai.Cause(cause)]; !known {
			return // the title is the id then
		}
		for _, r := range all {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%U in %q", r, all)
			}
		}
	})
}
