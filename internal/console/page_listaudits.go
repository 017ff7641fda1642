package console

import (
	"errors"
	"net/http"
	"slices"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/hygiene"
)

func (s *Server) routeListAudits() {
	s.add("GET /list-audits", members, listListAudits)
	s.add("GET /list-audits/{audit}", members, showListAudit)
	s.add("GET /list-audits/{audit}/report", members, downloadReport)
	s.add("POST /list-audits", administrators, startListAudit)
	s.add("POST /list-audits/{audit}/accept", administrators, acceptListAudit)
	s.add("POST /list-audits/{audit}/undo", administrators, undoListAudit)
}

// listAuditsView is the page of audits before the first send.
type listAuditsView struct {
	Lines   []listAuditLine
	Next    string
	Problem string
	Fields  []field
	MayAct  bool
}

type listAuditLine struct {
	ID, Title, State, Rate, Gate string
	Addresses                    int
	Since                        moment
}

// listAuditView is one audit.
type listAuditView struct {
	Heading   string
	State     string
	Reason    string
	Gate      string
	Finished  bool
	Working   bool
	Judged    int
	Addresses int
	Certain   string
	Worst     string
	Verdicts  []verdictLine
	Path      string
	Accepted  bool
	Batch     string // what was accepted
	Proposed  bool   // something can be put on the suppression list
	Problem   string
	MayAct    bool
}

type verdictLine struct {
	ID, Name, Todo string
	Count          int
	Chosen         bool // for the suppression list: proposed, or accepted
	Free           bool // its addresses can be suppressed
}

func (v *visit) hygieneLanguage() hygiene.Language {
	if v.lang == Japanese {
		return hygiene.Japanese
	}
	return hygiene.English
}

func listListAudits(v *visit) error { return v.showListAudits(http.StatusOK, nil, problem{}) }

func (v *visit) showListAudits(status int, values map[string]string, p problem) error {
	list, next, err := v.o.Store.ListAudits(v.r.Context(), v.actor.Tenant, myodai.Page{After: v.r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	classes, err := v.classField(v.actor.Tenant, values["class"], p)
	if err != nil {
		return err
	}
	view := listAuditsView{Problem: p.at(""), MayAct: v.actor.may(administrators), Fields: []field{
		{Name: "title", Label: v.say("listaudits.name"), Hint: v.say("listaudits.name_hint"), Value: values["title"], Optional: true, Problem: p.at("title")}, classes,
	}}
	for _, a := range list {
		a = hygiene.Seen(a, v.now)
		certain, _, all := a.Expected()
		view.Lines = append(view.Lines, listAuditLine{
			ID: string(a.ID), Title: a.Title, State: v.say("listaudits.state_" + string(a.State)), Rate: hygiene.Percent(certain, all),
			Gate: hygiene.GateSentence(v.hygieneLanguage(), a.Gate()), Addresses: a.Summary.Addresses, Since: v.moment(a.CreatedAt),
		})
	}
	if next != "" {
		view.Next = "/list-audits?after=" + next
	}
	return v.write(status, "listaudits", v.say("listaudits.title"), view)
}

func (v *visit) listAudit() (myodai.ListAudit, error) {
	id, err := myodai.ParseID[myodai.ListAuditID](v.r.PathValue("audit"))
	if err != nil {
		return myodai.ListAudit{}, errNoPage
	}
	return v.o.Hygiene.Audit(v.r.Context(), v.actor.Tenant, id)
}

func showListAudit(v *visit) error {
	a, err := v.listAudit()
	if err != nil {
		return err
	}
	return v.showListAudit(http.StatusOK, a, problem{})
}

func (v *visit) showListAudit(status int, a myodai.ListAudit, p problem) error {
	certain, worst, all := a.Expected()
	view := listAuditView{
		Heading: a.Title, State: v.say("listaudits.state_" + string(a.State)), Reason: a.Reason, Path: "/list-audits/" + string(a.ID),
		Finished: a.State == myodai.ListAuditFinished, Working: !a.State.Terminal(), Judged: a.Progress.Judged, Addresses: a.Progress.Addresses,
		Gate: hygiene.GateSentence(v.hygieneLanguage(), a.Gate()), Certain: hygiene.Percent(certain, all), Worst: hygiene.Percent(worst, all),
		Accepted: !a.AcceptedAt.IsZero(), Batch: string(a.Batch), Problem: p.Message, MayAct: v.actor.may(administrators),
	}
	if view.Heading == "" {
		view.Heading = v.say("listaudits.title")
	}
	for _, verdict := range myodai.ListAuditVerdicts {
		n := a.Summary.Counts[verdict]
		if n == 0 {
			continue
		}
		line := verdictLine{
			ID: string(verdict), Name: hygiene.VerdictName(v.hygieneLanguage(), verdict), Todo: hygiene.VerdictTodo(v.hygieneLanguage(), verdict),
			Count: n, Chosen: verdict.Proposed(), Free: verdict != myodai.ListAuditInvalid && verdict != myodai.ListAuditDuplicate,
		}
		if view.Accepted {
			line.Chosen = slices.Contains(a.Accepted, verdict)
		}
		view.Verdicts = append(view.Verdicts, line)
		view.Proposed = view.Proposed || line.Free
	}
	return v.write(status, "listaudit", view.Heading, view)
}

func downloadReport(v *visit) error {
	a, err := v.listAudit()
	if err != nil {
		return err
	}
	if a.State != myodai.ListAuditFinished {
		return errNoPage
	}
	v.begun = true
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+string(a.ID)+`.csv"`)
	v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	return v.o.Hygiene.WriteFindings(v.r.Context(), v.w, a, v.hygieneLanguage())
}

func startListAudit(v *visit) error {
	a, values, err := v.auditUpload()
	if p, status, ok := v.judge(err); ok {
		return v.showListAudits(status, values, p)
	}
	if err != nil {
		return err
	}
	return v.to("/list-audits/" + string(a.ID))
}

// auditUpload begins an audit with what the form says, and streams its files
// into it.
func (v *visit) auditUpload() (a myodai.ListAudit, values map[string]string, err error) {
	up, err := v.openUpload()
	if err != nil {
		return a, nil, err
	}
	values = up.values
	n := hygiene.NewAudit{TenantID: v.actor.Tenant, Title: values["title"], By: string(v.actor.Member)}
	if n.Class, err = v.classNamed(v.actor.Tenant, values["class"]); err != nil {
		return a, values, err
	}
	in, err := v.o.Hygiene.Begin(v.r.Context(), n)
	if err != nil {
		return a, values, err
	}
	if err := up.each(in.Add); err != nil {
		in.Abandon(err)
		return a, values, err
	}
	a, err = in.Judge()
	return a, values, err
}

func acceptListAudit(v *visit) error {
	a, err := v.listAudit()
	if err != nil {
		return err
	}
	if err := v.r.ParseForm(); err != nil {
		return myodai.Invalidf("the form cannot be read")
	}
	var verdicts []myodai.ListAuditVerdict
	for _, verdict := range v.r.PostForm["verdict"] {
		verdicts = append(verdicts, myodai.ListAuditVerdict(verdict))
	}
	if len(verdicts) == 0 {
		return v.showListAudit(http.StatusUnprocessableEntity, a, problem{Message: v.say("listaudits.choose")})
	}
	_, err = v.o.Hygiene.Accept(v.r.Context(), v.actor.Tenant, a.ID, verdicts, string(v.actor.Member))
	return v.afterListAudit(a, err, "listaudits.accepted")
}

func undoListAudit(v *visit) error {
	a, err := v.listAudit()
	if err == nil {
		_, err = v.o.Hygiene.Undo(v.r.Context(), v.actor.Tenant, a.ID, string(v.actor.Member))
	}
	return v.afterListAudit(a, err, "listaudits.undone")
}

// afterListAudit goes back to the audit. That somebody else was faster is nothing
// to complain about: the page shows it.
func (v *visit) afterListAudit(a myodai.ListAudit, err error, said string) error {
	refusal, refused := errors.AsType[*myodai.Error](err)
	switch {
	case refused && refusal.Code == myodai.CodeConflict:
		return v.to("/list-audits/" + string(a.ID))
	case err != nil:
		return err
	}
	return v.done("/list-audits/"+string(a.ID), said)
}
