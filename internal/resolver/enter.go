package resolver

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/miekg/dns"

	"github.com/myodai/myodai"
)

// enter makes the zone that ref delegates, with the addresses of its servers.
// Parent is the zone whose server gave the referral.
func (w *walk) enter(ctx context.Context, parent *myodai.Zone, ref referral, depth int) *myodai.Zone {
	if depth == 0 {
		// Questions of one round find the same referral together.
		v, _, _ := w.flight.Do("enter "+string(ref.cut), func() (any, error) {
			if z, ok := w.known(ref.cut, 0); ok && z != nil {
				return z, nil
			}
			return w.enterOnce(ctx, parent, ref, 0), nil
		})
		return v.(*myodai.Zone)
	}
	return w.enterOnce(ctx, parent, ref, depth)
}

func (w *walk) enterOnce(ctx context.Context, parent *myodai.Zone, ref referral, depth int) *myodai.Zone {
	z := &myodai.Zone{Name: ref.cut, Servers: []myodai.Server{}, DS: ref.ds}
	if ref.direct && depth == 0 {
		z.DS = w.askDS(ctx, parent, ref.cut)
	}
	if z.DS == nil {
		z.DS = []myodai.Record{}
	}
	reachable := 0
	for _, host := range w.addresses(ctx, parent, ref, depth) {
		for _, a := range host.addresses {
			if reachable++; reachable > maxAddresses {
				host.err, host.addresses = "not asked: too many addresses", nil
				break
			}
			address := netip.AddrPortFrom(a, w.client.o.Port).String()
			z.Servers = append(z.Servers, myodai.Server{Name: host.name, Address: address})
		}
		if len(host.addresses) == 0 {
			z.Servers = append(z.Servers, myodai.Server{Name: host.name, Err: host.err})
		}
	}
	if reachable == 0 {
		z.Err = "none of its name servers has an address"
	}
	w.remember(z.Name, z, depth)
	if z.Err == "" {
		w.cuts.keepZone(z.Name, z, ref.ttl, w.client.o.Now())
	}
	return z
}

// askDS asks the parent for the DS records at a cut, which a server that holds
// both zones does not volunteer.
func (w *walk) askDS(ctx context.Context, parent *myodai.Zone, cut myodai.Name) []myodai.Record {
	r, ok := w.askAny(ctx, preferred(parent.Servers), query{name: cut, qtype: dns.TypeDS}, func(m *dns.Msg) bool {
		return m.Rcode == dns.RcodeSuccess && m.Authoritative
	})
	if !ok {
		return nil
	}
	return myodai.Answer{Question: myodai.Question{Name: cut}, Records: records(r.msg.Answer)}.Of(myodai.TypeDS)
}

// host is a name server by its name.
type host struct {
	name      myodai.Name
	addresses []netip.Addr
	err       string // why there are none
}

// addresses finds the addresses of the servers of a delegation: by glue, and by
// asking for those without.
func (w *walk) addresses(ctx context.Context, parent *myodai.Zone, ref referral, depth int) []host {
	names := ref.hosts[:min(len(ref.hosts), maxListed)]
	hosts := make([]host, len(names))
	var group sync.WaitGroup
	looked, glued := 0, 0
	for i, name := range names {
		hosts[i] = host{name: name, addresses: ref.glue[name]}
		if len(hosts[i].addresses) > 0 {
			glued++
		}
	}
	for i := range hosts {
		h := &hosts[i]
		switch {
		case i >= maxHosts:
			h.addresses, h.err = nil, "not asked: too many name servers"
		case len(h.addresses) > 0:
		case depth > 0 && glued+looked >= 2:
			// To learn the address of a name server, any way to it will do.
			h.err = "not looked up"
		default:
			looked++
			group.Go(func() { h.addresses, h.err = w.addressesOf(ctx, parent, ref, h.name, depth+1) })
		}
	}
	group.Wait()
	return hosts
}

// addressesOf looks up the addresses of a name server for which there is no glue.
func (w *walk) addressesOf(ctx context.Context, parent *myodai.Zone, ref referral, name myodai.Name, depth int) ([]netip.Addr, string) {
	if known, ok := w.cuts.hosts.get(name, w.client.o.Now()); ok {
		return known, ""
	}
	if depth > maxDepth {
		return nil, "not looked up: too many name servers depend on each other"
	}
	if !name.Under(ref.cut) {
		w.home(ctx, name, depth) // once for both questions
	}
	var replies [2]said
	var group sync.WaitGroup
	for i, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
		q := query{name: name, qtype: qtype}
		group.Go(func() {
			if name.Under(ref.cut) {
				// The way to it leads through itself; only the parent can help.
				replies[i], _ = w.askAny(ctx, preferred(parent.Servers), q, func(m *dns.Msg) bool {
					return len(m.Answer)+len(m.Extra) > 0
				})
				return
			}
			replies[i], _ = w.resolve(ctx, q, depth)
		})
	}
	group.Wait()
	var addresses []netip.Addr
	ttl, problem := uint32(1<<32-1), ""
	for _, r := range replies {
		if r.err != nil || r.msg == nil {
			problem = reason(r.err)
			continue
		}
		if r.msg.Rcode != dns.RcodeSuccess {
			problem = rcode(r.msg.Rcode)
		}
		for _, rr := range append(r.msg.Answer, r.msg.Extra...) {
			if rr.Header().Rrtype == dns.TypeCNAME {
				problem = "it is an alias, which a name server must not be"
			}
			a, ok := address(rr)
			if ok && nameOf(rr.Header().Name) == name && len(addresses) < maxPerHost && !slices.Contains(addresses, a) {
				addresses, ttl = append(addresses, a), min(ttl, rr.Header().Ttl)
			}
		}
	}
	if len(addresses) == 0 {
		return nil, explain(name, ref, problem)
	}
	w.cuts.hosts.put(name, addresses, 0, w.client.o.Now(), min(seconds(ttl), hostTTL))
	return addresses, ""
}

// explain says why a name server has no address.
func explain(name myodai.Name, ref referral, problem string) string {
	switch {
	case problem == "" && name.Under(ref.cut):
		return "no address: it is named in the zone itself, and there is no glue"
	case problem == "":
		return "no address"
	}
	return fmt.Sprintf("no address: %s", problem)
}
