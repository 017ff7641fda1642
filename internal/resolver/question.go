package resolver

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"github.com/myodai/myodai"
)

// health is what a server's behavior so far lets us expect of it.
type health struct{ answers, timeouts int }

// question collects the answers to one question.
func (r *probe) question(ctx context.Context, q myodai.Question) []myodai.Answer {
	asked, err := newQuery(q)
	if err != nil {
		return []myodai.Answer{r.unasked(q, "", err)}
	}
	switch {
	case q.Recursive:
		z := &myodai.Zone{}
		for _, address := range r.o.Recursives {
			z.Servers = append(z.Servers, myodai.Server{Address: withPort(address, 53)})
		}
		answers, _ := r.askAll(ctx, z, q, asked)
		return answers
	case q.Host != "":
		return r.elsewhere(ctx, q, asked)
	case r.o.Server != "":
		answers, _ := r.askAll(ctx, r.root, q, asked)
		return answers
	}
	z := r.zoneFor(ctx, q)
	var all []myodai.Answer
	for range maxReferrals {
		if z.Err != "" {
			return append(all, r.unasked(q, z.Name, errors.New(z.Err)))
		}
		answers, ref := r.askAll(ctx, z, q, asked)
		if ref == nil && all == nil {
			return answers
		}
		all = append(all, answers...)
		if ref == nil {
			return all
		}
		z = r.enter(ctx, z, *ref, 0)
	}
	return append(all, r.unasked(q, z.Name, errors.New("too many referrals, one below the other")))
}

// elsewhere asks the server that the question names, as if the zone were its own.
func (r *probe) elsewhere(ctx context.Context, q myodai.Question, asked query) []myodai.Answer {
	z := &myodai.Zone{Name: r.nearest(r.root, q.Name).Name}
	addresses, problem := r.addressesOf(ctx, r.root, referral{cut: q.Host.Child("-")}, q.Host, 1)
	for _, a := range addresses {
		z.Servers = append(z.Servers, myodai.Server{Name: q.Host, Address: netip.AddrPortFrom(a, r.o.Port).String()})
	}
	if len(z.Servers) == 0 {
		return []myodai.Answer{r.unasked(q, z.Name, errors.New(problem))}
	}
	answers, ref := r.askAll(ctx, z, q, asked)
	if ref != nil {
		return append(answers, r.unasked(q, z.Name, errors.New("the server refers to others")))
	}
	return answers
}

// zoneFor is the zone whose servers are to be asked: for DS records, the one
// above the name.
func (r *probe) zoneFor(ctx context.Context, q myodai.Question) *myodai.Zone {
	name := q.Name
	if q.Type == myodai.TypeDS {
		name = name.Parent()
	}
	if name.Under(r.domain) {
		if z := r.locate(ctx, r.domain, 0); z.Err == "" {
			return r.nearest(z, name)
		}
	}
	return r.home(ctx, name, 0)
}

// unasked is the answer to a question nobody could be asked.
func (r *probe) unasked(q myodai.Question, zone myodai.Name, err error) myodai.Answer {
	return reply{err: err, at: r.o.Now().UTC().Round(0)}.answer(q, myodai.Server{}, zone)
}

// askAll asks the servers of a zone, all of them or one as the question says. A
// referral further down is returned instead of being an answer.
func (r *probe) askAll(ctx context.Context, z *myodai.Zone, q myodai.Question, asked query) ([]myodai.Answer, *referral) {
	servers := r.candidates(z)
	if q.OneServer {
		return r.askOne(ctx, servers, z.Name, q, asked)
	}
	if len(servers) == 1 {
		o := r.askServer(ctx, servers[0], z.Name, q, asked)
		return o.answers, o.ref
	}
	outcomes := make([]outcome, len(servers))
	r.client.crew.each(len(servers), func(i int) { outcomes[i] = r.askServer(ctx, servers[i], z.Name, q, asked) })
	elsewhere := slices.ContainsFunc(outcomes, func(o outcome) bool { return !o.noWay })
	var all []myodai.Answer
	var ref *referral
	for _, o := range outcomes {
		if !o.noWay || !elsewhere {
			all = append(all, o.answers...)
		}
		if ref == nil {
			ref = o.ref
		}
	}
	return all, ref
}

// outcome is what one server gave to one question.
type outcome struct {
	answers []myodai.Answer // two when the second confirms the first
	ref     *referral       // instead of an answer
	noWay   bool            // from here to the address, over IPv6
}

// candidates lists the servers that have an address. IPv6 is left out when there
// is no way to it from here, unless there is nothing else.
func (r *probe) candidates(z *myodai.Zone) []myodai.Server {
	nowhere := func(s myodai.Server) bool { return s.Address == "" }
	list := z.Servers
	if slices.ContainsFunc(list, nowhere) {
		list = slices.DeleteFunc(slices.Clone(list), nowhere)
	}
	if !r.client.ipv6Down() {
		return list
	}
	reachable := slices.DeleteFunc(slices.Clone(list), func(s myodai.Server) bool { return isIPv6(s.Address) })
	if len(reachable) == 0 {
		return list
	}
	return reachable
}

// askOne asks the server that has answered most so far, and one more if need be.
func (r *probe) askOne(ctx context.Context, servers []myodai.Server, zone myodai.Name, q myodai.Question, asked query) ([]myodai.Answer, *referral) {
	servers = r.byScore(servers)
	var answers []myodai.Answer
	for _, server := range servers[:min(len(servers), 2)] {
		o := r.askServer(ctx, server, zone, q, asked)
		answers = o.answers
		if o.ref != nil || answers[0].Kind() != myodai.AnswerUnknown {
			return answers, o.ref
		}
	}
	return answers, nil
}

// byScore lists servers that have answered most so far first.
func (r *probe) byScore(servers []myodai.Server) []myodai.Server {
	if len(servers) < 2 {
		return servers
	}
	servers = slices.Clone(servers)
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.SortStableFunc(servers, func(a, b myodai.Server) int { return r.score(b) - r.score(a) })
	return servers
}

// score is higher for servers that answer; r.mu is held.
func (r *probe) score(s myodai.Server) int {
	h := r.health[s.Address]
	switch {
	case h == nil:
		return 0
	case h.answers > 0:
		return 1
	}
	return -h.timeouts
}

// askServer asks one server, and once more over TCP what has to be confirmed.
func (r *probe) askServer(ctx context.Context, server myodai.Server, zone myodai.Name, q myodai.Question, asked query) outcome {
	if r.dead(server) {
		return outcome{answers: []myodai.Answer{r.failed(q, server, zone, errRepeat)}}
	}
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return outcome{answers: []myodai.Answer{r.failed(q, server, zone, ctx.Err())}}
	}
	defer func() { <-r.slots }()
	if q.Confirm && !q.Recursive {
		// By the time the answer has come, the way to confirm it is open.
		r.client.streams.open(ctx, server.Address) // a failure shows when it is used
	}
	got := r.ask(ctx, server.Address, asked, r.early[letter{server.Address, asked}])
	r.note(server, got.err)
	if got.err == nil && !q.Recursive && r.o.Server == "" {
		if ref, cut := deeper(got.msg, zone, asked); cut {
			return outcome{ref: &ref}
		}
	}
	answers := []myodai.Answer{got.answer(q, server, zone)}
	if q.Confirm && !q.Recursive && got.transport == myodai.TransportUDP && answers[0].Kind() == myodai.AnswerPositive {
		confirmed := r.confirm(ctx, server, asked)
		answers = append(answers, confirmed.answer(q, server, zone))
	}
	return outcome{answers: answers, noWay: isIPv6(server.Address) && isOurs(got.err)}
}

// confirm asks over TCP.
func (r *probe) confirm(ctx context.Context, server myodai.Server, asked query) reply {
	started := r.o.Now()
	got := r.askTCP(ctx, server.Address, asked)
	now := r.o.Now()
	got.at, got.took = now.UTC().Round(0), now.Sub(started)
	return got
}

func (r *probe) failed(q myodai.Question, server myodai.Server, zone myodai.Name, err error) myodai.Answer {
	return reply{transport: myodai.TransportUDP, err: err, at: r.o.Now().UTC().Round(0)}.answer(q, server, zone)
}

// note remembers how a server behaved.
func (r *probe) note(server myodai.Server, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.health[server.Address]
	if h == nil {
		h = new(health)
		r.health[server.Address] = h
	}
	switch {
	case err == nil:
		h.answers++
	case isTimeout(err):
		h.timeouts++
	}
}

// dead reports whether the server has had its chances: silent to two questions
// or more, and never an answer.
func (r *probe) dead(server myodai.Server) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.health[server.Address]
	return h != nil && h.answers == 0 && h.timeouts >= 2
}
