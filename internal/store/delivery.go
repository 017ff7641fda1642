package store

import (
	"cmp"
	"context"
	"slices"
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

// deliveryNames are the columns of deliveryRow. Those that a hand decides come last.
var deliveryNames = []string{
	"id", "tenant_id", "message_id", "recipient_local", "recipient_domain", "return_local", "return_domain",
	"route", "state", "due_at", "queued_at", "expires_at", "last_outcome", "hold", "notify", "probe", "class", "pool", "terms",
	"attempts", "lease_owner", "leased_until", "queue",
}

// deliveryRow is a new delivery as its row.
func deliveryRow(d myodai.Delivery) []any {
	return []any{
		string(d.ID), string(d.TenantID), string(d.MessageID), d.Recipient.Local, string(d.Recipient.Domain),
		d.ReturnPath.Local, string(d.ReturnPath.Domain), string(d.Route), string(d.State), d.DueAt, d.QueuedAt, d.ExpiresAt,
		document{d.Last}, string(d.Hold), d.Notify, string(d.Probe), string(d.Class), string(d.Pool), document{d.Terms},
		d.Attempts, d.LeaseOwner, d.LeasedUntil, "",
	}
}

// addDeliveries writes new deliveries, those of which aside is true into their
// scheduled queues. What a hand has decided is written into their rows first.
func (q session) addDeliveries(list []myodai.Delivery, rows [][]any, aside []bool) error {
	var notices [][]any
	for i, d := range list {
		queue := ""
		if aside[i] {
			queue = myodai.ScheduledQueueOf(d).String()
		}
		decided := rows[i][len(rows[i])-4:]
		decided[0], decided[1], decided[2], decided[3] = d.Attempts, d.LeaseOwner, d.LeasedUntil, queue
		if d.Notify && d.State == myodai.DeliverySuppressed {
			notices = append(notices, noticeOf(d, myodai.NoticeFailed, d.QueuedAt))
		}
	}
	if err := q.insert("deliveries", deliveryNames, rows); err != nil {
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

// ReleaseDeliveries gives back deliveries that were claimed and not attempted,
// as if they had never been. Those that owner does not hold are left alone.
func (s *Store) ReleaseDeliveries(ctx context.Context, owner string, ids []myodai.DeliveryID) error {
	return wrap("release deliveries", s.group.share(ctx, "release deliveries", func(q session) error { return q.giveBack(owner, ids, "") }))
}
