package store

import (
	"context"
	"slices"

	"github.com/myodai/myodai"
)

// FinishDeliveries writes what attempts ended in and ends their leases, in one
// transaction. Of the deliveries, State, DueAt, ExpiresAt and Last are written;
// Attempts must be as it was claimed. Signatures are put before a message that has
// none.
//
// It is fenced: for a delivery that owner does not hold any more, because the
// lease ran out and was taken over, or because a bounce came back meanwhile,
// nothing at all is written, and its id is in lost.
func (s *Store) FinishDeliveries(ctx context.Context, owner string, list []myodai.Finished) (lost []myodai.DeliveryID, err error) {
	over, err := end(list)
	if err != nil {
		return nil, wrap("finish deliveries", err)
	}
	err = s.group.share(ctx, "finish deliveries", func(q session) error {
		lost = nil
		held, err := q.finish(owner, over)
		if err != nil {
			return err
		}
		var notices, signatures [][]any
		var events []told
		for _, f := range over {
			if !held[f.Delivery.ID] {
				lost = append(lost, f.Delivery.ID)
				continue
			}
			left, err := q.settleProbe(f.Delivery, f.Events)
			if err != nil {
				return err
			}
			if left, err = q.suppress(f.Suppression, left); err != nil {
				return err
			}
			events = append(events, f.rowsOf(left)...)
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
		return q.addTold(events)
	})
	if err != nil {
		return nil, wrap("finish deliveries", err)
	}
	for _, f := range list {
		s.bodies.attempted(f.Delivery.MessageID)
	}
	return lost, nil
}

// ended is an attempt that is over with what is written of it, made before the
// transaction.
type ended struct {
	*myodai.Finished
	row  []any // the columns of finish
	told []told
}

// end makes what is written of attempts.
func end(list []myodai.Finished) ([]ended, error) {
	over := make([]ended, len(list))
	for i := range list {
		f := &list[i]
		d := f.Delivery
		row := []any{
			string(d.ID), string(d.TenantID), d.Attempts, string(d.State), d.DueAt, d.ExpiresAt, document{d.Last},
			string(f.Attempt.ID), document{f.Attempt.Outcome},
		}
		if err := values(row); err != nil {
			return nil, err
		}
		events, err := tell(f.Events)
		if err != nil {
			return nil, err
		}
		over[i] = ended{f, row, events}
	}
	return over, nil
}

// rowsOf is what of the attempt's events is left.
func (e ended) rowsOf(left []myodai.Event) []told {
	if len(left) == len(e.told) {
		return e.told
	}
	return slices.DeleteFunc(slices.Clone(e.told), func(t told) bool {
		return !slices.ContainsFunc(left, func(l myodai.Event) bool { return l.ID == t.ID })
	})
}

// finish writes the deliveries that owner still holds, each with its attempt, and
// says which these are. The number of the attempt tells apart two leases of one
// owner. No planner may begin with all that the owner holds, so its name is not
// looked for by index.
func (q session) finish(owner string, list []ended) (held map[myodai.DeliveryID]bool, err error) {
	types := []string{"", "", "bigint", "", "bigint", "bigint", "", "", ""}
	held = map[myodai.DeliveryID]bool{}
	if err := q.supersede(owner, list); err != nil {
		return nil, err
	}
	for len(list) > 0 {
		some := list[:q.dialect.rows(len(list), len(types))]
		list = list[len(some):]
		if len(some) == 1 {
			id := some[0].Delivery.ID
			if held[id], err = q.finishOne(owner, some[0]); err != nil {
				return nil, err
			}
			continue
		}
		args := make([]any, 0, 1+len(some)*len(types))
		args = append(args, owner)
		for _, f := range some {
			args = append(args, f.row...)
		}
		ids, err := all(q, only[myodai.DeliveryID], `
			with ended (delivery, tenant, attempt, became, due, expires, outcome, attempted, said) as (values `+tuples(2, len(some), types...)+`)
			update deliveries set state = became, due_at = due, expires_at = expires, last_outcome = outcome,
			       attempt_id = attempted, attempt_number = attempt, attempt_outcome = said,
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
func (q session) finishOne(owner string, f ended) (held bool, err error) {
	n, err := q.exec(`
		update deliveries set state = $1, due_at = $2, expires_at = $3, last_outcome = $4,
		       attempt_id = $5, attempt_number = attempts, attempt_outcome = $6,
		       lease_owner = '', leased_until = 0, crashes = 0
		 where id = $7 and tenant_id = $8 and attempts = $9 and lease_owner || '' = $10`,
		append(slices.Concat(f.row[3:], f.row[:3]), owner)...)
	return n == 1, err
}

// supersede moves the attempts before these to those of earlier times, for the
// deliveries that owner still holds. That they are goes for the rest of the
// transaction.
func (q session) supersede(owner string, list []ended) error {
	types := []string{"", "", "bigint"}
	list = slices.DeleteFunc(slices.Clone(list), func(f ended) bool { return f.Delivery.Attempts < 2 })
	for len(list) > 0 {
		some := list[:q.dialect.rows(len(list), len(types))]
		list = list[len(some):]
		args := []any{owner}
		for _, f := range some {
			args = append(args, f.Delivery.ID, f.Delivery.TenantID, f.Delivery.Attempts)
		}
		_, err := q.exec(`
			with ended (delivery, tenant, attempt) as (values `+tuples(2, len(some), types...)+`)
			insert into attempts (id, tenant_id, delivery_id, number, outcome)
			select attempt_id, tenant_id, id, attempt_number, attempt_outcome from deliveries, ended
			 where id = delivery and tenant_id = tenant and lease_owner || '' = $1 and attempts = attempt and attempt_id <> ''`+q.dialect.forUpdate, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// Attempts lists the attempts of a delivery that are over, first to last.
func (s *Store) Attempts(ctx context.Context, tenant myodai.TenantID, delivery myodai.DeliveryID) ([]myodai.Attempt, error) {
	list, err := all(s.read(ctx), func(a *myodai.Attempt) []any {
		return []any{&a.ID, &a.TenantID, &a.DeliveryID, &a.Number, document{&a.Outcome}}
	}, `select id, tenant_id, delivery_id, number, outcome from attempts
	     where tenant_id = $1 and delivery_id = $2
	    union all
	    select attempt_id, tenant_id, id, attempt_number, attempt_outcome from deliveries
	     where tenant_id = $1 and id = $2 and attempt_id <> ''
	     order by number`, tenant, delivery)
	return list, wrap("list attempts", err)
}
