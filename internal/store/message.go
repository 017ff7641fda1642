package store

import (
	"context"

	"github.com/myodai/myodai"
)

const messageColumns = `id, tenant_id, domain_id, sender_id, basis, credential_id, class, from_local, from_domain,
	subject, header_id, size, accepted_at, expires_at`

func messageFields(m *myodai.Message) []any {
	return []any{
		&m.ID, &m.TenantID, maybe[myodai.DomainID]{&m.DomainID}, &m.SenderID, &m.Basis, &m.CredentialID, &m.Class, &m.From.Local, &m.From.Domain,
		&m.Subject, &m.HeaderID, &m.Size, instant{&m.AcceptedAt}, instant{&m.ExpiresAt},
	}
}

// Message reads a message without its body.
func (s *Store) Message(ctx context.Context, tenant myodai.TenantID, id myodai.MessageID) (myodai.Message, error) {
	m, err := s.read(ctx).message(tenant, id)
	return m, wrap("read message", err)
}

func (q session) message(tenant myodai.TenantID, id myodai.MessageID) (myodai.Message, error) {
	return one(q, absent("message", id), messageFields,
		`select `+messageColumns+` from messages where tenant_id = $1 and id = $2`, tenant, id)
}

// Messages lists a tenant's messages, newest first.
func (s *Store) Messages(ctx context.Context, tenant myodai.TenantID, page myodai.Page) (list []myodai.Message, next string, err error) {
	before, err := cursor(page, afterAll)
	if err != nil {
		return nil, "", err
	}
	list, err = all(s.read(ctx), messageFields,
		`select `+messageColumns+` from messages where tenant_id = $1 and id < $2 order by id desc limit $3`,
		tenant, before, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list messages", err)
	}
	list, next = cut(list, page, func(m myodai.Message) string { return string(m.ID) })
	return list, next, nil
}
