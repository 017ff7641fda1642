package console

import (
	"context"
	"errors"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// reading is everything that is known of a domain, as it was read for one view.
type reading struct {
	Domain myodai.Domain
	Plan   plan.Plan
	Keys   []myodai.Key
	Last   myodai.Check // zero before the first
	Seen   []myodai.RecordCheck
}

// read reads a domain with all that is known of it.
func (s *Server) read(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID) (reading, error) {
	d, err := s.o.Store.Domain(ctx, tenant, id)
	if err != nil {
		return reading{}, err
	}
	keys, err := s.o.Store.Keys(ctx, tenant, id)
	if err != nil {
		return reading{}, err
	}
	last, err := s.o.Store.LastCheck(ctx, tenant, id)
	if err != nil && !isAbsent(err) {
		return reading{}, err
	}
	p := plan.For(d, keys, s.o.Domains.Site)
	return reading{Domain: d, Plan: p, Keys: keys, Last: last, Seen: plan.Seen(p, d, keys, last)}, nil
}

// current reports whether the last check looked at the plan as it is now.
func (r reading) current() bool { return !r.Last.At.IsZero() && !r.Last.At.Before(r.Domain.ChangedAt) }

// done counts the required records that are as planned, and all required ones.
func (r reading) done() (done, all int) {
	for _, c := range r.Seen {
		if c.Required {
			all++
			if c.Status == myodai.StatusAsPlanned {
				done++
			}
		}
	}
	return done, all
}

// isAbsent reports whether err says that something does not exist.
func isAbsent(err error) bool {
	refusal, ok := errors.AsType[*myodai.Error](err)
	return ok && refusal.Code == myodai.CodeNotFound
}

// domainID reads the domain's id in the address. What is no id names nothing.
func (v *visit) domainID() (myodai.DomainID, error) {
	id, err := myodai.ParseID[myodai.DomainID](v.r.PathValue("domain"))
	if err != nil {
		return "", errNoPage
	}
	return id, nil
}

// domain reads the domain that the address names, of the actor's tenant.
func (v *visit) domain() (reading, error) {
	id, err := v.domainID()
	if err != nil {
		return reading{}, err
	}
	return v.read(v.r.Context(), v.actor.Tenant, id)
}
