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

// Sending reads what entitles a message to be sent, whosever it is: what the
// check just before the socket needs (P23), and of the message, the domain and the
// tenant not more than that. A domain deleted meanwhile comes as suspended, an
// address deleted meanwhile as none.
func (s *Store) Sending(ctx context.Context, message myodai.MessageID) (myodai.Sending, error) {
	l, err := one(s.read(ctx), absent("message", message), func(l *myodai.Sending) []any {
		m, d, a := &l.Message, &l.Domain, &l.Address
		return []any{
			&m.ID, &m.TenantID, maybe[myodai.DomainID]{&m.DomainID}, &m.SenderID, &m.Basis, &m.Class, &m.From.Local, &m.From.Domain,
			&d.ID, &d.TenantID, &d.Name, &d.State, &l.Tenant.ID, &l.Tenant.State,
			&a.ID, &a.TenantID, &a.Address.Local, &a.Address.Domain, instant{&a.ConfirmedAt}, &a.Look.Policy, instant{&a.Look.RefusedAt},
		}
	}, `
		select m.id, m.tenant_id, m.domain_id, m.sender_id, m.basis, m.class, m.from_local, m.from_domain,
		       d.id, d.tenant_id, d.name, d.state, t.id, t.state,
		       coalesce(a.id, ''), coalesce(a.tenant_id, ''), coalesce(a.address_local, ''), coalesce(a.address_domain, ''),
		       coalesce(a.confirmed_at, 0), coalesce(a.look_policy, ''), coalesce(a.refused_at, 0)
		  from messages m
		  join domains d on d.id = coalesce(m.domain_id, $2)
		  join tenants t on t.id = m.tenant_id
		  left join senders a on a.tenant_id = m.tenant_id and a.id = m.sender_id
		 where m.id = $1`, message, myodai.PlatformDomain)
	return l, wrap("read sending", err)
}
