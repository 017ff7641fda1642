package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/myodai/myodai"
)

const domainColumns = `id, tenant_id, name, state, token, shape, shapes, return_path, root_spf, report_address,
	registered_at, verified_at, at_risk_at, failed_checks, notices, checked_at, next_check_at, changed_at,
	planned_at, entered_at, connected_at, cause, default_from`

func domainFields(d *myodai.Domain) []any {
	return []any{
		&d.ID, &d.TenantID, &d.Name, &d.State, &d.Token, &d.Shape, document{&d.Shapes}, &d.ReturnPath, &d.RootSPF, &d.ReportAddress,
		instant{&d.RegisteredAt}, instant{&d.VerifiedAt}, instant{&d.AtRiskAt}, &d.FailedChecks, &d.Notices,
		instant{&d.CheckedAt}, instant{&d.NextCheckAt}, instant{&d.ChangedAt},
		instant{&d.PlannedAt}, instant{&d.EnteredAt}, instant{&d.ConnectedAt}, &d.Cause, &d.DefaultFrom,
	}
}

// CreateDomain adds a domain with its keys. It is a conflict when the tenant
// already has the name; that other tenants have it is nobody's business (E4).
func (s *Store) CreateDomain(ctx context.Context, d myodai.Domain, keys []myodai.NewKey, events ...myodai.Event) error {
	return s.write(ctx, "create domain", func(q session) error {
		n, err := q.insertDomain(d)
		if err != nil {
			return err
		}
		if n == 0 {
			return myodai.Refuse(myodai.CodeConflict, "name", "%s is registered already", d.Name)
		}
		if err := s.addKeys(q, d.TenantID, d.ID, d.Name, keys); err != nil {
			return err
		}
		if err := q.bumpSerial(); err != nil {
			return err
		}
		return q.addEvents(events)
	})
}

// insertDomain adds a domain; it adds none when the tenant already has the name.
func (q session) insertDomain(d myodai.Domain) (added int64, err error) {
	return q.exec(`
		insert into domains (`+domainColumns+`, leased_until, deleted_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, 0, 0)
		on conflict (tenant_id, name) where deleted_at = 0 do nothing`,
		d.ID, d.TenantID, d.Name, d.State, d.Token, d.Shape, document{d.Shapes}, d.ReturnPath, d.RootSPF, d.ReportAddress,
		d.RegisteredAt, d.VerifiedAt, d.AtRiskAt, d.FailedChecks, d.Notices, d.CheckedAt, d.NextCheckAt, d.ChangedAt,
		d.PlannedAt, d.EnteredAt, d.ConnectedAt, d.Cause, d.DefaultFrom)
}

// Domain reads a domain.
func (s *Store) Domain(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID) (myodai.Domain, error) {
	d, err := s.read(ctx).domain(tenant, id, "")
	return d, wrap("read domain", err)
}

func (q session) domain(tenant myodai.TenantID, id myodai.DomainID, lock string) (myodai.Domain, error) {
	return one(q, absent("domain", id), domainFields,
		`select `+domainColumns+` from domains where tenant_id = $1 and id = $2 and deleted_at = 0`+lock, tenant, id)
}

// DomainNamed reads the tenant's domain with the given name.
func (s *Store) DomainNamed(ctx context.Context, tenant myodai.TenantID, name myodai.Name) (myodai.Domain, error) {
	d, err := one(s.read(ctx), absent("domain", name), domainFields,
		`select `+domainColumns+` from domains where tenant_id = $1 and name = $2 and deleted_at = 0`, tenant, name)
	return d, wrap("read domain", err)
}

// Domains lists a tenant's domains, oldest first.
func (s *Store) Domains(ctx context.Context, tenant myodai.TenantID, page myodai.Page) (list []myodai.Domain, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	list, err = all(s.read(ctx), domainFields,
		`select `+domainColumns+` from domains
		  where tenant_id = $1 and id > $2 and deleted_at = 0 order by id limit $3`, tenant, after, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list domains", err)
	}
	list, next = cut(list, page, func(d myodai.Domain) string { return string(d.ID) })
	return list, next, nil
}

// DomainByToken reads the domain, of any tenant, that a token names.
func (s *Store) DomainByToken(ctx context.Context, token string) (myodai.Domain, error) {
	d, err := one(s.read(ctx), "no domain has this token", domainFields,
		`select `+domainColumns+` from domains where token = $1 and deleted_at = 0`, token)
	return d, wrap("read domain", err)
}

// SendingDomains lists the domains with one of the names that may send now: of
// all tenants, except suspended ones.
func (s *Store) SendingDomains(ctx context.Context, names []myodai.Name) ([]myodai.Domain, error) {
	var sending []myodai.Domain
	for some := range slices.Chunk(names, maxParameters) {
		args := []any{myodai.TenantActive}
		for _, name := range some {
			args = append(args, name)
		}
		list, err := all(s.read(ctx), domainFields,
			`select `+domainColumns+` from domains where name in (`+placeholders(2, len(some))+`) and deleted_at = 0
			    and tenant_id in (select id from tenants where state = $1) order by id`, args...)
		if err != nil {
			return nil, wrap("read sending domains", err)
		}
		sending = append(sending, list...)
	}
	return slices.DeleteFunc(sending, func(d myodai.Domain) bool { return !d.CanSend() }), nil
}

// UpdateDomain loads a domain, lets change decide its new shape, and saves that
// together with the events the change gave rise to: both or neither. The id,
// tenant, name and token of a domain never change.
//
// change may be called more than once and must be pure. When it returns an
// error nothing is written, and the error is returned as it is.
func (s *Store) UpdateDomain(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID,
	change func(myodai.Domain) (myodai.Domain, []myodai.Event, error),
) (d myodai.Domain, err error) {
	err = s.write(ctx, "update domain", func(q session) error {
		d, err = q.changeDomain(tenant, id, change)
		return err
	})
	if err != nil {
		return myodai.Domain{}, err
	}
	return d, nil
}

func (q session) changeDomain(tenant myodai.TenantID, id myodai.DomainID,
	change func(myodai.Domain) (myodai.Domain, []myodai.Event, error),
) (myodai.Domain, error) {
	before, err := q.domain(tenant, id, q.dialect.forUpdate)
	if err != nil {
		return before, err
	}
	d, events, err := change(before)
	if err != nil {
		return before, err
	}
	d.ID, d.TenantID, d.Name, d.Token = before.ID, before.TenantID, before.Name, before.Token
	_, err = q.exec(`
		update domains set state = $3, shape = $4, shapes = $5, return_path = $6, root_spf = $7, report_address = $8,
		       registered_at = $9, verified_at = $10, at_risk_at = $11, failed_checks = $12, notices = $13,
		       checked_at = $14, next_check_at = $15, changed_at = $16, planned_at = $17, entered_at = $18, connected_at = $19, cause = $20,
		       default_from = $21
		 where tenant_id = $1 and id = $2`,
		tenant, id, d.State, d.Shape, document{d.Shapes}, d.ReturnPath, d.RootSPF, d.ReportAddress,
		d.RegisteredAt, d.VerifiedAt, d.AtRiskAt, d.FailedChecks, d.Notices, d.CheckedAt, d.NextCheckAt, d.ChangedAt,
		d.PlannedAt, d.EnteredAt, d.ConnectedAt, d.Cause, d.DefaultFrom)
	if err != nil {
		return before, err
	}
	if published(before) != published(d) {
		if err := q.bumpSerial(); err != nil {
			return before, err
		}
	}
	return d, q.addEvents(events)
}

// DeleteDomain takes a domain away: its private keys are destroyed and its
// names disappear from our zone. A tombstone keeps its token from ever being
// given again, so that records left behind in DNS are worth nothing (T02). What
// is queued for it is held by the check just before it is sent: see Sender.
func (s *Store) DeleteDomain(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID,
	now time.Time, events ...myodai.Event,
) error {
	err := s.write(ctx, "delete domain", func(q session) error {
		n, err := q.exec(`
			update domains set deleted_at = $3, state = $4 where tenant_id = $1 and id = $2 and deleted_at = 0`,
			tenant, id, now, myodai.DomainSuspended)
		if err != nil {
			return err
		}
		if n == 0 {
			return myodai.Refuse(myodai.CodeNotFound, "", "%s", absent("domain", id))
		}
		_, err = q.exec(`update dkim_keys set sealed = null, state = $3 where tenant_id = $1 and domain_id = $2`,
			tenant, id, myodai.KeyRevoked)
		if err != nil {
			return err
		}
		if err := q.bumpSerial(); err != nil {
			return err
		}
		return q.addEvents(events)
	})
	if err == nil {
		s.signers.drop(keyOwner{tenant, id})
	}
	return err
}

// ClaimDomains hands out up to max domains, of all tenants, whose check is due,
// the longest overdue first, and leases them until the given instant.
// RecordCheck ends the lease.
func (s *Store) ClaimDomains(ctx context.Context, max int, now, until time.Time) (list []myodai.Domain, err error) {
	err = s.write(ctx, "claim domains", func(q session) error {
		list, err = all(q, domainFields, `
			with due as materialized (
			  select id as due_id from domains
			   where deleted_at = 0 and next_check_at <= $1 and leased_until <= $1
			   order by next_check_at
			   limit $3`+q.dialect.skipLocked+`)
			update domains set leased_until = $2
			 where id in (select due_id from due)
			returning `+domainColumns, now, until, max)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b myodai.Domain) int {
		return cmp.Or(a.NextCheckAt.Compare(b.NextCheckAt), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}
