package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// TroubledDomain is a domain that somebody should look at, with whose it is.
type TroubledDomain struct {
	myodai.Domain
	TenantName string
}

// DomainsInTrouble lists domains of one tenant, or of all when tenant is "", that
// do not send or soon will not: suspended ones, those at risk, and those that were
// registered before the given instant and are pending still. Of each kind there
// are at most limit, those registered last first.
func (s *Store) DomainsInTrouble(ctx context.Context, tenant myodai.TenantID, before time.Time, limit int) ([]TroubledDomain, error) {
	var list []TroubledDomain
	for _, kind := range []struct {
		state  myodai.DomainState
		before time.Time
	}{
		{myodai.DomainSuspended, farAway}, {myodai.DomainAtRisk, farAway}, {myodai.DomainPending, before},
	} {
		some, err := all(s.read(ctx), func(d *TroubledDomain) []any { return append(domainFields(&d.Domain), &d.TenantName) }, `
			select `+domainColumns+`, (select name from tenants where tenants.id = domains.tenant_id) as tenant_name
			  from domains
			 where deleted_at = 0 and state <> 'verified' and `+ofTenant(tenant)+` and state = $2 and registered_at < $3
			 order by registered_at desc, id desc limit $4`, tenant, kind.state, kind.before, limit)
		if err != nil {
			return nil, wrap("list domains in trouble", err)
		}
		list = append(list, some...)
	}
	return list, nil
}

// farAway is later than anything that has happened.
var farAway = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
