package resolver_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/resolver"
	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// clock is a time that tests move.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) pass(d time.Duration) { c.ahead.Add(int64(d)) }
func newCache(t *testing.T, o resolver.Options) *resolver.Cache {
	t.Helper()
	c := resolver.NewCache(o)
	t.Cleanup(c.Close)
	return c
}

const mailZone = `
	@ 900 SOA ns.acme.example. root.acme.example. 1 1 1 1 60
	@ 300 MX 10 mx
	mx 300 A 192.0.2.1
	alias 100 CNAME mx
	dangling CNAME none
	a1 CNAME a2
	a2 CNAME a3
	a3 CNAME a4
	a4 CNAME a5
	a5 CNAME a6
	a6 CNAME a7
	a7 CNAME a8
	a8 CNAME mx
	a0 CNAME a1
	loop CNAME loop2
	loop2 CNAME loop
	broken CNAME x.servfail.plat.example.
	away CNAME s1.dkim.plat.example.`

// Both kinds of Cache answer the same.
func TestLookup(t *testing.T) {
	space := world(t, func(hosts map[string]dnstest.Zones) {
		hosts["127.0.0.2"] = dnstest.Zones{"acme.example.": mailZone}
		hosts["127.0.0.3"] = hosts["127.0.0.2"]
	})
	forwarder := dnstest.Start(t, dnstest.Zones{
		"acme.example.": mailZone, "plat.example.": "s1.dkim TXT \"v=DKIM1; p=AAAA\"\nservfail NS ns.nowhere", "example.": "@ NS a.root",
	})
	for _, s := range []*dnstest.Server{space.Servers["127.0.0.2"], space.Servers["127.0.0.3"], space.Servers["127.0.0.4"], forwarder} {
		s.Break("servfail.acme.example.", dnstest.ServFail)
		s.Break("servfail.plat.example.", dnstest.ServFail)
		s.Break("silent.acme.example.", dnstest.Silent)
		s.Break("refused.acme.example.", dnstest.Refuse)
		s.Break("lame.acme.example.", dnstest.Lame)
	}
	forward := options(space)
	forward.Servers = []string{forwarder.Addr()}
	for kind, c := range map[string]*resolver.Cache{"iterative": newCache(t, options(space)), "forwarding": newCache(t, forward)} {
		for _, tt := range []struct {
			name, ask string
			kind      myodai.AnswerKind
			end       myodai.Name
			data      string
		}{
			{"records", "acme.example MX", "positive", "acme.example", "10 mx.acme.example"},
			{"no such type", "mx.acme.example MX", "negative", "mx.acme.example", ""},
			{"no such name", "none.acme.example MX", "negative", "none.acme.example", ""},
			{"alias", "alias.acme.example A", "positive", "mx.acme.example", "192.0.2.1"},
			{"alias to a name without the type", "alias.acme.example MX", "negative", "mx.acme.example", ""},
			{"alias to nowhere", "dangling.acme.example A", "negative", "none.acme.example", ""},
			{"alias into another zone", "away.acme.example TXT", "positive", "s1.dkim.plat.example", "v=DKIM1; p=AAAA"},
			{"the alias itself", "alias.acme.example CNAME", "positive", "alias.acme.example", "mx.acme.example"},
			{"eight aliases", "a1.acme.example A", "positive", "mx.acme.example", "192.0.2.1"},
			{"nine aliases", "a0.acme.example A", "unknown", "", ""},
			{"a loop of aliases", "loop.acme.example A", "unknown", "", ""},
			{"SERVFAIL", "x.servfail.acme.example MX", "unknown", "", ""},
			{"alias to SERVFAIL", "broken.acme.example A", "unknown", "", ""},
			{"REFUSED", "x.refused.acme.example MX", "unknown", "", ""},
			{"timeout", "x.silent.acme.example MX", "unknown", "", ""},
			{"not authoritative, no recursion", "x.lame.acme.example MX", "unknown", "", ""},
			{"no type", "acme.example NOSUCH", "unknown", "", ""},
		} {
			t.Run(kind+" "+tt.name, func(t *testing.T) {
				q := questions(tt.ask)[0]
				a := c.Lookup(t.Context(), q.Name, q.Type)
				if a.Kind() != tt.kind || tt.end != "" && a.Name != tt.end {
					t.Fatalf("%s at %s, want %s at %s: %+v", a.Kind(), a.Name, tt.kind, tt.end, a)
				}
				if found := a.Of(q.Type); tt.data != "" && (len(found) != 1 || found[0].Data != tt.data) {
					t.Errorf("records %+v, want %s", found, tt.data)
				}
			})
		}
	}
}

func TestAnswersAreKeptAsLongAsTheyLive(t *testing.T) {
	space := world(t, func(hosts map[string]dnstest.Zones) {
		hosts["127.0.0.2"] = dnstest.Zones{"acme.example.": mailZone}
		delete(hosts, "127.0.0.3")
	})
	acme := space.Servers["127.0.0.2"]
	acme.Break("servfail.acme.example.", dnstest.ServFail)
	for _, tt := range []struct {
		name, ask, count string
		ttl              time.Duration
	}{
		{"a record by its TTL", "acme.example MX", "acme.example.", 300 * time.Second},
		{"an alias by the shortest of all", "alias.acme.example A", "alias.acme.example.", 100 * time.Second},
		{"a negative answer by the minimum of the SOA", "none.acme.example A", "none.acme.example.", 60 * time.Second},
		{"a failure for seconds (RFC 9520)", "x.servfail.acme.example A", "x.servfail.acme.example.", 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var time clock
			opts := options(space)
			opts.Now = time.now
			c := newCache(t, opts)
			q := questions(tt.ask)[0]
			lookup := func() int {
				before := acme.Count(tt.count, string(q.Type))
				c.Lookup(t.Context(), q.Name, q.Type)
				return acme.Count(tt.count, string(q.Type)) - before
			}
			if n := lookup(); n != 1 {
				t.Fatalf("%d queries at first, want 1", n)
			}
			time.pass(tt.ttl - 1e9)
			if n := lookup(); n != 0 {
				t.Errorf("%d queries while it lived, want 0", n)
			}
			time.pass(1e9 + 1e8)
			if n := lookup(); n != 1 {
				t.Errorf("%d queries after its time, want 1", n)
			}
		})
	}
}

func TestThoseWhoAskAtTheSameTimeShareOneQuery(t *testing.T) {
	s := dnstest.Start(t, dnstest.Zones{"acme.example.": mailZone})
	s.Delay("acme.example.", 50*time.Millisecond)
	c := newCache(t, resolver.Options{Servers: []string{s.Addr()}})
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if a := c.Lookup(t.Context(), "acme.example", "MX"); a.Kind() != myodai.AnswerPositive {
				t.Errorf("%+v", a)
			}
		})
	}
	group.Wait()
	if n := s.Count("acme.example.", "MX"); n != 1 {
		t.Errorf("%d queries, want 1", n)
	}
}

func TestTheNextForwarderIsAskedWhenOneFails(t *testing.T) {
	good := dnstest.Start(t, dnstest.Zones{"acme.example.": mailZone})
	for _, fault := range []dnstest.Fault{dnstest.ServFail, dnstest.Refuse, dnstest.Silent} {
		bad := dnstest.Start(t, nil)
		bad.Break(".", fault)
		c := newCache(t, resolver.Options{Servers: []string{bad.Addr(), good.Addr()}, Timeout: 5 * time.Second})
		started := time.Now()
		if a := c.Lookup(t.Context(), "acme.example", "MX"); a.Kind() != myodai.AnswerPositive {
			t.Errorf("%s: %+v", fault, a)
		}
		if took := time.Since(started); took > 3*time.Second {
			t.Errorf("%s: took %v", fault, took)
		}
	}
}

// T36.
func TestTheCacheIsBounded(t *testing.T) {
	s := dnstest.Start(t, dnstest.Zones{"acme.example.": `* TXT "x"`})
	c := newCache(t, resolver.Options{Servers: []string{s.Addr()}, Entries: 10})
	for i := range 11 {
		c.Lookup(t.Context(), myodai.Name(fmt.Sprintf("n%d.acme.example", i)), "TXT")
	}
	c.Lookup(t.Context(), "n10.acme.example", "TXT") // still there
	c.Lookup(t.Context(), "n0.acme.example", "TXT")  // gone, as the oldest
	if got := s.Count("n10.acme.example.", "TXT"); got != 1 {
		t.Errorf("the newest was asked for %d times, want 1", got)
	}
	if got := s.Count("n0.acme.example.", "TXT"); got != 2 {
		t.Errorf("the oldest was asked for %d times, want 2", got)
	}
}

func TestHugeAnswersComeThrough(t *testing.T) {
	s := dnstest.Start(t, dnstest.Zones{"acme.example.": "@ TXT" + strings.Repeat(` "`+strings.Repeat("x", 255)+`"`, 250)})
	c := newCache(t, resolver.Options{Servers: []string{s.Addr()}})
	a := c.Lookup(t.Context(), "acme.example", "TXT")
	if a.Kind() != myodai.AnswerPositive || len(a.Records[0].Data) != 250*255 {
		t.Errorf("%s %q", a.Kind(), a.Err)
	}
}
