package store

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"github.com/myodai/myodai"
)

const standingColumns = `id, tenant_id, recipient_domain, message_id, reason, operator, made_at, lifted_at`

func standingFields(h *myodai.StandingHold) []any {
	s := &h.Selection
	return []any{&h.ID, &s.TenantID, &s.Domain, &s.MessageID, &h.Reason, &h.Operator, instant{&h.MadeAt}, instant{&h.LiftedAt}}
}

// selected is the condition for the deliveries of a Selection whose parameters
// begin at $1.
func selected(s myodai.Selection) (condition string, args []any) {
	return ofTenant(s.TenantID) + ` and ($2 = '' or recipient_domain = $2) and ($3 = '' or message_id = $3)`,
		[]any{s.TenantID, s.Domain, s.MessageID}
}

// CreateStandingHold makes a hold, which counts from the next claim on every
// node. What a node has claimed already goes on.
func (s *Store) CreateStandingHold(ctx context.Context, h myodai.StandingHold) error {
	return s.write(ctx, "create standing hold", func(q session) error {
		if h.Selection.TenantID != "" {
			if _, err := q.tenant(h.Selection.TenantID, ""); err != nil {
				return err
			}
		}
		return q.insert("standing_holds", []string{
			"id", "tenant_id", "recipient_domain", "message_id", "reason", "operator", "made_at", "lifted_at",
		}, [][]any{{
			h.ID, h.Selection.TenantID, h.Selection.Domain, h.Selection.MessageID, h.Reason, h.Operator, h.MadeAt, h.LiftedAt,
		}})
	})
}

// StandingHolds lists the holds on a tenant's mail, or with "" all there are,
// oldest first.
func (s *Store) StandingHolds(ctx context.Context, tenant myodai.TenantID, page myodai.Page) (list []myodai.StandingHold, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	list, err = all(s.read(ctx), standingFields,
		`select `+standingColumns+` from standing_holds where `+ofTenant(tenant)+` and id > $2 order by id limit $3`,
		tenant, after, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list standing holds", err)
	}
	list, next = cut(list, page, func(h myodai.StandingHold) string { return string(h.ID) })
	return list, next, nil
}

// ReleaseStandingHold ends a hold and makes up to max deliveries due that no
// other holds, with the event that tells of each. more says that there may be
// others: call it again. The hold is gone when there are none. With a tenant it
// is one that the tenant made; "" is the operator, who may release any.
func (s *Store) ReleaseStandingHold(ctx context.Context, tenant myodai.TenantID, id myodai.StandingHoldID, now time.Time, max int,
	event func(myodai.Delivery) myodai.Event) (released int, more bool, err error) {
	err = s.write(ctx, "release standing hold", func(q session) error {
		h, err := one(q, absent("hold", id), standingFields,
			`select `+standingColumns+` from standing_holds where id = $1`+q.dialect.forUpdate, id)
		switch {
		case err != nil:
			return err
		case tenant != "" && h.Selection.TenantID != tenant:
			return myodai.Refuse(myodai.CodeNotFound, "", "%s", absent("hold", id))
		case tenant != "" && h.Operator:
			return myodai.Refuse(myodai.CodeForbidden, "", "the platform's operator holds this mail and alone can release it")
		}
		if _, err := q.exec(`update standing_holds set lifted_at = $2 where id = $1 and lifted_at = 0`, id, now); err != nil {
			return err
		}
		released, more, err = q.releaseHeldBy(h, now, max, event)
		if err != nil || more {
			return err
		}
		_, err = q.exec(`delete from standing_holds where id = $1`, id)
		return err
	})
	return released, more, err
}

// releaseHeldBy makes due what was held by a hold that does not count anymore.
func (q session) releaseHeldBy(h myodai.StandingHold, now time.Time, max int, event func(myodai.Delivery) myodai.Event) (n int, more bool, err error) {
	condition, args := selected(h.Selection)
	list, err := all(q, deliveryFields, `
		select `+deliveryColumns+` from deliveries
		 where state = 'held' and hold = 'standing' and `+condition+` order by tenant_id, id limit $4`+q.dialect.forUpdate, append(args, max)...)
	if err != nil || len(list) == 0 {
		return 0, false, err
	}
	ids := []any{now}
	events := make([]myodai.Event, 0, len(list))
	for _, d := range list {
		ids = append(ids, d.ID)
		events = append(events, event(d))
	}
	// Another hold that includes one of them takes it again when it is claimed.
	_, err = q.exec(`
		update deliveries set state = case when attempts = 0 then 'accepted' else 'deferred' end, hold = '', due_at = $1
		 where id in (`+placeholders(2, len(list))+`)`, ids...)
	if err != nil {
		return 0, false, err
	}
	return len(list), len(list) == max, q.addEvents(events)
}

// putAside holds what was just claimed and a standing hold includes, and returns
// the others. Of what is held the attempt is not counted.
func (q session) putAside(claimed []myodai.Delivery, now time.Time) (free []myodai.Delivery, err error) {
	if len(claimed) == 0 {
		return nil, nil
	}
	holds, err := all(q, standingFields, `select `+standingColumns+` from standing_holds where lifted_at = 0 order by id`)
	if err != nil || len(holds) == 0 {
		return claimed, err
	}
	var events []myodai.Event
	var ids []any
	for _, d := range claimed {
		at := slices.IndexFunc(holds, func(h myodai.StandingHold) bool { return h.Selection.Includes(d) })
		if at < 0 {
			free = append(free, d)
			continue
		}
		ids = append(ids, d.ID)
		events = append(events, heldEvent(d, holds[at], now))
	}
	for some := range slices.Chunk(ids, maxParameters) {
		_, err := q.exec(`
			update deliveries set state = 'held', hold = 'standing', attempts = attempts - 1, lease_owner = '', leased_until = 0
			 where id in (`+placeholders(1, len(some))+`)`, some...)
		if err != nil {
			return nil, err
		}
	}
	return free, q.addEvents(events)
}

func heldEvent(d myodai.Delivery, h myodai.StandingHold, now time.Time) myodai.Event {
	return myodai.Event{
		ID: myodai.NewID[myodai.EventID](now, rand.Reader), TenantID: d.TenantID, Kind: myodai.EventMessageHeld, At: now,
		MessageID: d.MessageID, DeliveryID: d.ID,
		Data: map[string]any{"recipient": d.Recipient.String(), "hold": string(h.ID), "because": h.Reason},
	}
}
