package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

const shareColumns = `id, tenant_id, domain_id, token_hash, recipient, language, created_by, created_at, expires_at, revoked_at, opened_at`

func shareFields(l *myodai.ShareLink) []any {
	return []any{
		&l.ID, &l.TenantID, &l.DomainID, hash{&l.TokenHash}, &l.Recipient, &l.Language, &l.CreatedBy,
		instant{&l.CreatedAt}, instant{&l.ExpiresAt}, instant{&l.RevokedAt}, instant{&l.OpenedAt},
	}
}

// CreateShareLink keeps a link to one of a tenant's domains.
func (s *Store) CreateShareLink(ctx context.Context, l myodai.ShareLink, entries ...myodai.AuditEntry) error {
	return s.write(ctx, "create share link", func(q session) error {
		if _, err := q.domain(l.TenantID, l.DomainID, ""); err != nil {
			return err
		}
		_, err := q.exec(`insert into share_links (`+shareColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			l.ID, l.TenantID, l.DomainID, l.TokenHash, l.Recipient, l.Language, l.CreatedBy, l.CreatedAt, l.ExpiresAt, l.RevokedAt, l.OpenedAt)
		if err != nil {
			return err
		}
		return s.addAudit(q, entries)
	})
}

// ShareLinkByToken finds a link, of any tenant, by the SHA-256 of its token, and
// also one that works no more.
func (s *Store) ShareLinkByToken(ctx context.Context, sum [32]byte) (myodai.ShareLink, error) {
	l, err := one(s.read(ctx), "there is no such link", shareFields, `select `+shareColumns+` from share_links where token_hash = $1`, sum)
	return l, wrap("read share link", err)
}

// OpenShareLink notes that somebody opened a link.
func (s *Store) OpenShareLink(ctx context.Context, tenant myodai.TenantID, id myodai.ShareLinkID, at time.Time, entries ...myodai.AuditEntry) error {
	return s.write(ctx, "open share link", func(q session) error {
		if _, err := q.exec(`update share_links set opened_at = $3 where id = $1 and tenant_id = $2`, id, tenant, at); err != nil {
			return err
		}
		return s.addAudit(q, entries)
	})
}

// ShareLinks lists the links to a domain, newest first, those that work no more
// too.
func (s *Store) ShareLinks(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID) ([]myodai.ShareLink, error) {
	list, err := all(s.read(ctx), shareFields,
		`select `+shareColumns+` from share_links where tenant_id = $1 and domain_id = $2 order by id desc limit $3`,
		tenant, domain, myodai.MaxPage)
	return list, wrap("list share links", err)
}

// RevokeShareLink withdraws a link from now on. The time of an earlier
// revocation stays.
func (s *Store) RevokeShareLink(ctx context.Context, tenant myodai.TenantID, id myodai.ShareLinkID, now time.Time, entries ...myodai.AuditEntry) (l myodai.ShareLink, err error) {
	err = s.write(ctx, "revoke share link", func(q session) error {
		l, err = one(q, absent("share link", id), shareFields,
			`select `+shareColumns+` from share_links where id = $1 and tenant_id = $2`+q.dialect.forUpdate, id, tenant)
		if err != nil || !l.RevokedAt.IsZero() {
			return err
		}
		l.RevokedAt = now.UTC().Truncate(time.Microsecond)
		if _, err := q.exec(`update share_links set revoked_at = $2 where id = $1`, id, now); err != nil {
			return err
		}
		return s.addAudit(q, entries)
	})
	if err != nil {
		return myodai.ShareLink{}, err
	}
	return l, nil
}
