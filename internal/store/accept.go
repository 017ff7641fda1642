package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// idempotencyLife is how long an idempotency key means the same message (P05).
const idempotencyLife = 24 * time.Hour

// Accept takes responsibility for a message: when it returns without an error,
// the message, its body, its deliveries and events are durable (P01), in one
// transaction.
//
// With an IdempotencyKey that the tenant used for the same request within 24
// hours before a.Message.AcceptedAt, nothing is written, and the message of
// then is returned with repeated true. The same key with another request is a
// conflict.
func (s *Store) Accept(ctx context.Context, a myodai.Accepted) (m myodai.Message, repeated bool, err error) {
	err = s.write(ctx, "accept message", func(q session) error {
		m, repeated = a.Message, false
		if a.IdempotencyKey != "" {
			first, used, err := q.useIdempotencyKey(a)
			if err != nil {
				return err
			}
			if used {
				m, repeated = first, true
				return nil
			}
		}
		return q.addMessage(a)
	})
	if err != nil {
		return myodai.Message{}, false, err
	}
	return m, repeated, nil
}

// useIdempotencyKey takes the key for this message, or returns the message that
// used it before. On PostgreSQL the insert waits for a transaction that is about
// to take the same key, so of two at once one sees the other.
func (q session) useIdempotencyKey(a myodai.Accepted) (first myodai.Message, used bool, err error) {
	m := a.Message
	_, err = q.exec(`delete from idempotency_keys where tenant_id = $1 and name = $2 and used_at <= $3`,
		m.TenantID, a.IdempotencyKey, m.AcceptedAt.Add(-idempotencyLife))
	if err != nil {
		return first, false, err
	}
	n, err := q.exec(`
		insert into idempotency_keys (tenant_id, name, request_hash, message_id, used_at)
		values ($1, $2, $3, $4, $5) on conflict (tenant_id, name) do nothing`,
		m.TenantID, a.IdempotencyKey, a.RequestHash, m.ID, m.AcceptedAt)
	if err != nil || n == 1 {
		return first, false, err
	}
	before, err := one(q, "the idempotency key was given up meanwhile", func(u *use) []any {
		return []any{hash{&u.request}, &u.message}
	}, `select request_hash, message_id from idempotency_keys where tenant_id = $1 and name = $2`, m.TenantID, a.IdempotencyKey)
	if err != nil {
		return first, false, err
	}
	if before.request != a.RequestHash {
		return first, false, myodai.Refuse(myodai.CodeConflict, "idempotency_key",
			"this idempotency key was used for another request; use a new key for each message")
	}
	first, err = q.message(m.TenantID, before.message)
	return first, true, err
}

// use is what an idempotency key was used for.
type use struct {
	request [32]byte
	message myodai.MessageID
}

func (q session) addMessage(a myodai.Accepted) error {
	m := a.Message
	_, err := q.exec(`
		insert into messages (`+messageColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		m.ID, m.TenantID, m.DomainID, m.CredentialID, m.From.Local, m.From.Domain,
		m.Subject, m.HeaderID, m.Size, m.AcceptedAt, m.ExpiresAt)
	if err != nil {
		return err
	}
	if err := q.addBody(m.TenantID, m.ID, a.Body); err != nil {
		return err
	}
	if err := q.addDeliveries(a.Deliveries); err != nil {
		return err
	}
	return q.addEvents(a.Events)
}
