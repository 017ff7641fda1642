package store

import "github.com/myodai/myodai"

// written is a message with the rows it becomes. Whoever hands it in makes them,
// side by side with others: the one that writes, for which all wait, has less to do.
type written struct {
	myodai.Accepted
	message    []any
	chunks     [][]any
	deliveries [][]any // without what the hand decides
	told       []told
}

// write makes the rows of a message.
func write(a myodai.Accepted) (*written, error) {
	m, w := a.Message, written{Accepted: a, chunks: chunksOf(a.Message, a.Body, a.Unsigned)}
	w.message = []any{
		string(m.ID), string(m.TenantID), orNull(m.DomainID), string(m.SenderID), string(m.Basis), string(m.CredentialID),
		string(m.Class), m.From.Local, string(m.From.Domain), m.Subject, m.HeaderID, m.Size, m.AcceptedAt, m.ExpiresAt,
	}
	if err := values(w.message); err != nil {
		return nil, err
	}
	for _, row := range w.chunks {
		if err := values(row); err != nil {
			return nil, err
		}
	}
	for _, d := range a.Deliveries {
		row := deliveryRow(d)
		if err := values(row); err != nil {
			return nil, err
		}
		w.deliveries = append(w.deliveries, row)
	}
	var err error
	w.told, err = tell(a.Events)
	return &w, err
}
