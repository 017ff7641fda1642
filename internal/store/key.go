package store

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"github.com/myodai/myodai"
)

const keyColumns = `id, coalesce(tenant_id, ''), coalesce(domain_id, ''), selector, algorithm, public, state, created_at`

func keyFields(k *myodai.Key) []any {
	return []any{&k.ID, &k.TenantID, &k.DomainID, &k.Selector, &k.Algorithm, &k.Public, &k.State, instant{&k.CreatedAt}}
}

// ownedBy is the condition for the keys of a domain, or of the platform when
// there is none, with $1 the tenant and $2 the domain.
func ownedBy(tenant myodai.TenantID, domain myodai.DomainID) string {
	if tenant == "" && domain == "" {
		return `tenant_id is null and domain_id is null and $1 = '' and $2 = ''`
	}
	return `tenant_id = $1 and domain_id = $2`
}

// Keys lists the keys of a domain, oldest first. A domain that is not there has
// none.
func (s *Store) Keys(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID) ([]myodai.Key, error) {
	keys, err := s.read(ctx).keys(tenant, domain)
	return keys, wrap("read keys", err)
}

func (q session) keys(tenant myodai.TenantID, domain myodai.DomainID) ([]myodai.Key, error) {
	return all(q, keyFields, `select `+keyColumns+` from dkim_keys where `+ownedBy(tenant, domain)+` order by id`, tenant, domain)
}

// PlatformKeys lists the platform's own keys, oldest first.
func (s *Store) PlatformKeys(ctx context.Context) ([]myodai.Key, error) {
	return s.Keys(ctx, "", "")
}

// CreatePlatformKeys adds the platform's own keys, which sign for zone, but for
// those whose selector is taken: every node may call it at start.
func (s *Store) CreatePlatformKeys(ctx context.Context, zone myodai.Name, keys []myodai.NewKey) error {
	return s.write(ctx, "create platform keys", func(q session) error {
		// Changing the serial first keeps other nodes out.
		if err := q.bumpSerial(); err != nil {
			return err
		}
		existing, err := q.keys("", "")
		if err != nil {
			return err
		}
		missing := slices.DeleteFunc(slices.Clone(keys), func(k myodai.NewKey) bool {
			return slices.ContainsFunc(existing, func(e myodai.Key) bool { return e.Selector == k.Key.Selector })
		})
		return s.addKeys(q, "", "", zone, missing)
	})
}

// addKeys seals and writes key pairs of a domain, or of the platform.
func (s *Store) addKeys(q session, tenant myodai.TenantID, domain myodai.DomainID, signsFor myodai.Name, keys []myodai.NewKey) error {
	for _, k := range keys {
		k.Key.TenantID, k.Key.DomainID = tenant, domain
		if _, err := parsePrivate(k.Private); err != nil {
			return fmt.Errorf("key %s: %w", k.Key.ID, err)
		}
		_, err := q.exec(`
			insert into dkim_keys (id, tenant_id, domain_id, domain_name, selector, algorithm, public, state, sealed, created_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			k.Key.ID, orNull(tenant), orNull(domain), signsFor, k.Key.Selector, k.Key.Algorithm, k.Key.Public, k.Key.State,
			s.seal(k.Private, binding(k.Key, signsFor)), k.Key.CreatedAt)
		if err != nil {
			return err
		}
	}
	return nil
}

func parsePrivate(der []byte) (crypto.Signer, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		// The text of the error could show a part of the key.
		return nil, errors.New("not a private key in PKCS #8")
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a %T does not sign", parsed)
	}
	return signer, nil
}

// UpdateKeys loads the keys of a domain, or the platform's when both ids are
// "", and lets change decide which of them to keep, in which state, and which
// to add. The private halves of those not kept are destroyed. Only the state of
// a key can change. It is all written in one transaction, with the events, and
// the new list is returned.
//
// change may be called more than once and must be pure. When it returns an
// error nothing is written, and the error is returned as it is.
func (s *Store) UpdateKeys(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID,
	change func([]myodai.Key) (keep []myodai.Key, add []myodai.NewKey, events []myodai.Event, err error),
) (keys []myodai.Key, err error) {
	err = s.write(ctx, "update keys", func(q session) error {
		signsFor, err := q.lockKeys(tenant, domain)
		if err != nil {
			return err
		}
		before, err := q.keys(tenant, domain)
		if err != nil {
			return err
		}
		keep, add, events, err := change(slices.Clone(before))
		if err != nil {
			return err
		}
		if err := q.keepKeys(before, keep, add); err != nil {
			return err
		}
		if err := s.addKeys(q, tenant, domain, signsFor, add); err != nil {
			return err
		}
		if keys, err = q.keys(tenant, domain); err != nil {
			return err
		}
		if err := q.bumpSerial(); err != nil {
			return err
		}
		return q.addEvents(events)
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// lockKeys keeps others from changing the same keys and says what the keys sign
// for: the d= of their signatures.
func (q session) lockKeys(tenant myodai.TenantID, domain myodai.DomainID) (signsFor myodai.Name, err error) {
	if tenant != "" || domain != "" {
		d, err := q.domain(tenant, domain, q.dialect.forUpdate)
		return d.Name, err
	}
	// The platform has no row of its own to lock, so the serial's serves.
	if err := q.bumpSerial(); err != nil {
		return "", err
	}
	return one(q, "the platform has no keys yet", only[myodai.Name],
		`select domain_name from dkim_keys where domain_id is null order by id limit 1`)
}

// keepKeys writes the states of the keys to keep and removes the others. Of a
// tenant's key that another one replaces, the public half is remembered.
func (q session) keepKeys(before, keep []myodai.Key, add []myodai.NewKey) error {
	for _, k := range before {
		replaced := slices.IndexFunc(add, func(n myodai.NewKey) bool { return n.Key.Selector == k.Selector })
		if replaced >= 0 && k.DomainID != "" {
			_, err := q.exec(`
				insert into former_keys (tenant_id, domain_id, selector, algorithm, public, replaced_at) values ($1, $2, $3, $4, $5, $6)
				on conflict (tenant_id, domain_id, selector, replaced_at) do nothing`,
				k.TenantID, k.DomainID, k.Selector, k.Algorithm, k.Public, add[replaced].Key.CreatedAt)
			if err != nil {
				return err
			}
		}
		query, args := `delete from dkim_keys where id = $1`, []any{k.ID}
		if i := slices.IndexFunc(keep, func(kept myodai.Key) bool { return kept.ID == k.ID }); i >= 0 {
			query, args = `update dkim_keys set state = $2 where id = $1`, append(args, keep[i].State)
		}
		if _, err := q.exec(query, args...); err != nil {
			return err
		}
	}
	return nil
}
