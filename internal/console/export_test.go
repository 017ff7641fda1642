package console

import (
	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

// Known is the actor as the engine knows them, with a role in their tenant.
func (a Actor) Known(role myodai.Role, email myodai.Address) Actor {
	a.access = access.Actor{
		Member: myodai.Member{ID: a.Member, TenantID: a.Tenant, Role: role, Email: email}, Tenant: a.Tenant, Role: role,
	}
	return a
}
