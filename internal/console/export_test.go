package console

import (
	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

// Routes lists every route as "METHOD /path", with who may use it.
func (s *Server) Routes() map[string]string {
	list := map[string]string{}
	for _, r := range s.routes {
		list[r.pattern] = string(r.who)
	}
	return list
}

// Known is the actor as the engine knows them, with a role in their tenant.
func (a Actor) Known(role myodai.Role, email myodai.Address) Actor {
	a.access = access.Actor{
		Member: myodai.Member{ID: a.Member, TenantID: a.Tenant, Role: role, Email: email}, Tenant: a.Tenant, Role: role,
	}
	return a
}
