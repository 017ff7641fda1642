package store

import (
	"context"

	"github.com/myodai/myodai"
)

const senderColumns = `id, tenant_id, label, address_local, address_domain, name, reply_to, confirmed_at, created_at, changed_at,
	look_at, look_policy, at_risk_at, refused_at`

func senderFields(a *myodai.SenderAddress) []any {
	return []any{
		&a.ID, &a.TenantID, &a.Label, &a.Address.Local, &a.Address.Domain, &a.Name, address{&a.ReplyTo},
		instant{&a.ConfirmedAt}, instant{&a.CreatedAt}, instant{&a.ChangedAt},
		instant{&a.Look.At}, &a.Look.Policy, instant{&a.Look.AtRiskAt}, instant{&a.Look.RefusedAt},
	}
}

// CreateSender adds a sender address. It is a conflict when the tenant has the
// label or the address already, and when it may have only one and has any; that
// other tenants have it is nobody's business (T14).
func (s *Store) CreateSender(ctx context.Context, a myodai.SenderAddress, only bool, events ...myodai.Event) error {
	return s.write(ctx, "create sender", func(q session) error {
		if only {
			// The tenant's row makes two at a time take turns.
			if _, err := q.tenant(a.TenantID, q.dialect.forUpdate); err != nil {
				return err
			}
			n, err := one(q, "", count, `select count(*) from senders where tenant_id = $1`, a.TenantID)
			if err != nil {
				return err
			}
			if n > 0 {
				return myodai.Refuse(myodai.CodeConflict, "address", "there is a sender address already, and one is allowed at a time; change that one")
			}
		}
		if err := q.senderIsNew(a); err != nil {
			return err
		}
		n, err := q.exec(`
			insert into senders (`+senderColumns+`, folded) values (`+placeholders(1, 15)+`)
			on conflict do nothing`,
			a.ID, a.TenantID, a.Label, a.Address.Local, a.Address.Domain, a.Name, a.ReplyTo.String(),
			a.ConfirmedAt, a.CreatedAt, a.ChangedAt, a.Look.At, a.Look.Policy, a.Look.AtRiskAt, a.Look.RefusedAt, folded(a.Address))
		if err != nil {
			return err
		}
		if n == 0 { // somebody was faster
			return myodai.Refuse(myodai.CodeConflict, "address", "the label or the address is registered already")
		}
		return q.addEvents(events)
	})
}

// count is the place for a number of rows.
func count(n *int) []any { return []any{n} }

// senderIsNew refuses a label or address that another sender address of the
// tenant has.
func (q session) senderIsNew(a myodai.SenderAddress) error {
	others, err := all(q, senderFields, `
		select `+senderColumns+` from senders where tenant_id = $1 and id <> $2 and (label = $3 or folded = $4) limit 1`,
		a.TenantID, a.ID, a.Label, folded(a.Address))
	if err != nil || len(others) == 0 {
		return err
	}
	if others[0].Label == a.Label {
		return myodai.Refuse(myodai.CodeConflict, "label", "the label %s is in use already", a.Label)
	}
	return myodai.Refuse(myodai.CodeConflict, "address", "%s is registered already", a.Address)
}

// SenderAddress reads a sender address.
func (s *Store) SenderAddress(ctx context.Context, tenant myodai.TenantID, id myodai.SenderID) (myodai.SenderAddress, error) {
	a, err := s.read(ctx).sender(tenant, id, "")
	return a, wrap("read sender", err)
}

func (q session) sender(tenant myodai.TenantID, id myodai.SenderID, lock string) (myodai.SenderAddress, error) {
	return one(q, absent("sender", id), senderFields,
		`select `+senderColumns+` from senders where tenant_id = $1 and id = $2`+lock, tenant, id)
}

// SenderAddresses lists a tenant's sender addresses, oldest first.
func (s *Store) SenderAddresses(ctx context.Context, tenant myodai.TenantID, page myodai.Page) (list []myodai.SenderAddress, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	list, err = all(s.read(ctx), senderFields,
		`select `+senderColumns+` from senders where tenant_id = $1 and id > $2 order by id limit $3`, tenant, after, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list senders", err)
	}
	list, next = cut(list, page, func(a myodai.SenderAddress) string { return string(a.ID) })
	return list, next, nil
}

// ConfirmedSender reads the tenant's sender address with exactly this address
// (T12), when it is confirmed by itself.
func (s *Store) ConfirmedSender(ctx context.Context, tenant myodai.TenantID, a myodai.Address) (myodai.SenderAddress, error) {
	sender, err := one(s.read(ctx), "the address is not confirmed", senderFields,
		`select `+senderColumns+` from senders
		  where tenant_id = $1 and address_local = $2 and address_domain = $3 and confirmed_at > 0`, tenant, a.Local, a.Domain)
	return sender, wrap("read confirmed sender", err)
}

// UpdateSender loads a sender address, lets change decide its new shape, and
// saves that with the events this gives rise to. A new address ends what was
// asked about the old one.
//
// change may be called more than once and must be pure. When it returns an
// error nothing is written, and the error is returned as it is.
func (s *Store) UpdateSender(ctx context.Context, tenant myodai.TenantID, id myodai.SenderID,
	change func(myodai.SenderAddress) (myodai.SenderAddress, []myodai.Event, error),
) (a myodai.SenderAddress, err error) {
	err = s.write(ctx, "update sender", func(q session) error {
		before, err := q.sender(tenant, id, q.dialect.forUpdate)
		if err != nil {
			return err
		}
		changed, events, err := change(before)
		if err != nil {
			return err
		}
		changed.ID, changed.TenantID, changed.CreatedAt = before.ID, before.TenantID, before.CreatedAt
		if err := q.senderIsNew(changed); err != nil {
			return err
		}
		if changed.Address != before.Address {
			if err := q.endConfirmations(tenant, id, changed.ChangedAt); err != nil {
				return err
			}
		}
		if err := q.saveSender(changed); err != nil {
			return err
		}
		a = changed
		return q.addEvents(events)
	})
	if err != nil {
		return myodai.SenderAddress{}, err
	}
	return a, nil
}

func (q session) saveSender(a myodai.SenderAddress) error {
	_, err := q.exec(`
		update senders set label = $3, address_local = $4, address_domain = $5, folded = $6, name = $7, reply_to = $8,
		       confirmed_at = $9, changed_at = $10, look_at = $11, look_policy = $12, at_risk_at = $13, refused_at = $14
		 where tenant_id = $1 and id = $2`,
		a.TenantID, a.ID, a.Label, a.Address.Local, a.Address.Domain, folded(a.Address), a.Name, a.ReplyTo.String(),
		a.ConfirmedAt, a.ChangedAt, a.Look.At, a.Look.Policy, a.Look.AtRiskAt, a.Look.RefusedAt)
	return err
}

// DeleteSender takes a sender address away. What is queued for it is held by the
// check just before it is sent: see Sending.
func (s *Store) DeleteSender(ctx context.Context, tenant myodai.TenantID, id myodai.SenderID, a myodai.Event) error {
	return s.write(ctx, "delete sender", func(q session) error {
		n, err := q.exec(`delete from senders where tenant_id = $1 and id = $2`, tenant, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return myodai.Refuse(myodai.CodeNotFound, "", "%s", absent("sender", id))
		}
		if err := q.endConfirmations(tenant, id, a.At); err != nil {
			return err
		}
		return q.addEvents([]myodai.Event{a})
	})
}
