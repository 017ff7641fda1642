package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/myodai/myodai"
)

const trackingColumns = `id, tenant_id, name, way, state, token, aliased, ready, registered_at, proved_at, deadline, remind_at,
	certified_at, verified_at, at_risk_at, failed_checks, notices, checked_at, next_check_at, changed_at, planned_at, asked_at, cause`

func trackingFields(t *myodai.TrackingDomain) []any {
	return []any{
		&t.ID, &t.TenantID, &t.Name, &t.Way, &t.State, &t.Token, &t.Aliased, &t.Ready,
		instant{&t.RegisteredAt}, instant{&t.ProvedAt}, instant{&t.Deadline}, instant{&t.RemindAt},
		instant{&t.CertifiedAt}, instant{&t.VerifiedAt}, instant{&t.AtRiskAt}, &t.FailedChecks, &t.Notices,
		instant{&t.CheckedAt}, instant{&t.NextCheckAt}, instant{&t.ChangedAt}, instant{&t.PlannedAt}, instant{&t.AskedAt}, &t.Cause,
	}
}

// CreateTracking adds a tracking domain, and the certificate that it wants. It is
// a conflict when the tenant already has the name, and too many when it has most
// already.
func (s *Store) CreateTracking(ctx context.Context, t myodai.TrackingDomain, certificate myodai.CertificateID, most int, events ...myodai.Event) error {
	return s.write(ctx, "create tracking domain", func(q session) error {
		n, err := one(q, "no count", only[int64], `select count(*) from tracking_domains where tenant_id = $1 and deleted_at = 0`, t.TenantID)
		if err != nil {
			return err
		}
		if n >= int64(most) {
			return myodai.Refuse(myodai.CodeConflict, "name", "there are %d tracking domains already, which is the most; delete one that is not needed", n)
		}
		added, err := q.exec(`
			insert into tracking_domains (`+trackingColumns+`, leased_until, deleted_at)
			values (`+placeholders(1, 23)+`, 0, 0)
			on conflict (tenant_id, name) where deleted_at = 0 do nothing`,
			t.ID, t.TenantID, t.Name, t.Way, t.State, t.Token, t.Aliased, t.Ready, t.RegisteredAt, t.ProvedAt, t.Deadline, t.RemindAt,
			t.CertifiedAt, t.VerifiedAt, t.AtRiskAt, t.FailedChecks, t.Notices, t.CheckedAt, t.NextCheckAt, t.ChangedAt, t.PlannedAt, t.AskedAt, t.Cause)
		if err != nil {
			return err
		}
		if added == 0 {
			return myodai.Refuse(myodai.CodeConflict, "name", "%s is registered already", t.Name)
		}
		c := myodai.Certificate{ID: certificate, TenantID: t.TenantID, TrackingID: t.ID, Host: t.Name, DueAt: t.RegisteredAt}
		if err := q.addCertificate(c); err != nil {
			return err
		}
		if err := q.bumpSerial(); err != nil {
			return err
		}
		return q.addEvents(events)
	})
}

// TrackingDomain reads a tracking domain.
func (s *Store) TrackingDomain(ctx context.Context, tenant myodai.TenantID, id myodai.TrackingID) (myodai.TrackingDomain, error) {
	t, err := s.read(ctx).tracking(tenant, id, "")
	return t, wrap("read tracking domain", err)
}

func (q session) tracking(tenant myodai.TenantID, id myodai.TrackingID, lock string) (myodai.TrackingDomain, error) {
	return one(q, absent("tracking domain", id), trackingFields,
		`select `+trackingColumns+` from tracking_domains where tenant_id = $1 and id = $2 and deleted_at = 0`+lock, tenant, id)
}

// TrackingDomains lists a tenant's tracking domains, oldest first.
func (s *Store) TrackingDomains(ctx context.Context, tenant myodai.TenantID, page myodai.Page) (list []myodai.TrackingDomain, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	list, err = all(s.read(ctx), trackingFields,
		`select `+trackingColumns+` from tracking_domains
		  where tenant_id = $1 and id > $2 and deleted_at = 0 order by id limit $3`, tenant, after, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list tracking domains", err)
	}
	list, next = cut(list, page, func(t myodai.TrackingDomain) string { return string(t.ID) })
	return list, next, nil
}

// PublishedTracking lists the tracking domains of all tenants, as our zone shows
// them.
func (s *Store) PublishedTracking(ctx context.Context) ([]myodai.TrackingDomain, error) {
	list, err := all(s.read(ctx), trackingFields, `select `+trackingColumns+` from tracking_domains where deleted_at = 0 order by id`)
	return list, wrap("read published tracking domains", err)
}

// ServingTracking lists the tracking domains, of all tenants, that links lead
// through now. Those of suspended tenants are among them: who has their mail
// can still unsubscribe, and is told why a link leads nowhere.
func (s *Store) ServingTracking(ctx context.Context) ([]myodai.TrackingDomain, error) {
	list, err := all(s.read(ctx), trackingFields,
		`select `+trackingColumns+` from tracking_domains where deleted_at = 0 and state in ($1, $2) order by id`,
		myodai.TrackingVerified, myodai.TrackingAtRisk)
	return list, wrap("read serving tracking domains", err)
}

// UpdateTracking loads a tracking domain, lets change decide its new shape, and
// saves that together with the events the change gave rise to. The id, tenant,
// name and token never change. When somebody asked for a check, a failed order of
// its certificate is tried again sooner.
//
// change may be called more than once and must be pure. When it returns an error
// nothing is written, and the error is returned as it is.
func (s *Store) UpdateTracking(ctx context.Context, tenant myodai.TenantID, id myodai.TrackingID,
	change func(myodai.TrackingDomain) (myodai.TrackingDomain, []myodai.Event, error),
) (t myodai.TrackingDomain, err error) {
	err = s.write(ctx, "update tracking domain", func(q session) error {
		before, err := q.tracking(tenant, id, q.dialect.forUpdate)
		if err != nil {
			return err
		}
		var events []myodai.Event
		if t, events, err = change(before); err != nil {
			return err
		}
		if err := q.saveTracking(before, t); err != nil {
			return err
		}
		return q.addEvents(events)
	})
	return t, err
}

func (q session) saveTracking(before, t myodai.TrackingDomain) error {
	_, err := q.exec(`
		update tracking_domains set way = $3, state = $4, aliased = $5, ready = $6, proved_at = $7, deadline = $8, remind_at = $9,
		       certified_at = $10, verified_at = $11, at_risk_at = $12, failed_checks = $13, notices = $14, checked_at = $15,
		       next_check_at = $16, changed_at = $17, planned_at = $18, asked_at = $19, cause = $20
		 where tenant_id = $1 and id = $2`,
		before.TenantID, before.ID, t.Way, t.State, t.Aliased, t.Ready, t.ProvedAt, t.Deadline, t.RemindAt,
		t.CertifiedAt, t.VerifiedAt, t.AtRiskAt, t.FailedChecks, t.Notices, t.CheckedAt,
		t.NextCheckAt, t.ChangedAt, t.PlannedAt, t.AskedAt, t.Cause)
	return err
}

// DeleteTracking takes a tracking domain away with its certificate, whose key is
// destroyed. A tombstone keeps its token from being given again (T55).
func (s *Store) DeleteTracking(ctx context.Context, tenant myodai.TenantID, id myodai.TrackingID, now time.Time, events ...myodai.Event) error {
	return s.write(ctx, "delete tracking domain", func(q session) error {
		n, err := q.exec(`
			update tracking_domains set deleted_at = $3, state = $4, ready = $5 where tenant_id = $1 and id = $2 and deleted_at = 0`,
			tenant, id, now, myodai.TrackingSuspended, false)
		if err != nil {
			return err
		}
		if n == 0 {
			return myodai.Refuse(myodai.CodeNotFound, "", "%s", absent("tracking domain", id))
		}
		if err := q.dropCertificate(tenant, id); err != nil {
			return err
		}
		if err := q.bumpSerial(); err != nil {
			return err
		}
		return q.addEvents(events)
	})
}

// ClaimTracking hands out up to max tracking domains, of all tenants, whose check
// is due, and leases them until the given instant. RecordTrackingCheck ends the
// lease.
func (s *Store) ClaimTracking(ctx context.Context, max int, now, until time.Time) (list []myodai.TrackingDomain, err error) {
	err = s.write(ctx, "claim tracking domains", func(q session) error {
		list, err = all(q, trackingFields, `
			with due as materialized (
			  select id as due_id from tracking_domains
			   where deleted_at = 0 and next_check_at <= $1 and leased_until <= $1
			   order by next_check_at
			   limit $3`+q.dialect.skipLocked+`)
			update tracking_domains set leased_until = $2
			 where id in (select due_id from due)
			returning `+trackingColumns, now, until, max)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b myodai.TrackingDomain) int {
		return cmp.Or(a.NextCheckAt.Compare(b.NextCheckAt), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}
