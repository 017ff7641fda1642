package store

import (
	"context"

	"github.com/myodai/myodai"
)

// CreatePlatform adds the platform as a tenant with its zone as its domain. What
// is there already stays as it is, so several nodes may start at once.
func (s *Store) CreatePlatform(ctx context.Context, t myodai.Tenant, d myodai.Domain) error {
	return s.write(ctx, "create platform", func(q session) error {
		_, err := q.exec(`insert into tenants (id, name, state, created_at) values ($1, $2, $3, $4) on conflict do nothing`,
			t.ID, t.Name, t.State, t.CreatedAt)
		if err != nil {
			return err
		}
		_, err = q.insertDomain(d)
		return err
	})
}
