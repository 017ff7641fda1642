package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/hygiene"
)

// Audit is one look at the tenant's addresses before they are mailed for the
// first time.
type Audit struct {
	ID       myodai.ListAuditID       `json:"id"`
	Title    string                   `json:"title"`
	Class    myodai.ClassName         `json:"class" doc:"The class of mail it is for; empty for all."`
	State    myodai.ListAuditState    `json:"state" enum:"reading,judging,finished,failed,waived"`
	Progress myodai.ListAuditProgress `json:"progress"`
	Reason   string                   `json:"reason,omitempty" doc:"Why it failed, or was waived."`

	Addresses   int                             `json:"addresses" doc:"Listed, each once, without invalid ones."`
	Mailed      int                             `json:"mailed" doc:"Of them, those that would be mailed: without what the accepted proposal suppresses."`
	Expected    int                             `json:"expected" doc:"Of mailed, those that would bounce for certain."`
	Worst       int                             `json:"worst" doc:"And at worst."`
	Rate        string                          `json:"rate" doc:"Expected of mailed." example:"1.25 %"`
	Gate        myodai.ListAuditGate            `json:"gate" enum:"go,care,stop,no_one" doc:"Up to 2 % go, up to 5 % care, above that stop; no_one when only bounces were looked at."`
	Passed      bool                            `json:"passed" doc:"Whether it opens the gate before the first send."`
	Counts      map[myodai.ListAuditVerdict]int `json:"counts" doc:"Findings by verdict."`
	Proposed    int                             `json:"proposed" doc:"Addresses proposed for the suppression list."`
	Bounces     int                             `json:"bounces" doc:"Past bounces and complaints that were read."`
	UnreadMails int                             `json:"unread_mails" doc:"Mails that are neither."`
	Domains     int                             `json:"domains"`
	Clusters    []myodai.ListAuditCluster       `json:"clusters" doc:"Groups that a program seems to have registered; the largest."`
	Bursts      []myodai.ListAuditBurst         `json:"bursts" doc:"Hours with far more registrations than others; the largest."`
	Problems    []LineProblem                   `json:"problems" doc:"What could not be read."`

	BatchID    myodai.BatchID            `json:"batch_id,omitempty" doc:"What its accepted proposal was entered as."`
	Accepted   []myodai.ListAuditVerdict `json:"accepted" doc:"The parts of the proposal that were accepted."`
	AcceptedAt time.Time                 `json:"accepted_at,omitzero"`
	CreatedAt  time.Time                 `json:"created_at"`
	FinishedAt time.Time                 `json:"finished_at,omitzero"`
}

// AuditFinding is what an audit found about one address.
type AuditFinding struct {
	Number     int64                   `json:"number"`
	Verdict    myodai.ListAuditVerdict `json:"verdict" enum:"invalid,dead,complained,no_mail,typo,disposable,bulk,unanswered,blocked,role,duplicate"`
	Address    string                  `json:"address"`
	Cause      string                  `json:"cause"`
	Evidence   string                  `json:"evidence"`
	Suggestion string                  `json:"suggestion,omitempty" doc:"The address that was meant."`
	English    string                  `json:"english" doc:"Why, for people."`
	Japanese   string                  `json:"japanese"`
	Proposed   bool                    `json:"proposed" doc:"For the suppression list."`
}

// NewAuditAcceptance says which part of a proposal to accept.
type NewAuditAcceptance struct {
	Verdicts []myodai.ListAuditVerdict `json:"verdicts,omitempty" maxItems:"11" doc:"Left out: all that is proposed."`
}

// NewAuditWaiver lets a tenant send without an audit.
type NewAuditWaiver struct {
	Class  string `json:"class,omitempty" maxLength:"40" doc:"Only mail of this class; left out: all mail."`
	Reason string `json:"reason" minLength:"1" maxLength:"500"`
}

// AuditPath names an audit.
type AuditPath struct {
	AuditID string `path:"audit_id"`
}

func (p AuditPath) id() (myodai.ListAuditID, error) {
	return pathID(myodai.ParseID[myodai.ListAuditID], p.AuditID, "audit")
}

func showAudit(a myodai.ListAudit) Audit {
	a = hygiene.Seen(a, time.Now())
	certain, worst, all := a.Expected()
	out := Audit{
		ID: a.ID, Title: a.Title, Class: a.Class, State: a.State, Progress: a.Progress, Reason: a.Reason,
		Addresses: a.Summary.Addresses, Mailed: all, Expected: certain, Worst: worst, Rate: hygiene.Percent(certain, all),
		Gate: a.Gate(), Passed: a.Passed(), Counts: map[myodai.ListAuditVerdict]int{}, Bounces: a.Summary.Bounces,
		UnreadMails: a.Summary.Unread, Domains: a.Summary.Domains,
		Clusters: append([]myodai.ListAuditCluster{}, a.Summary.Clusters...), Bursts: append([]myodai.ListAuditBurst{}, a.Summary.Bursts...),
		Problems: showProblems(a.Summary.Problems), BatchID: a.Batch, Accepted: append([]myodai.ListAuditVerdict{}, a.Accepted...),
		AcceptedAt: utc(a.AcceptedAt), CreatedAt: utc(a.CreatedAt), FinishedAt: utc(a.FinishedAt),
	}
	for verdict, n := range a.Summary.Counts {
		out.Counts[verdict] = n
		if verdict.Proposed() {
			out.Proposed += n
		}
	}
	return out
}

func showAuditFinding(f myodai.ListAuditFinding) AuditFinding {
	return AuditFinding{
		Number: f.Number, Verdict: f.Verdict, Address: f.Address, Cause: f.Cause, Evidence: f.Evidence, Suggestion: f.Suggestion,
		English: hygiene.Sentence(hygiene.English, f), Japanese: hygiene.Sentence(hygiene.Japanese, f), Proposed: f.Verdict.Proposed(),
	}
}

func (s *Server) registerAudits() {
	register(s, operation{
		id: "create-audit", method: http.MethodPost, path: "/audits", tag: "audits", scope: scopeTenant,
		summary: "Have addresses audited before they are mailed for the first time", status: http.StatusAccepted,
		details: "The body is a list (CSV, or one address per line), a mailbox of past bounces (mbox, or a Maildir as tar or zip), or several of them as multipart/form-data; gzip is fine. " +
			"It is read as it arrives; then the judging goes on by itself. get-audit tells how far it has come.",
		upload: []string{"text/csv", "application/mbox", "application/zip", "application/x-tar", "application/gzip", "multipart/form-data"},
	}, s.createAudit)
	register(s, operation{
		id: "list-audits", method: http.MethodGet, path: "/audits", tag: "audits", scope: scopeTenant,
		summary: "List audits, newest first",
	}, func(ctx context.Context, who myodai.Credential, in *struct{ PageQuery }) (*listOutput[Audit], error) {
		list, next, err := s.o.Store.ListAudits(ctx, who.TenantID, in.page())
		return listOf(list, next, showAudit), err
	})
	register(s, operation{
		id: "get-audit", method: http.MethodGet, path: "/audits/{audit_id}", tag: "audits", scope: scopeTenant,
		summary: "Show an audit: how far it has come, and what it came to",
		details: "With Accept: text/event-stream the answer is a stream of server-sent events: audit, whenever it has come further, until it has ended.",
		stream:  s.streamAudit,
	}, func(ctx context.Context, who myodai.Credential, in *AuditPath) (*output[Audit], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		a, err := s.o.Hygiene.Audit(ctx, who.TenantID, id)
		return outputOf(showAudit(a)), err
	})
	register(s, operation{
		id: "list-audit-findings", method: http.MethodGet, path: "/audits/{audit_id}/findings", tag: "audits", scope: scopeTenant,
		summary: "List what an audit found, address by address",
	}, s.listAuditFindings)
	register(s, operation{
		id: "get-audit-report", method: http.MethodGet, path: "/audits/{audit_id}/report", tag: "audits", scope: scopeTenant,
		summary: "Download the report to clean up by", answers: "text/markdown",
		details: "As Markdown for people to read, or with format=csv every finding for a spreadsheet; in English or Japanese.",
	}, s.auditReport)
	register(s, operation{
		id: "accept-audit", method: http.MethodPost, path: "/audits/{audit_id}/accept", tag: "audits", scope: scopeTenant,
		summary: "Put what an audit proposes on the suppression list",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		AuditPath
		Body NewAuditAcceptance
	}) (*output[Audit], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		a, err := s.o.Hygiene.Accept(ctx, who.TenantID, id, in.Body.Verdicts, string(who.ID))
		return outputOf(showAudit(a)), err
	})
	register(s, operation{
		id: "undo-audit", method: http.MethodPost, path: "/audits/{audit_id}/undo", tag: "audits", scope: scopeTenant,
		summary: "Take an accepted proposal off the suppression list again",
	}, func(ctx context.Context, who myodai.Credential, in *AuditPath) (*output[Audit], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		a, err := s.o.Hygiene.Undo(ctx, who.TenantID, id, string(who.ID))
		return outputOf(showAudit(a)), err
	})
	register(s, operation{
		id: "waive-audit", method: http.MethodPost, path: "/tenants/{tenant_id}/audit-waiver", tag: "audits", scope: scopeOperator,
		summary: "Let a tenant send without an audit", status: http.StatusCreated,
	}, s.waiveAudit)
}

// createAudit begins an audit with the files of a request. They are read here;
// an audit whose files break off has failed.
func (s *Server) createAudit(ctx context.Context, who myodai.Credential, in *struct {
	Title string `query:"title" maxLength:"200"`
	Class string `query:"class" maxLength:"40" doc:"The class of mail it is for; left out: all mail."`
	Name  string `query:"name" maxLength:"200" doc:"Of the file, when it is sent as the body."`
}) (*output[Audit], error) {
	class, err := s.classNamed(ctx, who.TenantID, in.Class)
	if err != nil {
		return nil, err
	}
	intake, err := s.o.Hygiene.Begin(ctx, hygiene.NewAudit{TenantID: who.TenantID, Title: in.Title, Class: class, By: string(who.ID)})
	if err != nil {
		return nil, err
	}
	if err := eachFile(ctx, in.Name, intake.Add); err != nil {
		intake.Abandon(err)
		return nil, err
	}
	a, err := intake.Judge()
	return outputOf(showAudit(a)), err
}

func (s *Server) streamAudit(e *events, who myodai.Credential, param func(string) string) error {
	id, err := AuditPath{AuditID: param("audit_id")}.id()
	if err != nil {
		return err
	}
	_ = http.NewResponseController(e.w).SetWriteDeadline(time.Time{}) // as long as the audit takes
	ctx := e.r.Context()
	err = s.o.Hygiene.Watch(ctx, who.TenantID, id, func(a myodai.ListAudit) { e.send("audit", showAudit(a)) })
	switch {
	case err == nil || ctx.Err() != nil:
		return nil
	case !e.begun:
		return err
	}
	e.send("problem", s.problem(requestOf(ctx), "get-audit", err))
	return nil
}

func (s *Server) listAuditFindings(ctx context.Context, who myodai.Credential, in *struct {
	AuditPath
	PageQuery
	Verdict string `query:"verdict" enum:"invalid,dead,complained,no_mail,typo,disposable,bulk,unanswered,blocked,role,duplicate"`
}) (*listOutput[AuditFinding], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	if _, err := s.o.Store.ListAudit(ctx, who.TenantID, id); err != nil {
		return nil, err
	}
	list, next, err := s.o.Store.ListAuditFindings(ctx, who.TenantID, id, myodai.ListAuditVerdict(in.Verdict), in.page())
	return listOf(list, next, showAuditFinding), err
}

func (s *Server) auditReport(ctx context.Context, who myodai.Credential, in *struct {
	AuditPath
	Format   string `query:"format" enum:"markdown,csv" default:"markdown"`
	Language string `query:"language" enum:"en,ja" default:"en"`
}) (*huma.StreamResponse, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	a, err := s.o.Hygiene.Audit(ctx, who.TenantID, id)
	if err != nil {
		return nil, err
	}
	if a.State != myodai.ListAuditFinished {
		return nil, myodai.Refuse(myodai.CodeConflict, "", "the audit is %s; there is a report of a finished one", a.State)
	}
	lang := hygiene.Language(in.Language)
	if in.Format == "csv" {
		return s.download("text/csv; charset=utf-8", string(id)+".csv", func(ctx context.Context, w io.Writer) error {
			return s.o.Hygiene.WriteFindings(ctx, w, a, lang)
		}), nil
	}
	return s.download("text/markdown; charset=utf-8", string(id)+".md", func(ctx context.Context, w io.Writer) error {
		return s.o.Hygiene.WriteReport(ctx, w, a, lang)
	}), nil
}

func (s *Server) waiveAudit(ctx context.Context, who myodai.Credential, in *struct {
	TenantID string `path:"tenant_id"`
	Body     NewAuditWaiver
}) (*output[Audit], error) {
	tenant, err := pathID(myodai.ParseID[myodai.TenantID], in.TenantID, "tenant")
	if err != nil {
		return nil, err
	}
	if _, err := s.o.Store.Tenant(ctx, tenant); err != nil {
		return nil, err
	}
	class, err := s.classNamed(ctx, tenant, in.Body.Class)
	if err != nil {
		return nil, err
	}
	a, err := s.o.Hygiene.Waive(ctx, tenant, class, in.Body.Reason, string(who.ID))
	return outputOf(showAudit(a)), err
}
