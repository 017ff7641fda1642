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

// Body reads a message as it is sent. The octets must not be changed: others may
// get the same ones.
func (s *Store) Body(ctx context.Context, tenant myodai.TenantID, message myodai.MessageID) ([]byte, error) {
	if body := s.bodies.get(tenant, message); body != nil {
		return body, nil
	}
	chunks, err := all(s.read(ctx), only[[]byte],
		`select data from body_chunks where tenant_id = $1 and message_id = $2 order by number`, tenant, message)
	switch {
	case err != nil:
		return nil, wrap("read body", err)
	case len(chunks) == 0:
		return nil, myodai.Refuse(myodai.CodeNotFound, "", "%s", absent("message", message))
	case len(chunks) == 1:
		return chunks[0], nil
	}
	return slices.Concat(chunks...), nil
}

// The bounds of the bodies in memory.
const (
	maxBodies     = 4 << 20  // octets, all together
	maxCachedBody = 64 << 10 // octets of one
)

// bodies keeps the newest bodies this process accepted, because most are sent
// at once, until each of their deliveries has been attempted. A body never
// changes, so what is here is true. The zero value is ready.
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
