package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

const memberColumns = `id, coalesce(tenant_id, ''), email_local, email_domain, name, language, role, password, totp, totp_step,
	recovery, passkeys, subject, created_at`

func memberFields(m *myodai.Member) []any {
	return []any{
		&m.ID, &m.TenantID, &m.Email.Local, &m.Email.Domain, &m.Name, &m.Language, &m.Role, &m.Password, &m.TOTP, &m.TOTPStep,
		document{&m.Recovery}, document{&m.Passkeys}, &m.Subject, instant{&m.CreatedAt},
	}
}

// totpOf is what a member's sealed TOTP secret is bound to.
func totpOf(m myodai.Member) []byte { return []byte("totp\x00" + string(m.ID)) }

// members reads members and opens what is sealed.
func (s *Store) members(q session, query string, args ...any) ([]myodai.Member, error) {
	list, err := all(q, memberFields, `select `+memberColumns+` from members where `+query, args...)
	if err != nil {
		return nil, err
	}
	for i, m := range list {
		if len(m.TOTP) == 0 {
			list[i].TOTP = nil
			continue
		}
		if list[i].TOTP, err = s.unseal(m.TOTP, totpOf(m)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (s *Store) member(q session, absent, query string, args ...any) (myodai.Member, error) {
	list, err := s.members(q, query, args...)
	if err == nil && len(list) == 0 {
		err = myodai.Refuse(myodai.CodeNotFound, "", "%s", absent)
	}
	if err != nil {
		return myodai.Member{}, err
	}
	return list[0], nil
}

// Member reads a member of a tenant, or a platform operator when tenant is "".
func (s *Store) Member(ctx context.Context, tenant myodai.TenantID, id myodai.MemberID) (myodai.Member, error) {
	m, err := s.member(s.read(ctx), absent("member", id), `id = $1 and coalesce(tenant_id, '') = $2`, id, tenant)
	return m, wrap("read member", err)
}

// MemberOfAnyTenant reads a member by what signs them in: a session, a passkey.
func (s *Store) MemberOfAnyTenant(ctx context.Context, id myodai.MemberID) (myodai.Member, error) {
	m, err := s.member(s.read(ctx), absent("member", id), `id = $1`, id)
	return m, wrap("read member", err)
}

// MemberByEmail finds who signs in with an address, of any tenant.
func (s *Store) MemberByEmail(ctx context.Context, email myodai.Address) (myodai.Member, error) {
	m, err := s.member(s.read(ctx), "there is no such member", `folded = $1`, folded(email))
	return m, wrap("read member", err)
}

// MemberBySubject finds who a tenant's OpenID Connect provider speaks of.
func (s *Store) MemberBySubject(ctx context.Context, tenant myodai.TenantID, subject string) (myodai.Member, error) {
	m, err := s.member(s.read(ctx), "there is no such member", `coalesce(tenant_id, '') = $1 and subject = $2 and subject <> ''`, tenant, subject)
	return m, wrap("read member", err)
}

// Members lists the members of a tenant, or the platform operators when tenant
// is "", oldest first.
func (s *Store) Members(ctx context.Context, tenant myodai.TenantID, page myodai.Page) (list []myodai.Member, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	list, err = s.members(s.read(ctx), `coalesce(tenant_id, '') = $1 and id > $2 order by id limit $3`, tenant, after, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list members", err)
	}
	list, next = cut(list, page, func(m myodai.Member) string { return string(m.ID) })
	return list, next, nil
}

// CreateMember adds a member and spends the ticket that allows it. It is a
// conflict when the address signs somebody in already. With a platform operator,
// every ticket to become the first one goes.
func (s *Store) CreateMember(ctx context.Context, c myodai.MemberChange, now time.Time) error {
	return s.write(ctx, "create member", func(q session) error {
		if err := q.spend(c.Spends, now); err != nil {
			return err
		}
		m := c.Member
		n, err := q.exec(`
			insert into members (id, tenant_id, email_local, email_domain, folded, name, language, role, password, totp, totp_step,
				recovery, passkeys, subject, created_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) on conflict (folded) do nothing`,
			m.ID, orNull(m.TenantID), m.Email.Local, m.Email.Domain, folded(m.Email), m.Name, m.Language, m.Role, m.Password,
			s.sealTOTP(m), m.TOTPStep, recoveryOf(m), passkeysOf(m), m.Subject, m.CreatedAt)
		if err != nil {
			return err
		}
		if n == 0 {
			return taken()
		}
		if m.Role == myodai.RoleOperator {
			if _, err := q.exec(`delete from tickets where purpose = $1`, myodai.TicketSetup); err != nil {
				return err
			}
		}
		return s.follow(q, c)
	})
}

func taken() error {
	return myodai.Refuse(myodai.CodeConflict, "email", "somebody signs in with this address already; use another one")
}

func recoveryOf(m myodai.Member) document { return document{slices.Concat([][32]byte{}, m.Recovery)} }

func passkeysOf(m myodai.Member) document {
	return document{slices.Concat([]myodai.Passkey{}, m.Passkeys)}
}

func (s *Store) sealTOTP(m myodai.Member) []byte {
	if len(m.TOTP) == 0 {
		return nil
	}
	return s.seal(m.TOTP, totpOf(m))
}

// follow writes what goes with a change of a member.
func (s *Store) follow(q session, c myodai.MemberChange) error {
	if c.EndSessions {
		if _, err := q.exec(`delete from sessions where member_id = $1`, c.Member.ID); err != nil {
			return err
		}
	}
	if c.NewSession != nil {
		if err := q.addSession(*c.NewSession); err != nil {
			return err
		}
	}
	return s.addAudit(q, c.Audit)
}

// locked reads a member that is about to change, and how many of their tenant
// have the highest role, themselves included, none of whom can lose it meanwhile.
func (s *Store) locked(q session, tenant myodai.TenantID, id myodai.MemberID) (m myodai.Member, heads int, err error) {
	top := myodai.RoleOwner
	if tenant == "" {
		top = myodai.RoleOperator
	}
	ids, err := all(q, only[myodai.MemberID],
		`select id from members where coalesce(tenant_id, '') = $1 and role = $2 order by id`+q.dialect.forUpdate, tenant, top)
	if err != nil {
		return m, 0, err
	}
	m, err = s.member(q, absent("member", id), `id = $1 and coalesce(tenant_id, '') = $2`+q.dialect.forUpdate, id, tenant)
	return m, len(ids), err
}

// UpdateMember loads a member, lets change decide what becomes of them, and
// writes that with all that goes with it. heads is how many of the tenant's
// members have its highest role.
//
// change may be called more than once and must be pure. When it returns an error
// nothing is written, and the error is returned as it is.
func (s *Store) UpdateMember(ctx context.Context, tenant myodai.TenantID, id myodai.MemberID, now time.Time,
	change func(m myodai.Member, heads int) (myodai.MemberChange, error),
) (m myodai.Member, err error) {
	err = s.write(ctx, "update member", func(q session) error {
		before, heads, err := s.locked(q, tenant, id)
		if err != nil {
			return err
		}
		c, err := change(before, heads)
		if err != nil {
			return err
		}
		if err := q.spend(c.Spends, now); err != nil {
			return err
		}
		m = c.Member
		m.ID, m.TenantID, m.CreatedAt = before.ID, before.TenantID, before.CreatedAt
		if m.Email != before.Email {
			others, err := one(q, "", only[int], `select count(*) from members where folded = $1 and id <> $2`, folded(m.Email), id)
			if err != nil {
				return err
			}
			if others > 0 {
				return taken()
			}
		}
		_, err = q.exec(`
			update members set email_local = $2, email_domain = $3, folded = $4, name = $5, language = $6, role = $7, password = $8,
				totp = $9, totp_step = $10, recovery = $11, passkeys = $12, subject = $13 where id = $1`,
			id, m.Email.Local, m.Email.Domain, folded(m.Email), m.Name, m.Language, m.Role, m.Password,
			s.sealTOTP(m), m.TOTPStep, recoveryOf(m), passkeysOf(m), m.Subject)
		if err != nil {
			return err
		}
		c.Member = m
		return s.follow(q, c)
	})
	if err != nil {
		return myodai.Member{}, err
	}
	return m, nil
}

// DeleteMember takes a member away with their sessions and tickets. allow says
// whether that may be, and is like change of UpdateMember.
func (s *Store) DeleteMember(ctx context.Context, tenant myodai.TenantID, id myodai.MemberID,
	allow func(m myodai.Member, heads int) ([]myodai.AuditEntry, error),
) error {
	return s.write(ctx, "delete member", func(q session) error {
		m, heads, err := s.locked(q, tenant, id)
		if err != nil {
			return err
		}
		entries, err := allow(m, heads)
		if err != nil {
			return err
		}
		for _, statement := range []string{
			`delete from sessions where member_id = $1`, `delete from tickets where member_id = $1`, `delete from members where id = $1`,
		} {
			if _, err := q.exec(statement, id); err != nil {
				return err
			}
		}
		return s.addAudit(q, entries)
	})
}

const rulesColumns = `tenant_id, second_factor, issuer, client_id, client_secret, provider_only, changed_at`

// clientOf is what a sealed client secret is bound to.
func clientOf(r myodai.SignInRules) []byte {
	return []byte(strings.Join([]string{"oidc client", string(r.TenantID), r.Issuer, r.ClientID}, "\x00"))
}

// SignInRules reads how a tenant's members sign in, or the platform operators
// when tenant is "". Who has set no rules has the zero ones.
func (s *Store) SignInRules(ctx context.Context, tenant myodai.TenantID) (myodai.SignInRules, error) {
	var sealed []byte
	list, err := all(s.read(ctx), func(r *myodai.SignInRules) []any {
		return []any{&r.TenantID, &r.SecondFactor, &r.Issuer, &r.ClientID, &sealed, &r.ProviderOnly, instant{&r.ChangedAt}}
	}, `select `+rulesColumns+` from sign_in_rules where tenant_id = $1`, tenant)
	if err != nil || len(list) == 0 {
		return myodai.SignInRules{TenantID: tenant}, wrap("read sign-in rules", err)
	}
	r := list[0]
	if len(sealed) > 0 {
		plain, err := s.unseal(sealed, clientOf(r))
		if err != nil {
			return myodai.SignInRules{}, wrap("read sign-in rules", err)
		}
		r.ClientSecret = string(plain)
	}
	return r, nil
}

// SetSignInRules replaces the rules of a tenant, or of the platform operators.
func (s *Store) SetSignInRules(ctx context.Context, r myodai.SignInRules, entries ...myodai.AuditEntry) error {
	return s.write(ctx, "set sign-in rules", func(q session) error {
		var sealed []byte
		if r.ClientSecret != "" {
			sealed = s.seal([]byte(r.ClientSecret), clientOf(r))
		}
		_, err := q.exec(`
			insert into sign_in_rules (`+rulesColumns+`) values ($1, $2, $3, $4, $5, $6, $7)
			on conflict (tenant_id) do update set second_factor = $2, issuer = $3, client_id = $4, client_secret = $5,
				provider_only = $6, changed_at = $7`,
			r.TenantID, r.SecondFactor, r.Issuer, r.ClientID, sealed, r.ProviderOnly, r.ChangedAt)
		if err != nil {
			return err
		}
		return s.addAudit(q, entries)
	})
}
