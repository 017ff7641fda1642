package store

import (
	"context"
	"slices"
	"time"

	"github.com/myodai/myodai"
)

// consequence is what becomes of a delivery of which a returned mail tells.
type consequence func(myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error)

// RecordReturned keeps a mail that came back. When it is about a delivery,
// change decides what becomes of that, and everything is written in one
// transaction with the events and the suppression this gives rise to; of the
// delivery, State, DueAt and Last are written. A delivery that becomes terminal
// loses its lease, so that an attempt still under way cannot overwrite it.
//
// r.TenantID may be "" when r.DeliveryID says whose it is. change is nil when
// r.DeliveryID is ""; if it is given nevertheless it gets no delivery, and only
// its events and suppression count. It may be called more than once and must be
// pure. When it returns an error nothing is written, and the error is returned
// as it is.
//
// With r.Among, change is called for each of the deliveries that share the return
// path of r.DeliveryID and of which r.Among is true. When there are none, the mail is
// kept as unmatched, and for the first one to a return path the event r.Unmatched is
// written. What is kept belongs to the one delivery it tells of, or else to the first of them.
//
// A delivery is complained about once: a second complaint is kept, and change is
// not called for it, so that a replayed one changes nothing (T43).
func (s *Store) RecordReturned(ctx context.Context, r myodai.Returned,
	change func(myodai.Delivery) (myodai.Delivery, []myodai.Event, *myodai.Suppression, error),
) error {
	return s.write(ctx, "record returned mail", func(q session) error {
		about, err := q.toldOf(r)
		if err != nil {
			return err
		}
		r := r // the transaction may be run again
		if r.DeliveryID != "" {
			r.TenantID = about[0].TenantID
		}
		var unmatched []myodai.Event
		if r.Among != nil {
			first := about[0]
			about = slices.DeleteFunc(about, func(d myodai.Delivery) bool { return !r.Among(d) })
			if len(about) == 1 {
				r.DeliveryID = about[0].ID
			} else if len(about) == 0 {
				r.Kind, unmatched = myodai.ReturnedUnmatched, []myodai.Event{r.Unmatched(first)}
			}
		}
		repeated, err := q.returnedBefore(r)
		if err != nil {
			return err
		}
		_, err = q.exec(`
			insert into returned (id, tenant_id, kind, domain_id, delivery_id, remote, raw, received_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			r.ID, r.TenantID, r.Kind, orNull(r.DomainID), orNull(r.DeliveryID), r.Remote, r.Raw, r.ReceivedAt)
		if err != nil || change == nil || repeated {
			return err
		}
		for _, d := range about {
			if err := q.applyReturned(r, d, change); err != nil {
				return err
			}
		}
		return q.addEvents(unmatched)
	})
}

// toldOf are the deliveries that r may tell of: that of its return path, and with
// r.Among those that share it, that one first; one without an id for a mail that is
// about none.
func (q session) toldOf(r myodai.Returned) ([]myodai.Delivery, error) {
	if r.DeliveryID == "" {
		return []myodai.Delivery{{}}, nil
	}
	first, err := one(q, absent("delivery", r.DeliveryID), deliveryFields,
		`select `+deliveryColumns+` from deliveries where id = $1 and ($2 = '' or tenant_id = $2)`+q.dialect.forUpdate,
		r.DeliveryID, r.TenantID)
	if err != nil || r.Among == nil {
		return []myodai.Delivery{first}, err
	}
	others, err := all(q, deliveryFields,
		`select `+deliveryColumns+` from deliveries
		  where message_id = $1 and tenant_id = $2 and return_local = $3 and return_domain = $4 and id <> $5
		  order by id`+q.dialect.forUpdate,
		first.MessageID, first.TenantID, first.ReturnPath.Local, first.ReturnPath.Domain, first.ID)
	return append([]myodai.Delivery{first}, others...), err
}

// applyReturned writes what r makes of a delivery that it tells of.
func (q session) applyReturned(r myodai.Returned, before myodai.Delivery, change consequence) error {
	d, events, suppression, err := change(before)
	if err != nil {
		return err
	}
	if before.ID != "" {
		if err := q.changeReturned(before, d); err != nil {
			return err
		}
	}
	if d.Notify && d.Failed() && !before.Failed() {
		if err := q.addNotices([][]any{noticeOf(d, myodai.NoticeFailed, r.ReceivedAt)}); err != nil {
			return err
		}
	}
	if r.Notice != nil && !d.Failed() {
		if kind := r.Notice(before); kind != "" {
			if err := q.addNotices([][]any{noticeOf(d, kind, r.ReceivedAt)}); err != nil {
				return err
			}
		}
	}
	if suppression, err = q.afterProbe(suppression, before.Probe); err != nil {
		return err
	}
	if events, err = q.suppress(suppression, events); err != nil {
		return err
	}
	return q.addEvents(events)
}

// returnedBefore reports whether a mail like r has come before, and is to count once:
// a complaint, or one that tells of nobody.
func (q session) returnedBefore(r myodai.Returned) (bool, error) {
	if r.Kind != myodai.ReturnedComplaint && r.Kind != myodai.ReturnedUnmatched {
		return false, nil
	}
	list, err := all(q, func(id *myodai.ReturnedID) []any { return []any{id} },
		`select id from returned where delivery_id = $1 and kind = $2 limit 1`, r.DeliveryID, r.Kind)
	return len(list) > 0, err
}

// changeReturned saves what a returned mail made of a delivery.
func (q session) changeReturned(before, d myodai.Delivery) error {
	owner, until := before.LeaseOwner, before.LeasedUntil
	if d.State.Terminal() {
		owner, until = "", time.Time{}
	}
	_, err := q.exec(`
		update deliveries set state = $2, due_at = $3, last_outcome = $4, lease_owner = $5, leased_until = $6
		 where id = $1`, before.ID, d.State, d.DueAt, document{d.Last}, owner, until)
	return err
}

// Returned reads a mail that came back.
func (s *Store) Returned(ctx context.Context, tenant myodai.TenantID, id myodai.ReturnedID) (myodai.Returned, error) {
	r, err := one(s.read(ctx), absent("returned mail", id), func(r *myodai.Returned) []any {
		return []any{&r.ID, &r.TenantID, &r.Kind, &r.DomainID, &r.DeliveryID, &r.Remote, &r.Raw, instant{&r.ReceivedAt}}
	}, `select id, tenant_id, kind, coalesce(domain_id, ''), coalesce(delivery_id, ''), remote, raw, received_at
	      from returned where tenant_id = $1 and id = $2`, tenant, id)
	return r, wrap("read returned mail", err)
}
