package store

import (
	"context"

	"github.com/myodai/myodai"
)

const checkColumns = `id, tenant_id, domain_id, checked_at, verdict, records, findings, observation`

func checkFields(c *myodai.Check) []any {
	return []any{
		&c.ID, &c.TenantID, &c.DomainID, instant{&c.At}, &c.Verdict,
		document{&c.Records}, document{&c.Findings}, document{&c.Observation},
	}
}

// RecordCheck keeps a check, lets change decide what becomes of the domain, and
// ends the lease of ClaimDomains: all in one transaction, with the events the
// change gave rise to.
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
		_, err = q.exec(`insert into checks (`+checkColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			check.ID, check.TenantID, check.DomainID, check.At, check.Verdict,
			document{check.Records}, document{check.Findings}, document{check.Observation})
		return err
	})
	if err != nil {
		return myodai.Domain{}, err
	}
	return d, nil
}

// Checks lists the checks of a domain, newest first.
func (s *Store) Checks(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID, page myodai.Page) (list []myodai.Check, next string, err error) {
	before, err := cursor(page, afterAll)
	if err != nil {
		return nil, "", err
	}
	list, err = all(s.read(ctx), checkFields,
		`select `+checkColumns+` from checks where tenant_id = $1 and domain_id = $2 and id < $3
		  order by id desc limit $4`, tenant, domain, before, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list checks", err)
	}
	list, next = cut(list, page, func(c myodai.Check) string { return string(c.ID) })
	return list, next, nil
}

// LastCheck reads the newest check of a domain.
func (s *Store) LastCheck(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID) (myodai.Check, error) {
	c, err := one(s.read(ctx), "the domain has not been checked yet", checkFields,
		`select `+checkColumns+` from checks where tenant_id = $1 and domain_id = $2
		  order by id desc limit 1`, tenant, domain)
	return c, wrap("read check", err)
}
