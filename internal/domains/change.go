package domains

import (
	"context"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// Reshape switches the shape of the record at owner, or of every record when
// owner is "". The keys stay (F1, B16).
func (s *Service) Reshape(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID, owner, shape string) (myodai.Domain, error) {
	to, err := myodai.ParseShape(shape)
	if err != nil {
		return myodai.Domain{}, err
	}
	name, err := myodai.ParseOwner(owner)
	if err != nil {
		return myodai.Domain{}, err
	}
	if name != "" {
		p, err := s.Plan(ctx, tenant, id)
		if err != nil {
			return myodai.Domain{}, err
		}
		if !switchable(p, name) {
			return myodai.Domain{}, myodai.Refuse(myodai.CodeInvalid, "record",
				"%s is not a record of %s whose shape can be switched; those of DKIM and the return path can", name, p.Domain)
		}
	}
	return s.change(ctx, tenant, id, func(d myodai.Domain) myodai.Domain { return d.Reshape(name, to) })
}

func switchable(p plan.Plan, owner myodai.Name) bool {
	for _, item := range p.Items {
		if item.Name == owner && (item.Purpose == myodai.PurposeDKIM || item.Purpose == myodai.PurposeReturnPath) {
			return true
		}
	}
	return false
}

// Change is what a tenant may change about a domain beside its shape. A nil
// field stays as it is.
type Change struct {
	RootSPF       *bool
	ReportAddress *string
	DefaultFrom   *string
}

// Change changes what is asked for.
func (s *Service) Change(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID, c Change) (myodai.Domain, error) {
	address := ""
	if c.ReportAddress != nil {
		var err error
		if address, err = parseReportAddress(*c.ReportAddress); err != nil {
			return myodai.Domain{}, err
		}
	}
	from := ""
	if c.DefaultFrom != nil {
		d, err := s.Store.Domain(ctx, tenant, id)
		if err != nil {
			return d, err
		}
		if from, err = parseDefaultFrom(d.Name, *c.DefaultFrom); err != nil {
			return d, err
		}
	}
	return s.change(ctx, tenant, id, func(d myodai.Domain) myodai.Domain {
		if c.DefaultFrom != nil {
			d.DefaultFrom = from
		}
		if c.RootSPF != nil {
			d.RootSPF = *c.RootSPF
		}
		if c.ReportAddress != nil {
			d.ReportAddress = address
		}
		return d
	})
}

// change saves a change of the plan, which is then checked at once.
func (s *Service) change(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID, apply func(myodai.Domain) myodai.Domain) (myodai.Domain, error) {
	now := time.Now()
	d, err := s.Store.UpdateDomain(ctx, tenant, id, func(d myodai.Domain) (myodai.Domain, []myodai.Event, error) {
		d = apply(d)
		d.ChangedAt, d.PlannedAt, d.NextCheckAt = now, now, now
		data := map[string]any{"shape": d.Shape, "shapes": d.Shapes, "root_spf": d.RootSPF, "report_address": d.ReportAddress}
		return d, []myodai.Event{s.event(myodai.EventDomainChanged, d, now, data)}, nil
	})
	if err != nil {
		return myodai.Domain{}, err
	}
	s.due.ring()
	return d, nil
}

// Delete ends the claim: nothing more is sent as the domain, its private keys
// are destroyed, and its names are never used again (T02).
func (s *Service) Delete(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID) error {
	d, err := s.Store.Domain(ctx, tenant, id)
	if err != nil {
		return err
	}
	now := time.Now()
	if err := s.Store.DeleteDomain(ctx, tenant, id, now, s.event(myodai.EventDomainDeleted, d, now, nil)); err != nil {
		return err
	}
	s.Wake()
	return nil
}
