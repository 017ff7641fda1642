package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

const trackingCheckColumns = `id, tenant_id, tracking_id, checked_at, verdict, records, findings, dns_host, observation`

func trackingCheckFields(c *myodai.Check) []any {
	return []any{
		&c.ID, &c.TenantID, &c.TrackingID, instant{&c.At}, &c.Verdict,
		document{&c.Records}, document{&c.Findings}, &c.DNSHost, packed{&c.Observation},
	}
}

// keptTrackingChecks is how many checks of a tracking domain are kept.
const keptTrackingChecks = 20

// RecordTrackingCheck keeps a check, lets change decide what becomes of the
// tracking domain, and ends the lease of ClaimTracking: all in one transaction.
// rivals are the claims of other tenants to the same name that serve it; change
// returns those that it changed.
//
// change may be called more than once and must be pure. When it returns an error
// nothing is written, and the error is returned as it is.
func (s *Store) RecordTrackingCheck(ctx context.Context, check myodai.Check,
	change func(t myodai.TrackingDomain, certificate myodai.Certificate, rivals []myodai.TrackingDomain) (myodai.TrackingChange, error),
) (t myodai.TrackingDomain, err error) {
	err = s.write(ctx, "record check of a tracking domain", func(q session) error {
		before, err := q.tracking(check.TenantID, check.TrackingID, q.dialect.forUpdate)
		if err != nil {
			return err
		}
		certificate, err := q.certificateOf(before)
		if err != nil {
			return err
		}
		rivals, err := all(q, trackingFields,
			`select `+trackingColumns+` from tracking_domains where name = $1 and tenant_id <> $2 and deleted_at = 0 and state in ($3, $4)`+q.dialect.forUpdate,
			before.Name, before.TenantID, myodai.TrackingVerified, myodai.TrackingAtRisk)
		if err != nil {
			return err
		}
		c, err := change(before, certificate, rivals)
		if err != nil {
			return err
		}
		t = c.Domain
		for _, rival := range c.Rivals { // first: one claim at most serves a name
			if err := q.saveTracking(rival, rival); err != nil {
				return err
			}
		}
		if err := q.saveTracking(before, t); err != nil {
			return err
		}
		if err := q.hasten(c.Certificate); err != nil {
			return err
		}
		if err := q.keepTrackingCheck(check); err != nil {
			return err
		}
		return q.addEvents(c.Events)
	})
	return t, err
}

// keepTrackingCheck adds a check, drops the oldest, and ends the lease.
func (q session) keepTrackingCheck(check myodai.Check) error {
	if _, err := q.exec(`update tracking_domains set leased_until = 0 where id = $1`, check.TrackingID); err != nil {
		return err
	}
	_, err := q.exec(`insert into tracking_checks (`+trackingCheckColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		check.ID, check.TenantID, check.TrackingID, check.At, check.Verdict,
		document{check.Records}, document{check.Findings}, check.DNSHost, packed{check.Observation})
	if err != nil {
		return err
	}
	_, err = q.exec(`
		delete from tracking_checks where tenant_id = $1 and tracking_id = $2 and id not in (
		  select id from tracking_checks where tenant_id = $1 and tracking_id = $2 order by id desc limit $3)`,
		check.TenantID, check.TrackingID, keptTrackingChecks)
	return err
}

// TrackingChecks lists the checks of a tracking domain up to the given instant,
// newest first, with their observations.
func (s *Store) TrackingChecks(ctx context.Context, tenant myodai.TenantID, id myodai.TrackingID, until time.Time, limit int) ([]myodai.Check, error) {
	list, err := all(s.read(ctx), trackingCheckFields,
		`select `+trackingCheckColumns+` from tracking_checks where tenant_id = $1 and tracking_id = $2 and checked_at <= $3
		  order by id desc limit $4`, tenant, id, until, limit)
	return list, wrap("list checks of a tracking domain", err)
}

// TrackingBackground reads what is known of a tracking domain beside what DNS
// says now: earlier checks, claims to the same name that the tenant gave up, and
// the tenant's other names.
func (s *Store) TrackingBackground(ctx context.Context, t myodai.TrackingDomain) (b myodai.TrackingBackground, err error) {
	checks, err := s.TrackingChecks(ctx, t.TenantID, t.ID, time.UnixMicro(1<<62), earlierChecks)
	if err != nil {
		return b, err
	}
	for _, c := range checks {
		b.Earlier = append(b.Earlier, c.Observation)
	}
	q := s.read(ctx)
	b.Claims, err = all(q, trackingFields, `
		select `+trackingColumns+` from tracking_domains where tenant_id = $1 and name = $2 and deleted_at <> 0
		 order by deleted_at desc limit $3`, t.TenantID, t.Name, formerClaims)
	if err == nil {
		b.Domains, err = all(q, only[myodai.Name],
			`select name from domains where tenant_id = $1 and deleted_at = 0 order by id desc limit $2`, t.TenantID, otherDomains)
	}
	return b, wrap("read background of a tracking domain", err)
}
