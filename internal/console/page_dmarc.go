package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/dmarc"
)

// dmarcView answers: what happens to my mail if I publish this?
type dmarcView struct {
	Domain string
	Home   string // address of the domain's page
	Path   string
	Now    string // the record that the last check found; "" for none
	Record field
	Tries  []option // records one may want to know about: value is the address of the question
	Effect *effectView
}

// effectView is the answer.
type effectView struct {
	Summary  string
	Tone     tone
	Mail     []string // what becomes of each kind
	Notes    []string
	Findings []findingView
	Unknown  bool // part of DNS did not answer
}

// effectTime bounds what is asked of DNS while somebody waits for the page.
const effectTime = 20 * time.Second

// showDMARC works out the effect of a record. It changes nothing, so the question
// is in the address.
func showDMARC(v *visit) error {
	in, err := v.domain()
	if err != nil {
		return err
	}
	text := strings.TrimSpace(v.r.URL.Query().Get("record"))
	view := newDMARCView(v.reader, in, text, problem{})
	status := http.StatusOK
	if text != "" {
		ctx, cancel := context.WithTimeout(v.r.Context(), effectTime)
		defer cancel()
		effect, err := v.o.Domains.PolicyEffect(ctx, v.actor.Tenant, in.Domain.ID, text)
		if p, refused, ok := v.judge(err); ok {
			view, status = newDMARCView(v.reader, in, text, p), refused
		} else if err != nil {
			return err
		} else {
			view.Effect = newEffectView(v.reader, in, effect)
		}
	}
	return v.write(status, "dmarc", v.say("dmarc.title", view.Domain), view)
}

func newDMARCView(r reader, in reading, text string, p problem) dmarcView {
	path := domainPath(in.Domain.ID) + "/dmarc"
	out := dmarcView{Domain: in.Domain.Name.Unicode(), Home: domainPath(in.Domain.ID), Path: path, Record: field{
		Name: "record", Label: r.say("dmarc.record"), Hint: r.say("dmarc.record_hint"), Value: text, Code: true, Type: "textarea", Rows: 3, Problem: p.at("record"),
	}}
	out.Now, _, _ = dmarcOf(in)
	reports := ""
	for _, item := range in.Plan.Items {
		if item.Purpose == myodai.PurposeDMARC {
			_, reports, _ = strings.Cut(item.Value, "rua=")
		}
	}
	for _, policy := range []dmarc.Policy{dmarc.PolicyNone, dmarc.PolicyQuarantine, dmarc.PolicyReject} {
		record := "v=DMARC1; p=" + string(policy)
		if reports != "" {
			record += "; rua=" + reports
		}
		out.Tries = append(out.Tries, option{path + "?" + url.Values{"record": {record}}.Encode(), "p=" + string(policy), text == record})
	}
	if text == "" {
		out.Record.Value = out.Now
	}
	return out
}

func newEffectView(r reader, in reading, e diagnose.PolicyEffect) *effectView {
	text := diagnose.ExplainEffect(e, diagnose.Lang(r.lang))
	out := &effectView{Summary: text.Summary, Tone: toneGood, Mail: text.Mail, Notes: text.Notes, Unknown: e.Unknown != ""}
	for _, s := range e.Streams {
		switch {
		case !s.Effect.Worse():
		case s.Kind == diagnose.StreamOurs:
			out.Tone = toneBad
		case out.Tone == toneGood:
			out.Tone = toneWarn
		}
	}
	if !e.Readable {
		out.Tone = toneBad
	}
	for _, f := range e.Findings {
		out.Findings = append(out.Findings, newFindingView(r, f, diagnose.HostOf(in.Last), reading{}))
	}
	return out
}
