package hygiene_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/myodai/myodai/internal/hygiene"
)

// members is a list of n addresses as it is read, never all of it at once. One in
// fifty is dead, at domains that are gone.
type members struct {
	n, next int
	rest    string
}

func (m *members) Read(p []byte) (int, error) {
	if m.rest == "" {
		if m.next == m.n {
			return 0, io.EOF
		}
		var b strings.Builder
		for range min(1000, m.n-m.next) {
			i := m.next
			m.next++
			switch {
			case i%50 == 0:
				fmt.Fprintf(&b, "member-%d@gone%d.example,2026-01-01 10:00:00\n", i, i%1000)
			default: // scattered, as lists are
				fmt.Fprintf(&b, "taro.%d.yamada@firm%d.example,%s\n", i*7919%m.n, i*31%20000,
					time.Unix(1700000000+int64(i)*600, 0).UTC().Format(time.DateTime))
			}
		}
		m.rest = b.String()
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

// peak watches the heap until stop, and says how much it held at most.
func peak() (stop func() uint64) {
	var most atomic.Uint64
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most.Store(max(most.Load(), m.HeapAlloc))
			case <-done:
				return
			}
		}
	}()
	return func() uint64 {
		close(done)
		<-ended
		return most.Load()
	}
}

// D9: memory does not grow with the list. A million is for the benchmark; here it
// is enough to be far more than memory is allowed for.
func TestAuditMemoryIsBounded(t *testing.T) {
	const n, limit = 200_000, 64 << 20
	l := newLedger()
	l.countOnly = true
	s := service(t, l)
	runtime.GC()
	stop := peak()
	in, err := s.Begin(t.Context(), hygiene.NewAudit{TenantID: shop})
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Add("members.csv", &members{n: n}); err != nil {
		t.Fatal(err)
	}
	a, err := in.Judge()
	if err != nil {
		t.Fatal(err)
	}
	a = finished(t, s, a.ID)
	if most := stop(); most > limit {
		t.Errorf("the heap held %d MiB, want at most %d", most>>20, limit>>20)
	}
	certain, _, all := a.Expected()
	if all != n || certain != n/50 || l.counted < n/50 {
		t.Errorf("%d of %d would bounce, %d findings; want %d of %d", certain, all, l.counted, n/50, n)
	}
}
