package diagnose

import (
	"regexp"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dmarc"
	"github.com/myodai/myodai/internal/plan"
)

// effectInput is a domain that sends through us, and what DNS says: lines as
// policies takes them.
func effectInput(record string, zone ...string) Input {
	lookup, _ := policies(zone...)
	in := Input{Plan: plan.Plan{Domain: "kaisha.example", Items: []plan.Item{
		{Purpose: myodai.PurposeDKIM, Name: "s1._domainkey.kaisha.example", Type: myodai.TypeCNAME, Value: "s1.k7f3.dkim.plat.example"},
		{Purpose: myodai.PurposeReturnPath, Name: "bounce.kaisha.example", Type: myodai.TypeCNAME, Value: "k7f3.rp.plat.example"},
	}}}
	for {
		_, questions := EffectOf(in, record)
		if len(questions) == 0 {
			return in
		}
		for _, q := range questions {
			a := myodai.Answer{Question: q, Address: "192.0.2.1:53", Authoritative: true, RCode: "NOERROR", Authority: []myodai.Record{{Name: "example", Type: myodai.TypeSOA}}}
			if texts, exists, err := lookup(q.Name); q.Type == myodai.TypeTXT {
				if a.RCode = "NOERROR"; !exists {
					a.RCode = "NXDOMAIN"
				}
				if err != nil {
					a.RCode = "SERVFAIL"
				}
				for _, text := range texts {
					a.Records = append(a.Records, myodai.Record{Name: q.Name, Type: q.Type, Data: text})
				}
			}
			in.Observation.Answers = append(in.Observation.Answers, a)
		}
	}
}

// TestPolicyEffect answers "what happens to my mail if I publish this", of the
// policies there are (A7).
func TestPolicyEffect(t *testing.T) {
	for name, tt := range map[string]struct {
		zone   []string
		record string
		want   string // result and disposition of ours, forwarded, allowed, others; what is asked below; reports
		says   string
	}{
		"watching": {nil, "v=DMARC1; p=none; rua=mailto:dmarc@kaisha.example", "pass none, pass none, pass none, fail none; none none; true",
			"No mail is handled more strictly than now."},
		"refusing": {nil, "v=DMARC1; p=reject; np=quarantine", "pass none, pass none, pass none, fail reject; reject quarantine; false",
			"neither signed by kaisha.example nor sent by a server it allows"},
		"a trial of refusing": {nil, "v=DMARC1; p=reject; t=y", "pass none, pass none, pass none, fail quarantine; quarantine quarantine; false",
			"handled more strictly"},
		"strict, which only signatures survive": {nil, "v=DMARC1; p=reject; aspf=s", "pass none, pass none, pass none, fail reject; reject reject; false",
			"handled more strictly"},
		"milder than before": {[]string{"_dmarc.kaisha.example TXT v=DMARC1; p=reject"}, "v=DMARC1; p=none", "pass none, pass none, pass none, fail none; none none; false",
			"No mail is handled more strictly"},
	} {
		t.Run(name, func(t *testing.T) {
			e, questions := EffectOf(effectInput(tt.record, tt.zone...), tt.record)
			var got []string
			for _, s := range e.Streams {
				got = append(got, string(s.Effect.After.Result)+" "+string(s.Effect.After.Disposition))
			}
			line := strings.Join(got, ", ") + "; " + string(e.Subdomains) + " " + string(e.NonExistent) + "; " + map[bool]string{true: "true", false: "false"}[e.Reported]
			if line != tt.want || len(questions) > 0 || e.Unknown != "" {
				t.Errorf("%s, asking %v, %s", line, questions, e.Unknown)
			}
			text := ExplainEffect(e, English)
			if !strings.Contains(text.Summary, tt.says) || len(text.Mail) != 4 {
				t.Errorf("%+v", text)
			}
			japanese := ExplainEffect(e, Japanese)
			for _, line := range append(japanese.Mail, japanese.Summary) {
				if !regexp.MustCompile(`[\p{Hiragana}]`).MatchString(line) || strings.Contains(line, "{") {
					t.Errorf("in Japanese: %q", line)
				}
			}
		})
	}
}

// TestEffectThatHarms: mail of ours that would stop passing is said first.
func TestEffectThatHarms(t *testing.T) {
	const record = "v=DMARC1; p=reject; adkim=s; aspf=s"
	in := effectInput(record)
	in.Plan.Items[0].Name = "s1._domainkey.mail.kaisha.example" // signed as a subdomain
	e, _ := EffectOf(in, record)
	if text := ExplainEffect(e, English); !strings.Contains(text.Summary, "do not publish this") {
		t.Errorf("%+v", text)
	}
	if len(e.Findings) == 0 || e.Findings[0].Cause != DMARCStrictAlignment || !e.Findings[0].Primary {
		t.Errorf("%s", show(e.Findings))
	}
}

// TestEffectOfWhatIsNoRecord: the mistake is named instead.
func TestEffectOfWhatIsNoRecord(t *testing.T) {
	e, _ := EffectOf(effectInput("v=DMARC1, p=reject"), "v=DMARC1, p=reject")
	if e.Readable || len(e.Streams) > 0 || len(e.Findings) == 0 || e.Findings[0].Cause != DMARCSeparatorWrong {
		t.Errorf("%+v", e)
	}
	if text := ExplainEffect(e, Japanese); text.Summary != effectWords[Japanese].unread {
		t.Errorf("%+v", text)
	}
}

// TestEffectIsUnknown: without an answer about the names above, alignment is not
// known, and that is said (P12).
func TestEffectIsUnknown(t *testing.T) {
	in := Input{Plan: plan.Plan{Domain: "kaisha.example"}}
	e, questions := EffectOf(in, "v=DMARC1; p=reject")
	if e.Unknown == "" || len(questions) == 0 {
		t.Errorf("%+v, asking %v", e, questions)
	}
	if e.Streams[0].Effect.After.Result != dmarc.ResultPass {
		t.Errorf("signed by the domain itself: %+v", e.Streams[0])
	}
}
