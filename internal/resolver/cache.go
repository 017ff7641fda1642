package resolver

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sync/singleflight"

	"github.com/myodai/myodai"
)

// How long answers are kept at most, whatever their TTL.
const (
	maxPositiveTTL = 24 * time.Hour
	maxNegativeTTL = 3 * time.Hour   // RFC 2308 §5
	failureTTL     = 5 * time.Second // RFC 9520 §3.2 wants at least 1 s and at most 5 min
)

// cacheOctets bounds what a Cache keeps, as counted by weigh.
const cacheOctets = 8 << 20

// maxAliases is how many aliases a lookup follows.
const maxAliases = 8

// Cache looks names up and remembers the answers while they live. It is safe for
// concurrent use.
type Cache struct {
	o       Options
	client  *client
	root    *myodai.Zone
	cuts    *cuts
	answers *lru[myodai.Question, myodai.Answer]
	flight  singleflight.Group
}

// NewCache makes a Cache that forwards to Options.Servers, or walks from the
// root itself when there are none.
func NewCache(o Options) *Cache {
	o = o.withDefaults()
	return &Cache{
		o: o, client: newClient(o), root: rootZone(o), cuts: newCuts(true),
		answers: newLRU[myodai.Question, myodai.Answer](o.Entries, cacheOctets),
	}
}

// Close closes the idle sockets and connections the cache keeps for reuse.
func (c *Cache) Close() { c.client.close() }

// Lookup answers with the records of the given type at name, having followed up
// to eight aliases. The answer's Name is the one they led to, and its Records
// are those of that name without the aliases, so that Kind speaks of the records
// themselves: negative means that there are none of this type, unknown (SERVFAIL,
// REFUSED, a timeout, a loop of aliases …) means nothing at all (P12, P13).
//
// TTLs are as received at Answer.At. The caller must not change the records.
func (c *Cache) Lookup(ctx context.Context, name myodai.Name, t myodai.RecordType) myodai.Answer {
	q := myodai.Question{Name: name, Type: t, Recursive: true}
	if a, ok := c.answers.get(q, c.o.Now()); ok {
		return a
	}
	// Those who ask at the same time wait for one query. It goes on when the
	// first of them has left.
	done := c.flight.DoChan(string(name)+" "+string(t), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.o.Deadline)
		defer cancel()
		a, ttl := c.follow(ctx, q)
		c.answers.put(q, a, weigh(a), c.o.Now(), ttl)
		return a, nil
	})
	select {
	case r := <-done:
		return r.Val.(myodai.Answer)
	case <-ctx.Done():
		return c.failure(q, ctx.Err())
	}
}

func (c *Cache) failure(q myodai.Question, err error) myodai.Answer {
	return reply{err: err, at: c.o.Now().UTC().Round(0)}.answer(q, myodai.Server{}, "")
}

// follow asks until the aliases end, and says how long the answer may be kept.
func (c *Cache) follow(ctx context.Context, q myodai.Question) (myodai.Answer, time.Duration) {
	lifetime, validated := maxPositiveTTL, true
	for hops := 0; hops <= maxAliases; {
		a := c.once(ctx, q)
		validated = validated && a.Validated
		a.Validated = validated // of the whole way
		if a.Kind() == myodai.AnswerUnknown {
			return a, failureTTL
		}
		end, n, ttl := chase(a.Records, q)
		lifetime = min(lifetime, ttl)
		hops += n
		if hops > maxAliases {
			break
		}
		a.Name, a.Records = end, at(a.Records, end)
		switch a.Kind() {
		case myodai.AnswerPositive:
			return a, lifetime
		case myodai.AnswerNegative:
			return a, min(lifetime, negativeTTL(a))
		}
		if end == q.Name {
			return a, failureTTL
		}
		q.Name = end
	}
	return c.failure(q, errors.New("more than 8 aliases, one after the other")), failureTTL
}

// chase follows the aliases among the records of one answer, which may stand in
// any order. It returns where they end, how many there were, and the shortest
// lifetime of what was passed and of what is at the end.
func chase(records []myodai.Record, q myodai.Question) (end myodai.Name, hops int, ttl time.Duration) {
	end, ttl = q.Name, maxPositiveTTL
	next := map[myodai.Name]myodai.Record{}
	for _, rr := range records {
		if _, ok := next[rr.Name]; !ok && rr.Type == myodai.TypeCNAME {
			next[rr.Name] = rr
		}
	}
	for ; hops <= maxAliases && q.Type != myodai.TypeCNAME; hops++ {
		alias, ok := next[end]
		if !ok {
			break
		}
		end, ttl = myodai.Name(alias.Data), min(ttl, seconds(alias.TTL))
	}
	for _, rr := range records {
		if rr.Name == end {
			ttl = min(ttl, seconds(rr.TTL))
		}
	}
	return end, hops, ttl
}

// at keeps the records at exactly the given name.
func at(records []myodai.Record, name myodai.Name) []myodai.Record {
	kept := []myodai.Record{}
	for _, rr := range records {
		if rr.Name == name {
			kept = append(kept, rr)
		}
	}
	return kept
}

// negativeTTL is how long a negative answer may be kept: as long as its SOA
// record, but not longer than that says (RFC 2308 §5).
func negativeTTL(a myodai.Answer) time.Duration {
	for _, rr := range a.Authority {
		if rr.Type != myodai.TypeSOA {
			continue
		}
		minimum, err := strconv.ParseUint(rr.Data[strings.LastIndexByte(rr.Data, ' ')+1:], 10, 32)
		if err != nil {
			return failureTTL
		}
		return min(seconds(rr.TTL), seconds(uint32(minimum)), maxNegativeTTL)
	}
	return failureTTL
}

// once asks one question, without looking at aliases.
func (c *Cache) once(ctx context.Context, q myodai.Question) myodai.Answer {
	asked, err := newQuery(q)
	if err != nil {
		return c.failure(q, err)
	}
	w := c.client.walk(c.root, c.cuts)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if len(c.o.Servers) > 0 {
		var servers []myodai.Server
		for _, address := range c.o.Servers {
			servers = append(servers, myodai.Server{Address: withPort(address, 53)})
		}
		got, _ := w.askAny(ctx, servers, asked, func(m *dns.Msg) bool {
			return m.Rcode == dns.RcodeSuccess || m.Rcode == dns.RcodeNameError
		})
		return got.answer(q, got.server, "")
	}
	asked.recursive = false
	got, z := w.resolve(ctx, asked, 0)
	a := got.answer(q, got.server, z.Name)
	if a.At.IsZero() { // nobody was asked
		a.At = c.o.Now().UTC().Round(0)
	}
	if a.Err == "" && !a.Authoritative {
		a.Err = got.failure().Error()
	}
	if a.Kind() == myodai.AnswerUnknown && !z.Name.IsPublicSuffix() {
		// The delegation may have changed since it was remembered.
		c.cuts.zones.drop(z.Name)
	}
	return a
}

// weigh estimates the octets an answer takes up.
func weigh(a myodai.Answer) int {
	weight := 256 + len(a.Name)
	for _, list := range [][]myodai.Record{a.Records, a.Authority} {
		for _, rr := range list {
			weight += 96 + len(rr.Name) + 2*len(rr.Data)
		}
	}
	return weight
}
