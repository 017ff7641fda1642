package store

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/myodai/myodai"
)

// ClaimPurges hands out up to max tenants whose old mail is to be looked for, and
// puts the next look at each to the given time.
func (s *Store) ClaimPurges(ctx context.Context, now, next time.Time, max int) (list []myodai.TenantID, err error) {
	err = s.write(ctx, "claim purges", func(q session) error {
		list, err = all(q, only[myodai.TenantID], `
			update tenants set purge_at = $2
			 where id in (select id from tenants where purge_at <= $1 order by purge_at limit $3`+q.dialect.skipLocked+`)
			returning id`, now, next, max)
		return err
	})
	return list, err
}

// PurgeBodies removes the bodies of up to max messages of a tenant that were
// accepted before the given time and returns how many messages it has looked at:
// with fewer than max it is done. One that is still on its way keeps its body
// until the message itself goes.
func (s *Store) PurgeBodies(ctx context.Context, tenant myodai.TenantID, before time.Time, max int) (n int, err error) {
	err = s.write(ctx, "purge bodies", func(q session) error {
		gone, err := one(q, absent("tenant", tenant), only[myodai.MessageID], `select bodies_gone from tenants where id = $1`, tenant)
		if err != nil {
			return err
		}
		list, err := all(q, only[myodai.MessageID], `
			select id from messages where tenant_id = $1 and id > $2 and id < $3 order by id limit $4`,
			tenant, gone, myodai.FirstID[myodai.MessageID](before), max)
		if n = len(list); err != nil || n == 0 {
			return err
		}
		last := list[n-1]
		over, err := q.overOf(tenant, list)
		if err != nil {
			return err
		}
		if err := inEach(q, `delete from body_chunks where tenant_id = $1 and message_id`, tenant, over); err != nil {
			return err
		}
		_, err = q.exec(`update tenants set bodies_gone = $2 where id = $1`, tenant, last)
		return err
	})
	return n, err
}

// PurgeMessages removes up to max messages of a tenant with all that belongs to
// them, the oldest that were accepted before the given time and are not on their
// way anymore, and returns how many that were.
func (s *Store) PurgeMessages(ctx context.Context, tenant myodai.TenantID, before time.Time, max int) (n int, err error) {
	err = s.write(ctx, "purge messages", func(q session) error {
		list, err := all(q, only[myodai.MessageID], `
			select id from (select id from messages where tenant_id = $1 order by id limit $3) oldest where id < $2
			   and not exists (select 1 from deliveries where message_id = oldest.id and (`+waiting+` or state = 'held'))`,
			tenant, myodai.FirstID[myodai.MessageID](before), max)
		if n = len(list); err != nil || n == 0 {
			return err
		}
		deliveries, err := allOf[myodai.DeliveryID](q, `select id from deliveries where tenant_id = $1 and message_id`, tenant, list)
		if err != nil {
			return err
		}
		for _, table := range []string{"attempts", "notices", "returned", "unsubscriptions"} {
			if err := inEach(q, `delete from `+table+` where tenant_id = $1 and delivery_id`, tenant, deliveries); err != nil {
				return err
			}
		}
		for _, table := range []string{"deliveries", "body_chunks", "visits", "idempotency_keys"} {
			if err := inEach(q, `delete from `+table+` where tenant_id = $1 and message_id`, tenant, list); err != nil {
				return err
			}
		}
		return inEach(q, `delete from messages where tenant_id = $1 and id`, tenant, list)
	})
	return n, err
}

// PurgeEvents removes up to max events of a tenant from before the given time,
// the oldest first, with what webhooks were told of them, and returns how many
// that were. Events have no holes: after the first that stays, all stay.
func (s *Store) PurgeEvents(ctx context.Context, tenant myodai.TenantID, before time.Time, max int) (n int, err error) {
	err = s.write(ctx, "purge events", func(q session) error {
		list, err := all(q, only[myodai.EventID], `
			select id from (select id, number from events where tenant_id = $1 order by number limit $3) oldest
			 where id < $2 order by number`, tenant, myodai.FirstID[myodai.EventID](before), max)
		if n = len(list); err != nil || n == 0 {
			return err
		}
		if err := inEach(q, `delete from notifications where tenant_id = $1 and event_id`, tenant, list); err != nil {
			return err
		}
		return inEach(q, `delete from events where tenant_id = $1 and id`, tenant, list)
	})
	return n, err
}

// PurgeIdempotency removes up to max idempotency keys of a tenant that mean
// nothing anymore, and returns how many that were.
func (s *Store) PurgeIdempotency(ctx context.Context, tenant myodai.TenantID, now time.Time, max int) (n int, err error) {
	err = s.write(ctx, "purge idempotency keys", func(q session) error {
		gone, err := q.exec(`
			delete from idempotency_keys where tenant_id = $1 and message_id in (
			  select message_id from idempotency_keys where tenant_id = $1 and message_id < $2 order by message_id limit $3)`,
			tenant, myodai.FirstID[myodai.MessageID](now.Add(-idempotencyLife)), max)
		n = int(gone)
		return err
	})
	return n, err
}

// overOf are those of some messages of which nothing is on its way anymore; it
// reorders them.
func (q session) overOf(tenant myodai.TenantID, messages []myodai.MessageID) ([]myodai.MessageID, error) {
	busy, err := allOf[myodai.MessageID](q, `select message_id from deliveries where (`+waiting+` or state = 'held') and tenant_id = $1 and message_id`, tenant, messages)
	return slices.DeleteFunc(messages, func(id myodai.MessageID) bool { return slices.Contains(busy, id) }), err
}

// inEach runs a statement that ends in the name of a column for all rows of a
// tenant in which that column has one of the ids.
func inEach[T ~string](q session, statement string, tenant myodai.TenantID, ids []T) error {
	for condition, args := range oneOf(tenant, ids) {
		if _, err := q.exec(statement+condition, args...); err != nil {
			return err
		}
	}
	return nil
}

// allOf reads a column of the rows that inEach would change.
func allOf[R, T ~string](q session, query string, tenant myodai.TenantID, ids []T) (list []R, err error) {
	for condition, args := range oneOf(tenant, ids) {
		found, err := all(q, only[R], query+condition, args...)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

// oneOf are conditions that together say that a column is one of the ids, with
// the tenant as their first parameter: as many as the parameters ask for.
func oneOf[T ~string](tenant myodai.TenantID, ids []T) iter.Seq2[string, []any] {
	return func(yield func(string, []any) bool) {
		for some := range slices.Chunk(ids, maxParameters) {
			args := []any{tenant}
			for _, id := range some {
				args = append(args, id)
			}
			if !yield(` in (`+placeholders(2, len(some))+`)`, args) {
				return
			}
		}
	}
}
