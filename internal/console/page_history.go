package console

import (
	"net/url"
	"strings"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/domains"
)

// historyView is the checks of a domain, and what they found.
type historyView struct {
	Domain string
	Path   string
	Checks []pastCheck
	Next   string // "" at the end
}

// pastCheck is one look at the records.
type pastCheck struct {
	Path    string
	At      moment
	Verdict chip
	Title   string // of what was wrong first of all; "" for nothing
	Records []pastRecord
}

// pastRecord is what one record was then.
type pastRecord struct {
	Name  string
	Type  string
	State chip
	Found []string
}

func showHistory(v *visit) error {
	in, err := v.domain()
	if err != nil {
		return err
	}
	page := myodai.Page{After: v.r.URL.Query().Get("after"), Limit: 25}
	list, next, err := v.o.Store.Checks(v.r.Context(), v.actor.Tenant, in.Domain.ID, v.now, page)
	if err != nil {
		return err
	}
	return v.show("history", v.say("history.title", in.Domain.Name.Unicode()), newHistoryView(v.reader, in.Domain, list, next))
}

func newHistoryView(r reader, d myodai.Domain, list []myodai.Check, next string) historyView {
	out := historyView{Domain: d.Name.Unicode(), Path: domainPath(d.ID)}
	for _, c := range list {
		out.Checks = append(out.Checks, newPastCheck(r, c))
	}
	if next != "" {
		out.Next = out.Path + "/history?" + url.Values{"after": {next}}.Encode()
	}
	return out
}

func newPastCheck(r reader, c myodai.Check) pastCheck {
	tones := map[myodai.Verdict]tone{myodai.VerdictProved: toneGood, myodai.VerdictDisproved: toneBad, myodai.VerdictUnknown: toneWarn}
	out := pastCheck{
		Path: domainPath(c.DomainID) + "/history/" + string(c.ID), At: r.moment(c.At),
		Verdict: chip{r.say("history.verdict_" + string(c.Verdict)), tones[c.Verdict]},
	}
	for _, f := range c.Findings {
		if f.Primary {
			out.Title = newFindingView(r, f, diagnose.HostOf(c), reading{domains.Reading{Last: c}}).Title
		}
	}
	for _, rc := range c.Records {
		record := pastRecord{Name: string(rc.Name), Type: string(rc.Type), State: r.pastChip(rc)}
		for _, found := range rc.Found {
			record.Found = append(record.Found, diagnose.Spell(found))
		}
		out.Records = append(out.Records, record)
	}
	return out
}

// pastChip says how a record stood.
func (r reader) pastChip(c myodai.RecordCheck) chip {
	tones := map[myodai.RecordStatus]tone{
		myodai.StatusAsPlanned: toneGood, myodai.StatusDifferent: toneBad, myodai.StatusMissing: toneOpen, myodai.StatusUnknown: toneWarn,
	}
	keys := map[myodai.RecordStatus]string{
		myodai.StatusAsPlanned: "right", myodai.StatusDifferent: "different", myodai.StatusMissing: "missing", myodai.StatusUnknown: "unknown",
	}
	return chip{r.say("record.state_" + keys[c.Status]), tones[c.Status]}
}

// pastView is one check with everything that DNS said to it.
type pastView struct {
	Domain   string
	Path     string
	Check    pastCheck
	Findings []findingView
	Answers  []answerView
}

// answerView is what one server said to one question.
type answerView struct {
	Question string
	Server   string
	Said     string
	Took     int64 // milliseconds
}

func showPastCheck(v *visit) error {
	in, err := v.domain()
	if err != nil {
		return err
	}
	id, err := myodai.ParseID[myodai.CheckID](v.r.PathValue("check"))
	if err != nil {
		return errNoPage
	}
	c, err := v.o.Store.Check(v.r.Context(), v.actor.Tenant, in.Domain.ID, id)
	if err != nil {
		return err
	}
	return v.show("past", v.say("past.title", in.Domain.Name.Unicode()), newPastView(v.reader, in.Domain, c))
}

// maxAnswers bounds a page: a hostile zone can make us ask a lot.
const maxAnswers = 300

func newPastView(r reader, d myodai.Domain, c myodai.Check) pastView {
	out := pastView{Domain: d.Name.Unicode(), Path: domainPath(d.ID), Check: newPastCheck(r, c)}
	for _, f := range c.Findings {
		out.Findings = append(out.Findings, newFindingView(r, f, diagnose.HostOf(c), reading{domains.Reading{Last: c}}))
	}
	for _, a := range c.Observation.Answers[:min(len(c.Observation.Answers), maxAnswers)] {
		out.Answers = append(out.Answers, newAnswerView(r, a))
	}
	return out
}

func newAnswerView(r reader, a myodai.Answer) answerView {
	out := answerView{
		Question: string(a.Type) + " " + string(a.Name), Server: strings.TrimSpace(a.Server + " " + a.Address), Took: a.Took.Milliseconds(),
	}
	var said []string
	for _, rr := range a.Records {
		said = append(said, string(rr.Type)+" "+diagnose.Spell(rr.Data))
	}
	switch {
	case a.Err != "":
		out.Said = a.Err
	case len(said) == 0:
		out.Said = a.RCode + " – " + r.say("past.nothing")
	default:
		out.Said = strings.Join(said, "\n")
	}
	return out
}

// trimType is record data without the type in front of it.
func trimType(found string) string {
	_, data, _ := strings.Cut(found, " ")
	return data
}
