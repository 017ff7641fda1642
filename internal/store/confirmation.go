package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

const confirmationColumns = `id, tenant_id, sender_id, address_local, address_domain, token_hash, code, asked_from,
	asked_at, expires_at, tries, ending, ended_at`

func confirmationFields(c *myodai.Confirmation) []any {
	return []any{
		&c.ID, &c.TenantID, &c.SenderID, &c.Address.Local, &c.Address.Domain, hash{&c.TokenHash}, &c.Code, &c.AskedFrom,
		instant{&c.AskedAt}, instant{&c.ExpiresAt}, &c.Tries, &c.Ending, instant{&c.EndedAt},
	}
}

// AddConfirmation notes that an address is asked. It refuses with CodeLimited
// when it was asked too often in the last day, by whomever, or has said that it
// does not want to be (T11). An earlier confirmation of the sender ends.
func (s *Store) AddConfirmation(ctx context.Context, c myodai.Confirmation, events ...myodai.Event) error {
	return s.write(ctx, "add confirmation", func(q session) error {
		at := folded(c.Address)
		// The row makes those who ask the same address take turns.
		if _, err := q.exec(`insert into confirmation_addresses (folded, blocked_until) values ($1, 0) on conflict do nothing`, at); err != nil {
			return err
		}
		blocked, err := one(q, "", func(t *time.Time) []any { return []any{instant{t}} },
			`select blocked_until from confirmation_addresses where folded = $1`+q.dialect.forUpdate, at)
		if err != nil {
			return err
		}
		mails, err := one(q, "", count, `select count(*) from confirmations where folded = $1 and asked_at > $2`,
			at, c.AskedAt.Add(-myodai.ConfirmationPeriod))
		if err != nil {
			return err
		}
		if mails >= myodai.MaxConfirmationMails || c.AskedAt.Before(blocked) {
			return myodai.Refuse(myodai.CodeLimited, "address",
				"%s has been asked to confirm as often as is allowed; try again tomorrow, or ask its owner", c.Address)
		}
		if err := q.endConfirmations(c.TenantID, c.SenderID, c.AskedAt); err != nil {
			return err
		}
		_, err = q.exec(`
			insert into confirmations (`+confirmationColumns+`, folded)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			c.ID, c.TenantID, c.SenderID, c.Address.Local, c.Address.Domain, c.TokenHash, c.Code, c.AskedFrom,
			c.AskedAt, c.ExpiresAt, c.Tries, c.Ending, c.EndedAt, at)
		if err != nil {
			return err
		}
		return q.addEvents(events)
	})
}

// endConfirmations ends what is still open about a sender address.
func (q session) endConfirmations(tenant myodai.TenantID, sender myodai.SenderID, now time.Time) error {
	_, err := q.exec(`update confirmations set ending = $3, ended_at = $4 where tenant_id = $1 and sender_id = $2 and ending = ''`,
		tenant, sender, myodai.ConfirmationReplaced, now)
	return err
}

// ConfirmationByToken finds a confirmation, of any tenant, by the SHA-256 of the
// token in its link.
func (s *Store) ConfirmationByToken(ctx context.Context, sum [32]byte) (myodai.Confirmation, error) {
	c, err := s.read(ctx).confirmation(sum, "")
	return c, wrap("read confirmation", err)
}

func (q session) confirmation(sum [32]byte, lock string) (myodai.Confirmation, error) {
	return one(q, "this link is not valid", confirmationFields,
		`select `+confirmationColumns+` from confirmations where token_hash = $1`+lock, sum)
}

// LastConfirmation reads the newest confirmation of a sender address.
func (s *Store) LastConfirmation(ctx context.Context, tenant myodai.TenantID, sender myodai.SenderID) (myodai.Confirmation, error) {
	c, err := one(s.read(ctx), "nobody has been asked to confirm", confirmationFields,
		`select `+confirmationColumns+` from confirmations where tenant_id = $1 and sender_id = $2 order by id desc limit 1`, tenant, sender)
	return c, wrap("read confirmation", err)
}

// AnswerConfirmation loads a confirmation by the SHA-256 of its token, lets
// answer decide what becomes of it, and saves that together with what follows
// and the events: a confirmed one confirms its sender address, a denied one
// keeps the address from being asked again for a while.
//
// It is a conflict when another tenant has confirmed the address before (E3):
// then nothing is written. answer may be called more than once and must be pure;
// its error is returned as it is, but the confirmation it returns beside one is
// saved, so that wrong codes are counted.
func (s *Store) AnswerConfirmation(ctx context.Context, sum [32]byte,
	answer func(myodai.Confirmation) (myodai.Confirmation, []myodai.Event, error),
) (c myodai.Confirmation, err error) {
	var refused error
	err = s.write(ctx, "answer confirmation", func(q session) error {
		before, err := q.confirmation(sum, q.dialect.forUpdate)
		if err != nil {
			return err
		}
		var events []myodai.Event
		c, events, refused = answer(before)
		_, err = q.exec(`update confirmations set tries = $2, ending = $3, ended_at = $4 where id = $1`,
			before.ID, c.Tries, c.Ending, c.EndedAt)
		if err != nil {
			return err
		}
		if before.Ending == "" {
			if err := q.follow(c); err != nil {
				return err
			}
		}
		return q.addEvents(events)
	})
	if err != nil {
		return c, err
	}
	return c, refused
}

// follow does what an answer asks for.
func (q session) follow(c myodai.Confirmation) error {
	switch c.Ending {
	case myodai.ConfirmationDenied:
		_, err := q.exec(`update confirmation_addresses set blocked_until = $2 where folded = $1`,
			folded(c.Address), c.EndedAt.Add(myodai.ConfirmationBlock))
		return err
	case myodai.ConfirmationConfirmed:
		return q.confirmSender(c)
	}
	return nil
}

// confirmSender marks the sender address of a confirmation, unless it has been
// changed or deleted meanwhile.
func (q session) confirmSender(c myodai.Confirmation) error {
	taken, err := one(q, "", count, `select count(*) from senders where folded = $1 and confirmed_at > 0 and id <> $2`,
		folded(c.Address), c.SenderID)
	if err != nil {
		return err
	}
	if taken > 0 {
		return myodai.Refuse(myodai.CodeConflict, "", "%s is confirmed for another account, and an address belongs to one", c.Address)
	}
	n, err := q.exec(`
		update senders set confirmed_at = $4, look_at = $5
		 where tenant_id = $1 and id = $2 and folded = $3`,
		c.TenantID, c.SenderID, folded(c.Address), c.EndedAt, c.EndedAt.Add(myodai.SenderLookPause))
	if err == nil && n == 0 {
		err = myodai.Refuse(myodai.CodeNotFound, "", "the sender address is gone; nothing is left to confirm")
	}
	return err
}

// ExpireConfirmations ends up to max confirmations that nobody answered until
// now, with the event that tells of each, and returns how many that were.
func (s *Store) ExpireConfirmations(ctx context.Context, now time.Time, max int, event func(myodai.Confirmation) myodai.Event) (n int, err error) {
	err = s.write(ctx, "expire confirmations", func(q session) error {
		list, err := all(q, confirmationFields, `
			with due as materialized (
			  select id as due_id from confirmations where ending = '' and expires_at <= $1
			   order by expires_at limit $2`+q.dialect.skipLocked+`)
			update confirmations set ending = $3, ended_at = $1 where id in (select due_id from due)
			returning `+confirmationColumns, now, max, myodai.ConfirmationExpired)
		if err != nil {
			return err
		}
		n = len(list)
		events := make([]myodai.Event, 0, n)
		for _, c := range list {
			events = append(events, event(c))
		}
		return q.addEvents(events)
	})
	return n, err
}
