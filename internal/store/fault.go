package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// mishap is the condition of the index of events that tell of something that
// failed. It lists myodai.Mishaps, and not as a list: of one SQLite makes a table
// for each event that is written.
const mishap = `(kind = 'domain.at_risk' or kind = 'domain.suspended' or kind = 'tracking.at_risk' or
  kind = 'tracking.suspended' or kind = 'tracking.expired' or kind = 'certificate.failed' or
  kind = 'certificate.expiring' or kind = 'webhook.disabled' or kind = 'audit.failed')`

// RecordFaults adds faults to what is kept of their days, and forgets those that
// were last seen before the given instant.
func (s *Store) RecordFaults(ctx context.Context, list []myodai.Fault, forget time.Time) error {
	return s.write(ctx, "record faults", func(q session) error {
		if _, err := q.exec(`delete from faults where last_at < $1`, forget); err != nil {
			return err
		}
		for _, f := range list {
			_, err := q.exec(`
				insert into faults (day, node, room, said, err, first_at, last_at, count) values ($1, $2, $3, $4, $5, $6, $7, $8)
				on conflict (day, node, room, said) do update set
				  err = excluded.err, last_at = excluded.last_at, count = faults.count + excluded.count`,
				f.Last.Truncate(24*time.Hour), f.Node, f.Room, f.Text, f.Err, f.First, f.Last, f.Count)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Faults lists faults that were seen since the given instant, the newest first.
func (s *Store) Faults(ctx context.Context, since time.Time, limit int) ([]myodai.Fault, error) {
	list, err := all(s.read(ctx), func(f *myodai.Fault) []any {
		return []any{&f.Node, &f.Room, &f.Text, &f.Err, instant{&f.First}, instant{&f.Last}, &f.Count}
	}, `select node, room, said, err, first_at, last_at, count from faults where last_at >= $1 order by last_at desc limit $2`, since, limit)
	return list, wrap("list faults", err)
}

// Mishaps lists events of all tenants of the given kinds, which are among
// myodai.Mishaps, since the given instant, the newest first.
func (s *Store) Mishaps(ctx context.Context, kinds []myodai.EventKind, since time.Time, limit int) ([]myodai.Mishap, error) {
	args := []any{since, limit}
	for _, kind := range kinds {
		args = append(args, kind)
	}
	list, err := all(s.read(ctx), func(m *myodai.Mishap) []any { return append(eventFields(&m.Event), &m.TenantName) }, `
		select `+eventColumns+`, (select name from tenants where tenants.id = events.tenant_id) as tenant_name
		  from events where `+mishap+` and kind in (`+placeholders(3, len(kinds))+`) and happened_at >= $1
		 order by happened_at desc, id desc limit $2`, args...)
	return list, wrap("list what failed", err)
}

// DeferredBecause says what recipients' servers said last about mail that is
// tried again, by the recipient domain, the domains with most such mail first.
func (s *Store) DeferredBecause(ctx context.Context, limit int) ([]myodai.Deferral, error) {
	list, err := all(s.read(ctx), func(d *myodai.Deferral) []any {
		return []any{&d.Domain, &d.Deliveries, instant{&d.OldestAt}, document{&d.Last}}
	}, `
		select recipient_domain, n, oldest, (select last_outcome from deliveries where deliveries.id = newest)
		  from (select recipient_domain, count(*) as n, min(queued_at) as oldest, max(id) as newest
		          from deliveries`+s.dialect.by("deliveries_waiting")+` where `+waiting+` and state = 'deferred'
		         group by recipient_domain order by count(*) desc, recipient_domain limit $1) as worst`, limit)
	return list, wrap("sum up deferred mail", err)
}
