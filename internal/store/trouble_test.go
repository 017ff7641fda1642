package store_test

import (
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// Domains in trouble are found over all tenants or of one: suspended, at risk,
// and pending for long, and none that is well, new or gone.
func TestDomainsInTrouble(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		one, two := newTenant(t, s), newTenant(t, s)
		put := func(tenant myodai.TenantID, name myodai.Name, state myodai.DomainState, registered time.Time) myodai.Domain {
			d := draftDomain(tenant, name)
			d.State, d.RegisteredAt = state, registered
			ok(t, s.CreateDomain(t.Context(), d, nil))
			return d
		}
		put(one.ID, "well.example", myodai.DomainVerified, t0)
		put(one.ID, "old.example", myodai.DomainPending, t0.Add(-72*time.Hour))
		put(one.ID, "new.example", myodai.DomainPending, t0)
		put(two.ID, "risk.example", myodai.DomainAtRisk, t0)
		put(one.ID, "stopped.example", myodai.DomainSuspended, t0)
		gone := put(two.ID, "gone.example", myodai.DomainSuspended, t0)
		ok(t, s.DeleteDomain(t.Context(), two.ID, gone.ID, t0))
		for name, tt := range map[string]struct {
			tenant myodai.TenantID
			limit  int
			want   []myodai.Name
		}{
			"all tenants": {"", 9, []myodai.Name{"stopped.example", "risk.example", "old.example"}},
			"one tenant":  {one.ID, 9, []myodai.Name{"stopped.example", "old.example"}},
			"none asked":  {two.ID, 0, nil},
		} {
			var names []myodai.Name
			for _, d := range must(s.DomainsInTrouble(t.Context(), tt.tenant, t0.Add(-48*time.Hour), tt.limit))(t) {
				names = append(names, d.Name)
				if d.TenantName == "" {
					t.Errorf("%s: whose %s is is not said", name, d.Name)
				}
			}
			same(t, name, names, tt.want)
		}
	})
}
