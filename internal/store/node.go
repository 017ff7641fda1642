package store

import (
	"context"
	"time"
)

// Heartbeat says that the node that calls itself owner in leases of deliveries
// is alive until the given instant, and takes the leases of every node whose
// time is over: what those held is due again at once, and what they still want
// to write is refused by the fence (P17).
func (s *Store) Heartbeat(ctx context.Context, owner string, now, until time.Time) error {
	return s.write(ctx, "heartbeat", func(q session) error {
		if _, err := q.exec(`
			insert into nodes (owner, alive_until) values ($1, $2)
			on conflict (owner) do update set alive_until = excluded.alive_until`, owner, until); err != nil {
			return err
		}
		if _, err := q.exec(`
			update deliveries set lease_owner = '', leased_until = 0
			 where lease_owner <> '' and lease_owner in (select owner from nodes where alive_until <= $1)`, now); err != nil {
			return err
		}
		_, err := q.exec(`delete from nodes where alive_until <= $1`, now)
		return err
	})
}
