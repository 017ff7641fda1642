package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

const certificateColumns = `id, tenant_id, tracking_id, host, serial, issuer, not_before, not_after, renew_at, warned_at, due_at,
	orders, failures, failure, explanation`

func certificateFields(c *myodai.Certificate) []any {
	return []any{
		&c.ID, maybe[myodai.TenantID]{&c.TenantID}, maybe[myodai.TrackingID]{&c.TrackingID}, &c.Host, &c.Serial, &c.Issuer,
		instant{&c.NotBefore}, instant{&c.NotAfter}, instant{&c.RenewAt}, instant{&c.WarnedAt}, instant{&c.DueAt},
		document{&c.Orders}, &c.Failures, document{&c.Failure}, &c.Explain,
	}
}

func (q session) addCertificate(c myodai.Certificate) error {
	_, err := q.exec(`
		insert into certificates (`+certificateColumns+`, warn_at, lease_owner, leased_until)
		values (`+placeholders(1, 15)+`, 0, '', 0) on conflict do nothing`,
		c.ID, orNull(c.TenantID), orNull(c.TrackingID), c.Host, c.Serial, c.Issuer, c.NotBefore, c.NotAfter, c.RenewAt, c.WarnedAt, c.DueAt,
		document{c.Orders}, c.Failures, document{c.Failure}, c.Explain)
	return err
}

func (q session) certificateOf(t myodai.TrackingDomain) (myodai.Certificate, error) {
	return one(q, absent("certificate of tracking domain", t.ID), certificateFields,
		`select `+certificateColumns+` from certificates where tenant_id = $1 and tracking_id = $2`, t.TenantID, t.ID)
}

// hasten makes a certificate due sooner. Whoever has an order under way decides
// about it afterwards.
func (q session) hasten(c myodai.Certificate) error {
	_, err := q.exec(`update certificates set due_at = $2 where id = $1 and due_at > $2`, c.ID, c.DueAt)
	return err
}

func (q session) dropCertificate(tenant myodai.TenantID, id myodai.TrackingID) error {
	_, err := q.exec(`delete from challenges where certificate_id in (select id from certificates where tenant_id = $1 and tracking_id = $2)`, tenant, id)
	if err == nil {
		_, err = q.exec(`delete from certificates where tenant_id = $1 and tracking_id = $2`, tenant, id)
	}
	return err
}

// Certificate reads the certificate of a tracking domain.
func (s *Store) Certificate(ctx context.Context, tenant myodai.TenantID, id myodai.TrackingID) (myodai.Certificate, error) {
	c, err := s.read(ctx).certificateOf(myodai.TrackingDomain{ID: id, TenantID: tenant})
	return c, wrap("read certificate", err)
}

// PlatformCertificates lists the certificates of the platform's own names.
func (s *Store) PlatformCertificates(ctx context.Context) ([]myodai.Certificate, error) {
	list, err := all(s.read(ctx), certificateFields, `select `+certificateColumns+` from certificates where tracking_id is null order by host`)
	return list, wrap("list certificates", err)
}

// WantCertificates makes the given names those of the platform itself for which
// certificates are wanted; those of others go, with their keys. newID is called
// for each name.
func (s *Store) WantCertificates(ctx context.Context, hosts []myodai.Name, now time.Time, newID func() myodai.CertificateID) error {
	return s.write(ctx, "want certificates", func(q session) error {
		list, err := all(q, certificateFields, `select `+certificateColumns+` from certificates where tracking_id is null`)
		if err != nil {
			return err
		}
		for _, c := range list {
			if !slices.Contains(hosts, c.Host) {
				if _, err := q.exec(`delete from challenges where certificate_id = $1`, c.ID); err != nil {
					return err
				}
				if _, err := q.exec(`delete from certificates where id = $1`, c.ID); err != nil {
					return err
				}
			}
		}
		for _, host := range hosts {
			if err := q.addCertificate(myodai.Certificate{ID: newID(), Host: host, DueAt: now}); err != nil {
				return err
			}
		}
		return nil
	})
}

// wantedFields are the places of a certificate with what an order needs.
func wantedFields(w *myodai.WantedCertificate) []any {
	return append(certificateFields(&w.Certificate), &w.Ready, &w.Token, &w.Aliased)
}

const platformCertificate = `c.tracking_id is null`

// ClaimCertificates hands out up to max certificates, of all tenants and the
// platform, about which there is something to do, and leases them to owner until
// the given instant. Orders are only made for names in a state that allows it
// (P27, T56); others come only to be told of before they expire.
func (s *Store) ClaimCertificates(ctx context.Context, owner string, max int, now, until time.Time) (list []myodai.WantedCertificate, err error) {
	err = s.write(ctx, "claim certificates", func(q session) error {
		ids, err := all(q, only[myodai.CertificateID], `
			with due as materialized (
			  select c.id as due_id from certificates c
			    left join tracking_domains t on t.tenant_id = c.tenant_id and t.id = c.tracking_id and t.deleted_at = 0
			   where c.leased_until <= $1
			     and (c.due_at <= $1 and (`+platformCertificate+` or t.ready)
			       or c.warn_at <= $1 and c.warn_at > 0 and c.warned_at = 0 and (`+platformCertificate+` or t.state in ($5, $6, $7)))
			   order by c.due_at
			   limit $4)
			update certificates set lease_owner = $3, leased_until = $2
			 where id in (select due_id from due) and leased_until <= $1
			returning id`, now, until, owner, max, myodai.TrackingSwitching, myodai.TrackingVerified, myodai.TrackingAtRisk)
		if err != nil || len(ids) == 0 {
			return err
		}
		args := []any{true}
		for _, id := range ids {
			args = append(args, id)
		}
		list, err = all(q, wantedFields, `
			select `+prefixed("c", certificateColumns)+`, coalesce(t.ready, $1), coalesce(t.token, ''), coalesce(t.aliased, $1)
			  from certificates c left join tracking_domains t on t.tenant_id = c.tenant_id and t.id = c.tracking_id
			 where c.id in (`+placeholders(2, len(ids))+`) order by c.due_at`, args...)
		return err
	})
	return list, err
}

// prefixed puts the name of a table before each column.
func prefixed(table, columns string) string {
	list := strings.Split(columns, ",")
	for i, c := range list {
		list[i] = table + "." + strings.TrimSpace(c)
	}
	return strings.Join(list, ", ")
}

// RecordCertificate saves what change makes of a certificate that owner holds,
// ends its lease, and drops its challenges; with a new chain and key, unless
// fresh is nil, which its tracking domain is checked for at once.
//
// change may be called more than once and must be pure.
func (s *Store) RecordCertificate(ctx context.Context, owner string, id myodai.CertificateID, fresh *myodai.NewCertificate, now time.Time,
	change func(myodai.Certificate) (myodai.Certificate, []myodai.Event),
) error {
	return s.write(ctx, "record certificate", func(q session) error {
		before, err := one(q, absent("certificate", id), certificateFields,
			`select `+certificateColumns+` from certificates where id = $1 and lease_owner = $2`+q.dialect.forUpdate, id, owner)
		if err != nil {
			return err
		}
		c, events := change(before)
		warnAt := time.Time{}
		if c.Held() {
			warnAt = c.WarnAt()
		}
		_, err = q.exec(`
			update certificates set serial = $2, issuer = $3, not_before = $4, not_after = $5, renew_at = $6, warned_at = $7, due_at = $8,
			       orders = $9, failures = $10, failure = $11, explanation = $12, warn_at = $13, lease_owner = '', leased_until = 0
			 where id = $1`,
			id, c.Serial, c.Issuer, c.NotBefore, c.NotAfter, c.RenewAt, c.WarnedAt, c.DueAt,
			document{c.Orders}, c.Failures, document{c.Failure}, c.Explain, warnAt)
		if err != nil {
			return err
		}
		if fresh != nil {
			_, err := q.exec(`update certificates set chain = $2, sealed = $3 where id = $1`,
				id, fresh.Chain, s.seal(fresh.Private, certificateBinding(c.ID, c.Host, c.Serial)))
			if err != nil {
				return err
			}
		}
		if err := q.afterOrder(c, now); err != nil {
			return err
		}
		return q.addEvents(events)
	})
}

// afterOrder takes the challenges away and has the tracking domain looked at.
func (q session) afterOrder(c myodai.Certificate, now time.Time) error {
	n, err := q.exec(`delete from challenges where certificate_id = $1`, c.ID)
	if err == nil && n > 0 {
		err = q.bumpSerial()
	}
	if err == nil && c.TrackingID != "" {
		_, err = q.exec(`update tracking_domains set next_check_at = $3 where tenant_id = $1 and id = $2 and next_check_at > $3`, c.TenantID, c.TrackingID, now)
	}
	return err
}

// certificateBinding is what the private key of a certificate is bound to (P28).
func certificateBinding(id myodai.CertificateID, host myodai.Name, serial string) []byte {
	return []byte(strings.Join([]string{"certificate key", string(id), string(host), serial}, "\x00"))
}

// HeldCertificates lists the certificates that may be shown to clients, without
// their halves: those of the platform, and of names that are proved. Where two
// tenants hold one for the same name, that of the one who serves it comes last.
func (s *Store) HeldCertificates(ctx context.Context) ([]myodai.ServedCertificate, error) {
	list, err := all(s.read(ctx), func(c *myodai.ServedCertificate) []any { return []any{&c.ID, &c.Host, &c.Serial} }, `
		select c.id, c.host, c.serial from certificates c
		  left join tracking_domains t on t.tenant_id = c.tenant_id and t.id = c.tracking_id
		 where c.not_after > 0 and (c.tracking_id is null or t.state in ($1, $2, $3, $4))
		 order by case when t.state in ($3, $4) then 1 else 0 end, c.id`,
		myodai.TrackingValidating, myodai.TrackingSwitching, myodai.TrackingVerified, myodai.TrackingAtRisk)
	return list, wrap("list held certificates", err)
}

// ServedCertificate reads a certificate with both halves.
func (s *Store) ServedCertificate(ctx context.Context, id myodai.CertificateID) (myodai.ServedCertificate, error) {
	c, err := one(s.read(ctx), absent("certificate", id), func(c *myodai.ServedCertificate) []any {
		return []any{&c.ID, &c.Host, &c.Serial, &c.Chain, &c.Private}
	}, `select id, host, serial, chain, sealed from certificates where id = $1 and not_after > 0`, id)
	if err == nil {
		c.Private, err = s.unseal(c.Private, certificateBinding(c.ID, c.Host, c.Serial))
	}
	return c, wrap("read certificate", err)
}
