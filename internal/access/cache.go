package access

import (
	"sync"
	"time"

	"github.com/myodai/myodai"
)

const (
	// cacheFor is how long a recognized secret is not looked up again. With a
	// second to spare for a slow look-up it keeps P31: five seconds.
	cacheFor = 4 * time.Second
	// maxCached bounds the memory: about 2 MiB. Past it, entries are dropped,
	// which costs a look-up each.
	maxCached = 10_000
)

// cache remembers recognized secrets for a short while. Secrets that were not
// recognized are not remembered: a new one works at once, and guessing cannot
// fill the memory. The zero value is ready.
type cache struct {
	mu      sync.Mutex
	bearers map[[32]byte]cached
}

type cached struct {
	bearer bearer
	until  time.Time
}

func (c *cache) get(hash [32]byte, now time.Time) (bearer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, ok := c.bearers[hash]
	if !ok || !now.Before(entry.until) {
		return bearer{}, false
	}
	return entry.bearer, true
}

// put remembers b from the moment its look-up began, not from its end, because
// what was read may have changed ever since.
func (c *cache) put(hash [32]byte, b bearer, began time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bearers == nil || len(c.bearers) >= maxCached {
		c.bearers = map[[32]byte]cached{}
	}
	c.bearers[hash] = cached{b, began.Add(cacheFor)}
}

// forget drops everything that is known of a tenant's credentials.
func (c *cache) forget(tenant myodai.TenantID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for hash, entry := range c.bearers {
		if entry.bearer.credential.TenantID == tenant {
			delete(c.bearers, hash)
		}
	}
}
