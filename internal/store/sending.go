package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// Sending reads what entitles a message to be sent, whosever it is: what the check
// just before the socket needs (P23), and of the message, the domain and the tenant
// not more than that. A domain deleted meanwhile comes as suspended, an address
// deleted meanwhile as none. What it says held after it was called; of a message that
// this process has just accepted, no longer than entitledFor before.
func (s *Store) Sending(ctx context.Context, message myodai.MessageID) (myodai.Sending, error) {
	asked := time.Now()
	m, fresh := s.bodies.message(message)
	if fresh {
		if l, ok := s.entitled.get(partiesOf(m), asked); ok {
			l.Message = m
			return l, nil
		}
	}
	l, ok, err := s.sending.ask(ctx, message, s.sendings)
	if err == nil && !ok {
		err = myodai.Refuse(myodai.CodeNotFound, "", "%s", absent("message", message))
	}
	if err != nil {
		return myodai.Sending{}, wrap("read sending", err)
	}
	if fresh {
		s.entitled.put(partiesOf(l.Message), l, asked)
	}
	return l, nil
}

// sent is what Sending says of a message.
func sent(m myodai.Message) myodai.Message {
	return myodai.Message{
		ID: m.ID, TenantID: m.TenantID, DomainID: m.DomainID, SenderID: m.SenderID, Basis: m.Basis, Class: m.Class, From: m.From,
	}
}

func (s *Store) sendings(ctx context.Context, messages []myodai.MessageID) (map[myodai.MessageID]myodai.Sending, error) {
	args := []any{myodai.PlatformDomain}
	for _, id := range messages {
		args = append(args, id)
	}
	list, err := all(s.read(ctx), func(l *myodai.Sending) []any {
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
		  join domains d on d.id = coalesce(m.domain_id, $1)
		  join tenants t on t.id = m.tenant_id
		  left join senders a on a.tenant_id = m.tenant_id and a.id = m.sender_id
		 where m.id in (`+placeholders(2, len(messages))+`)`, args...)
	if err != nil {
		return nil, err
	}
	found := make(map[myodai.MessageID]myodai.Sending, len(list))
	for _, l := range list {
		found[l.Message.ID] = l
	}
	return found, nil
}
