package api

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxied is a request as the proxies told of it that the operator named: where it
// came from, and whether it came without TLS. What anybody else says about that
// counts for nothing (T73): otherwise everybody could choose an address to be
// throttled and written down under.
func proxied(r *http.Request, trusted []netip.Prefix) (_ *http.Request, plain bool) {
	if len(trusted) == 0 || !named(trusted, addressOf(r.RemoteAddr)) {
		return r, false
	}
	protocols := strings.Split(strings.Join(r.Header.Values("X-Forwarded-Proto"), ","), ",")
	plain = strings.EqualFold(strings.TrimSpace(protocols[len(protocols)-1]), "http")
	from := netip.Addr{}
	// Each proxy adds whom it saw at the end, so the first one from there that is
	// no proxy of ours is the visitor; what stands before it is the visitor's own.
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		addr := addressOf(strings.TrimSpace(hop))
		if !addr.IsValid() {
			break
		}
		if from = addr; !named(trusted, addr) {
			break
		}
	}
	if from.IsValid() {
		r = r.WithContext(r.Context())
		r.RemoteAddr = netip.AddrPortFrom(from, 0).String()
	}
	return r, plain
}

// addressOf reads an address, with or without a port; the zero Addr for none.
func addressOf(text string) netip.Addr {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap().WithZone("")
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

// named reports whether an address is in one of the networks.
func named(networks []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// refusePlain answers what came to a proxy without TLS though people are to reach
// us with it: who looks is sent there, and what is sent is refused, so that nobody
// gets used to sending secrets in the clear.
func (s *Server) refusePlain(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		http.Redirect(w, r, strings.TrimSuffix(s.o.BaseURL, "/")+r.URL.RequestURI(), http.StatusPermanentRedirect) // #nosec G710 -- to our own address
		return
	}
	http.Error(w, "this was sent without TLS; send it to "+s.o.BaseURL, http.StatusForbidden)
}
