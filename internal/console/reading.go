package console

import (
	"context"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains"
)

// reading is everything that is known of a domain, as it was read for one view.
type reading struct{ domains.Reading }

// read reads a domain with all that is known of it.
func (s *Server) read(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID) (reading, error) {
	r, err := s.o.Domains.Read(ctx, tenant, id)
	return reading{r}, err
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
