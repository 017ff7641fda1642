package store

import (
	"strconv"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// What entitles to send is believed for a second from when it was asked for, so a
// suspended tenant's mail stops within that (P23, P31).
func TestEntitledForASecond(t *testing.T) {
	var e entitled
	asked := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	acme, other := parties{"ten_a", "dom_a", ""}, parties{"ten_a", "dom_b", ""}
	e.put(acme, myodai.Sending{Tenant: myodai.Tenant{ID: "ten_a", State: myodai.TenantActive}}, asked)
	for name, c := range map[string]struct {
		of    parties
		after time.Duration
		known bool
	}{
		"at once":           {acme, 0, true},
		"within the second": {acme, entitledFor - 1, true},
		"after a second":    {acme, entitledFor, false},
		"of another domain": {other, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, known := e.get(c.of, asked.Add(c.after))
			if known != c.known || known && s.Tenant.ID != "ten_a" {
				t.Errorf("known %v, tenant %q", known, s.Tenant.ID)
			}
		})
	}
	for i := range 2 * maxEntitled {
		e.put(parties{tenant: myodai.TenantID(strconv.Itoa(i))}, myodai.Sending{}, asked)
	}
	if len(e.read) > maxEntitled {
		t.Errorf("%d parties are remembered", len(e.read))
	}
}
