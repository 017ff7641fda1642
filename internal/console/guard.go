package console

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
)

// header is a field that goes with every answer.
type header struct{ name, value string }

// policy is what a page may do: show what is ours, and send forms to us. No
// script or style stands in a page, so none that a stranger wrote is run (T70).
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

func securityHeaders(base *url.URL) []header {
	list := []header{
		{"Content-Security-Policy", policy},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "DENY"},
		{"Referrer-Policy", "same-origin"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
	}
	if base != nil && base.Scheme == "https" {
		list = append(list, header{"Strict-Transport-Security", "max-age=63072000"})
	}
	return list
}

// parseBase reads where people reach us; nil when nobody said.
func parseBase(s string) (*url.URL, error) {
	if s == "" {
		return nil, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("%q is not the address of a web server; write it as https://console.example", s)
	}
	return u, nil
}

// newForeign knows forms of other sites. A proxy may give us another host name
// than the browser has, so our own address is named.
func newForeign(base *url.URL) (*http.CrossOriginProtection, error) {
	p := http.NewCrossOriginProtection()
	if base == nil {
		return p, nil
	}
	return p, p.AddTrustedOrigin(base.Scheme + "://" + base.Host)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, h := range s.security {
		w.Header().Set(h.name, h.value)
	}
	if err := s.foreign.Check(r); err != nil {
		s.visit(w, r, everyone, func(*visit) error { return errForeign })
		return
	}
	_, pattern := s.mux.Handler(r)
	if pattern == "" || path.Clean(r.URL.Path) != r.URL.Path {
		s.visit(w, r, everyone, func(*visit) error { return errNoPage })
		return
	}
	s.mux.ServeHTTP(w, r)
}
