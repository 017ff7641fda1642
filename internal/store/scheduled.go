package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// aside is the condition of the partial indexes of what was set aside.
const aside = waiting + ` and queue <> ''`

// SetAside puts deliveries that owner claimed, and for which there is no room,
// into the scheduled queues they belong to, as if they had not been claimed.
// Those that owner does not hold are left alone.
func (s *Store) SetAside(ctx context.Context, owner string, ids []myodai.DeliveryID) error {
	return wrap("set deliveries aside", s.group.share(ctx, "set deliveries aside", func(q session) error {
		return q.giveBack(owner, ids, `, queue = tenant_id || '/' || class || '/' || route || '/' || pool || '/' || recipient_domain`)
	}))
}

// ReleaseClaim gives back whatever owner holds until exactly the given instant: a
// claim of which it never heard whether it was made.
func (s *Store) ReleaseClaim(ctx context.Context, owner string, until time.Time) error {
	return s.write(ctx, "release a claim", func(q session) error {
		_, err := q.exec(`
			update deliveries set attempts = attempts - 1, lease_owner = '', leased_until = 0
			 where `+waiting+` and lease_owner = $1 and leased_until = $2`, owner, until)
		return err
	})
}

// giveBack ends the leases of deliveries that were not attempted, and sets what
// else is said.
func (q session) giveBack(owner string, ids []myodai.DeliveryID, set string) error {
	for len(ids) > 0 {
		some := ids[:q.dialect.rows(len(ids), 1)]
		ids = ids[len(some):]
		args := []any{owner}
		for _, id := range some {
			args = append(args, id)
		}
		_, err := q.exec(`
			update deliveries set attempts = attempts - 1, lease_owner = '', leased_until = 0`+set+`
			 where lease_owner || '' = $1 and id in (`+placeholders(2, len(some))+`)`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// ScheduledQueues lists, by name, up to max scheduled queues of all tenants in
// which something waits, behind the one with the given name. It leaps from one
// to the next, and so takes as long as there are queues, however much is in them.
func (s *Store) ScheduledQueues(ctx context.Context, after string, max int) ([]myodai.ScheduledQueue, error) {
	names, err := all(s.read(ctx), only[string], scheduledQueues, after, max)
	if err != nil {
		return nil, wrap("list scheduled queues", err)
	}
	list := make([]myodai.ScheduledQueue, 0, len(names))
	for _, name := range names {
		if q, ok := myodai.ParseScheduledQueue(name); ok {
			list = append(list, q)
		}
	}
	return list, nil
}

// scheduledQueues leaps along the index of what was set aside.
const (
	nextQueue       = `select queue from deliveries where ` + aside + ` and queue > `
	scheduledQueues = `
	with recursive names (name, n) as (
	  select (` + nextQueue + `$1 order by queue limit 1), cast(1 as bigint)
	  union all
	  select (` + nextQueue + `names.name order by queue limit 1), n + 1 from names where name is not null and n < $2)
	select name from names where name is not null`
)

// ClaimScheduled is ClaimDeliveries for one scheduled queue: it hands out up to
// max deliveries of it, the longest due first.
func (s *Store) ClaimScheduled(ctx context.Context, owner string, from myodai.ScheduledQueue, max int, now, until time.Time) ([]myodai.Delivery, error) {
	return s.claim(ctx, scheduledDeliveries, now, max, owner, until, from.String())
}

// scheduledDeliveries finds what waits in the scheduled queue $5. What is there
// was due when it came; $1 is for the leases.
const scheduledDeliveries = `
	select id as due_id from deliveries
	 where ` + aside + ` and queue = $5 and leased_until <= $1
	 order by due_at, id
	 limit $2`

// ClaimExpired is ClaimDeliveries for what was set aside until its time was
// over: somebody has to give it up.
func (s *Store) ClaimExpired(ctx context.Context, owner string, max int, now, until time.Time) ([]myodai.Delivery, error) {
	return s.claim(ctx, expiredDeliveries, now, max, owner, until)
}

// expiredDeliveries finds what was set aside and is past its end.
const expiredDeliveries = `
	select id as due_id from deliveries
	 where ` + aside + ` and expires_at <= $1 and leased_until <= $1
	 order by expires_at, id
	 limit $2`
