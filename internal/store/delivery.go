package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

const deliveryColumns = `id, tenant_id, message_id, recipient_local, recipient_domain, return_local, return_domain,
	route, state, attempts, due_at, queued_at, expires_at, last_outcome, lease_owner, leased_until, hold, notify, probe,
	class, pool, terms`

func deliveryFields(d *myodai.Delivery) []any {
	return []any{
		&d.ID, &d.TenantID, &d.MessageID, &d.Recipient.Local, &d.Recipient.Domain, &d.ReturnPath.Local, &d.ReturnPath.Domain,
		&d.Route, &d.State, &d.Attempts, instant{&d.DueAt}, instant{&d.QueuedAt}, instant{&d.ExpiresAt},
		document{&d.Last}, &d.LeaseOwner, instant{&d.LeasedUntil}, &d.Hold, &d.Notify, &d.Probe,
		&d.Class, &d.Pool, document{&d.Terms},
	}
}

// waiting is the condition of the partial indexes: what is not terminal.
const waiting = `state in ('accepted', 'deferred')`

// addDeliveries writes new deliveries, those of which aside is true into their
// scheduled queues.
func (q session) addDeliveries(list []myodai.Delivery, aside []bool) error {
	rows := make([][]any, 0, len(list))
	var notices [][]any
	for i, d := range list {
		queue := ""
		if aside[i] {
			queue = myodai.ScheduledQueueOf(d).String()
		}
		rows = append(rows, []any{
			d.ID, d.TenantID, d.MessageID, d.Recipient.Local, d.Recipient.Domain, d.ReturnPath.Local, d.ReturnPath.Domain,
			d.Route, d.State, d.Attempts, d.DueAt, d.QueuedAt, d.ExpiresAt, document{d.Last}, d.LeaseOwner, d.LeasedUntil,
			d.Hold, d.Notify, d.Probe, d.Class, d.Pool, document{d.Terms}, queue,
		})
		if d.Notify && d.State == myodai.DeliverySuppressed {
			notices = append(notices, noticeOf(d, myodai.NoticeFailed, d.QueuedAt))
		}
	}
	if err := q.insert("deliveries", []string{
		"id", "tenant_id", "message_id", "recipient_local", "recipient_domain", "return_local", "return_domain",
		"route", "state", "attempts", "due_at", "queued_at", "expires_at", "last_outcome", "lease_owner", "leased_until",
		"hold", "notify", "probe", "class", "pool", "terms", "queue",
	}, rows); err != nil {
		return err
	}
	return q.addNotices(notices)
}

// Delivery reads a delivery.
func (s *Store) Delivery(ctx context.Context, tenant myodai.TenantID, id myodai.DeliveryID) (myodai.Delivery, error) {
	d, err := one(s.read(ctx), absent("delivery", id), deliveryFields,
		`select `+deliveryColumns+` from deliveries where tenant_id = $1 and id = $2`, tenant, id)
	return d, wrap("read delivery", err)
}

// Deliveries lists all deliveries of a message.
func (s *Store) Deliveries(ctx context.Context, tenant myodai.TenantID, message myodai.MessageID) ([]myodai.Delivery, error) {
	list, err := all(s.read(ctx), deliveryFields,
		`select `+deliveryColumns+` from deliveries where tenant_id = $1 and message_id = $2 order by id`, tenant, message)
	return list, wrap("list deliveries", err)
}

// Attempts lists the attempts of a delivery that are over, first to last.
func (s *Store) Attempts(ctx context.Context, tenant myodai.TenantID, delivery myodai.DeliveryID) ([]myodai.Attempt, error) {
	list, err := all(s.read(ctx), func(a *myodai.Attempt) []any {
		return []any{&a.ID, &a.TenantID, &a.DeliveryID, &a.Number, document{&a.Outcome}}
	}, `select id, tenant_id, delivery_id, number, outcome from attempts
	     where tenant_id = $1 and delivery_id = $2 order by number`, tenant, delivery)
	return list, wrap("list attempts", err)
}

// dueDeliveries finds what is due at $1, at most $2, by the index of what waits.
// What was set aside is not in it: however much that is, nothing waits behind it.
const dueDeliveries = `
	select id as due_id from deliveries
	 where ` + waiting + ` and queue = '' and crashes = 0 and due_at <= $1 and leased_until <= $1
	 order by due_at, id
	 limit $2`

// ClaimDeliveries hands out up to max due deliveries of all tenants, the longest
// due first, and leases them to owner until the given instant. The attempt this
// begins is counted. A node that dies lets its lease run out; nobody has to
// notice (P17). What a standing hold includes becomes held instead, and what
// lived through a crash is left to ClaimCrashed.
func (s *Store) ClaimDeliveries(ctx context.Context, owner string, max int, now, until time.Time) ([]myodai.Delivery, error) {
	return s.claim(ctx, dueDeliveries, now, max, owner, until)
}

// claim leases what a select finds, whose parameters begin as here: now, the
// most there may be, the owner and the end of the lease.
func (s *Store) claim(ctx context.Context, found string, now time.Time, args ...any) (list []myodai.Delivery, err error) {
	err = s.write(ctx, "claim deliveries", func(q session) error {
		list, err = all(q, deliveryFields, `
			with due as materialized (`+found+q.dialect.skipLocked+`)
			update deliveries set crashes = case when lease_owner = '' then crashes else crashes + 1 end,
			       lease_owner = $3, leased_until = $4, attempts = attempts + 1, queue = ''
			 where id in (select due_id from due)
			returning `+deliveryColumns, append([]any{now}, args...)...)
		if err != nil {
			return err
		}
		list, err = q.putAside(list, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, byDue)
	return list, nil
}

// byDue orders deliveries as they are claimed.
func byDue(a, b myodai.Delivery) int {
	return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
}

// FinishDeliveries writes what attempts ended in and ends their leases, in one
// transaction. Of the deliveries, State, DueAt, ExpiresAt and Last are written;
// Attempts must be as it was claimed. Signatures are put before a message that has
// none.
//
// It is fenced: for a delivery that owner does not hold any more, because the
// lease ran out and was taken over, or because a bounce came back meanwhile,
// nothing at all is written, and its id is in lost.
func (s *Store) FinishDeliveries(ctx context.Context, owner string, list []myodai.Finished) (lost []myodai.DeliveryID, err error) {
	err = s.group.share(ctx, "finish deliveries", func(q session) error {
		lost = nil
		held, err := q.finish(owner, list)
		if err != nil {
			return err
		}
		var attempts, notices, signatures [][]any
		var events []myodai.Event
		for _, f := range list {
			if !held[f.Delivery.ID] {
				lost = append(lost, f.Delivery.ID)
				continue
			}
			a := f.Attempt
			attempts = append(attempts, []any{a.ID, f.Delivery.TenantID, f.Delivery.ID, a.Number, document{a.Outcome}})
			told, err := q.settleProbe(f.Delivery, f.Events)
			if err != nil {
				return err
			}
			if told, err = q.suppress(f.Suppression, told); err != nil {
				return err
			}
			events = append(events, told...)
			if len(f.Signatures) > 0 {
				signatures = append(signatures, []any{f.Delivery.TenantID, f.Delivery.MessageID, signatureChunk, f.Signatures})
			}
			if f.Notice != "" {
				notices = append(notices, noticeOf(f.Delivery, f.Notice, f.Delivery.Last.At))
			}
		}
		if err := q.addNotices(notices); err != nil {
			return err
		}
		if err := q.addSignatures(signatures); err != nil {
			return err
		}
		if err := q.insert("attempts", []string{"id", "tenant_id", "delivery_id", "number", "outcome"}, attempts); err != nil {
			return err
		}
		return q.addEvents(events)
	})
	if err != nil {
		return nil, wrap("finish deliveries", err)
	}
	for _, f := range list {
		s.bodies.attempted(f.Delivery.MessageID)
	}
	return lost, nil
}

// finish writes the deliveries that owner still holds, and says which these
// are. The number of the attempt tells apart two leases of one owner. No planner
// may begin with all that the owner holds, so its name is not looked for by index.
func (q session) finish(owner string, list []myodai.Finished) (held map[myodai.DeliveryID]bool, err error) {
	const columns = 7
	held = map[myodai.DeliveryID]bool{}
	for len(list) > 0 {
		some := list[:q.dialect.rows(len(list), columns)]
		list = list[len(some):]
		if len(some) == 1 {
			d := some[0].Delivery
			if held[d.ID], err = q.finishOne(owner, d); err != nil {
				return nil, err
			}
			continue
		}
		args := []any{owner}
		var rows strings.Builder
		for i, f := range some {
			if i > 0 {
				rows.WriteString(", ")
			}
			at := len(args) + 1
			// The types, because PostgreSQL takes a bare parameter for text here.
			fmt.Fprintf(&rows, "($%d, $%d, cast($%d as bigint), $%d, cast($%d as bigint), cast($%d as bigint), $%d)",
				at, at+1, at+2, at+3, at+4, at+5, at+6)
			d := f.Delivery
			args = append(args, d.ID, d.TenantID, d.Attempts, d.State, d.DueAt, d.ExpiresAt, document{d.Last})
		}
		ids, err := all(q, only[myodai.DeliveryID], `
			with ended (delivery, tenant, attempt, became, due, expires, outcome) as (values `+rows.String()+`)
			update deliveries set state = became, due_at = due, expires_at = expires, last_outcome = outcome,
			       lease_owner = '', leased_until = 0, crashes = 0
			  from ended
			 where id = delivery and tenant_id = tenant and lease_owner || '' = $1 and attempts = attempt
			returning id`, args...)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			held[id] = true
		}
	}
	return held, nil
}

// finishOne is finish for one delivery.
func (q session) finishOne(owner string, d myodai.Delivery) (held bool, err error) {
	n, err := q.exec(`
		update deliveries set state = $1, due_at = $2, expires_at = $3, last_outcome = $4,
		       lease_owner = '', leased_until = 0, crashes = 0
		 where id = $5 and tenant_id = $6 and lease_owner || '' = $7 and attempts = $8`,
		d.State, d.DueAt, d.ExpiresAt, document{d.Last}, d.ID, d.TenantID, owner, d.Attempts)
	return n == 1, err
}

// ReleaseDeliveries gives back deliveries that were claimed and not attempted,
// as if they had never been. Those that owner does not hold are left alone.
func (s *Store) ReleaseDeliveries(ctx context.Context, owner string, ids []myodai.DeliveryID) error {
	return wrap("release deliveries", s.group.share(ctx, "release deliveries", func(q session) error { return q.giveBack(owner, ids, "") }))
}
