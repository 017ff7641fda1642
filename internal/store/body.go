package store

import (
	"context"
	"slices"

	"github.com/myodai/myodai"
)

// chunkSize is how much of a body stands in one row. Both databases handle rows
// of this size well, and neither needs to move a large body in one piece.
const chunkSize = 256 << 10

func (q session) addBody(tenant myodai.TenantID, message myodai.MessageID, body []byte) error {
	number := 0
	for chunk := range slices.Chunk(body, chunkSize) {
		_, err := q.exec(`insert into body_chunks (tenant_id, message_id, number, data) values ($1, $2, $3, $4)`,
			tenant, message, number, chunk)
		if err != nil {
			return err
		}
		number++
	}
	return nil
}

// Body reads a message as it is sent.
func (s *Store) Body(ctx context.Context, tenant myodai.TenantID, message myodai.MessageID) ([]byte, error) {
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
