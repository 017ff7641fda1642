package store

import (
	"context"

	"github.com/myodai/myodai"
)

const messageColumns = `id, tenant_id, domain_id, credential_id, class, from_local, from_domain,
	subject, header_id, size, accepted_at, expires_at`

func messageFields(m *myodai.Message) []any {
	return []any{
		&m.ID, &m.TenantID, &m.DomainID, &m.CredentialID, &m.Class, &m.From.Local, &m.From.Domain,
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

// Sender reads a message with the domain and tenant it is sent for, whosever
// they are: what the check just before the socket needs (P23). A domain deleted
// meanwhile comes as suspended.
func (s *Store) Sender(ctx context.Context, message myodai.MessageID) (m myodai.Message, d myodai.Domain, t myodai.Tenant, err error) {
	type line struct {
		m myodai.Message
		d myodai.Domain
		t myodai.Tenant
	}
	l, err := one(s.read(ctx), absent("message", message), func(l *line) []any {
		return append(append(messageFields(&l.m), domainFields(&l.d)...), tenantFields(&l.t)...)
	}, `
		select m.id, m.tenant_id, m.domain_id, m.credential_id, m.class, m.from_local, m.from_domain,
		       m.subject, m.header_id, m.size, m.accepted_at, m.expires_at,
		       d.id, d.tenant_id, d.name, d.state, d.token, d.shape, d.shapes, d.return_path, d.root_spf, d.report_address,
		       d.registered_at, d.verified_at, d.at_risk_at, d.failed_checks, d.notices, d.checked_at, d.next_check_at, d.changed_at,
		       d.planned_at, d.entered_at, d.connected_at, d.cause,
		       t.id, t.name, t.state, t.created_at
		  from messages m
		  join domains d on d.tenant_id = m.tenant_id and d.id = m.domain_id
		  join tenants t on t.id = m.tenant_id
		 where m.id = $1`, message)
	return l.m, l.d, l.t, wrap("read sender", err)
}
