package store

import (
	"context"

	"github.com/myodai/myodai"
)

// Unsubscribe does what the recipient of a delivery wishes: no more mail of a
// class, or mail of it again. The wish, the suppression and what tell makes of
// them are written in one transaction. tell is called when the list changes, with
// the wish as it is kept; a wish that is there already, by its id, does nothing.
//
// u.Copy.TenantID may be "" when u.Copy.DeliveryID says whose it is, and u.Class
// is that of the message when it is "".
func (s *Store) Unsubscribe(ctx context.Context, u myodai.Unsubscription, suppression myodai.SuppressionID,
	tell func(u myodai.Unsubscription, recipient myodai.Address) []myodai.Event) error {
	return s.write(ctx, "unsubscribe", func(q session) error {
		d, err := one(q, absent("delivery", u.Copy.DeliveryID), deliveryFields,
			`select `+deliveryColumns+` from deliveries where id = $1 and ($2 = '' or tenant_id = $2)`, u.Copy.DeliveryID, u.Copy.TenantID)
		if err != nil {
			return err
		}
		u := u // the transaction may be run again
		u.Copy = myodai.Copy{TenantID: d.TenantID, MessageID: d.MessageID, DeliveryID: d.ID}
		if u.Class == "" {
			m, err := q.message(d.TenantID, d.MessageID)
			if err != nil {
				return err
			}
			u.Class = m.Class
		}
		n, err := q.exec(`
			insert into unsubscriptions (id, tenant_id, message_id, delivery_id, class, way, undo, happened_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do nothing`,
			u.ID, d.TenantID, d.MessageID, d.ID, u.Class, u.Way, u.Undo, u.At)
		if err != nil || n == 0 {
			return err
		}
		changed, err := q.grant(u, d.Recipient, suppression)
		if err != nil || !changed {
			return err
		}
		return q.addEvents(tell(u, d.Recipient))
	})
}

// grant puts the recipient on the list, or takes off it what an unsubscription
// put there, and reports whether that changed anything.
func (q session) grant(u myodai.Unsubscription, recipient myodai.Address, id myodai.SuppressionID) (changed bool, err error) {
	if !u.Undo {
		return q.addSuppression(myodai.Suppression{
			ID: id, TenantID: u.Copy.TenantID, Address: recipient, Class: u.Class, Reason: myodai.SuppressionUnsubscribed,
			Evidence: string(u.Way), MessageID: u.Copy.MessageID, DeliveryID: u.Copy.DeliveryID, CreatedAt: u.At,
		})
	}
	n, err := q.exec(`
		update suppressions set removed_at = $5, removed = 'recipient'
		 where tenant_id = $1 and folded = $2 and reason = $3 and class = $4 and removed_at = 0`,
		u.Copy.TenantID, folded(recipient), myodai.SuppressionUnsubscribed, u.Class, u.At)
	return n > 0, err
}
