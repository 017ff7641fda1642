package api

import (
	"net"
	"net/http"
	"regexp"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/store"
)

// needed is what a key's role has to allow for an operation: reading is looking,
// and changing belongs to those who set things up, unless the operation or what it
// is about says otherwise.
func (o operation) needed() access.Action {
	about := map[string]access.Action{"credentials": access.ActionCredentials, "suppressions": access.ActionSuppress}
	switch {
	case o.action != "":
		return o.action
	case about[o.tag] != "":
		return about[o.tag]
	case o.method == http.MethodGet:
		return access.ActionView
	}
	return access.ActionSetUp
}

// by is who asks, for the engine.
func (s *Server) by(r *http.Request, who myodai.Credential) access.By {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return access.ByCredential(who, access.Client{Address: host, Network: clientOf(r), Agent: r.UserAgent()})
}

var pathParameter = regexp.MustCompile(`\{([a-z_]+)\}`)

// audited has the first change that an operation makes written to the audit
// trail, in the same transaction: to the tenant's own, also when the platform
// operator did it (T76). Messages are not: each says which key submitted it.
func (s *Server) audited(o operation, ctx huma.Context, who myodai.Credential) huma.Context {
	if o.method == http.MethodGet || o.unaudited {
		return ctx
	}
	r, _ := humago.Unwrap(ctx)
	by, now := s.by(r, who), time.Now()
	entry := myodai.AuditEntry{
		ID: myodai.NewID[myodai.AuditID](now, s.o.Random), TenantID: who.TenantID, At: now, Actor: by.Actor, Operation: o.id, Address: by.Client.Address,
	}
	for _, name := range pathParameter.FindAllStringSubmatch(o.path, -1) {
		value := ctx.Param(name[1])
		if id, err := myodai.ParseID[myodai.TenantID](value); err == nil && name[1] == "tenant_id" && who.Kind == myodai.CredentialOperator {
			entry.TenantID = id
		}
		if len(value) <= 64 {
			entry.Object = value
		}
	}
	return huma.WithContext(ctx, store.Audited(ctx.Context(), entry))
}
