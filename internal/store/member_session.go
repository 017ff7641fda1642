package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

const memberSessionColumns = `id, tenant_id, member_id, secret_hash, half, provider, address, agent, created_at, seen_at, confirmed_at, expires_at`

func memberSessionFields(s *myodai.Session) []any {
	return []any{
		&s.ID, &s.TenantID, &s.MemberID, hash{&s.SecretHash}, &s.Half, &s.Provider, &s.Address, &s.Agent,
		instant{&s.CreatedAt}, instant{&s.SeenAt}, instant{&s.ConfirmedAt}, instant{&s.ExpiresAt},
	}
}

// maxSessions is how many sessions a member has; past it the oldest end.
const maxSessions = 50

// addSession begins a session. Those that are over go, of whomever they were.
func (q session) addSession(v myodai.Session) error {
	_, err := q.exec(`insert into sessions (`+memberSessionColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		v.ID, v.TenantID, v.MemberID, v.SecretHash, v.Half, v.Provider, v.Address, v.Agent, v.CreatedAt, v.SeenAt, v.ConfirmedAt, v.ExpiresAt)
	if err != nil {
		return err
	}
	if _, err := q.exec(`delete from sessions where expires_at <= $1`, v.CreatedAt); err != nil {
		return err
	}
	_, err = q.exec(`
		delete from sessions where member_id = $1 and id not in (
			select id from sessions where member_id = $1 order by created_at desc, id desc limit $2)`, v.MemberID, maxSessions)
	return err
}

// CreateSession begins a session, and ends the one it takes the place of; "" for
// none.
func (s *Store) CreateSession(ctx context.Context, v myodai.Session, instead myodai.SessionID, entries ...myodai.AuditEntry) error {
	return s.write(ctx, "create session", func(q session) error {
		if err := q.addSession(v); err != nil {
			return err
		}
		if _, err := q.exec(`delete from sessions where id = $1`, instead); err != nil {
			return err
		}
		return s.addAudit(q, entries)
	})
}

// SessionBySecret finds a session by the SHA-256 of its secret. Those that are
// over may still be found.
func (s *Store) SessionBySecret(ctx context.Context, sum [32]byte) (myodai.Session, error) {
	v, err := one(s.read(ctx), "there is no such session", memberSessionFields,
		`select `+memberSessionColumns+` from sessions where secret_hash = $1`, sum)
	return v, wrap("read session", err)
}

// Sessions lists a member's sessions, newest first.
func (s *Store) Sessions(ctx context.Context, tenant myodai.TenantID, member myodai.MemberID) ([]myodai.Session, error) {
	list, err := all(s.read(ctx), memberSessionFields,
		`select `+memberSessionColumns+` from sessions where tenant_id = $1 and member_id = $2 order by created_at desc, id desc`, tenant, member)
	return list, wrap("list sessions", err)
}

// SeeSession notes that a session was used.
func (s *Store) SeeSession(ctx context.Context, id myodai.SessionID, at time.Time) error {
	return s.write(ctx, "see session", func(q session) error {
		_, err := q.exec(`update sessions set seen_at = $2 where id = $1`, id, at)
		return err
	})
}

// EndSession ends one session of a member.
func (s *Store) EndSession(ctx context.Context, tenant myodai.TenantID, member myodai.MemberID, id myodai.SessionID, entries ...myodai.AuditEntry) error {
	return s.write(ctx, "end session", func(q session) error {
		n, err := q.exec(`delete from sessions where id = $1 and tenant_id = $2 and member_id = $3`, id, tenant, member)
		if err == nil && n == 0 {
			err = myodai.Refuse(myodai.CodeNotFound, "", "%s", absent("session", id))
		}
		if err != nil {
			return err
		}
		return s.addAudit(q, entries)
	})
}

// EndSessions ends every session of a member but one; "" for all.
func (s *Store) EndSessions(ctx context.Context, tenant myodai.TenantID, member myodai.MemberID, but myodai.SessionID, entries ...myodai.AuditEntry) error {
	return s.write(ctx, "end sessions", func(q session) error {
		_, err := q.exec(`delete from sessions where tenant_id = $1 and member_id = $2 and id <> $3`, tenant, member, but)
		if err != nil {
			return err
		}
		return s.addAudit(q, entries)
	})
}
