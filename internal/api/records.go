package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// Record is one record a domain must or may publish, and what the last check
// saw of it.
type Record struct {
	Purpose  myodai.Purpose    `json:"purpose" enum:"dkim,return-path,dmarc,spf,tracking,acme"`
	Selector string            `json:"selector,omitempty" doc:"Of a DKIM record."`
	Name     string            `json:"name" doc:"The owner name, without a final dot."`
	Type     myodai.RecordType `json:"type" example:"CNAME"`
	Value    string            `json:"value" doc:"As typed into a panel: TXT without quotes and in one piece, 10 host for MX."`
	Required bool              `json:"required"`
	Why      string            `json:"why"`
	Status   string            `json:"status" enum:"as_planned,missing,different,unknown,not_checked" doc:"unknown means that it could not be found out, not_checked that the record is newer than the last check."`
	Found    []string          `json:"found" doc:"What the domain's own servers said instead."`
	Reason   string            `json:"reason" doc:"The status in a sentence."`
}

// Plan is everything a domain publishes.
type Plan struct {
	Domain    string    `json:"domain"`
	Records   []Record  `json:"records"`
	CheckedAt time.Time `json:"checked_at,omitzero" doc:"When the statuses were found out."`
}

// Check is one look at a domain's records.
type Check struct {
	ID       myodai.CheckID  `json:"id"`
	DomainID myodai.DomainID `json:"domain_id"`
	At       time.Time       `json:"at"`
	Verdict  myodai.Verdict  `json:"verdict" enum:"proved,disproved,unknown"`
	Records  []CheckedRecord `json:"records"`
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

func showCheck(c myodai.Check) Check {
	out := Check{ID: c.ID, DomainID: c.DomainID, At: utc(c.At), Verdict: c.Verdict, Records: []CheckedRecord{}}
	for _, r := range c.Records {
		out.Records = append(out.Records, CheckedRecord{
			Name: string(r.Name), Type: r.Type, Purpose: r.Purpose, Required: r.Required,
			Status: r.Status, Found: append([]string{}, r.Found...), Reason: r.Reason,
		})
	}
	return out
}

func (s *Server) registerRecords() {
	register(s, operation{
		id: "list-records", method: http.MethodGet, path: "/domains/{domain_id}/records", tag: "domains", scope: scopeTenant,
		summary: "Show what a domain must publish, and what is there",
	}, func(ctx context.Context, who myodai.Credential, in *DomainPath) (*output[Plan], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		d, err := s.o.Store.Domain(ctx, who.TenantID, id)
		if err != nil {
			return nil, err
		}
		p, err := s.planOf(ctx, d)
		return outputOf(p), err
	})
	register(s, operation{
		id: "check-domain", method: http.MethodPost, path: "/domains/{domain_id}/check", tag: "domains", scope: scopeTenant,
		summary: "Ask DNS now", details: "Asks the domain's own name servers and answers with what they said. For a minute after it, the domain is checked every few seconds.",
	}, s.checkDomain)
	register(s, operation{
		id: "list-checks", method: http.MethodGet, path: "/domains/{domain_id}/checks", tag: "domains", scope: scopeTenant,
		summary: "List the checks of a domain, newest first",
	}, func(ctx context.Context, who myodai.Credential, in *struct {
		DomainPath
		PageQuery
	}) (*listOutput[Check], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		if _, err := s.o.Store.Domain(ctx, who.TenantID, id); err != nil {
			return nil, err
		}
		list, next, err := s.o.Store.Checks(ctx, who.TenantID, id, time.Now(), in.page())
		return listOf(list, next, showCheck), err
	})
}

func (s *Server) checkDomain(ctx context.Context, who myodai.Credential, in *DomainPath) (*output[CheckResult], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	if _, err := s.o.Store.Domain(ctx, who.TenantID, id); err != nil {
		return nil, err
	}
	if pause := s.checks.take(string(id), time.Now()); pause > 0 {
		return nil, limited(pause, "this domain was just checked; DNS changes no faster")
	}
	check, err := s.o.Domains.CheckNow(ctx, who.TenantID, id, nil)
	if err != nil {
		return nil, err
	}
	d, err := s.o.Store.Domain(ctx, who.TenantID, id)
	return outputOf(CheckResult{showCheck(check), d.State}), err
}

// domainWithRecords reads a domain and its plan.
func (s *Server) domainWithRecords(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID) (*output[DomainWithRecords], error) {
	d, err := s.o.Store.Domain(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	p, err := s.planOf(ctx, d)
	return outputOf(DomainWithRecords{showDomain(d), p.Records}), err
}

// planOf is a domain's plan with what the last check saw of it.
func (s *Server) planOf(ctx context.Context, d myodai.Domain) (Plan, error) {
	p, err := s.o.Domains.Plan(ctx, d.TenantID, d.ID)
	if err != nil {
		return Plan{}, err
	}
	last, err := s.o.Store.LastCheck(ctx, d.TenantID, d.ID)
	if err != nil && !isAbsent(err) {
		return Plan{}, err
	}
	keys, err := s.o.Store.Keys(ctx, d.TenantID, d.ID)
	if err != nil {
		return Plan{}, err
	}
	return showPlan(p, d, keys, last), nil
}

// showPlan puts the findings of the last check beside the planned records they
// are about. What the check has not seen as it is now, it says nothing about:
// after a change of the plan nothing, and of a newer key nothing.
func showPlan(p plan.Plan, d myodai.Domain, keys []myodai.Key, last myodai.Check) Plan {
	out := Plan{Domain: string(p.Domain), Records: []Record{}, CheckedAt: utc(last.At)}
	newer := map[string]bool{}
	for _, k := range keys {
		newer[k.Selector] = newer[k.Selector] || k.CreatedAt.After(last.At)
	}
	for _, item := range p.Items {
		r := Record{
			Purpose: item.Purpose, Selector: item.Selector, Name: string(item.Name), Type: item.Type, Value: item.Value,
			Required: item.Required, Why: item.Why, Status: "not_checked", Found: []string{},
			Reason: "No check has looked at this record yet.",
		}
		if !last.At.Before(d.ChangedAt) && !newer[item.Selector] {
			for _, seen := range last.Records {
				if seen.Name == item.Name && seen.Type == item.Type && seen.Purpose == item.Purpose {
					r.Status, r.Found, r.Reason = string(seen.Status), append([]string{}, seen.Found...), seen.Reason
				}
			}
		}
		out.Records = append(out.Records, r)
	}
	return out
}

// isAbsent reports whether err says that something does not exist.
func isAbsent(err error) bool {
	refusal, ok := errors.AsType[*myodai.Error](err)
	return ok && refusal.Code == myodai.CodeNotFound
}
