package store

import (
	"context"
	"slices"
	"sync"

	"github.com/myodai/myodai"
)

// chunkSize is how much of a body stands in one row. Both databases handle rows
// of this size well, and neither needs to move a large body in one piece.
const chunkSize = 256 << 10

// Body reads a message as it is sent; one that is not signed yet without its
// signatures. The octets must not be changed: others may get the same ones.
func (s *Store) Body(ctx context.Context, tenant myodai.TenantID, message myodai.MessageID) (octets []byte, signed bool, err error) {
	if body := s.bodies.get(tenant, message); body != nil {
		return body, true, nil
	}
	list, err := all(s.read(ctx), func(c *chunk) []any { return []any{&c.number, &c.data} },
		`select number, data from body_chunks where tenant_id = $1 and message_id = $2 order by number`, tenant, message)
	switch {
	case err != nil:
		return nil, false, wrap("read body", err)
	case len(list) == 0:
		return nil, false, myodai.Refuse(myodai.CodeNotFound, "", "%s", absent("message", message))
	}
	signed, octets = list[0].number == signatureChunk, list[0].data
	if len(list) > 1 {
		parts := make([][]byte, len(list))
		for i, c := range list {
			parts[i] = c.data
		}
		octets = slices.Concat(parts...)
	}
	return octets, signed, nil
}

// chunk is one row of a body.
type chunk struct {
	number int
	data   []byte
}

// signatureChunk is the number of the chunk that signatures stand in: with all else
// where a body was written signed, alone where they came later. A body without it is
// not signed yet. So all chunks in order are always what goes on the wire.
const signatureChunk = 0

// chunksOf are the rows of a message's body.
func chunksOf(m myodai.Message, body []byte, unsigned bool) [][]any {
	var rows [][]any
	first := signatureChunk
	if unsigned {
		first++
	}
	for data := range slices.Chunk(body, chunkSize) {
		rows = append(rows, []any{m.TenantID, m.ID, first + len(rows), data})
	}
	return rows
}

// addSignatures puts signatures before messages that have none, in rows as of
// chunksOf. What is signed already stays as it is.
func (q session) addSignatures(rows [][]any) error {
	for len(rows) > 0 {
		n := q.dialect.rows(len(rows), len(chunkNames))
		signed, err := all(q, only[myodai.MessageID],
			insertion("body_chunks", chunkNames, n)+` on conflict do nothing returning message_id`, slices.Concat(rows[:n]...)...)
		if err != nil {
			return err
		}
		if rows = rows[n:]; len(signed) == 0 {
			continue
		}
		args := []any{signatureChunk}
		for _, id := range signed {
			args = append(args, id)
		}
		_, err = q.exec(`
			update messages set size = size + (
			  select length(data) from body_chunks c where c.tenant_id = messages.tenant_id and c.message_id = messages.id and c.number = $1)
			 where id in (`+placeholders(2, len(signed))+`)`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// The bounds of the bodies in memory.
const (
	maxBodies     = 4 << 20  // octets, all together
	maxCachedBody = 64 << 10 // octets of one
)

// bodies keeps the newest bodies this process accepted, because most are sent
// at once, until each of their deliveries has been attempted. A body that is signed
// never changes, and no other is here, so what is here is true. The zero value is
// ready.
type bodies struct {
	mu    sync.Mutex
	kept  map[myodai.MessageID]*body
	order []myodai.MessageID // oldest first; those that are gone stand here, too
	size  int
}

// body is one of them, the message it is of, and how many deliveries have not been
// attempted.
type body struct {
	message myodai.Message // what Sending says of it
	octets  []byte
	wanted  int
}

func (b *bodies) get(tenant myodai.TenantID, id myodai.MessageID) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if one := b.kept[id]; one != nil && one.message.TenantID == tenant {
		return one.octets
	}
	return nil
}

// message is what Sending says of a message whose body is kept.
func (b *bodies) message(id myodai.MessageID) (m myodai.Message, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if one := b.kept[id]; one != nil {
		return one.message, true
	}
	return m, false
}

// put keeps the body of a message that is durable, and forgets the oldest ones for
// it.
func (b *bodies) put(m myodai.Message, octets []byte, deliveries int) {
	if len(octets) > maxCachedBody || deliveries == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil {
		b.kept = map[myodai.MessageID]*body{}
	}
	if _, ok := b.kept[m.ID]; ok {
		return
	}
	b.kept[m.ID], b.order, b.size = &body{sent(m), octets, deliveries}, append(b.order, m.ID), b.size+len(octets)
	for b.size > maxBodies || len(b.order) > 2*len(b.kept)+maxForgotten {
		b.forget(b.order[0])
		b.order = b.order[1:]
	}
}

// maxForgotten is how many names of bodies that are gone may stand in order.
const maxForgotten = 100

// attempted notes that a delivery of the message needs the body no more, or not
// for a while.
func (b *bodies) attempted(id myodai.MessageID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if one := b.kept[id]; one != nil {
		if one.wanted--; one.wanted == 0 {
			b.forget(id)
		}
	}
}

func (b *bodies) forget(id myodai.MessageID) {
	if one := b.kept[id]; one != nil {
		b.size -= len(one.octets)
		delete(b.kept, id)
	}
}
