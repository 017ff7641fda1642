package api

import (
	"errors"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

// guard is what a request passes before its parameters and body are looked at:
// who asks, and whether they may.
func (s *Server) guard(o operation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		req := requestOf(r.Context())
		who, err := s.authenticate(r)
		if err == nil {
			req.who = who
			err = allowed(o.scope, who)
		}
		if err == nil && who.Kind != myodai.CredentialOperator && !access.May(who.Role, o.needed()) {
			err = myodai.Refuse(myodai.CodeForbidden, "",
				"the role of this key is %s, which does not allow this; create a key with a higher role", who.Role)
		}
		if err == nil && o.upload == nil {
			err = acceptable(r)
		}
		if err != nil {
			s.writeProblem(w, r, s.problem(req, o.id, err))
			return
		}
		req.by = s.by(r, who)
		ctx = s.audited(o, ctx, who)
		if o.upload != nil {
			req.raw = r
			next(ctx)
			return
		}
		body := &meteredBody{ReadCloser: r.Body, memory: s.memory, most: s.o.Limits.MaxMemory, gauge: s.metrics.bodies}
		defer body.release()
		r.Body, req.body = body, body
		next(ctx)
	}
}

// authenticate finds out who asks. The key comes in the header and nowhere else:
// an address ends up in logs (T66).
func (s *Server) authenticate(r *http.Request) (myodai.Credential, error) {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || len(r.Header.Values("Authorization")) != 1 {
		p := newProblem(http.StatusUnauthorized, string(myodai.CodeUnauthorized),
			"the key is missing; send the header Authorization: Bearer followed by it")
		p.header.Set("WWW-Authenticate", `Bearer realm="myodai"`) // RFC 6750 §3: no error code without a key
		return myodai.Credential{}, p
	}
	who, err := s.o.Access.Authenticate(r.Context(), strings.TrimSpace(key), myodai.CredentialAPI, myodai.CredentialOperator)
	if refusal, ok := errors.AsType[*myodai.Error](err); ok && refusal.Code == myodai.CodeUnauthorized {
		// Good keys are never held up by it: behind a proxy everybody has the
		// address of the proxy.
		if pause := s.failures.take(clientOf(r), time.Now()); pause > 0 {
			return who, limited(pause, "too many requests from this address had a wrong key")
		}
	}
	return who, err
}

// allowed says whether a credential opens operations of the given scope (T65).
func allowed(needed scope, who myodai.Credential) error {
	operator := who.Kind == myodai.CredentialOperator
	switch {
	case needed == scopeTenant && operator:
		return myodai.Refuse(myodai.CodeForbidden, "",
			"this operation acts as a tenant, and the operator's key is of none; use a key that POST /v1/tenants/{tenant_id}/credentials creates")
	case needed == scopeOperator && !operator:
		return myodai.Refuse(myodai.CodeForbidden, "", "this operation is for the platform operator only")
	}
	return nil
}

// acceptable refuses bodies in a form we do not read, and repeated parameters,
// of which programs take now the first and now the last.
func acceptable(r *http.Request) error {
	for name, values := range r.URL.Query() {
		if len(values) > 1 {
			return myodai.Invalidf("the parameter %s is given more than once", cut(name))
		}
	}
	if r.ContentLength == 0 {
		return nil
	}
	if r.Header.Get("Content-Encoding") != "" {
		return newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type",
			"compressed bodies are not accepted; send the JSON as it is")
	}
	kind := r.Header.Get("Content-Type")
	if kind == "" {
		return nil // JSON then: there is nothing else it could be
	}
	media, params, err := mime.ParseMediaType(kind)
	if charset := params["charset"]; err != nil || media != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type",
			"the body must be JSON; send it with Content-Type: application/json")
	}
	return nil
}

// clientOf is the network a request came from: an IPv4 address or an IPv6 /64,
// which is what one customer of an access provider has.
func clientOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, _ := addr.Prefix(64) // 64 fits every IPv6 address
	return prefix.String()
}

// limited refuses what comes too often.
func limited(pause time.Duration, why string) *Problem {
	p := newProblem(http.StatusTooManyRequests, string(myodai.CodeLimited),
		why+"; wait as long as Retry-After says")
	retryAfter(p.header, pause)
	return p
}
