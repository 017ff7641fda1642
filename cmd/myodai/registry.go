package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/egress"
	"github.com/myodai/myodai/internal/rdap"
	"github.com/myodai/myodai/internal/resolver"
)

// newRegistry is who knows about registrations, nil when nobody is asked.
func (s *server) newRegistry() domains.Registry {
	if !s.cfg.asksRegistries() {
		return nil
	}
	var own []string // which the operator named, and may be inside
	if u, err := url.Parse(s.cfg.RDAP); err == nil && u.Host != "" {
		own = append(own, u.Hostname())
	}
	return rdap.New(rdap.Options{Base: s.cfg.RDAP, Dial: s.dialer(own).DialContext, Resolve: addressesBy(s.cache)})
}

// addressesBy finds the addresses of hosts through a cache, IPv4 first.
func addressesBy(cache *resolver.Cache) func(context.Context, string) ([]netip.Addr, error) {
	return func(ctx context.Context, host string) ([]netip.Addr, error) {
		name, err := myodai.ParseOwner(host)
		if err != nil {
			return nil, err
		}
		var list []netip.Addr
		for _, t := range []myodai.RecordType{myodai.TypeA, myodai.TypeAAAA} {
			for _, rr := range cache.Lookup(ctx, name, t).Records {
				if a, err := netip.ParseAddr(rr.Data); err == nil {
					list = append(list, a)
				}
			}
		}
		if len(list) == 0 {
			return nil, errors.New("it has no address")
		}
		return list, nil
	}
}

// registryOf is who the command asks about registrations, nil for nobody. A
// server that the user names may be anywhere.
func registryOf(base string) domains.Registry {
	if base == nobody {
		return nil
	}
	var anywhere []netip.Prefix
	if base != "" {
		anywhere = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	}
	return rdap.New(rdap.Options{
		Base: base, Dial: egress.New(egress.Options{Allow: anywhere}).DialContext,
		Resolve: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
	})
}
