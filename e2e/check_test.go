package e2e

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// wanted is one record of a plan file. Its name is relative to the domain.
type wanted struct {
	Purpose  string `json:"purpose"`
	Selector string `json:"selector,omitempty"`
	Name     string `json:"name"`
	Type     string `json:"type"`
	Value    string `json:"value"`
	Required bool   `json:"required"`
}

// id is what a case calls the record by.
func (r wanted) id() string { return r.Name + " " + r.Type }

// line is the record as a zone file has it when all is right.
func (r wanted) line() string {
	value := r.Value
	switch {
	case r.Purpose == "spf":
		value = quoted("v=spf1 " + value + " ~all")
	case r.Type == "TXT":
		value = quoted(value)
	default:
		value += "."
	}
	return r.id() + " " + value + "\n"
}

var (
	policyRecord = wanted{"dmarc", "", "_dmarc", "TXT", "v=DMARC1; p=none; rua=mailto:k7f3@dmarc.plat.example", true}
	trackRecord  = wanted{"tracking", "", "click", "CNAME", "k7f3.t.plat.example", true}
	acmeRecord   = wanted{"acme", "", "_acme-challenge.click", "CNAME", "k7f3.acme.plat.example", true}
	spfRecord    = wanted{"spf", "", "@", "TXT", "include:spf.plat.example", true}

	// aliasPlan is what a domain publishes in the shape cname.
	aliasPlan = []wanted{
		{"dkim", "s1", "s1._domainkey", "CNAME", "s1.k7f3.dkim.plat.example", true},
		{"dkim", "s2", "s2._domainkey", "CNAME", "s2.k7f3.dkim.plat.example", true},
		{"return-path", "", "bounce", "CNAME", "k7f3.rp.plat.example", true},
		policyRecord,
	}
	trackingPlan = append(slices.Clone(aliasPlan), trackRecord, acmeRecord)
	spfPlan      = append(slices.Clone(aliasPlan), spfRecord)
)

// textPlan is what a domain publishes in the shape txt.
func textPlan() []wanted {
	return []wanted{
		{"dkim", "s1", "s1._domainkey", "TXT", key("s1"), true},
		{"dkim", "s2", "s2._domainkey", "TXT", key("s2"), true},
		{"return-path", "", "bounce", "MX", "10 k7f3.rp.plat.example", true},
		{"return-path", "", "bounce", "TXT", "v=spf1 include:k7f3.rp.plat.example -all", true},
		policyRecord,
	}
}

type keyPair struct{ public, private string } // a key record, and PKCS #8 as base64

// keys are made once: what they are does not matter.
var keys = sync.OnceValue(func() map[string]keyPair {
	made := map[string]keyPair{}
	for _, selector := range []string{"s1", "s2"} {
		signer, err := dkim.GenerateKey(myodai.KeyRSA, rand.Reader)
		if err != nil {
			panic(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(signer)
		if err != nil {
			panic(err)
		}
		made[selector] = keyPair{
			public:  dkim.KeyRecord(myodai.KeyRSA, dkim.Public(signer)),
			private: base64.StdEncoding.EncodeToString(der),
		}
	}
	return made
})

// key is the key record of a selector: "v=DKIM1; k=rsa; p=…".
func key(selector string) string { return keys()[selector].public }

// zoneOf writes what a domain publishes: every planned record, but with the
// lines of instead in place of the records they are for.
func zoneOf(plan []wanted, instead map[string]string) string {
	var b strings.Builder
	for _, r := range plan {
		if lines, ok := instead[r.id()]; ok {
			b.WriteString(lines + "\n")
			continue
		}
		b.WriteString(r.line())
	}
	return b.String()
}

// planFile writes the plan of a domain as the command reads it.
func (w *world) planFile(t *testing.T, domain string, plan []wanted) string {
	t.Helper()
	list := slices.Clone(plan)
	for i := range list {
		list[i].Name = strings.TrimPrefix(list[i].Name+"."+domain+".", "@.")
	}
	raw, err := json.Marshal(map[string]any{"domain": domain, "records": list})
	check(t, err)
	return w.write(t, domain+".plan.json", string(raw))
}

// diagnosis is the answer of myodai check as a program reads it.
type diagnosis struct {
	Domain  string
	Status  string
	Primary *struct{ Cause, Record, Severity string }

	Findings []struct {
		Cause, Severity, Record, Purpose, Found, Expected string
		Message                                           struct{ En, Ja string }
	}
	VisibleAt time.Time `json:"visible_at"`
	CheckedAt time.Time `json:"checked_at"`

	exit int
	raw  []byte
	took time.Duration
}

func (d diagnosis) cause() string {
	if d.Primary == nil {
		return ""
	}
	return d.Primary.Cause
}

func (d diagnosis) record() string {
	if d.Primary == nil {
		return ""
	}
	return strings.TrimSuffix(d.Primary.Record, ".")
}

// checked runs myodai check with --json.
func checked(t *testing.T, domain string, args ...string) diagnosis {
	t.Helper()
	began := time.Now()
	out, exit := checkCommand(t, domain, append(args, "--json")...)
	d := diagnosis{exit: exit, raw: []byte(out), took: time.Since(began)}
	if err := json.Unmarshal(d.raw, &d); err != nil {
		t.Fatalf("myodai check %s %s: exit status %d, %v\n%s", domain, strings.Join(args, " "), exit, err, out)
	}
	return d
}

// checkCommand runs myodai check and returns what it prints.
func checkCommand(t *testing.T, domain string, args ...string) (stdout string, exit int) {
	t.Helper()
	out, exit := runMyodai(t, append([]string{"check", domain}, args...)...)
	if exit > 3 {
		t.Fatalf("myodai check %s %s: exit status %d\n%s", domain, strings.Join(args, " "), exit, out)
	}
	return out, exit
}

// runMyodai runs the program as somebody without an account would, and returns
// what it prints; when that is nothing, what it complains of.
func runMyodai(t *testing.T, args ...string) (out string, exit int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Getenv(binaryVar), args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TZ=UTC"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); (err != nil && !ended) || cmd.ProcessState.ExitCode() < 0 {
		t.Fatalf("myodai %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return cmp.Or(stdout.String(), stderr.String()), cmd.ProcessState.ExitCode()
}

var japanese = regexp.MustCompile(`[\p{Hiragana}\p{Katakana}]`)

// tells checks that the answer for people names the mistake, in both languages.
func (d diagnosis) tells(t *testing.T, says string, args ...string) {
	t.Helper()
	if len(d.Findings) == 0 {
		t.Error("there is no finding to tell")
		return
	}
	message := d.Findings[0].Message
	if !japanese.MatchString(message.Ja) || japanese.MatchString(message.En) || message.En == "" {
		t.Errorf("messages: %q, %q", message.En, message.Ja)
	}
	for lang, text := range map[string]string{"en": message.En, "ja": message.Ja} {
		out, exit := checkCommand(t, d.Domain, append(args, "--lang", lang)...)
		if exit != d.exit {
			t.Errorf("--lang %s: exit status %d, with --json %d", lang, exit, d.exit)
		}
		for _, want := range []string{text, says} {
			if !strings.Contains(unwrapped(out), unwrapped(want)) {
				t.Errorf("--lang %s does not say %q:\n%s", lang, want, out)
			}
		}
	}
}

// unwrapped is text without what a terminal's width does to it.
func unwrapped(text string) string { return strings.Join(strings.Fields(text), "") }

// replays checks that the saved observation gives the same answer without DNS.
func (d diagnosis) replays(t *testing.T, saved string, args ...string) {
	t.Helper()
	again := checked(t, d.Domain, append(args, "--observation", saved)...)
	if again.exit != d.exit || again.Status != d.Status || again.cause() != d.cause() || again.record() != d.record() {
		t.Errorf("replayed: exit status %d, %s, %s at %q; it was %d, %s, %s at %q",
			again.exit, again.Status, again.cause(), again.record(), d.exit, d.Status, d.cause(), d.record())
	}
	if a, b := findingsOf(d), findingsOf(again); !slices.Equal(a, b) {
		t.Errorf("replayed findings:\n%s\nwere:\n%s", strings.Join(b, "\n"), strings.Join(a, "\n"))
	}
}

func findingsOf(d diagnosis) []string {
	var list []string
	for _, f := range d.Findings {
		list = append(list, strings.Join([]string{f.Severity, f.Cause, f.Record, f.Found, f.Expected}, " | "))
	}
	return list
}
