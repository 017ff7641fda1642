package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/dnshost"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/spf"
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
	Entry    *Entry            `json:"entry,omitempty" doc:"How to type it at the domain's DNS host. For an include: the whole record it goes into; left out until a check has seen that."`
	Edit     *SPFEdit          `json:"edit,omitempty" doc:"For an include: what is to become of the SPF record that is there."`
}

// Plan is everything a domain publishes.
type Plan struct {
	Domain    string    `json:"domain"`
	Records   []Record  `json:"records"`
	CheckedAt time.Time `json:"checked_at,omitzero" doc:"When the statuses were found out."`
	DNSHost   *DNSHost  `json:"dns_host,omitempty" doc:"Who serves the zone, by the last check; left out when not recognized."`
	Warnings  []Warning `json:"warnings" doc:"What this DNS host is known, or believed, not to take."`
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
	s.registerChecks()
	s.registerSPF()
	s.registerDMARC()
}

// domainWithRecords reads a domain and its plan.
func (s *Server) domainWithRecords(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID) (*output[DomainWithRecords], error) {
	d, err := s.o.Store.Domain(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	p, err := s.planOf(ctx, d)
	return outputOf(DomainWithRecords{showDomain(d), p.Records, p.DNSHost, p.Warnings}), err
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

// showPlan puts what the last check found beside the planned records.
func showPlan(p plan.Plan, d myodai.Domain, keys []myodai.Key, last myodai.Check) Plan {
	host := diagnose.HostOf(last)
	out := Plan{
		Domain: string(p.Domain), Records: []Record{}, CheckedAt: utc(last.At),
		DNSHost: showHost(host), Warnings: showWarnings(host, plan.ZoneOf(last, p.Domain), p.Items),
	}
	seen := plan.Seen(p, d, keys, last)
	for i, item := range p.Items {
		r := showRecord(item, host, last)
		if item.Purpose == myodai.PurposeSPF {
			_ = r.editSPF(p, item, d, last, spf.Wish{}) // an empty wish is never refused
		}
		if seen[i].Status != "" {
			r.Status, r.Found, r.Reason = string(seen[i].Status), seen[i].Found, seen[i].Reason
		}
		out.Records = append(out.Records, r)
	}
	return out
}

// showRecord is a planned record that nothing is known of yet.
func showRecord(item plan.Item, host dnshost.Host, last myodai.Check) Record {
	return Record{
		Purpose: item.Purpose, Selector: item.Selector, Name: string(item.Name), Type: item.Type, Value: item.Value,
		Required: item.Required, Why: item.Why, Status: "not_checked", Found: []string{},
		Reason: "No check has looked at this record yet.", Entry: showEntry(host, plan.ZoneOf(last, item.Name), item),
	}
}

// isAbsent reports whether err says that something does not exist.
func isAbsent(err error) bool {
	refusal, ok := errors.AsType[*myodai.Error](err)
	return ok && refusal.Code == myodai.CodeNotFound
}
