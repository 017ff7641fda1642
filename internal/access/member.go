package access

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// ListMembers lists the members of a tenant, or the platform operators.
func (s *Service) ListMembers(ctx context.Context, tenant myodai.TenantID, page myodai.Page) ([]myodai.Member, string, error) {
	return s.people.Members(ctx, tenant, page)
}

// SetRole gives a member of the tenant another role. Their sessions end, so what
// they could do before they can do no more (T69).
func (s *Service) SetRole(ctx context.Context, by By, tenant myodai.TenantID, id myodai.MemberID, role myodai.Role) (myodai.Member, error) {
	if err := by.may(ActionMembers, tenant); err != nil {
		return myodai.Member{}, err
	}
	if !role.Of(tenant) {
		return myodai.Member{}, errRole
	}
	now := time.Now()
	return s.people.UpdateMember(ctx, tenant, id, now, func(m myodai.Member, heads int) (myodai.MemberChange, error) {
		if m.Role == role {
			return myodai.MemberChange{Member: m}, nil
		}
		if err := mayChange(by, m, heads, role); err != nil {
			return myodai.MemberChange{}, err
		}
		entry := s.audit(now, by, tenant, "set-role", string(id), map[string]string{"email": m.Email.String(), "from": string(m.Role), "to": string(role)})
		m.Role = role
		return myodai.MemberChange{Member: m, EndSessions: true, Audit: []myodai.AuditEntry{entry}}, nil
	})
}

// mayChange says whether by may give a member another role, "" for taking them
// away. heads is how many have the tenant's highest role.
func mayChange(by By, m myodai.Member, heads int, role myodai.Role) error {
	switch {
	case !MayGrant(by.Role, m.Role), role != "" && !MayGrant(by.Role, role):
		return errAbove
	case heads <= 1 && (m.Role == myodai.RoleOwner || m.Role == myodai.RoleOperator) && role != m.Role:
		return errLast
	}
	return nil
}

// RemoveMember takes a member of the tenant away; their sessions end at once.
func (s *Service) RemoveMember(ctx context.Context, by By, tenant myodai.TenantID, id myodai.MemberID) error {
	if err := by.may(ActionMembers, tenant); err != nil {
		return err
	}
	now := time.Now()
	return s.people.DeleteMember(ctx, tenant, id, func(m myodai.Member, heads int) ([]myodai.AuditEntry, error) {
		if err := mayChange(by, m, heads, ""); err != nil {
			return nil, err
		}
		return []myodai.AuditEntry{
			s.audit(now, by, tenant, "remove-member", string(id), map[string]string{"email": m.Email.String(), "role": string(m.Role)}),
		}, nil
	})
}

// ResetMember helps somebody who has lost what they sign in with: password and
// second factor go, their sessions end, and a link to set a new password is sent
// to them, not to who asks.
func (s *Service) ResetMember(ctx context.Context, by By, tenant myodai.TenantID, id myodai.MemberID) (myodai.Member, error) {
	if err := by.may(ActionMembers, tenant); err != nil {
		return myodai.Member{}, err
	}
	now := time.Now()
	m, err := s.people.UpdateMember(ctx, tenant, id, now, func(m myodai.Member, _ int) (myodai.MemberChange, error) {
		if !MayGrant(by.Role, m.Role) {
			return myodai.MemberChange{}, errAbove
		}
		m.Password, m.TOTP, m.Recovery, m.Passkeys = "", nil, nil, nil
		return myodai.MemberChange{Member: m, EndSessions: true, Audit: []myodai.AuditEntry{
			s.audit(now, by, tenant, "reset-member", string(id), map[string]string{"email": m.Email.String()}),
		}}, nil
	})
	if err != nil {
		return myodai.Member{}, err
	}
	return m, s.sendReset(ctx, m, now)
}

// SessionsOf lists where a member of the tenant is signed in, newest first, for
// who manages members up to that role.
func (s *Service) SessionsOf(ctx context.Context, by By, tenant myodai.TenantID, id myodai.MemberID) ([]myodai.Session, error) {
	m, err := s.managed(ctx, by, tenant, id)
	if err != nil {
		return nil, err
	}
	return s.OwnSessions(ctx, Actor{Member: m, Tenant: tenant})
}

// EndSessionsOf signs a member of the tenant out everywhere.
func (s *Service) EndSessionsOf(ctx context.Context, by By, tenant myodai.TenantID, id myodai.MemberID) error {
	m, err := s.managed(ctx, by, tenant, id)
	if err != nil {
		return err
	}
	return s.people.EndSessions(ctx, tenant, m.ID, "", s.audit(time.Now(), by, tenant, "end-member-sessions", string(id), nil))
}

// managed is a member whom by may manage.
func (s *Service) managed(ctx context.Context, by By, tenant myodai.TenantID, id myodai.MemberID) (myodai.Member, error) {
	if err := by.may(ActionMembers, tenant); err != nil {
		return myodai.Member{}, err
	}
	m, err := s.people.Member(ctx, tenant, id)
	if err == nil && !MayGrant(by.Role, m.Role) {
		err = errAbove
	}
	return m, err
}
