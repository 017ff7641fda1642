package diagnose

import (
	"fmt"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// A hostile zone answers every question with as many more as fit. Asking ends all
// the same, with few questions and few findings (T19).
func TestHostileContentsAreBounded(t *testing.T) {
	p := plan.Plan{Domain: "evil.example", Items: []plan.Item{
		{Purpose: myodai.PurposeDKIM, Selector: "s1", Name: "s1._domainkey.evil.example", Type: myodai.TypeTXT, Value: wanted, Required: true},
		{Purpose: myodai.PurposeDMARC, Name: "_dmarc.evil.example", Type: myodai.TypeTXT, Value: "v=DMARC1; p=none", Required: true},
		{Purpose: myodai.PurposeSPF, Name: "evil.example", Type: myodai.TypeTXT, Value: "include:_spf.plat.example", Required: true},
	}}
	many := func(first, format string) string {
		var b strings.Builder
		b.WriteString(first)
		for i := 0; b.Len() < 20_000; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	contents := map[string]func(name myodai.Name) string{
		"includes of includes": func(name myodai.Name) string { return many("v=spf1", " include:%d."+string(name)) },
		"names that do not exist": func(name myodai.Name) string {
			if name == "evil.example" {
				return many("v=spf1", " a:%d.gone.example")
			}
			return ""
		},
		"obsolete terms": func(myodai.Name) string { return many("v=spf1", " ptr:%d.example") },
		"broken terms":   func(myodai.Name) string { return many("v=spf1", " ip4:%d.1") },
		"report hosts": func(myodai.Name) string {
			return many("v=DMARC1; p=none; rua=mailto:a@b.example", ",mailto:a@h%d.example")
		},
		"report addresses": func(myodai.Name) string { return many("v=DMARC1; p=none; rua=x", ",%d") },
		"tags":             func(myodai.Name) string { return many("v=DMARC1; p=none", "; t%d=y") },
		"separators":       func(myodai.Name) string { return many("v=DMARC1, p=none", ", t%d=y") },
		"key pieces":       func(myodai.Name) string { return many("v=DKIM1; k=rsa; p=", "MIIB%d ") },
	}
	for what, content := range contents {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			in := Input{Plan: p, Observation: myodai.Observation{Domain: p.Domain}, Now: caseTime}
			for len(in.Observation.Answers) < 5000 {
				questions := Questions(in)
				if len(questions) == 0 {
					break
				}
				for _, q := range questions {
					a := world(string(q.Name)+" TXT "+content(q.Name))(q.Name, q.Type)
					a.Question, a.Address, a.Server = q, "127.0.0.1:53", "ns.evil.example"
					for i := range a.Records {
						for s := a.Records[i].Data; s != ""; s = s[min(255, len(s)):] {
							a.Records[i].Strings = append(a.Records[i].Strings, s[:min(255, len(s))])
						}
					}
					in.Observation.Answers = append(in.Observation.Answers, a)
				}
			}
			if n := len(in.Observation.Answers); n > 500 {
				t.Errorf("%d questions", n)
			}
			findings := Domain(in)
			if len(findings) == 0 || len(findings) > 40 {
				t.Errorf("%d findings", len(findings))
			}
		})
	}
}
