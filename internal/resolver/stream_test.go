package resolver_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/resolver"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// confirmed are questions whose answers have to be fetched over TCP.
func confirmed(n int) []myodai.Question {
	var list []myodai.Question
	for i := range n {
		list = append(list, myodai.Question{Name: myodai.Name(fmt.Sprintf("n%d.example", i)), Type: "TXT", Confirm: true})
	}
	return list
}

// unconfirmed counts the answers over TCP that are no evidence.
func unconfirmed(o myodai.Observation) int {
	n := 0
	for _, a := range o.Answers {
		if a.Transport == myodai.TransportTCP && a.Kind() != myodai.AnswerPositive {
			n++
		}
	}
	return n
}

// A server that takes the queries of a connection in turn is slow: each has its
// own time, not what the ones before it have left.
func TestASlowServerIsNotASilentOne(t *testing.T) {
	s := dnstest.Start(t, dnstest.Zones{"example.": "* TXT x"})
	s.Delay("", 60*time.Millisecond)
	p := resolver.NewProber(resolver.Options{Server: s.Addr(), Timeout: 150 * time.Millisecond})
	defer p.Close()
	o := p.Probe(t.Context(), "example", ask(confirmed(6)))
	if n := unconfirmed(o); n > 0 || len(o.Answers) != 12 {
		t.Errorf("%d of %d answers are missing: %v", n, len(o.Answers), o.Answers)
	}
}

// dialed counts connections over TCP.
func dialed(count *atomic.Int64) resolver.Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if network == "tcp" {
			count.Add(1)
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

// Probes share one connection to a server, and open another when it has ended.
func TestConnectionsAreKept(t *testing.T) {
	s := dnstest.Start(t, dnstest.Zones{"example.": "* TXT x"})
	var count atomic.Int64
	p := resolver.NewProber(resolver.Options{Server: s.Addr(), Dial: dialed(&count)})
	before := runtime.NumGoroutine()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if n := unconfirmed(p.Probe(t.Context(), "example", ask(confirmed(5)))); n > 0 {
				t.Errorf("%d answers are missing", n)
			}
		})
	}
	all.Wait()
	if n := count.Load(); n != 1 {
		t.Errorf("%d connections for 20 probes, want 1", n)
	}
	p.Close()
	p.Probe(t.Context(), "example", ask(confirmed(1)))
	if n := count.Load(); n != 2 {
		t.Errorf("%d connections after the first was given up, want 2", n)
	}
	p.Close()
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines more than before", n-before)
	}
}

// However many servers there are, only so many connections are kept.
func TestConnectionsAreBounded(t *testing.T) {
	const servers = 300
	var open, most atomic.Int64
	s := dnstest.Start(t, dnstest.Zones{"example.": "* TXT x"})
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, s.Addr())
		if err == nil && network == "tcp" {
			most.Store(max(most.Load(), open.Add(1)))
			return &counted{Conn: c, open: &open}, nil
		}
		return c, err
	}
	p := resolver.NewProber(resolver.Options{RootHints: many(servers), Dial: dial, Budget: 3 * servers})
	defer p.Close()
	for range 3 {
		p.Probe(t.Context(), "", ask(confirmed(1)))
	}
	if n := most.Load(); n < 100 || n > 257+128 {
		t.Errorf("%d connections were open at a time", n)
	}
}

// many are addresses on loopback.
func many(n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("127.1.%d.%d:53", i/250, i%250+1))
	}
	return list
}

// counted is a connection that says when it is closed.
type counted struct {
	net.Conn
	once sync.Once
	open *atomic.Int64
}

func (c *counted) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}
