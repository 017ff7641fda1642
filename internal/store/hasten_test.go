package store_test

import (
	"testing"
	"time"

	"github.com/myodai/myodai/internal/store"
)

// P16: what a clock that was wrong has put off for years goes out when it is right
// again; what was put off as usual waits for its time.
func TestHasten(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		a := letter(d, t0, rcpt("late", "one.example"), rcpt("soon", "two.example"))
		a.Deliveries[0].DueAt, a.Deliveries[1].DueAt = t0.Add(10*365*24*time.Hour), t0.Add(4*time.Hour)
		accept(t, s, a)
		ok(t, s.Hasten(t.Context(), t0))
		list := must(s.ClaimDeliveries(t.Context(), "n1", 9, t0, t0.Add(lease)))(t)
		if len(list) != 1 || list[0].ID != a.Deliveries[0].ID {
			t.Errorf("due are %+v", list)
		}
	})
}
