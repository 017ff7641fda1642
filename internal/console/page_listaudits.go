package console

import (
	"errors"
	"net/http"

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
	Proposed  int
	MayAct    bool
}

type verdictLine struct {
	Name, Todo string
	Count      int
	Proposed   bool
}

func (v *visit) hygieneLanguage() hygiene.Language {
	if v.lang == Japanese {
		return hygiene.Japanese
	}
	return hygiene.English
}

func listListAudits(v *visit) error { return v.showListAudits(http.StatusOK, problem{}) }

func (v *visit) showListAudits(status int, p problem) error {
	list, next, err := v.o.Store.ListAudits(v.r.Context(), v.actor.Tenant, myodai.Page{After: v.r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	view := listAuditsView{Problem: p.at(""), MayAct: v.actor.may(administrators)}
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
	certain, worst, all := a.Expected()
	view := listAuditView{
		Heading: a.Title, State: v.say("listaudits.state_" + string(a.State)), Reason: a.Reason, Path: "/list-audits/" + string(a.ID),
		Finished: a.State == myodai.ListAuditFinished, Working: !a.State.Terminal(), Judged: a.Progress.Judged, Addresses: a.Progress.Addresses,
		Gate: hygiene.GateSentence(v.hygieneLanguage(), a.Gate()), Certain: hygiene.Percent(certain, all), Worst: hygiene.Percent(worst, all),
		Accepted: !a.AcceptedAt.IsZero(), MayAct: v.actor.may(administrators),
	}
	if view.Heading == "" {
		view.Heading = v.say("listaudits.title")
	}
	for _, verdict := range myodai.ListAuditVerdicts {
		n := a.Summary.Counts[verdict]
		if n == 0 {
			continue
		}
		view.Verdicts = append(view.Verdicts, verdictLine{
			hygiene.VerdictName(v.hygieneLanguage(), verdict), hygiene.VerdictTodo(v.hygieneLanguage(), verdict), n, verdict.Proposed(),
		})
		if verdict.Proposed() {
			view.Proposed += n
		}
	}
	return v.show("listaudit", view.Heading, view)
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
	in, err := v.o.Hygiene.Begin(v.r.Context(), hygiene.NewAudit{TenantID: v.actor.Tenant, By: string(v.actor.Member)})
	if p, status, ok := v.judge(err); ok {
		return v.showListAudits(status, p)
	}
	if err != nil {
		return err
	}
	if err = v.readUpload(in); err != nil {
		in.Abandon(err)
		if p, status, ok := v.judge(err); ok {
			return v.showListAudits(status, p)
		}
		return err
	}
	a, err := in.Judge()
	if err != nil {
		return err
	}
	return v.to("/list-audits/" + string(a.ID))
}

var errNoFile = myodai.Refuse(myodai.CodeInvalid, "", "there is no file; choose one at least")

// readUpload streams the files of the form into the audit.
func (v *visit) readUpload(in *hygiene.Intake) error {
	v.r.Body = v.upload
	form, err := v.r.MultipartReader()
	if err != nil {
		return errNoFile
	}
	for files := 0; ; {
		part, err := form.NextPart()
		switch {
		case err != nil && files > 0:
			return nil
		case err != nil:
			return errNoFile
		case part.FileName() == "":
			continue
		}
		files++
		if err := in.Add(part.FileName(), part); err != nil {
			return err
		}
	}
}

func acceptListAudit(v *visit) error {
	a, err := v.listAudit()
	if err == nil {
		_, err = v.o.Hygiene.Accept(v.r.Context(), v.actor.Tenant, a.ID, nil, string(v.actor.Member))
	}
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
