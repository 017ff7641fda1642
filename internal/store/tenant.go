package store

import (
	"context"

	"github.com/myodai/myodai"
)

const tenantColumns = `id, name, state, created_at`

func tenantFields(t *myodai.Tenant) []any {
	return []any{&t.ID, &t.Name, &t.State, instant{&t.CreatedAt}}
}

// CreateTenant adds a tenant.
func (s *Store) CreateTenant(ctx context.Context, t myodai.Tenant, events ...myodai.Event) error {
	return s.write(ctx, "create tenant", func(q session) error {
		_, err := q.exec(`insert into tenants (id, name, state, created_at) values ($1, $2, $3, $4)`,
			t.ID, t.Name, t.State, t.CreatedAt)
		if err != nil {
			return err
		}
		return q.addEvents(events)
	})
}

// Tenant reads a tenant.
func (s *Store) Tenant(ctx context.Context, id myodai.TenantID) (myodai.Tenant, error) {
	t, err := s.read(ctx).tenant(id, "")
	return t, wrap("read tenant", err)
}

func (q session) tenant(id myodai.TenantID, lock string) (myodai.Tenant, error) {
	return one(q, absent("tenant", id), tenantFields,
		`select `+tenantColumns+` from tenants where id = $1`+lock, id)
}

// Tenants lists all tenants, oldest first.
func (s *Store) Tenants(ctx context.Context, page myodai.Page) (list []myodai.Tenant, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	list, err = all(s.read(ctx), tenantFields,
		`select `+tenantColumns+` from tenants where id > $1 and id <> $3 order by id limit $2`,
		after, page.Size()+1, myodai.PlatformTenant)
	if err != nil {
		return nil, "", wrap("list tenants", err)
	}
	list, next = cut(list, page, func(t myodai.Tenant) string { return string(t.ID) })
	return list, next, nil
}

// UpdateTenant loads a tenant, lets change decide its new name and state, and
// saves them together with the events this gives rise to.
//
// change may be called more than once and must be pure. When it returns an
// error nothing is written, and the error is returned as it is.
func (s *Store) UpdateTenant(ctx context.Context, id myodai.TenantID,
	change func(myodai.Tenant) (myodai.Tenant, []myodai.Event, error),
) (t myodai.Tenant, err error) {
	err = s.write(ctx, "update tenant", func(q session) error {
		before, err := q.tenant(id, q.dialect.forUpdate)
		if err != nil {
			return err
		}
		after, events, err := change(before)
		if err != nil {
			return err
		}
		t = before
		t.Name, t.State = after.Name, after.State
		if _, err := q.exec(`update tenants set name = $2, state = $3 where id = $1`, id, t.Name, t.State); err != nil {
			return err
		}
		return q.addEvents(events)
	})
	if err != nil {
		return myodai.Tenant{}, err
	}
	return t, nil
}
