package resolver

import (
	"context"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
)

// letter is one query to one server.
type letter struct {
	address string
	query   query
}

// minWindow is how many queries a server gets at least before it has answered
// any of them.
const minWindow = 4

// post sends what the questions of a round will want to know of the servers that
// are known already: all to one server over one socket, which takes half of what
// a socket and a goroutine for each would. It keeps the first tries for
// askServer, which goes on from them.
func (r *probe) post(ctx context.Context, questions []myodai.Question) {
	r.early = map[letter]*try{}
	var addresses []string
	queries := map[string][]query{}
	for _, q := range questions {
		asked, err := newQuery(q)
		if err != nil {
			continue
		}
		for _, server := range r.recipients(q) {
			l := letter{server.Address, asked}
			if r.early[l] != nil || r.dead(server) {
				continue
			}
			r.early[l] = new(try)
			if queries[server.Address] == nil {
				addresses = append(addresses, server.Address)
			}
			queries[server.Address] = append(queries[server.Address], asked)
			if q.Confirm { // by the time the answer has come, the way to confirm it is open
				r.client.streams.open(ctx, server.Address)
			}
		}
	}
	window := max(minWindow, maxParallel/max(1, len(addresses)))
	r.client.crew.each(len(addresses), func(i int) { r.converse(ctx, addresses[i], queries[addresses[i]], window) })
	for l, t := range r.early {
		if t.sent.IsZero() {
			delete(r.early, l) // not sent
		}
	}
}

// recipients are the servers a question goes to, as far as that is known without
// asking.
func (r *probe) recipients(q myodai.Question) []myodai.Server {
	z := r.root
	switch {
	case q.Recursive || q.Host != "":
		return nil
	case r.o.Server != "":
	case q.Type == myodai.TypeDS || !q.Name.Under(r.domain):
		return nil
	default:
		if z = r.nearest(r.root, q.Name); z.Name == "" || z.Name.IsPublicSuffix() || z.Err != "" {
			return nil
		}
	}
	servers := r.candidates(z)
	if q.OneServer {
		servers = r.byScore(servers)
		return servers[:min(len(servers), 1)]
	}
	return servers
}

// converse asks one server, and notes what came of each query.
func (r *probe) converse(ctx context.Context, address string, queries []query, window int) {
	if isIPv6(address) && r.client.ipv6Down() {
		return
	}
	o := &r.client.o
	var list []*dns.Msg
	for _, q := range queries {
		if r.spend() != nil {
			break
		}
		list = append(list, q.message(true, o.MixedCase))
	}
	sent := o.Now()
	err := r.client.sockets.exchangeAll(ctx, address, list, o.MixedCase, window, func(i int, reply *dns.Msg, size int) {
		t := r.early[letter{address, queries[i]}]
		t.sent, t.at = sent, o.Now()
		t.msg, t.err = r.take(address, reply, size, nil)
	})
	if err == nil {
		return
	}
	for _, q := range queries[:len(list)] {
		if t := r.early[letter{address, q}]; t.sent.IsZero() {
			t.sent, t.at = sent, o.Now()
			_, t.err = r.take(address, nil, 0, err)
		}
	}
}

// plain reports whether all servers of a question have given the plain answers
// that are the end of it.
func (r *probe) plain(q myodai.Question) bool {
	asked, err := newQuery(q)
	if err != nil || q.Confirm {
		return false
	}
	recipients := r.recipients(q)
	for _, server := range recipients {
		t := r.early[letter{server.Address, asked}]
		if t == nil || t.err != nil || t.msg.Truncated || !t.msg.Authoritative || t.msg.Rcode != dns.RcodeSuccess && t.msg.Rcode != dns.RcodeNameError {
			return false
		}
	}
	return len(recipients) > 0
}
