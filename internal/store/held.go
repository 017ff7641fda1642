package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// Held lists the deliveries that are held, of one tenant or of all when tenant
// is "", oldest first.
func (s *Store) Held(ctx context.Context, tenant myodai.TenantID, page myodai.Page) (list []myodai.Delivery, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	list, err = all(s.read(ctx), deliveryFields,
		`select `+deliveryColumns+` from deliveries
		  where state = 'held' and `+ofTenant(tenant)+` and id > $2 order by id limit $3`, tenant, after, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list held deliveries", err)
	}
	list, next = cut(list, page, func(d myodai.Delivery) string { return string(d.ID) })
	return list, next, nil
}

// HeldAuthors lists, in a fixed order, up to max authors behind a given one
// whose mail is held, of all tenants. The zero author stands before all.
func (s *Store) HeldAuthors(ctx context.Context, after myodai.HeldAuthor, max int) ([]myodai.HeldAuthor, error) {
	list, err := all(s.read(ctx), func(a *myodai.HeldAuthor) []any {
		return []any{&a.TenantID, &a.From.Domain, &a.From.Local, &a.Class}
	}, `
		select distinct m.tenant_id, m.from_domain, m.from_local, m.class
		  from deliveries d join messages m on m.id = d.message_id
		 where d.state = 'held' and d.hold = '' and (m.tenant_id, m.from_domain, m.from_local, m.class) > ($1, $2, $3, $4)
		 order by m.tenant_id, m.from_domain, m.from_local, m.class
		 limit $5`, after.TenantID, after.From.Domain, after.From.Local, after.Class, max)
	return list, wrap("list held authors", err)
}

// HeldMessages lists up to max messages of an author that are held, oldest first.
func (s *Store) HeldMessages(ctx context.Context, a myodai.HeldAuthor, max int) ([]myodai.Message, error) {
	list, err := all(s.read(ctx), messageFields, `
		select `+messageColumns+` from messages
		 where tenant_id = $1 and from_domain = $2 and from_local = $3 and class = $4
		   and id in (select message_id from deliveries where state = 'held' and hold = '')
		 order by id limit $5`, a.TenantID, a.From.Domain, a.From.Local, a.Class, max)
	return list, wrap("list held messages", err)
}

var errNotHeld = myodai.Refuse(myodai.CodeConflict, "", "the message is not held anymore")

// Release sends a held message on its way: message, body, deliveries and events
// are written together. It is a conflict when nothing of the message is held
// anymore, because somebody else has released it, or it has expired.
func (s *Store) Release(ctx context.Context, r myodai.Released) error {
	m := r.Message
	return s.write(ctx, "release message", func(q session) error {
		if len(r.Deliveries) == 0 {
			return errNotHeld
		}
		for _, d := range r.Deliveries {
			n, err := q.exec(`
				update deliveries set state = $3, route = $4, pool = $5, return_local = $6, return_domain = $7, due_at = $8
				 where tenant_id = $1 and id = $2 and state = 'held'`,
				m.TenantID, d.ID, d.State, d.Route, d.Pool, d.ReturnPath.Local, d.ReturnPath.Domain, d.DueAt)
			if err != nil {
				return err
			}
			if n == 0 {
				return errNotHeld
			}
		}
		_, err := q.exec(`
			update messages set domain_id = $3, sender_id = $4, basis = $5, from_local = $6, from_domain = $7, size = $8
			 where tenant_id = $1 and id = $2`,
			m.TenantID, m.ID, orNull(m.DomainID), m.SenderID, m.Basis, m.From.Local, m.From.Domain, m.Size)
		if err != nil {
			return err
		}
		if _, err := q.exec(`delete from body_chunks where tenant_id = $1 and message_id = $2`, m.TenantID, m.ID); err != nil {
			return err
		}
		if err := q.insert("body_chunks", chunkNames, chunksOf(m, r.Body, false)); err != nil {
			return err
		}
		return q.addEvents(r.Events)
	})
}

// ExpireHeld gives up to max deliveries up that were held until now, with the
// event that tells of each, and returns how many that were.
func (s *Store) ExpireHeld(ctx context.Context, now time.Time, max int, event func(myodai.Delivery) myodai.Event) (n int, err error) {
	err = s.write(ctx, "expire held deliveries", func(q session) error {
		list, err := all(q, deliveryFields, `
			with due as materialized (
			  select id as due_id from deliveries where state = 'held' and expires_at <= $1
			   order by expires_at, id limit $2`+q.dialect.skipLocked+`)
			update deliveries set state = 'expired' where id in (select due_id from due)
			returning `+deliveryColumns, now, max)
		if err != nil {
			return err
		}
		n = len(list)
		return q.tellExpired(list, now, event)
	})
	return n, err
}

// tellExpired writes of deliveries that have been given up: the events, and the
// DSNs that their senders are to have.
func (q session) tellExpired(list []myodai.Delivery, now time.Time, event func(myodai.Delivery) myodai.Event) error {
	events := make([]myodai.Event, 0, len(list))
	var notices [][]any
	for _, d := range list {
		events = append(events, event(d))
		if d.Notify {
			notices = append(notices, noticeOf(d, myodai.NoticeFailed, now))
		}
	}
	if err := q.addNotices(notices); err != nil {
		return err
	}
	return q.addEvents(events)
}
