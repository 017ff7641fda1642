package store

import (
	"context"
	"crypto"
	"crypto/rsa"
	"fmt"
	"sync"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// maxCachedSigners bounds how many owners' keys are kept open in memory: a few
// kilobytes each.
const maxCachedSigners = 4096

// signerCache keeps opened private keys, because opening an RSA key costs about
// as much as signing with it. Which of them are active is asked of the database
// each time.
type signerCache struct {
	mu   sync.Mutex
	open map[keyOwner]map[myodai.KeyID]crypto.Signer
}

// keyOwner is whose keys they are; zero is the platform.
type keyOwner struct {
	tenant myodai.TenantID
	domain myodai.DomainID
}

func (c *signerCache) of(owner keyOwner) map[myodai.KeyID]crypto.Signer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open[owner]
}

// put replaces what is kept for an owner. The map is not changed any more.
func (c *signerCache) put(owner keyOwner, signers map[myodai.KeyID]crypto.Signer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[keyOwner]map[myodai.KeyID]crypto.Signer{}
	}
	if _, ok := c.open[owner]; !ok && len(c.open) >= maxCachedSigners {
		for some := range c.open { // any one will do
			delete(c.open, some)
			break
		}
	}
	c.open[owner] = signers
}

func (c *signerCache) drop(owner keyOwner) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, owner)
}

// Signers lists the active keys of a domain, or the platform's when both ids
// are "", ready to sign and oldest first. There are none for a domain that is
// not there. Opened keys are kept in memory for as long as they are active, so
// a key that was withdrawn signs nothing from the next call on.
//
// It is a fault when a sealed key does not belong to its row (P28).
func (s *Store) Signers(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID) ([]dkim.Signer, error) {
	type row struct {
		key      myodai.Key
		signsFor myodai.Name
	}
	q := s.read(ctx)
	rows, err := all(q, func(r *row) []any { return append(keyFields(&r.key), &r.signsFor) },
		`select `+keyColumns+`, domain_name from dkim_keys where `+ownedBy(tenant, domain)+` and state = $3 order by id`,
		tenant, domain, myodai.KeyActive)
	if err != nil {
		return nil, wrap("read signers", err)
	}
	cached, signers := s.signers.of(keyOwner{tenant, domain}), map[myodai.KeyID]crypto.Signer{}
	fresh := len(cached) != len(rows)
	list := make([]dkim.Signer, 0, len(rows))
	for _, r := range rows {
		signer, ok := cached[r.key.ID]
		if !ok {
			fresh = true
			if signer, err = s.openKey(q, r.key, r.signsFor); err != nil {
				return nil, wrap("read signers", err)
			}
		}
		signers[r.key.ID] = signer
		list = append(list, dkim.Signer{Domain: r.signsFor, Selector: r.key.Selector, Key: signer})
	}
	if fresh {
		s.signers.put(keyOwner{tenant, domain}, signers)
	}
	return list, nil
}

// openKey unseals the private half of a key.
func (s *Store) openKey(q session, k myodai.Key, signsFor myodai.Name) (crypto.Signer, error) {
	sealed, err := one(q, "the key was withdrawn meanwhile", only[[]byte], `select sealed from dkim_keys where id = $1`, k.ID)
	if err != nil {
		return nil, err
	}
	der, err := s.unseal(sealed, binding(k, signsFor))
	if err != nil {
		return nil, fmt.Errorf("unseal key %s: %w", k.ID, err)
	}
	key, err := parsePrivate(der)
	if err != nil {
		return nil, err
	}
	if rsaKey, ok := key.(*rsa.PrivateKey); ok && s.fast != nil {
		return s.fast(rsaKey)
	}
	return key, nil
}
