package store_test

import (
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// TestLeasesOfDeadNodes is P17: what a node held that stopped saying that it is
// alive is due again, to the microsecond, and the node can write nothing more.
func TestLeasesOfDeadNodes(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		d := newDomain(t, s, newTenant(t, s).ID, "example.com")
		accept(t, s, letter(d, t0, rcpt("a", "example.net")))
		const alive = 30 * time.Second
		beat := func(owner string, now time.Time) {
			t.Helper()
			if err := s.Heartbeat(t.Context(), owner, now, now.Add(alive)); err != nil {
				t.Fatal(err)
			}
		}
		beat("n1", t0)
		held, _ := claim(t, s, "n1", 9, t0)
		for _, tt := range []struct {
			name string
			now  time.Time
			want string
		}{
			{"just before its time is over", t0.Add(alive - time.Microsecond), ""},
			{"its time is over", t0.Add(alive), "a"},
		} {
			beat("n2", tt.now)
			if _, got := claim(t, s, "n2", 9, tt.now); got != tt.want {
				t.Errorf("%s: the other node claimed %q, want %q", tt.name, got, tt.want)
			}
		}
		lost, err := s.FinishDeliveries(t.Context(), "n1", []myodai.Finished{finished(held[0], myodai.DeliveryDelivered, t0)})
		if err != nil || len(lost) != 1 {
			t.Errorf("the node that was taken for dead wrote: lost %v, error %v", lost, err)
		}
		beat("n1", t0.Add(2*alive)) // it lives after all, and n2 does not
		if _, got := claim(t, s, "n1", 9, t0.Add(2*alive)); got != "a" {
			t.Errorf("after n2 died n1 claimed %q", got)
		}
	})
}
