package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// Heartbeat says that the node that calls itself owner in leases of deliveries and
// of webhooks is alive until the given instant, and takes the leases of every node whose
// time was over at now: what those held is due again at once, and what they still want
// to write is refused by the fence (P17). A node with a name
// begins every owner with it and a dot: what it called itself before is over, too,
// since it has been started again. Name "" is nobody's.
//
// What is taken has lived through a crash. After myodai.MaxCrashes of them in a
// row a delivery is held, with the event that quarantined makes (P09).
func (s *Store) Heartbeat(ctx context.Context, name, owner string, now, until time.Time, quarantined func(myodai.Delivery) myodai.Event) error {
	return s.write(ctx, "heartbeat", func(q session) error {
		if _, err := q.exec(`
			insert into nodes (owner, name, alive_until) values ($1, $2, $3)
			on conflict (owner) do update set alive_until = excluded.alive_until`, owner, name, until); err != nil {
			return err
		}
		const over = `(alive_until <= $1 or name <> '' and name = $2 and owner <> $3)`
		// It may have died before its first sign, and then only its leases know of it.
		const dead = `lease_owner <> '' and (lease_owner in (select owner from nodes where ` + over + `)
			or $2 <> '' and lease_owner >= $2 || '.' and lease_owner < $2 || '/' and lease_owner <> $3)`
		if _, err := q.exec(`
			update deliveries set lease_owner = '', leased_until = 0, crashes = crashes + 1
			 where `+dead, now, name, owner); err != nil {
			return err
		}
		if _, err := q.exec(`
			update webhooks set lease_owner = '', leased_until = 0
			 where `+dead, now, name, owner); err != nil {
			return err
		}
		if _, err := q.exec(`delete from nodes where `+over, now, name, owner); err != nil {
			return err
		}
		return q.quarantine(quarantined)
	})
}

// quarantine holds what has crashed too often.
func (q session) quarantine(event func(myodai.Delivery) myodai.Event) error {
	list, err := all(q, deliveryFields, `
		update deliveries set state = 'held', hold = 'crashed'
		 where `+waiting+` and crashes > 0 and crashes >= $1 and lease_owner = ''
		returning `+deliveryColumns, myodai.MaxCrashes)
	if err != nil {
		return err
	}
	events := make([]myodai.Event, 0, len(list))
	for _, d := range list {
		events = append(events, event(d))
	}
	return q.addEvents(events)
}

// ClaimCrashed is ClaimDeliveries for what lived through so many crashes in a
// row. Owner never holds more than max of it, those from before included, as long
// as it claims from one goroutine.
func (s *Store) ClaimCrashed(ctx context.Context, owner string, crashes, max int, now, until time.Time) ([]myodai.Delivery, error) {
	const these = waiting + ` and queue = '' and crashes > 0 and crashes = `
	due, err := all(s.read(ctx), only[myodai.DeliveryID],
		`select id from deliveries where `+these+`$1 and due_at <= $2 and leased_until <= $2 limit 1`, crashes, now)
	if err != nil || len(due) == 0 {
		return nil, wrap("look for what crashed", err)
	}
	held, err := one(s.read(ctx), "", only[int],
		`select count(*) from deliveries where `+these+`$1 and lease_owner = $2 and leased_until > $3`, crashes, owner, now)
	if err != nil || held >= max {
		return nil, wrap("look for what crashed", err)
	}
	return s.claim(ctx, `
		select id as due_id from deliveries
		 where `+these+`$5 and due_at <= $1 and leased_until <= $1
		 order by due_at, id
		 limit $2`, now, max-held, owner, until, crashes)
}

// Quarantine lists the deliveries of all tenants that were put aside because the
// process died at them, oldest first.
func (s *Store) Quarantine(ctx context.Context, page myodai.Page) (list []myodai.Delivery, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	list, err = all(s.read(ctx), deliveryFields,
		`select `+deliveryColumns+` from deliveries where state = 'held' and hold = 'crashed' and id > $1 order by id limit $2`,
		after, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list quarantine", err)
	}
	list, next = cut(list, page, func(d myodai.Delivery) string { return string(d.ID) })
	return list, next, nil
}

// ReleaseCrashed makes a delivery due that was put aside. It is attempted alone,
// and put aside again if the process dies once more. event tells of it; that it is
// not in quarantine is a conflict.
func (s *Store) ReleaseCrashed(ctx context.Context, id myodai.DeliveryID, at time.Time, event func(myodai.Delivery) myodai.Event) (d myodai.Delivery, err error) {
	err = s.write(ctx, "release from quarantine", func(q session) error {
		d, err = one(q, absent("delivery", id), deliveryFields, `select `+deliveryColumns+` from deliveries where id = $1`+q.dialect.forUpdate, id)
		if err != nil {
			return err
		}
		if d.State != myodai.DeliveryHeld || d.Hold != myodai.HoldCrashed {
			return myodai.Refuse(myodai.CodeConflict, "", "the delivery is %s and not in quarantine", d.State)
		}
		if d, err = q.release(d, at); err != nil {
			return err
		}
		if _, err := q.exec(`update deliveries set crashes = $3 where tenant_id = $1 and id = $2`, d.TenantID, id, myodai.MaxCrashes-1); err != nil {
			return err
		}
		return q.addEvents([]myodai.Event{event(d)})
	})
	return d, err
}
