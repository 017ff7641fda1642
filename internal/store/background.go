package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// Bounds of what a check is judged with. More would explain nothing more.
const (
	earlierChecks = 4
	formerClaims  = 5
	otherDomains  = 50
	formerKeys    = 20
)

// Background reads what is known of a domain beside what DNS says now.
func (s *Store) Background(ctx context.Context, d myodai.Domain) (myodai.Background, error) {
	var b myodai.Background
	q := s.read(ctx)
	err := q.earlier(&b, d)
	if err == nil {
		err = q.formerClaims(&b, d)
	}
	if err == nil {
		b.Keys, err = all(q, formerKeyFields, `
			select selector, algorithm, public, replaced_at from former_keys where tenant_id = $1 and domain_id = $2
			 order by replaced_at desc limit $3`, d.TenantID, d.ID, formerKeys)
	}
	if err == nil {
		b.Others, err = all(q, only[myodai.Name],
			`select name from domains where tenant_id = $1 and name <> $2 and deleted_at = 0 order by id desc limit $3`,
			d.TenantID, d.Name, otherDomains)
	}
	return b, wrap("read background", err)
}

// earlier reads the observations of the last checks and of the one before the
// tenant said that the records are entered: by that one it shows whether
// anything has happened since.
func (q session) earlier(b *myodai.Background, d myodai.Domain) error {
	const from = `select ` + checkColumns + ` from checks where tenant_id = $1 and domain_id = $2 and `
	list, err := all(q, checkFields, from+`checked_at >= $3 order by id desc limit $4`, d.TenantID, d.ID, time.Time{}, earlierChecks)
	if err != nil {
		return err
	}
	for _, c := range list {
		b.Earlier = append(b.Earlier, c.Observation)
	}
	if len(list) < earlierChecks || !list[len(list)-1].At.After(d.EnteredAt) {
		return nil // it is among them
	}
	entered, err := all(q, checkFields, from+`checked_at <= $3 order by id desc limit $4`, d.TenantID, d.ID, d.EnteredAt, 1)
	for _, c := range entered {
		b.Earlier = append(b.Earlier, c.Observation)
	}
	return err
}

// formerClaims reads the claims that the tenant gave up, by their tombstones.
func (q session) formerClaims(b *myodai.Background, d myodai.Domain) error {
	list, err := all(q, formerFields, `
		select `+domainColumns+`, deleted_at from domains where tenant_id = $1 and name = $2 and deleted_at <> 0
		 order by deleted_at desc limit $3`, d.TenantID, d.Name, formerClaims)
	if err != nil {
		return err
	}
	for i, f := range list {
		if list[i].Keys, err = q.keys(d.TenantID, f.Domain.ID); err != nil {
			return err
		}
	}
	b.Claims = list
	return nil
}

func formerFields(f *myodai.FormerClaim) []any {
	return append(domainFields(&f.Domain), instant{&f.EndedAt})
}

func formerKeyFields(k *myodai.FormerKey) []any {
	return []any{&k.Selector, &k.Algorithm, &k.Public, instant{&k.ReplacedAt}}
}
