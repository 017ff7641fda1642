package submission

import (
	"context"
	"sync"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

const (
	// knownFor is how long what entitles a tenant to send is not looked up again.
	// With a second to spare for a slow look-up it keeps P31, five seconds; and
	// the right to send is checked once more just before the socket (P23).
	knownFor = 3 * time.Second
	// maxKnown bounds the memory: a few kilobytes each.
	maxKnown = 4096
)

// known remembers, for a short while, good answers of the store. Refusals are
// not remembered, so what becomes allowed is allowed at once. The zero value is
// ready.
type known[K comparable, V any] struct {
	mu      sync.Mutex
	entries map[K]entry[V]
}

type entry[V any] struct {
	value V
	until time.Time
}

// ask returns what is known of k, or looks it up. An answer counts from the
// moment its look-up began, because it may have changed ever since.
func (c *known[K, V]) ask(k K, lookup func() (V, error)) (V, error) {
	now := time.Now()
	c.mu.Lock()
	e, ok := c.entries[k]
	c.mu.Unlock()
	if ok && now.Before(e.until) {
		return e.value, nil
	}
	value, err := lookup()
	if err != nil {
		return value, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil || len(c.entries) >= maxKnown {
		c.entries = map[K]entry[V]{}
	}
	c.entries[k] = entry[V]{value, now.Add(knownFor)}
	return value, nil
}

// claim is who sends as whom.
type claim struct {
	tenant myodai.TenantID
	from   myodai.Name
}

// sender is who sends from which address.
type sender struct {
	tenant  myodai.TenantID
	address myodai.Address
}

// owner is whose keys are meant; zero for the platform.
type owner struct {
	tenant myodai.TenantID
	domain myodai.DomainID
}

// activeTenant refuses a suspended tenant.
func (e *Engine) activeTenant(ctx context.Context, id myodai.TenantID) error {
	_, err := e.tenants.ask(id, func() (struct{}, error) {
		tenant, err := e.o.Store.Tenant(ctx, id)
		if err == nil && tenant.State != myodai.TenantActive {
			err = myodai.Refuse(myodai.CodeForbidden, "", "this tenant is suspended; ask the platform operator")
		}
		return struct{}{}, err
	})
	return err
}

// signers are the active keys of a domain, or with no ids those of the platform.
// There is one at least, but for the platform's own domain: its keys sign all mail.
func (e *Engine) signers(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID) ([]dkim.Signer, error) {
	return e.keys.ask(owner{tenant, domain}, func() ([]dkim.Signer, error) {
		list, err := e.o.Store.Signers(ctx, tenant, domain)
		if err == nil && len(list) == 0 && domain != "" && tenant != myodai.PlatformTenant {
			err = errUnsigned
		}
		return list, err
	})
}
