package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// idempotencyLife is how long an idempotency key means the same message (P05).
const idempotencyLife = 24 * time.Hour

// Accept takes responsibility for a message: when it returns without an error,
// the message, its body, its deliveries and events are durable (P01). They are
// written together or not at all, in a transaction that messages accepted at the
// same time share. When ctx ends while that is under way, whether the message
// was accepted is unknown.
//
// With an IdempotencyKey that the tenant used for the same request within 24
// hours before a.Message.AcceptedAt, nothing is written, and the message of
// then is returned with repeated true. The same key with another request is a
// conflict.
func (s *Store) Accept(ctx context.Context, a myodai.Accepted) (m myodai.Message, repeated bool, err error) {
	r := s.group.accept(ctx, a)
	if r.err != nil {
		return myodai.Message{}, false, wrap("accept message", r.err)
	}
	if !r.repeated && a.Message.Basis != "" { // what is held is not signed yet
		s.bodies.put(bodyOf{a.Message.TenantID, a.Message.ID}, a.Body, len(a.Deliveries))
	}
	return r.message, r.repeated, nil
}

// useIdempotencyKey takes the key for this message, or returns what it was used
// for before. On PostgreSQL the insert waits for a transaction that is about to
// take the same key, so of two at once one sees the other.
func (q session) useIdempotencyKey(a myodai.Accepted) (before *use, err error) {
	m := a.Message
	_, err = q.exec(`delete from idempotency_keys where tenant_id = $1 and name = $2 and used_at <= $3`,
		m.TenantID, a.IdempotencyKey, m.AcceptedAt.Add(-idempotencyLife))
	if err != nil {
		return nil, err
	}
	n, err := q.exec(`
		insert into idempotency_keys (tenant_id, name, request_hash, message_id, used_at)
		values ($1, $2, $3, $4, $5) on conflict (tenant_id, name) do nothing`,
		m.TenantID, a.IdempotencyKey, a.RequestHash, m.ID, m.AcceptedAt)
	if err != nil || n == 1 {
		return nil, err
	}
	u, err := one(q, "the idempotency key was given up meanwhile", func(u *use) []any {
		return []any{hash{&u.request}, &u.message}
	}, `select request_hash, message_id from idempotency_keys where tenant_id = $1 and name = $2`, m.TenantID, a.IdempotencyKey)
	return &u, err
}

// use is what an idempotency key was used for.
type use struct {
	request [32]byte
	message myodai.MessageID
}

// addMessages writes messages with all that belongs to them.
func (q session) addMessages(list []myodai.Accepted) error {
	messages := make([][]any, 0, len(list))
	var chunks [][]any
	var deliveries []myodai.Delivery
	var events []myodai.Event
	for _, a := range list {
		m := a.Message
		messages = append(messages, []any{
			m.ID, m.TenantID, orNull(m.DomainID), m.SenderID, m.Basis, m.CredentialID, m.Class, m.From.Local, m.From.Domain,
			m.Subject, m.HeaderID, m.Size, m.AcceptedAt, m.ExpiresAt,
		})
		chunks = append(chunks, chunksOf(m, a.Body)...)
		deliveries, events = append(deliveries, a.Deliveries...), append(events, a.Events...)
	}
	if err := q.insert("messages", messageNames, messages); err != nil {
		return err
	}
	if err := q.insert("body_chunks", chunkNames, chunks); err != nil {
		return err
	}
	if err := q.addDeliveries(deliveries); err != nil {
		return err
	}
	return q.addEvents(events)
}

var (
	messageNames = []string{
		"id", "tenant_id", "domain_id", "sender_id", "basis", "credential_id", "class", "from_local", "from_domain",
		"subject", "header_id", "size", "accepted_at", "expires_at",
	}
	chunkNames = []string{"tenant_id", "message_id", "number", "data"}
)
