package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// ClaimSenderLooks hands out up to max confirmed sender addresses, of all
// tenants, whose domain is to be looked at, the longest due first. None is
// handed out again before until, by whichever node.
func (s *Store) ClaimSenderLooks(ctx context.Context, max int, now, until time.Time) (list []myodai.SenderAddress, err error) {
	err = s.write(ctx, "claim sender looks", func(q session) error {
		list, err = all(q, senderFields, `
			with due as materialized (
			  select id as due_id from senders
			   where confirmed_at > 0 and look_at <= $1
			   order by look_at
			   limit $3`+q.dialect.skipLocked+`)
			update senders set look_at = $2
			 where id in (select due_id from due)
			returning `+senderColumns, now, until, max)
		return err
	})
	return list, err
}

// maxRivals bounds how many other tenants' claims to an address are read.
const maxRivals = 20

// SenderRivals lists the same address of other tenants, as far as they have
// confirmed it or have a verified domain at or above it: confirmed before others,
// and then whoever registered it first.
func (s *Store) SenderRivals(ctx context.Context, tenant myodai.TenantID, a myodai.Address) ([]myodai.SenderAddress, error) {
	names := a.Domain.Ancestors()
	args := []any{tenant, folded(a), myodai.DomainVerified, myodai.DomainAtRisk, maxRivals}
	for _, name := range names {
		args = append(args, name)
	}
	list, err := all(s.read(ctx), senderFields, `
		select `+senderColumns+` from senders
		 where folded = $2 and tenant_id <> $1
		   and (confirmed_at > 0 or exists (
		     select 1 from domains d
		      where d.tenant_id = senders.tenant_id and d.deleted_at = 0 and d.state in ($3, $4) and d.name in (`+placeholders(6, len(names))+`)))
		 order by case when confirmed_at > 0 then 0 else 1 end, id limit $5`, args...)
	return list, wrap("list rivals of a sender", err)
}
