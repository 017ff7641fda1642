package domains

import (
	"context"
	"errors"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// Reading is a domain with all that is known of it.
type Reading struct {
	Domain myodai.Domain
	Plan   plan.Plan
	Keys   []myodai.Key
	Last   myodai.Check         // zero before the first
	Seen   []myodai.RecordCheck // of the plan's items, in their order
}

// Read reads a domain with all that is known of it.
func (s *Service) Read(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID) (Reading, error) {
	d, err := s.Store.Domain(ctx, tenant, id)
	if err != nil {
		return Reading{}, err
	}
	keys, err := s.Store.Keys(ctx, tenant, id)
	if err != nil {
		return Reading{}, err
	}
	last, err := s.Store.LastCheck(ctx, tenant, id)
	if refusal, ok := errors.AsType[*myodai.Error](err); err != nil && (!ok || refusal.Code != myodai.CodeNotFound) {
		return Reading{}, err
	}
	p := plan.For(d, keys, s.Site)
	return Reading{Domain: d, Plan: p, Keys: keys, Last: last, Seen: plan.Seen(p, d, keys, last)}, nil
}

// Zone is the zone that the domain's records are entered into.
func (r Reading) Zone() myodai.Name { return plan.ZoneOf(r.Last, r.Domain.Name) }
