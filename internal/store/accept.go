package store

import (
	"cmp"
	"context"
	"slices"
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
	w, err := write(a)
	if err != nil {
		return m, false, wrap("accept message", err)
	}
	r := s.group.accept(ctx, w)
	if r.err != nil {
		return myodai.Message{}, false, wrap("accept message", r.err)
	}
	return r.message, r.repeated, nil
}

// acceptAll writes every message of the list but those whose idempotency key
// was used before, and notes the answers. An error is for the whole
// transaction; a key used for something else refuses its own message only.
func (q session) acceptAll(list []*entry, answers []answer, by Hand) (placed, error) {
	skip, err := q.useKeys(list, answers)
	if err != nil {
		return placed{}, err
	}
	fresh := make([]*written, 0, len(list))
	for i, e := range list {
		if e.accept != nil && !skip[i] {
			answers[i].message = e.accept.Message
			fresh = append(fresh, e.accept)
		}
	}
	return q.addMessages(fresh, by)
}

// useKeys takes the idempotency keys of the list, and says whose message is not
// to be written. Keys are taken in their order, so that two transactions cannot
// wait for each other.
func (q session) useKeys(list []*entry, answers []answer) (skip []bool, err error) {
	type key struct {
		tenant myodai.TenantID
		name   string
	}
	skip = make([]bool, len(list))
	var keyed []int
	for i, e := range list {
		if e.accept != nil && e.accept.IdempotencyKey != "" {
			keyed = append(keyed, i)
		}
	}
	slices.SortStableFunc(keyed, func(i, j int) int {
		a, b := list[i].accept, list[j].accept
		return cmp.Or(cmp.Compare(a.Message.TenantID, b.Message.TenantID), cmp.Compare(a.IdempotencyKey, b.IdempotencyKey))
	})
	here := map[key]myodai.Accepted{} // whose message is written in this transaction
	for _, i := range keyed {
		a := list[i].accept.Accepted
		k := key{a.Message.TenantID, a.IdempotencyKey}
		if first, ok := here[k]; ok {
			skip[i] = true
			answers[i] = repeat(first.RequestHash, first.Message, a)
			continue
		}
		before, err := q.useIdempotencyKey(a)
		switch {
		case err != nil:
			return nil, err
		case before == nil:
			here[k] = a
			continue
		}
		skip[i] = true
		if answers[i] = repeat(before.request, myodai.Message{}, a); answers[i].err == nil {
			if answers[i].message, err = q.message(a.Message.TenantID, before.message); err != nil {
				return nil, err
			}
		}
	}
	return skip, nil
}

// repeat is the answer to a message whose key was used before.
func repeat(request [32]byte, first myodai.Message, a myodai.Accepted) answer {
	if request != a.RequestHash {
		return answer{err: myodai.Refuse(myodai.CodeConflict, "idempotency_key",
			"this idempotency key was used for another request; use a new key for each message")}
	}
	return answer{message: first, repeated: true}
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

// addMessages writes messages with all that belongs to them, and says where their
// deliveries are.
func (q session) addMessages(list []*written, by Hand) (p placed, err error) {
	messages := make([][]any, 0, len(list))
	chunks, rows := make([][]any, 0, len(list)), make([][]any, 0, len(list))
	deliveries := make([]myodai.Delivery, 0, len(list))
	var events []told
	for _, w := range list {
		messages, chunks = append(messages, w.message), append(chunks, w.chunks...)
		deliveries, rows = append(deliveries, w.Deliveries...), append(rows, w.deliveries...)
		events = append(events, w.told...)
	}
	if err := q.insert("messages", messageNames, messages); err != nil {
		return p, err
	}
	if err := q.insert("body_chunks", chunkNames, chunks); err != nil {
		return p, err
	}
	if p, err = q.place(deliveries, rows, by); err != nil {
		return p, err
	}
	return p, q.addTold(events)
}

var (
	messageNames = []string{
		"id", "tenant_id", "domain_id", "sender_id", "basis", "credential_id", "class", "from_local", "from_domain",
		"subject", "header_id", "size", "accepted_at", "expires_at",
	}
	chunkNames = []string{"tenant_id", "message_id", "number", "data"}
)
