package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

const credentialColumns = /* #nosec G101 -- names of columns */ `id, coalesce(tenant_id, ''), kind, label, class, role, secret_hash, created_at, revoked_at`

func credentialFields(c *myodai.Credential) []any {
	return []any{&c.ID, &c.TenantID, &c.Kind, &c.Label, &c.Class, &c.Role, hash{&c.SecretHash}, instant{&c.CreatedAt}, instant{&c.RevokedAt}}
}

// CreateCredential adds a credential, the operator's when its TenantID is "".
func (s *Store) CreateCredential(ctx context.Context, c myodai.Credential, events ...myodai.Event) error {
	return s.write(ctx, "create credential", func(q session) error {
		_, err := q.exec(`
			insert into credentials (id, tenant_id, kind, label, class, role, secret_hash, created_at, revoked_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			c.ID, orNull(c.TenantID), c.Kind, c.Label, c.Class, c.Role, c.SecretHash, c.CreatedAt, c.RevokedAt)
		if err != nil {
			return err
		}
		return q.addEvents(events)
	})
}

// CredentialBySecret finds a credential, of any tenant, by the SHA-256 of its
// secret (T66). Revoked ones are found too.
func (s *Store) CredentialBySecret(ctx context.Context, sum [32]byte) (myodai.Credential, error) {
	c, err := one(s.read(ctx), "there is no such credential", credentialFields,
		`select `+credentialColumns+` from credentials where secret_hash = $1`, sum)
	return c, wrap("read credential", err)
}

// Credentials lists a tenant's credentials, revoked ones too, oldest first; the
// operator's when tenant is "".
func (s *Store) Credentials(ctx context.Context, tenant myodai.TenantID, page myodai.Page) (list []myodai.Credential, next string, err error) {
	after, err := cursor(page, "")
	if err != nil {
		return nil, "", err
	}
	where := `tenant_id = $1`
	if tenant == "" {
		where = `tenant_id is null and $1 = ''`
	}
	list, err = all(s.read(ctx), credentialFields,
		`select `+credentialColumns+` from credentials where `+where+` and id > $2 order by id limit $3`,
		tenant, after, page.Size()+1)
	if err != nil {
		return nil, "", wrap("list credentials", err)
	}
	list, next = cut(list, page, func(c myodai.Credential) string { return string(c.ID) })
	return list, next, nil
}

// RevokeCredential withdraws a credential from now on and returns it. The time
// of an earlier revocation stays, and events are written only the first time.
func (s *Store) RevokeCredential(ctx context.Context, tenant myodai.TenantID, id myodai.CredentialID,
	now time.Time, events ...myodai.Event,
) (c myodai.Credential, err error) {
	err = s.write(ctx, "revoke credential", func(q session) error {
		c, err = one(q, absent("credential", id), credentialFields,
			`select `+credentialColumns+` from credentials where id = $1 and coalesce(tenant_id, '') = $2`+q.dialect.forUpdate, id, tenant)
		if err != nil || c.Revoked() {
			return err
		}
		c.RevokedAt = now.UTC().Truncate(time.Microsecond)
		if _, err := q.exec(`update credentials set revoked_at = $2 where id = $1`, id, now); err != nil {
			return err
		}
		return q.addEvents(events)
	})
	if err != nil {
		return myodai.Credential{}, err
	}
	return c, nil
}
