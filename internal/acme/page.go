package acme

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// pages are what authorities look for over HTTP now, by host and token, so that
// no host shows what belongs to another (T57).
type pages struct {
	mu     sync.Mutex
	values map[page]string
	read   time.Time
}

type page struct {
	host  myodai.Name
	token string
}

// wellKnown is where an authority looks (RFC 8555 §8.3).
const wellKnown = "/.well-known/acme-challenge/"

// pagePause bounds how often strangers make us look into the store.
const pagePause = 250 * time.Millisecond

// ServeHTTP shows what authorities look for at wellKnown, and nothing else. It
// belongs to all hosts on port 80.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.URL.Path, wellKnown)
	host := r.Host
	if bare, _, err := net.SplitHostPort(host); err == nil {
		host = bare
	}
	name := myodai.Name(strings.ToLower(strings.TrimSuffix(host, ".")))
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.NotFound(w, r)
		return
	}
	value, found := s.page(r.Context(), page{name, token})
	if !found {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(value)) // #nosec G705 -- made by us, and no page (the client has gone if this fails)
}

// maxToken is longer than the token of any authority.
const maxToken = 128

// page finds what is to be shown; ok is false for nothing.
func (s *Service) page(ctx context.Context, at page) (value string, ok bool) {
	if len(at.token) == 0 || len(at.token) > maxToken || len(at.host) > 253 {
		return "", false
	}
	s.pages.mu.Lock()
	defer s.pages.mu.Unlock()
	if value, ok = s.pages.values[at]; ok {
		return value, true
	}
	if now := time.Now(); now.Sub(s.pages.read) >= pagePause {
		s.pages.read = now
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		list, err := s.o.Store.Challenges(ctx)
		if err != nil {
			s.log.Error("read challenges", "err", err)
			return "", false
		}
		s.pages.values = map[page]string{}
		for _, c := range list {
			if c.Kind == myodai.ChallengeHTTP {
				s.pages.values[page{c.Host, c.Token}] = c.Value
			}
		}
	}
	value, ok = s.pages.values[at]
	return value, ok
}
