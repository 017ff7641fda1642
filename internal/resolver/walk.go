package resolver

import (
	"context"
	"fmt"
	"sync"

	"github.com/miekg/dns"
	"golang.org/x/sync/singleflight"

	"github.com/myodai/myodai"
)

// Bounds of a walk, for name spaces laid out to have no end (T36).
const (
	maxReferrals = 8 // below the registrable name, for one question
	maxDepth     = 3 // name servers whose names need name servers whose names …
)

// walk finds zones from the root down, once for each probe or lookup.
//
// It asks for the NS records of one label more at a time, so that it sees every
// cut and no server learns more than it needs (RFC 9156), down to the registrable
// name; below that the questions themselves show whether there is another cut.
type walk struct {
	*session
	root   *myodai.Zone
	cuts   *cuts
	flight singleflight.Group // walks for questions; see reach

	mu      sync.Mutex
	zones   map[myodai.Name]*myodai.Zone // on the way to a question; nil for names that are no cut
	helpers map[myodai.Name]*myodai.Zone // on the way to the name of a name server
	health  map[string]*health           // by address
}

func (c *client) walk(root *myodai.Zone, cuts *cuts) *walk {
	return &walk{
		session: c.session(), root: root, cuts: cuts,
		zones:   map[myodai.Name]*myodai.Zone{root.Name: root},
		helpers: map[myodai.Name]*myodai.Zone{},
		health:  map[string]*health{},
	}
}

// rootZone is the zone the walk starts at.
func rootZone(o Options) *myodai.Zone {
	z := &myodai.Zone{Servers: []myodai.Server{}, DS: []myodai.Record{}}
	for _, hint := range o.RootHints {
		z.Servers = append(z.Servers, myodai.Server{Address: withPort(hint, o.Port)})
	}
	return z
}

// locate finds the deepest zone at or above target. Where a zone cannot be
// passed, the zone returned has the reason as its Err. Depth is how many name
// servers' names are being looked up around this.
func (w *walk) locate(ctx context.Context, target myodai.Name, depth int) *myodai.Zone {
	z := w.root
	for at := z.Name; at != target && z.Err == ""; {
		at = below(at, target)
		next, found, err := w.reach(ctx, z, at, depth)
		switch found {
		case foundCut:
			z, at = next, next.Name
		case foundAbsent:
			return z
		case foundNot:
			return w.stuck(z, at, err, depth)
		}
	}
	return z
}

// below is the name one label longer than above on the way to target.
func below(above, target myodai.Name) myodai.Name {
	for target.Parent() != above {
		target = target.Parent()
	}
	return target
}

// stuck is the zone whose servers did not say where to go on. Below the public
// suffixes that is for the questions to show, server by server.
func (w *walk) stuck(z *myodai.Zone, name myodai.Name, err error, depth int) *myodai.Zone {
	if z.Name != "" && !z.Name.IsPublicSuffix() {
		return z
	}
	end := *z
	end.Err = fmt.Sprintf("no server said who is in charge of %s: %s", name, reason(err))
	w.remember(end.Name, &end, depth)
	return &end
}

// known is what this walk found about the name before.
func (w *walk) known(name myodai.Name, depth int) (z *myodai.Zone, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if z, ok = w.zones[name]; !ok && depth > 0 {
		z, ok = w.helpers[name]
	}
	return z, ok
}

func (w *walk) remember(name myodai.Name, z *myodai.Zone, depth int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if depth > 0 {
		w.helpers[name] = z
	} else {
		w.zones[name] = z
	}
}

// step is the outcome of reach.
type step struct {
	zone  *myodai.Zone
	found found
	err   error
}

// reach finds out whether a zone begins at name, which is below z.
//
// Questions of one round wait for each other's steps instead of repeating them.
// Walks for the names of name servers do not wait, as two zones whose servers
// are named in each other would wait for ever.
func (w *walk) reach(ctx context.Context, z *myodai.Zone, name myodai.Name, depth int) (*myodai.Zone, found, error) {
	if depth > 0 {
		s := w.reachOnce(ctx, z, name, depth)
		return s.zone, s.found, s.err
	}
	v, _, _ := w.flight.Do(string(name), func() (any, error) { return w.reachOnce(ctx, z, name, 0), nil })
	s := v.(step)
	return s.zone, s.found, s.err
}

func (w *walk) reachOnce(ctx context.Context, z *myodai.Zone, name myodai.Name, depth int) step {
	known, ok := w.known(name, depth)
	if !ok {
		if known, ok = w.cuts.zones.get(name, w.client.o.Now()); ok {
			w.remember(name, known, depth)
		}
	}
	switch {
	case ok && known == nil:
		return step{found: foundInner}
	case ok:
		return step{zone: known, found: foundCut}
	}
	r, ok := w.askAny(ctx, preferred(z.Servers), query{name: name, qtype: dns.TypeNS}, func(m *dns.Msg) bool {
		_, found := readReferral(m, z.Name, name)
		return found != foundNot
	})
	if !ok {
		return step{found: foundNot, err: r.failure()}
	}
	ref, found := readReferral(r.msg, z.Name, name)
	switch found {
	case foundCut:
		return step{zone: w.enter(ctx, z, ref, depth), found: foundCut}
	case foundInner:
		w.remember(name, nil, depth)
		w.cuts.keepZone(name, nil, 300, w.client.o.Now())
	}
	return step{found: found}
}

// failure is why the reply is of no use to a walk.
func (r reply) failure() error {
	if r.err != nil {
		return r.err
	}
	if r.msg.Rcode != dns.RcodeSuccess {
		return fmt.Errorf("%s", rcode(r.msg.Rcode))
	}
	return fmt.Errorf("an answer that is not authoritative")
}

// nearest is the deepest zone found so far at or above name, starting from z.
func (w *walk) nearest(z *myodai.Zone, name myodai.Name) *myodai.Zone {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ; name != z.Name && name != ""; name = name.Parent() {
		if deeper := w.zones[name]; deeper != nil {
			return deeper
		}
	}
	return z
}

// home is the zone to ask about name: as far as the walk goes without the
// question itself.
func (w *walk) home(ctx context.Context, name myodai.Name, depth int) *myodai.Zone {
	target := name
	if r := name.Registrable(); r != "" {
		target = r
	}
	z := w.locate(ctx, target, depth)
	if depth > 0 || z.Err != "" {
		return z
	}
	return w.nearest(z, name)
}

// resolve asks one server of the closest zone, following referrals, and returns
// the reply and its zone.
func (w *walk) resolve(ctx context.Context, q query, depth int) (said, *myodai.Zone) {
	z := w.home(ctx, q.name, depth)
	var last said
	for range maxReferrals {
		if z.Err != "" {
			last.err = fmt.Errorf("%s", z.Err)
			return last, z
		}
		last, _ = w.askAny(ctx, preferred(z.Servers), q, func(m *dns.Msg) bool {
			_, cut := deeper(m, z.Name, q)
			return cut || m.Authoritative && (m.Rcode == dns.RcodeSuccess || m.Rcode == dns.RcodeNameError)
		})
		if last.err != nil {
			return last, z
		}
		ref, cut := deeper(last.msg, z.Name, q)
		if !cut {
			return last, z
		}
		z = w.enter(ctx, z, ref, depth)
	}
	last.msg, last.err = nil, fmt.Errorf("more than %d referrals", maxReferrals)
	return last, z
}

// deeper reads an answer as a referral to a zone below, which must be asked
// instead. DS records belong to the zone above the cut.
func deeper(m *dns.Msg, zone myodai.Name, q query) (referral, bool) {
	if m.Rcode != dns.RcodeSuccess || len(m.Answer) > 0 {
		return referral{}, false
	}
	ref, found := readReferral(m, zone, q.name)
	if found != foundCut || q.qtype == dns.TypeDS && ref.cut == q.name {
		return referral{}, false
	}
	return ref, true
}
