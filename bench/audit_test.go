package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/hygiene"
	"github.com/myodai/myodai/internal/resolver"
	"github.com/myodai/myodai/internal/store"
)

// auditedDomains are those of the addresses; one address in fifty is at one that
// does not exist.
const auditedDomains = 20_000

// maxAuditHeap is what may be in memory while an audit is under way, whatever the
// length of the list: with what the DNS cache and SQLite hold, and with garbage.
const maxAuditHeap = 128 << 20

// BenchmarkAudit audits one list of as many addresses as -benchtime says, such as
// 1000000x, as it is uploaded: read, spooled, judged with an NSD on loopback behind
// our own cache, and its findings kept in SQLite (D9). It fails when the heap holds
// more than it may.
func BenchmarkAudit(b *testing.B) {
	address := startNSD(b, map[string]string{"audit.example": auditZone()})
	await(b, address, fmt.Sprintf("firm%d.audit.example.", auditedDomains-1), dns.TypeMX)
	cache := resolver.NewCache(resolver.Options{Servers: []string{address}})
	b.Cleanup(cache.Close)
	db, tenant := auditStore(b)
	s := hygiene.New(hygiene.Options{Store: db, Lookup: cache.Lookup, Random: rand.Reader, Dir: b.TempDir()})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	b.Cleanup(func() { cancel(); <-ended })
	runtime.GC()
	stop := peakHeap()
	b.ResetTimer()
	in, err := s.Begin(b.Context(), hygiene.NewAudit{TenantID: tenant})
	if err != nil {
		b.Fatal(err)
	}
	if err := in.Add("members.csv", &addresses{n: b.N}); err != nil {
		b.Fatal(err)
	}
	read := b.Elapsed()
	a, err := in.Judge()
	for tick := time.NewTicker(20 * time.Millisecond); err == nil && (a.State == myodai.ListAuditReading || a.State == myodai.ListAuditJudging); <-tick.C {
		a, err = db.ListAudit(b.Context(), tenant, a.ID)
	}
	b.StopTimer()
	if err != nil || a.State != myodai.ListAuditFinished {
		b.Fatalf("the audit is %s %s: %v", a.State, a.Reason, err)
	}
	most := stop()
	if certain, _, all := a.Expected(); all != b.N || certain != (b.N+49)/50 {
		b.Errorf("%d of %d would bounce; want %d of %d", certain, all, (b.N+49)/50, b.N)
	}
	if most > maxAuditHeap {
		b.Errorf("the heap held %d MiB, and may hold %d", most>>20, maxAuditHeap>>20)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "addresses/s")
	b.ReportMetric(float64(b.N)/read.Seconds(), "addresses-read/s")
	b.ReportMetric(float64(most)/(1<<20), "MiB-peak")
}

// addresses is a list of n addresses as it is read, never all of it at once, and
// scattered over their domains, as lists are.
type addresses struct {
	n, next int
	rest    string
}

func (m *addresses) Read(p []byte) (int, error) {
	if m.rest == "" {
		if m.next == m.n {
			return 0, io.EOF
		}
		var b strings.Builder
		for range min(1000, m.n-m.next) {
			i := m.next
			m.next++
			if i%50 == 0 {
				fmt.Fprintf(&b, "member-%d@gone%d.audit.example,2026-01-01 10:00:00\n", i, i%1000)
				continue
			}
			fmt.Fprintf(&b, "taro.%d.yamada@firm%d.audit.example,%s\n", i, i*31%auditedDomains,
				time.Unix(1700000000+int64(i)*600, 0).UTC().Format(time.DateTime))
		}
		m.rest = b.String()
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

func auditZone() string {
	var z strings.Builder
	z.WriteString("$ORIGIN audit.example.\n" + benchHead)
	for n := range auditedDomains {
		fmt.Fprintf(&z, "firm%d MX 10 mx\n", n)
	}
	return z.String()
}

// auditStore is a new database with a tenant in it.
func auditStore(b *testing.B) (*store.Store, myodai.TenantID) {
	db, err := store.Open(b.Context(), store.Options{URL: filepath.Join(b.TempDir(), "myodai.db"), Key: [32]byte{1}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	tenant := myodai.Tenant{ID: myodai.NewID[myodai.TenantID](now, rand.Reader), Name: "Shop", State: myodai.TenantActive, CreatedAt: now}
	if err := db.CreateTenant(b.Context(), tenant); err != nil {
		b.Fatal(err)
	}
	return db, tenant.ID
}

// peakHeap watches the heap until stop, and says how much it held at most.
func peakHeap() (stop func() uint64) {
	var most atomic.Uint64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(50 * time.Millisecond)
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
