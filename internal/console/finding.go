package console

import (
	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/dnshost"
)

// findingView is one thing that is wrong, or could be better.
type findingView struct {
	Cause   myodai.Cause
	Tone    tone
	Icon    string
	Primary bool
	Title   string
	Message string
	Diff    []diffView
	Steps   []string
	Why     string
	Details []string
	Page    string // with more about it
	Visible moment // when a wait ends
	Wait    string // "visible by 14:05", "" for no wait
	Record  string // the owner name it is about, "" for the domain
}

// diffView is a run of characters of a difference.
type diffView struct {
	Added, Removed bool
	Text           string
}

// documentation is where the pages about causes are.
const documentation = "https://github.com/myodai/myodai/blob/main/"

func newFindingView(r reader, f myodai.Finding, host dnshost.Host, in reading) findingView {
	c := diagnose.ContextOf(f, host)
	c.Lang, c.Location = diagnose.Lang(r.lang), r.location
	if c.Item.Name != "" {
		c.Answers = in.Last.Observation.About(f.Record, c.Item.Type)
	}
	text := diagnose.Explain(f, c)
	out := findingView{
		Cause: f.Cause, Primary: f.Primary, Title: text.Title, Message: text.Message, Steps: text.Steps,
		Why: text.Why, Details: text.Details, Visible: r.moment(f.VisibleAt), Record: string(f.Record),
	}
	if text.Page != "" {
		out.Page = documentation + text.Page
	}
	switch f.Severity {
	case myodai.SeverityBlocks:
		out.Tone, out.Icon = toneBad, "alert"
	case myodai.SeverityWait:
		out.Tone, out.Icon = toneWarn, "clock"
	default:
		out.Tone, out.Icon = toneNone, "info"
	}
	if out.Visible.Machine != "" && f.VisibleAt.After(r.now) {
		out.Wait = r.say("finding.visible", out.Visible.Text)
	}
	for _, p := range text.Parts {
		out.Diff = append(out.Diff, diffView{p.Op == diagnose.DiffInsert, p.Op == diagnose.DiffDelete, p.Text})
	}
	return out
}
