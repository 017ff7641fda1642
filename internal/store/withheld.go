package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/myodai/myodai"
)

// letGo makes due what was held for an entry that is off the list now, and nothing
// else holds. It returns the deliveries as they are then.
func (q session) letGo(entry myodai.Suppression, at time.Time) ([]myodai.Delivery, error) {
	type held struct {
		d     myodai.Delivery
		class myodai.ClassName
	}
	list, err := all(q, func(h *held) []any { return append(deliveryFields(&h.d), &h.class) }, `
		select `+prefixed("d", deliveryColumns)+`, m.class
		  from deliveries d join messages m on m.tenant_id = d.tenant_id and m.id = d.message_id
		 where d.tenant_id = $1 and d.state = 'held' and d.hold = 'suppressed' and d.recipient_domain = $2 and lower(d.recipient_local) = lower($3)
		 order by d.id`, entry.TenantID, entry.Address.Domain, entry.Address.Local)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	others, err := q.onList(entry.TenantID, []string{folded(entry.Address)})
	if err != nil {
		return nil, err
	}
	var free []myodai.Delivery
	for _, h := range list {
		if _, still := myodai.Standing(others, h.class, at); still {
			continue
		}
		d, err := q.release(h.d, at)
		if err != nil {
			return nil, err
		}
		free = append(free, d)
	}
	return free, nil
}

// release makes a held delivery due, with as long to live as it had.
func (q session) release(d myodai.Delivery, at time.Time) (myodai.Delivery, error) {
	life := d.ExpiresAt.Sub(d.QueuedAt)
	d.State, d.Hold, d.DueAt, d.ExpiresAt, d.Last = myodai.DeliveryAccepted, "", at, at.Add(life), myodai.Outcome{}
	_, err := q.exec(`
		update deliveries set state = $3, hold = '', due_at = $4, expires_at = $5, last_outcome = $6
		 where tenant_id = $1 and id = $2 and state = 'held'`, d.TenantID, d.ID, d.State, d.DueAt, d.ExpiresAt, document{d.Last})
	return d, err
}

// DecideHeld ends the wait of a held delivery: change returns it as accepted, to
// be sent now, or as suppressed, with the events that tell of it; its error is
// returned as it is. It is a conflict when the delivery is not held.
func (s *Store) DecideHeld(ctx context.Context, tenant myodai.TenantID, id myodai.DeliveryID, at time.Time,
	change func(myodai.Delivery) (myodai.Delivery, []myodai.Event, error)) (d myodai.Delivery, err error) {
	err = s.write(ctx, "decide on a held delivery", func(q session) error {
		d, err = one(q, absent("delivery", id), deliveryFields,
			`select `+deliveryColumns+` from deliveries where tenant_id = $1 and id = $2`+q.dialect.forUpdate, tenant, id)
		if err != nil {
			return err
		}
		if d.State != myodai.DeliveryHeld {
			return myodai.Refuse(myodai.CodeConflict, "", "the delivery is %s; only a held one waits for a decision", d.State)
		}
		if err := decidable(d.Hold); err != nil {
			return err
		}
		var events []myodai.Event
		if d, events, err = change(d); err != nil {
			return err
		}
		if d.State == myodai.DeliveryAccepted {
			d, err = q.release(d, at)
		} else {
			d.Hold = ""
			_, err = q.exec(`update deliveries set state = $3, hold = '', last_outcome = $4 where tenant_id = $1 and id = $2`,
				tenant, id, d.State, document{d.Last})
		}
		if err != nil {
			return err
		}
		return q.addEvents(events)
	})
	return d, err
}

// decidable refuses a decision on a delivery that is held for something else than
// its recipient.
func decidable(h myodai.Hold) error {
	switch h {
	case myodai.HoldSuppressed:
		return nil
	case myodai.HoldStanding:
		return myodai.Refuse(myodai.CodeConflict, "", "the delivery is kept back by a hold; release the hold")
	case myodai.HoldCrashed:
		return myodai.Refuse(myodai.CodeConflict, "", "the delivery is in quarantine, which the platform's operator decides about")
	}
	return myodai.Refuse(myodai.CodeConflict, "", "the delivery waits until its author is verified")
}

func noticeOf(d myodai.Delivery, kind myodai.NoticeKind, at time.Time) []any {
	return []any{d.ID, d.TenantID, d.MessageID, kind, at}
}

// addNotices has DSNs written. One that waits still and tells less, such as that
// of a delay before that of a failure, gives way.
func (q session) addNotices(rows [][]any) error {
	for _, row := range rows {
		if _, err := q.exec(`
			insert into notices (delivery_id, tenant_id, message_id, kind, due_at) values ($1, $2, $3, $4, $5)
			on conflict (delivery_id) do update set kind = excluded.kind, due_at = excluded.due_at`, row...); err != nil {
			return err
		}
	}
	return nil
}

// ClaimNotices hands out the DSNs that are to be written, one per message and
// kind, oldest first, and leases them until the given instant by making them due
// then. A node that dies lets them become due again.
func (s *Store) ClaimNotices(ctx context.Context, most int, now, until time.Time) (list []myodai.Notice, err error) {
	type due struct {
		tenant  myodai.TenantID
		message myodai.MessageID
		kind    myodai.NoticeKind
	}
	err = s.write(ctx, "claim notices", func(q session) error {
		list = nil
		messages, err := all(q, func(d *due) []any { return []any{&d.tenant, &d.message, &d.kind} },
			`select tenant_id, message_id, kind from notices where due_at <= $1 order by due_at, message_id limit $2`+q.dialect.skipLocked, now, most)
		if err != nil {
			return err
		}
		slices.SortFunc(messages, func(a, b due) int {
			return cmp.Or(cmp.Compare(a.message, b.message), cmp.Compare(a.kind, b.kind))
		})
		for _, d := range slices.Compact(messages) {
			notice, err := q.notice(d.tenant, d.message, d.kind, now)
			if err != nil {
				return err
			}
			if _, err := q.exec(`update notices set due_at = $4 where message_id = $1 and kind = $2 and due_at <= $3`, d.message, d.kind, now, until); err != nil {
				return err
			}
			list = append(list, notice)
		}
		return nil
	})
	return list, err
}

func (q session) notice(tenant myodai.TenantID, message myodai.MessageID, kind myodai.NoticeKind, now time.Time) (n myodai.Notice, err error) {
	if n.Message, err = q.message(tenant, message); err != nil {
		return n, err
	}
	n.Kind = kind
	n.Deliveries, err = all(q, deliveryFields, `
		select `+deliveryColumns+` from deliveries
		 where tenant_id = $1 and id in (select delivery_id from notices where message_id = $2 and kind = $3 and due_at <= $4) order by id`,
		tenant, message, kind, now)
	return n, err
}

// FinishNotice forgets a DSN that was written, or that is not to be, and writes
// the event that says so.
func (s *Store) FinishNotice(ctx context.Context, n myodai.Notice, events ...myodai.Event) error {
	return s.write(ctx, "finish notice", func(q session) error {
		for _, d := range n.Deliveries {
			if _, err := q.exec(`delete from notices where tenant_id = $1 and delivery_id = $2 and kind = $3`, d.TenantID, d.ID, n.Kind); err != nil {
				return err
			}
		}
		return q.addEvents(events)
	})
}

// AddEvents writes events of things that left no other trace.
func (s *Store) AddEvents(ctx context.Context, events ...myodai.Event) error {
	return s.write(ctx, "add events", func(q session) error { return q.addEvents(events) })
}
