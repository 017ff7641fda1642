package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

const (
	// summaryColumns is a check without its observation, for lists.
	summaryColumns = `id, tenant_id, domain_id, checked_at, verdict, records, findings, dns_host`
	checkColumns   = summaryColumns + `, observation`
)

func summaryFields(c *myodai.Check) []any {
	return []any{
		&c.ID, &c.TenantID, &c.DomainID, instant{&c.At}, &c.Verdict,
		document{&c.Records}, document{&c.Findings}, &c.DNSHost,
	}
}

func checkFields(c *myodai.Check) []any { return append(summaryFields(c), packed{&c.Observation}) }

// RecordCheck keeps a check, lets change decide what becomes of the domain, and
// ends the lease of ClaimDomains: all in one transaction, with the events the
// change gave rise to. Old checks that say nothing new go: see thin.
//
// change may be called more than once and must be pure. When it returns an
// error nothing is written, and the error is returned as it is.
func (s *Store) RecordCheck(ctx context.Context, check myodai.Check,
	change func(myodai.Domain) (myodai.Domain, []myodai.Event, error),
) (d myodai.Domain, err error) {
	err = s.write(ctx, "record check", func(q session) error {
		d, err = q.changeDomain(check.TenantID, check.DomainID, change)
		if err != nil {
			return err
		}
		_, err = q.exec(`update domains set leased_until = 0 where id = $1`, check.DomainID)
		if err != nil {
			return err
		}
		_, err = q.exec(`insert into checks (`+checkColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			check.ID, check.TenantID, check.DomainID, check.At, check.Verdict,
			document{check.Records}, document{check.Findings}, check.DNSHost, packed{check.Observation})
		if err != nil {
			return err
		}
		return q.thin(check.TenantID, check.DomainID)
	})
	if err != nil {
		return myodai.Domain{}, err
	}
	return d, nil
}

// Checks lists the checks of a domain up to the given instant, newest first,
// without their observations.
func (s *Store) Checks(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID, until time.Time, page myodai.Page) (list []myodai.Check, next string, err error) {
	before, err := cursor(page, afterAll)
	if err != nil {
		return nil, "", err
	}
	list, err = all(s.read(ctx), summaryFields,
		`select `+summaryColumns+` from checks where tenant_id = $1 and domain_id = $2 and id < $3 and checked_at <= $4
		  order by id desc limit $5`, tenant, domain, before, until, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list checks", err)
	}
	list, next = cut(list, page, func(c myodai.Check) string { return string(c.ID) })
	return list, next, nil
}

// Check reads a check with its observation.
func (s *Store) Check(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID, id myodai.CheckID) (myodai.Check, error) {
	c, err := one(s.read(ctx), absent("check", id), checkFields,
		`select `+checkColumns+` from checks where tenant_id = $1 and domain_id = $2 and id = $3`, tenant, domain, id)
	return c, wrap("read check", err)
}

// LastCheck reads the newest check of a domain, with its observation.
func (s *Store) LastCheck(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID) (myodai.Check, error) {
	c, err := one(s.read(ctx), "the domain has not been checked yet", checkFields,
		`select `+checkColumns+` from checks where tenant_id = $1 and domain_id = $2
		  order by id desc limit 1`, tenant, domain)
	return c, wrap("read check", err)
}
