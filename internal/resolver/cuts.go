package resolver

import (
	"net/netip"
	"time"

	"github.com/myodai/myodai"
)

// cutTTL is the longest a delegation or the address of a name server is
// remembered, whatever its TTL.
const cutTTL = time.Hour

// hostTTL is the same for addresses of name servers outside their zones: shorter,
// because nobody above confirms them.
const hostTTL = 5 * time.Minute

// cuts remembers delegations from one walk to the next.
type cuts struct {
	zones *lru[myodai.Name, *myodai.Zone] // nil where a name is part of the zone above
	hosts *lru[myodai.Name, []netip.Addr]
	// every makes all zones be remembered. A prober remembers only those in which
	// others register names: what a tenant has done to theirs must show at once.
	every bool
}

func newCuts(every bool) *cuts {
	return &cuts{
		zones: newLRU[myodai.Name, *myodai.Zone](4096, 0),
		hosts: newLRU[myodai.Name, []netip.Addr](4096, 0),
		every: every,
	}
}

func (c *cuts) keepZone(name myodai.Name, z *myodai.Zone, ttl uint32, now time.Time) {
	if c.every || name.IsPublicSuffix() {
		c.zones.put(name, z, 0, now, min(seconds(ttl), cutTTL))
	}
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }
