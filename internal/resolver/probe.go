package resolver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/myodai/myodai"
)

// Prober asks authoritative servers, afresh for every probe: it remembers only
// what is above the registrable domains, and addresses of name servers for some
// minutes. It is safe for concurrent use.
type Prober struct {
	o      Options
	client *client
	root   *myodai.Zone
	cuts   *cuts
}

// NewProber makes a Prober.
func NewProber(o Options) *Prober {
	o = o.withDefaults()
	p := &Prober{o: o, client: newClient(o), root: rootZone(o), cuts: newCuts(false)}
	if o.Server != "" {
		server := myodai.Server{Address: withPort(o.Server, o.Port)}
		p.root = &myodai.Zone{Servers: []myodai.Server{server}, DS: []myodai.Record{}}
	}
	return p
}

// Close closes the idle sockets and connections the prober keeps for reuse.
func (p *Prober) Close() { p.client.close() }

// Probe finds the zones that lead to domain and then asks what next wants to
// know, which is called with the observation so far until it has nothing new to
// ask, or what it asked brought no answer. No question is asked twice.
//
// Every address of the closest zone's servers is asked, and each one's answer
// kept; an address without a way to it from here is left out, with the reason in
// Server.Err, unless the zone has no other. A question whose zone cannot be
// reached gets one answer, with the reason and without an address.
//
// The end comes at the latest with the budget or the deadline of the Options, or
// with ctx; Observation.Incomplete then says so.
func (p *Prober) Probe(ctx context.Context, domain myodai.Name, next func(myodai.Observation) []myodai.Question) myodai.Observation {
	ctx, cancel := context.WithTimeout(ctx, p.o.Deadline)
	r := &probe{
		o: p.o, walk: p.client.walk(p.root, p.cuts), domain: domain,
		slots: make(chan struct{}, maxParallel),
	}
	defer cancel()
	r.seen = myodai.Observation{
		Domain: domain, StartedAt: p.o.Now().UTC().Round(0), Zones: []myodai.Zone{}, Answers: []myodai.Answer{},
	}
	if p.o.Server == "" {
		r.locate(ctx, domain, 0)
	}
	for r.seen.Incomplete == "" {
		questions := r.fresh(next(r.snapshot()))
		if len(questions) == 0 {
			break
		}
		before := len(r.seen.Answers)
		if r.round(ctx, questions); len(r.seen.Answers) == before {
			break // nobody was there to ask: what follows from nothing new was asked for already
		}
	}
	r.seen.FinishedAt = p.o.Now().UTC().Round(0)
	return r.snapshot()
}

// maxParallel is how many queries of one probe are on their way at once.
const maxParallel = 128

// probe is one observation in the making.
type probe struct {
	*walk
	o      Options
	domain myodai.Name
	seen   myodai.Observation
	asked  []myodai.Question
	probes int             // OneServer questions so far
	slots  chan struct{}   // held by every query
	early  map[letter]*try // of the round under way
}

// fresh drops the questions that were asked before. One that asks a single
// server is answered by one that asked all.
func (r *probe) fresh(questions []myodai.Question) []myodai.Question {
	list := make([]myodai.Question, 0, len(questions))
	r.asked = slices.Grow(r.asked, len(questions))
	for _, q := range questions {
		all := q
		all.OneServer = false
		if slices.Contains(r.asked, q) || slices.Contains(r.asked, all) {
			continue
		}
		// Not every question takes a query, and each is to be kept.
		if len(r.asked) >= r.o.Budget {
			r.seen.Incomplete = errBudget.Error()
			break
		}
		r.asked = append(r.asked, q)
		if q.OneServer {
			if r.probes++; r.probes > r.o.Probes {
				r.seen.Incomplete = fmt.Sprintf("more than %d single-server questions", r.o.Probes)
				continue
			}
		}
		list = append(list, q)
	}
	return list
}

// snapshot is the observation so far. What it holds does not change any more.
func (r *probe) snapshot() myodai.Observation {
	o := r.seen
	o.Answers = slices.Clip(o.Answers)
	r.mu.Lock()
	defer r.mu.Unlock()
	o.Zones = make([]myodai.Zone, 0, len(r.zones))
	for _, z := range r.zones {
		if z != nil {
			o.Zones = append(o.Zones, *z)
		}
	}
	slices.SortFunc(o.Zones, func(a, b myodai.Zone) int {
		return cmp.Or(cmp.Compare(a.Name.Labels(), b.Name.Labels()), cmp.Compare(a.Name, b.Name))
	})
	if r.client.ipv6Down() {
		for i, z := range o.Zones {
			o.Zones[i].Servers = withoutIPv6(z.Servers)
		}
	}
	return o
}

// withoutIPv6 marks the servers' IPv6 addresses as out of reach.
func withoutIPv6(servers []myodai.Server) []myodai.Server {
	servers = slices.Clone(servers)
	for i, s := range servers {
		if isIPv6(s.Address) {
			servers[i].Err = "network is unreachable"
		}
	}
	return servers
}

// round asks the questions at the same time.
func (r *probe) round(ctx context.Context, questions []myodai.Question) {
	answers := make([][]myodai.Answer, len(questions))
	if err := r.over(ctx); err != nil {
		r.seen.Incomplete = reason(err)
		return
	}
	r.post(ctx, questions)
	var open []int // questions that take more than reading what came
	for i, q := range questions {
		if r.plain(q) {
			answers[i] = r.question(ctx, q)
		} else {
			open = append(open, i)
		}
	}
	r.client.crew.each(len(open), func(i int) { answers[open[i]] = r.question(ctx, questions[open[i]]) })
	more := 0
	for _, list := range answers {
		more += len(list)
	}
	r.seen.Answers = slices.Grow(r.seen.Answers, more)
	for _, list := range answers {
		// A question that nobody was asked any more is left out.
		if slices.ContainsFunc(list, func(a myodai.Answer) bool { return a.Err != errBudget.Error() }) {
			r.seen.Answers = append(r.seen.Answers, list...)
		}
	}
	if err := r.over(ctx); err != nil && r.seen.Incomplete == "" && cutShort(answers) {
		r.seen.Incomplete = reason(err)
	}
}

// over says why no more can be asked; nil when more can.
func (r *probe) over(ctx context.Context) error {
	// Sockets notice the deadline a little before the context does.
	deadline, _ := ctx.Deadline()
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case !time.Now().Before(deadline):
		return errors.New("not asked: the deadline has passed")
	}
	return r.exhausted()
}

// cutShort reports whether an answer is missing for a reason that is our own.
func cutShort(answers [][]myodai.Answer) bool {
	for _, list := range answers {
		for _, a := range list {
			switch a.Err {
			case errBudget.Error(), errVolume.Error(), "timeout", "canceled":
				return true
			}
		}
	}
	return false
}
