package resolver

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
)

// When any one server of several will do, the next is asked beside the first
// when that takes longer than patience, and no more than enough of them.
const (
	patience = 400 * time.Millisecond
	enough   = 6
)

// said is a reply and who gave it.
type said struct {
	reply
	server myodai.Server
}

// askAny asks the servers one after the other, in their order, until a reply is
// usable. It returns the last reply when none is, with ok false.
func (s *session) askAny(ctx context.Context, servers []myodai.Server, q query, usable func(*dns.Msg) bool) (last said, ok bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	last.err = errors.New("no server to ask")
	replies := make(chan said, enough)
	servers = servers[:min(len(servers), enough)]
	next, pending := 0, 0
	start := func() {
		server := servers[next]
		next++
		pending++
		go func() { replies <- said{s.ask(ctx, server.Address, q, nil), server} }()
	}
	for next < len(servers) || pending > 0 {
		var impatient <-chan time.Time
		if next < len(servers) {
			if pending == 0 {
				start()
				continue
			}
			impatient = time.After(patience)
		}
		select {
		case r := <-replies:
			pending--
			if last = r; r.err == nil && usable(r.msg) {
				return r, true
			}
			if next < len(servers) {
				start()
			}
		case <-impatient:
			start()
		}
	}
	return last, false
}

// preferred is the servers that have an address, in random order: IPv4 first,
// because most machines have it, and IPv6 early enough for one that has only that.
func preferred(servers []myodai.Server) []myodai.Server {
	var v4, v6 []myodai.Server
	for _, s := range servers {
		switch {
		case s.Address == "":
		case isIPv6(s.Address):
			v6 = append(v6, s)
		default:
			v4 = append(v4, s)
		}
	}
	for _, list := range [][]myodai.Server{v4, v6} {
		rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	first, second := min(len(v4), enough/2), min(len(v6), enough/2)
	return slices.Concat(v4[:first], v6[:second], v4[first:], v6[second:])
}
