package track

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/myodai/myodai"
)

// Host is a name at which links are answered.
type Host struct {
	Name     myodai.Name
	TenantID myodai.TenantID // whose it is
}

// Hosts knows the tenants' tracking hosts.
type Hosts interface {
	// TrackingHosts lists those whose tenant has proved them, and which answer
	// with a certificate.
	TrackingHosts(ctx context.Context) ([]Host, error)
}

// refreshEvery is how often hosts and tenants are looked up again; what was known
// stays when that fails.
const refreshEvery = 3 * time.Second

// directory keeps the hosts in memory.
type directory struct {
	platform myodai.Name
	now      atomic.Pointer[known]
}

// known is what was true when it was last looked up.
type known struct {
	owners    map[myodai.Name]myodai.TenantID
	hosts     map[myodai.TenantID][]myodai.Name // in their order
	suspended map[myodai.TenantID]bool
}

func newDirectory(platform myodai.Name) *directory {
	d := &directory{platform: platform}
	d.now.Store(&known{})
	return d
}

// set replaces what is known.
func (d *directory) set(list []Host, suspended []myodai.TenantID) {
	k := &known{
		owners: map[myodai.Name]myodai.TenantID{}, hosts: map[myodai.TenantID][]myodai.Name{},
		suspended: map[myodai.TenantID]bool{},
	}
	list = slices.SortedFunc(slices.Values(list), func(a, b Host) int { return cmp.Compare(a.Name, b.Name) })
	for _, h := range list {
		if _, taken := k.owners[h.Name]; taken || h.Name == d.platform {
			continue
		}
		k.owners[h.Name] = h.TenantID
		k.hosts[h.TenantID] = append(k.hosts[h.TenantID], h.Name)
	}
	for _, id := range suspended {
		k.suspended[id] = true
	}
	d.now.Store(k)
}

// has reports whether links are answered at a host.
func (d *directory) has(host myodai.Name) bool {
	_, ok := d.now.Load().owners[host]
	return ok || host == d.platform
}

// serves reports whether links of a tenant are answered at a host: at its own,
// and at the platform's (T53, T55).
func (d *directory) serves(host myodai.Name, tenant myodai.TenantID) bool {
	return host == d.platform || d.now.Load().owners[host] == tenant && tenant != ""
}

func (d *directory) suspended(tenant myodai.TenantID) bool { return d.now.Load().suspended[tenant] }

// pick chooses the host for a mail: one that shares the author's domain, which
// serves deliverability best (B5), else any of the tenant's, else the platform's
// own (B6).
func (d *directory) pick(tenant myodai.TenantID, author myodai.Name) myodai.Name {
	list := d.now.Load().hosts[tenant]
	for _, zone := range author.Ancestors() {
		if zone.IsPublicSuffix() {
			break
		}
		for _, host := range list {
			if host.Under(zone) {
				return host
			}
		}
	}
	if len(list) > 0 {
		return list[0]
	}
	return d.platform
}

// hostOf is the host of a URL as it is compared.
func hostOf(destination string) myodai.Name {
	u, err := url.Parse(destination)
	if err != nil {
		return ""
	}
	return hostName(u.Host)
}

// hostName is the host of a request without its port, in the form of a Name; it
// may be anything a stranger wrote.
func hostName(authority string) myodai.Name {
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		authority = authority[:i]
	}
	return myodai.Name(strings.ToLower(strings.TrimSuffix(authority, ".")))
}
