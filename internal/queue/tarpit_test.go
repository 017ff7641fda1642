package queue_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery/smtptest"
	"github.com/myodai/myodai/internal/queue"
)

// mire is many servers that accept connections and never come to an answer: some
// say nothing, some say one octet now and then, some greet and stop there. Each
// counts the connections it has had at a time.
type mire struct {
	mu    sync.Mutex
	now   map[netip.AddrPort]int
	most  map[netip.AddrPort]int
	conns []net.Conn

	accepted chan struct{} // one for each of the first connections
}

func newMire() *mire {
	return &mire{now: map[netip.AddrPort]int{}, most: map[netip.AddrPort]int{}, accepted: make(chan struct{}, 10_000)}
}

func (m *mire) open(t *testing.T, number int) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	at := l.Addr().(*net.TCPAddr).AddrPort()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			m.mu.Lock()
			m.now[at]++
			m.most[at] = max(m.most[at], m.now[at])
			m.conns = append(m.conns, conn)
			m.accepted <- struct{}{}
			m.mu.Unlock()
			switch number % 3 {
			case 1:
				go trickle(conn)
			case 2:
				_, _ = io.WriteString(conn, "220 mx.example.net ESMTP\r\n250-") // and EHLO is never answered in full
			}
		}
	}()
	return at
}

// trickle sends an octet now and then, of a line that never ends.
func trickle(conn net.Conn) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if _, err := io.WriteString(conn, "2"); err != nil {
			return
		}
	}
}

func (m *mire) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, conn := range m.conns {
		_ = conn.Close()
	}
}

// TestFiveHundredTarpits mails five hundred servers that never answer, twenty
// deliveries each, and one good one: 99 of 100 mails to that arrive within two
// seconds, each tarpit has one session, and memory stays small (P10, P20, P21).
func TestFiveHundredTarpits(t *testing.T) {
	const tarpits, each, good = 500, 20, 100
	m := newMire()
	servers := map[myodai.Name]netip.AddrPort{}
	var domains []myodai.Name
	for i := range tarpits {
		name := myodai.Name(fmt.Sprintf("tarpit%d.example", i))
		servers[name] = m.open(t, i)
		domains = append(domains, name)
	}
	sink := smtptest.NewSink(t, smtptest.SinkOptions{})
	servers["good.example"] = sink.Addr()
	store := newMemory(each, domains...)
	before := heap()
	_, stop := start(t, queue.Options{Store: store, Agent: agentFor(servers), Grace: 100 * time.Millisecond, Poll: 50 * time.Millisecond})
	defer m.close()
	ctx := within(t, 30*time.Second)
	for range tarpits {
		select {
		case <-m.accepted:
		case <-ctx.Done():
			t.Fatal("not every tarpit is mailed")
		}
	}
	var took []time.Duration
	for i := range good {
		id := fmt.Sprintf("dlv_good_%d", i)
		begun := time.Now()
		store.add(id, myodai.Address{Local: fmt.Sprint("u", i), Domain: "good.example"})
		if !store.wait(ctx, func() bool { return store.find(myodai.DeliveryID(id)).State == myodai.DeliveryDelivered }) {
			t.Fatalf("mail %d did not arrive", i)
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	grown := heap() - before
	t.Logf("p50 %v, p99 %v; %d KiB more in memory", took[good/2], took[good*99/100], grown>>10)
	if p99 := took[good*99/100]; p99 > 2*time.Second {
		t.Errorf("p99 %v", p99)
	}
	// Both ends of each session, and the deliveries, are in this process.
	if most := int64(tarpits * (128 << 10)); grown > most {
		t.Errorf("%d KiB more in memory", grown>>10)
	}
	m.mu.Lock()
	for at, n := range m.most {
		if n > 1 {
			t.Errorf("the tarpit at %s had %d sessions at a time", at, n)
		}
	}
	m.mu.Unlock()
	stop()
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc) // #nosec G115 -- far below
}

// TestNoTenantWaitsForAnother floods a receiver with ten thousand mails of one
// tenant, who mails a hundred tarpits, too; another tenant's mails to the same
// receiver arrive soon all the same (P20).
func TestNoTenantWaitsForAnother(t *testing.T) {
	m := newMire()
	servers := map[myodai.Name]netip.AddrPort{}
	var domains []myodai.Name
	for i := range 100 {
		name := myodai.Name(fmt.Sprintf("tarpit%d.example", i))
		servers[name] = m.open(t, i)
		domains = append(domains, name)
	}
	sink := smtptest.NewSink(t, smtptest.SinkOptions{})
	servers["good.example"] = sink.Addr()
	store := newMemory(100, domains...)
	for i := range 2000 {
		store.add(fmt.Sprintf("dlv_flood_%d", i), myodai.Address{Local: fmt.Sprint("u", i), Domain: "good.example"})
	}
	_, stop := start(t, queue.Options{Store: store, Agent: agentFor(servers), Rules: oneEach, Claimed: 1000, Sessions: 400})
	defer stop()
	defer m.close()
	ctx := within(t, 30*time.Second)
	store.wait(ctx, func() bool { return len(store.finished) > 50 })
	begun := time.Now()
	store.addFor("ten_2", "dlv_small", myodai.Address{Local: "small", Domain: "good.example"})
	attempted := func() bool {
		return slices.ContainsFunc(store.finished, func(f myodai.Finished) bool { return f.Delivery.ID == "dlv_small" })
	}
	if !store.wait(ctx, attempted) {
		t.Fatal("it was not attempted")
	}
	took := time.Since(begun)
	if left := store.states()[myodai.DeliveryAccepted]; left < 10_000 {
		t.Errorf("only %d still wait: the test shows nothing", left)
	}
	if took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
