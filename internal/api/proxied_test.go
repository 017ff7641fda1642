package api_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/myodai/myodai/internal/api"
)

// T73: where a request came from is what the proxies say that the operator named,
// for throttling and the audit trail; nobody else's word counts.
func TestProxies(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}
	for _, tt := range []struct {
		name, peer string
		told       []string
		want       string
	}{
		{"a proxy of ours", "10.0.0.1:5000", []string{"203.0.113.9"}, "203.0.113.9"},
		{"nobody we know", "203.0.113.1:5000", []string{"198.51.100.7"}, "203.0.113.1"},
		{"a proxy that says nothing", "10.0.0.1:5000", nil, "10.0.0.1"},
		{"the visitor says something, too", "10.0.0.1:5000", []string{"127.0.0.1, 203.0.113.9"}, "203.0.113.9"},
		{"in a line of its own", "10.0.0.1:5000", []string{"127.0.0.1", "203.0.113.9"}, "203.0.113.9"},
		{"the visitor plays a proxy of ours", "10.0.0.1:5000", []string{"198.51.100.7, 10.0.0.9, 203.0.113.9"}, "203.0.113.9"},
		{"two proxies of ours", "10.0.0.1:5000", []string{"198.51.100.7, 203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"a visitor from inside", "10.0.0.1:5000", []string{"10.0.0.77"}, "10.0.0.77"},
		{"nonsense at the end", "10.0.0.1:5000", []string{"203.0.113.9, unknown"}, "10.0.0.1"},
		{"nonsense before a proxy", "10.0.0.1:5000", []string{"<script>, 10.0.0.2"}, "10.0.0.2"},
		{"IPv6, with a port", "[2001:db8:ffff::1]:5000", []string{"[2001:db8::9]:443"}, "2001:db8::9"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:5000", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			seen := ""
			s := api.New(api.Options{Log: slog.New(slog.DiscardHandler), Proxies: trusted, Pages: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.RemoteAddr })})
			r := httptest.NewRequest(http.MethodGet, "/sign-in", nil)
			r.RemoteAddr = tt.peer
			r.Header["X-Forwarded-For"] = tt.told
			s.ServeHTTP(httptest.NewRecorder(), r)
			if at, err := netip.ParseAddrPort(seen); err != nil || at.Addr().Unmap().String() != tt.want {
				t.Errorf("it came from %s, want %s", seen, tt.want)
			}
		})
	}
}

// What a proxy of ours took in without TLS is sent to TLS, and nothing secret is
// taken so; what others say of that counts for nothing.
func TestProxiesSayWhetherTLSWasSpoken(t *testing.T) {
	s := api.New(api.Options{
		Log: slog.New(slog.DiscardHandler), Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}, BaseURL: "https://mail.example",
		Pages: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }),
	})
	for _, tt := range []struct {
		name, peer, method, path, proto string
		want                            int
		to                              string
	}{
		{"with TLS", "10.0.0.1:1", http.MethodGet, "/sign-in", "https", http.StatusNoContent, ""},
		{"nothing said", "10.0.0.1:1", http.MethodGet, "/sign-in", "", http.StatusNoContent, ""},
		{"a page without TLS", "10.0.0.1:1", http.MethodGet, "//evil.example/?a=b", "http", http.StatusPermanentRedirect, "https://mail.example//evil.example/?a=b"},
		{"a form without TLS", "10.0.0.1:1", http.MethodPost, "/sign-in", "http", http.StatusForbidden, ""},
		{"the API without TLS", "10.0.0.1:1", http.MethodPost, "/v1/messages", "http", http.StatusForbidden, ""},
		{"somebody else says so", "10.0.0.2:1", http.MethodPost, "/sign-in", "http", http.StatusNoContent, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.path, nil)
			r.RemoteAddr = tt.peer
			r.Header.Set("X-Forwarded-Proto", tt.proto)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != tt.want || w.Header().Get("Location") != tt.to {
				t.Errorf("%d to %q, want %d to %q", w.Code, w.Header().Get("Location"), tt.want, tt.to)
			}
		})
	}
}
