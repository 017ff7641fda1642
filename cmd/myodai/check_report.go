package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/plan"
)

// checkReport is what a check found out.
type checkReport struct {
	job      checkJob
	plan     plan.Plan
	checks   []myodai.RecordCheck
	findings []myodai.Finding
	host     dnshost.Host
	known    bool // the host was recognized
	status   int
}

// report judges what DNS said, at the time it said it: a replay says the same.
func (job checkJob) report() checkReport {
	in := job.input(job.seen, job.seen.FinishedAt)
	r := checkReport{job: job, plan: in.Plan, checks: plan.Compare(in.Plan, job.seen), findings: diagnose.Domain(in)}
	r.host, r.known = dnshost.Recognize(job.nameServers())
	r.status = r.judge()
	return r
}

// nameServers are those of the zone the domain stands in.
func (job checkJob) nameServers() []myodai.Name {
	var list []myodai.Name
	zone := job.domain
	if z, ok := job.seen.ZoneOf(job.domain); ok {
		zone = z.Name
		for _, s := range z.Servers {
			if s.Name != "" {
				list = append(list, s.Name)
			}
		}
	}
	if len(list) > 0 {
		return list
	}
	for _, a := range job.seen.About(zone, myodai.TypeNS) {
		for _, rr := range a.Of(myodai.TypeNS) {
			list = append(list, myodai.Name(rr.Data))
		}
	}
	return list
}

// judge is the exit status. What blocks is to be fixed in any case; what only
// waits is no reason to do anything; and what nobody could find out is neither.
func (r checkReport) judge() int {
	has := func(s myodai.Severity) bool {
		return slices.ContainsFunc(r.findings, func(f myodai.Finding) bool { return f.Severity == s })
	}
	verdict := myodai.Judge(r.checks)
	if r.job.review {
		verdict = r.reviewed()
	}
	switch {
	case has(myodai.SeverityBlocks):
		return exitToFix
	case verdict == myodai.VerdictProved && has(myodai.SeverityWait):
		return exitWaiting
	case verdict == myodai.VerdictProved:
		return exitOK
	case has(myodai.SeverityWait) && !has(myodai.SeverityFragile):
		return exitWaiting
	case verdict == myodai.VerdictDisproved:
		return exitToFix
	}
	return exitUnknown
}

// reviewed is the verdict on a domain without a plan: it is known when the
// domain's own servers answered.
func (r checkReport) reviewed() myodai.Verdict {
	for _, a := range r.job.seen.About(r.job.domain, myodai.TypeTXT) {
		if a.Kind() != myodai.AnswerUnknown {
			return myodai.VerdictProved
		}
	}
	return myodai.VerdictUnknown
}

// context is what Explain needs for a finding.
func (r checkReport) context(f myodai.Finding, lang diagnose.Lang) diagnose.Context {
	c := diagnose.Context{Lang: lang, Host: r.host, Domain: r.job.domain, Location: time.Local}
	if z, ok := r.job.seen.ZoneOf(f.Record); ok && f.Record != "" {
		c.Zone = z.Name
	}
	for _, item := range r.plan.Items {
		if item.Name != f.Record || item.Purpose != f.Purpose {
			continue
		}
		// A return path may be two records of one name.
		if c.Item.Name == "" || string(item.Type) == f.Args["type"] {
			c.Item = item
		}
	}
	if f.Record != "" {
		c.Answers = append(c.Answers, r.job.seen.About(f.Record, c.Item.Type)...)
	}
	return c
}

// visibleAt is when the last wait ends; zero when there is none.
func (r checkReport) visibleAt() (at time.Time) {
	for _, f := range r.findings {
		if f.VisibleAt.After(at) {
			at = f.VisibleAt
		}
	}
	return at
}

// reportWords are the words around the texts.
var reportWords = map[diagnose.Lang]map[string]string{
	diagnose.English: {
		"ok": "%s: all required records are right.", "fix": "%s: there is something to fix.",
		"waiting": "%s: nothing to do but wait.", "unknown": "%s: it could not be found out.",
		"reviewed": "%s: nothing is wrong.", "reviewed fragile": "%s: it works, and something should be mended.",
		"host": "DNS host: %s", "steps": "What to do:",
		"why": "Why it matters: %s", "page": "More: %s", "incomplete": "Not everything was asked: %s", "until": "Visible everywhere by about %s.",
		"round":  "myodai: round %d: %d answers so far, %d more questions about %s",
		"asking": "myodai: %d of %d questions are answered", "verified": "%s is verified.",
		"again": "Looking again in %s; the service goes on looking if you stop this.",
	},
	diagnose.Japanese: {
		"ok": "%s：必要なレコードはすべて正しく登録されています。", "fix": "%s：修正が必要な項目があります。",
		"waiting": "%s：設定は完了しています。反映をお待ちください。", "unknown": "%s：確認できませんでした。",
		"reviewed": "%s：問題は見つかりませんでした。", "reviewed fragile": "%s：動作していますが、改善が必要な項目があります。",
		"host": "DNSサービス：%s", "steps": "対応方法：",
		"why": "影響：%s", "page": "詳細：%s", "incomplete": "一部を問い合わせできませんでした：%s", "until": "%s頃までにすべての場所で反映されます。",
		"asking": "myodai：%d／%d件の質問に回答がありました", "verified": "%sの確認が完了しました。",
		"again": "%s後にもう一度確認します。中断しても、サービス側での確認は続きます。",
		"round": "myodai：問い合わせ%d回目：回答%d件、追加の質問%d件（%s）",
	},
}

var severityMarks = map[diagnose.Lang]map[myodai.Severity]string{
	diagnose.English: {
		myodai.SeverityBlocks: "to fix", myodai.SeverityFragile: "will break", myodai.SeverityWait: "wait", myodai.SeverityAdvice: "advice",
	},
	diagnose.Japanese: {
		myodai.SeverityBlocks: "要修正", myodai.SeverityFragile: "要注意", myodai.SeverityWait: "反映待ち", myodai.SeverityAdvice: "参考",
	},
}

// recordMarks are as wide as each other, for the table.
var recordMarks = map[diagnose.Lang]map[myodai.RecordStatus]string{
	diagnose.English: {
		myodai.StatusAsPlanned: "right    ", myodai.StatusMissing: "missing  ", myodai.StatusDifferent: "different", myodai.StatusUnknown: "unknown  ",
	},
	diagnose.Japanese: {
		myodai.StatusAsPlanned: "正しい", myodai.StatusMissing: "未登録", myodai.StatusDifferent: "相違　", myodai.StatusUnknown: "不明　",
	},
}

// sentence says in one how the check ended.
func (r checkReport) sentence(lang diagnose.Lang) string {
	word := statusWords[r.status]
	if word == "ok" && r.job.review {
		word = "reviewed"
		if slices.ContainsFunc(r.findings, func(f myodai.Finding) bool { return f.Severity == myodai.SeverityFragile }) {
			word = "reviewed fragile"
		}
	}
	return fmt.Sprintf(reportWords[lang][word], r.job.domain)
}

// writeReport writes a report for people.
func (c *cli) writeReport(r checkReport) {
	w := reportWords[r.job.lang]
	c.say("%s", r.sentence(r.job.lang))
	if r.known {
		name := r.host.Name.English
		if r.job.lang == diagnose.Japanese {
			name = r.host.Name.Japanese
		}
		c.say(w["host"], name)
	}
	if r.job.seen.Incomplete != "" {
		c.say(w["incomplete"], printable(r.job.seen.Incomplete))
	}
	if at := r.visibleAt(); !at.IsZero() {
		c.say(w["until"], at.Local().Format("15:04"))
	}
	c.writeRecordsSeen(r)
	for i, f := range r.findings {
		c.writeFinding(i+1, f, r)
	}
}

// writeRecordsSeen lists the records of a plan with their state, and those of a
// review as they are.
func (c *cli) writeRecordsSeen(r checkReport) {
	c.say("")
	for _, check := range r.checks {
		switch {
		case !r.job.review:
			c.say("  %s  %-5s %s", recordMarks[r.job.lang][check.Status], check.Type, check.Name)
		case len(check.Found) == 0:
			c.say("  %s  -", check.Name)
		}
		if r.job.review {
			for _, found := range check.Found {
				c.say("  %s  %s", check.Name, diagnose.Spell(found))
			}
		}
	}
}

// writeFinding writes one finding, indented below its title.
func (c *cli) writeFinding(n int, f myodai.Finding, r checkReport) {
	w := reportWords[r.job.lang]
	text := diagnose.Explain(f, r.context(f, r.job.lang))
	c.say("\n%d. [%s] %s", n, severityMarks[r.job.lang][f.Severity], text.Title)
	c.say("   %s\n", text.Message)
	for _, detail := range text.Details {
		c.say("   - %s", detail)
	}
	if text.Diff != "" {
		c.say("\n     %s", text.Diff)
	}
	c.say("\n   %s", w["steps"])
	for i, step := range text.Steps {
		c.say("   %d) %s", i+1, step)
	}
	c.say("\n   "+w["why"], text.Why)
	c.say("   "+w["page"], text.Page)
}
