package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/domains"
)

// Check is one look at a domain's records.
type Check struct {
	ID        myodai.CheckID  `json:"id"`
	DomainID  myodai.DomainID `json:"domain_id"`
	At        time.Time       `json:"at"`
	Verdict   myodai.Verdict  `json:"verdict" enum:"proved,disproved,unknown"`
	Records   []CheckedRecord `json:"records"`
	Findings  []Finding       `json:"findings" doc:"What is wrong or could be better, the primary one first."`
	DNSHost   *DNSHost        `json:"dns_host,omitempty" doc:"Who serves the zone; left out when not recognized."`
	VisibleAt time.Time       `json:"visible_at,omitzero" doc:"When the last wait ends."`
}

// CheckedRecord is what a check found of one record.
type CheckedRecord struct {
	Name     string              `json:"name"`
	Type     myodai.RecordType   `json:"type"`
	Purpose  myodai.Purpose      `json:"purpose"`
	Required bool                `json:"required"`
	Status   myodai.RecordStatus `json:"status" enum:"as_planned,missing,different,unknown"`
	Found    []string            `json:"found"`
	Reason   string              `json:"reason"`
}

// CheckResult is a check and the domain as the check left it.
type CheckResult struct {
	Check
	State myodai.DomainState `json:"state" enum:"pending,verified,at_risk,suspended" doc:"Of the domain, after the check."`
}

// CheckWithObservation is a check and all that it was made of.
type CheckWithObservation struct {
	Check
	Observation Observation `json:"observation" doc:"What DNS said; the same findings follow from it again."`
}

// NewCheck is what a tenant may say with a check.
type NewCheck struct {
	Entered   bool         `json:"entered,omitempty" doc:"The records are entered now. If nothing changes after that, it is said that the change was probably not saved."`
	Connected bool         `json:"connected,omitempty" doc:"Domain Connect has just written the records."`
	Sees      []SeenRecord `json:"sees,omitempty" maxItems:"50" doc:"What the tenant's own resolver shows at the names of the records, such as that of the office: a hint at an internal zone, and never evidence."`
}

// SeenRecord is one record as the tenant's own resolver shows it.
type SeenRecord struct {
	Name string            `json:"name" example:"s1-k7f3q9x2._domainkey.example.com"`
	Type myodai.RecordType `json:"type" enum:"CNAME,TXT,MX"`
	Data string            `json:"data" minLength:"1" maxLength:"4096" doc:"A target, \"10 host\" for MX, or the text."`
}

// said is the request as the engine takes it; a request without a body says
// nothing.
func (r *NewCheck) said() domains.Said {
	if r == nil {
		return domains.Said{}
	}
	said := domains.Said{Entered: r.Entered, Connected: r.Connected}
	for _, rr := range r.Sees {
		said.Sees = append(said.Sees, myodai.Record{Name: myodai.Name(rr.Name), Type: rr.Type, Data: rr.Data})
	}
	return said
}

// showCheck tells of a check, with the findings as told.
func showCheck(c myodai.Check, findings []Finding) Check {
	out := Check{
		ID: c.ID, DomainID: c.DomainID, At: utc(c.At), Verdict: c.Verdict, Records: []CheckedRecord{},
		Findings: findings, DNSHost: showHost(diagnose.HostOf(c)),
	}
	for _, r := range c.Records {
		out.Records = append(out.Records, showCheckedRecord(r))
	}
	for _, f := range c.Findings {
		if f.VisibleAt.After(out.VisibleAt) {
			out.VisibleAt = utc(f.VisibleAt)
		}
	}
	return out
}

// showWhole tells of a check whose observation was read.
func showWhole(c myodai.Check) Check {
	return showCheck(c, detailed(c.Findings, diagnose.HostOf(c), c.Observation))
}

func showCheckedRecord(r myodai.RecordCheck) CheckedRecord {
	return CheckedRecord{
		Name: string(r.Name), Type: r.Type, Purpose: r.Purpose, Required: r.Required,
		Status: r.Status, Found: append([]string{}, r.Found...), Reason: r.Reason,
	}
}

func (s *Server) registerChecks() {
	register(s, operation{
		id: "check-domain", method: http.MethodPost, path: "/domains/{domain_id}/check", tag: "domains", scope: scopeTenant,
		summary: "Ask DNS now",
		details: "Asks the domain's own name servers and answers with what they said and what is wrong with it. For a minute after it, the domain is checked every few seconds. " +
			"A body is not needed; it says what DNS does not. " +
			"With Accept: text/event-stream the answer is a stream of server-sent events: progress, with the numbers of questions asked and answered; record, for each record as it is judged; and last result, with what the JSON answer has, or problem.",
		stream: s.streamCheck, maxBody: maxSaid,
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		DomainPath
		Body *NewCheck
	}) (*output[CheckResult], error) {
		id, err := s.mayCheck(ctx, who, &in.DomainPath)
		if err != nil {
			return nil, err
		}
		check, err := s.o.Domains.CheckSaid(ctx, who.TenantID, id, in.Body.said(), nil)
		if err != nil {
			return nil, err
		}
		result, err := s.resultOf(ctx, check)
		return outputOf(result), err
	})
	register(s, operation{
		id: "list-checks", method: http.MethodGet, path: "/domains/{domain_id}/checks", tag: "domains", scope: scopeTenant,
		summary: "List the checks of a domain, newest first",
		details: "The last fifty are kept, and before them every one with which something changed: the first one up to a time says what was known then.",
	}, s.listChecks)
	register(s, operation{
		id: "get-check", method: http.MethodGet, path: "/domains/{domain_id}/checks/{check_id}", tag: "domains", scope: scopeTenant,
		summary: "Show a check with everything that DNS said to it",
	}, s.getCheck)
}

// mayCheck says which domain is to be checked, unless that is too often.
func (s *Server) mayCheck(ctx context.Context, who myodai.Credential, in *DomainPath) (myodai.DomainID, error) {
	id, err := in.id()
	if err != nil {
		return "", err
	}
	if _, err := s.o.Store.Domain(ctx, who.TenantID, id); err != nil {
		return "", err
	}
	if pause := s.checks.take(string(id), time.Now()); pause > 0 {
		return "", limited(pause, "this domain was just checked; DNS changes no faster")
	}
	return id, nil
}

// resultOf is a check that has just been made, and what became of the domain.
func (s *Server) resultOf(ctx context.Context, check myodai.Check) (CheckResult, error) {
	d, err := s.o.Store.Domain(ctx, check.TenantID, check.DomainID)
	return CheckResult{showWhole(check), d.State}, err
}

func (s *Server) listChecks(ctx context.Context, who myodai.Credential, in *struct {
	DomainPath
	PageQuery
	At time.Time `query:"at" doc:"Only checks up to then: the first of the list says what was known at that time."`
}) (*listOutput[Check], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	if _, err := s.o.Store.Domain(ctx, who.TenantID, id); err != nil {
		return nil, err
	}
	if in.At.IsZero() {
		in.At = time.Now()
	}
	list, next, err := s.o.Store.Checks(ctx, who.TenantID, id, in.At, in.page())
	t := newTeller()
	return listOf(list, next, func(c myodai.Check) Check { return showCheck(c, t.findings(c.Findings, diagnose.HostOf(c))) }), err
}

func (s *Server) getCheck(ctx context.Context, who myodai.Credential, in *struct {
	DomainPath
	CheckID string `path:"check_id"`
}) (*output[CheckWithObservation], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	checkID, err := pathID(myodai.ParseID[myodai.CheckID], in.CheckID, "check")
	if err != nil {
		return nil, err
	}
	if _, err := s.o.Store.Domain(ctx, who.TenantID, id); err != nil {
		return nil, err
	}
	c, err := s.o.Store.Check(ctx, who.TenantID, id, checkID)
	return outputOf(CheckWithObservation{showWhole(c), showObservation(c.Observation)}), err
}
