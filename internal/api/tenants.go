package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
)

// Tenant is a customer of the platform.
type Tenant struct {
	ID        myodai.TenantID    `json:"id" example:"ten_06et8f9k2m5q7r8s9t0v1w2x3y"`
	Name      string             `json:"name"`
	State     myodai.TenantState `json:"state" enum:"active,suspended"`
	CreatedAt time.Time          `json:"created_at"`
}

func showTenant(t myodai.Tenant) Tenant {
	return Tenant{ID: t.ID, Name: t.Name, State: t.State, CreatedAt: utc(t.CreatedAt)}
}

// NewTenant is what the operator says of a new tenant.
type NewTenant struct {
	Name string `json:"name" doc:"What the platform operator calls it; 1 to 100 characters." example:"Acme"`
}

// TenantPath names a tenant in the path.
type TenantPath struct {
	TenantID string `path:"tenant_id"`
}

func (p TenantPath) id() (myodai.TenantID, error) {
	return pathID(myodai.ParseID[myodai.TenantID], p.TenantID, "tenant")
}

// pathID reads an id of the path. What is no id names nothing, and is answered
// like an id that names nothing.
func pathID[T any](parse func(string) (T, error), s, noun string) (T, error) {
	id, err := parse(s)
	if err != nil {
		return id, myodai.Refuse(myodai.CodeNotFound, "", "there is no %s with this id", noun)
	}
	return id, nil
}

func (s *Server) registerTenants() {
	register(s, operation{
		id: "create-tenant", method: http.MethodPost, path: "/tenants", tag: "tenants", scope: scopeOperator,
		summary: "Take on a customer", status: http.StatusCreated,
	}, func(ctx context.Context, _ myodai.Credential, in *struct{ Body NewTenant }) (*output[Tenant], error) {
		t, err := s.o.Access.CreateTenant(ctx, in.Body.Name)
		return outputOf(showTenant(t)), err
	})
	register(s, operation{
		id: "list-tenants", method: http.MethodGet, path: "/tenants", tag: "tenants", scope: scopeOperator,
		summary: "List all tenants, oldest first",
	}, func(ctx context.Context, _ myodai.Credential, in *struct{ PageQuery }) (*listOutput[Tenant], error) {
		list, next, err := s.o.Store.Tenants(ctx, in.page())
		return listOf(list, next, showTenant), err
	})
	s.registerOneTenant("get-tenant", http.MethodGet, "", "Show a tenant", s.o.Store.Tenant)
	s.registerOneTenant("suspend-tenant", http.MethodPost, "/suspend",
		"Shut a tenant out: its credentials stop working and its queued mail is held", s.o.Access.Suspend)
	s.registerOneTenant("resume-tenant", http.MethodPost, "/resume", "Undo a suspension", s.o.Access.Resume)
	register(s, operation{
		id: "create-tenant-credential", method: http.MethodPost, path: "/tenants/{tenant_id}/credentials", tag: "tenants",
		scope: scopeOperator, summary: "Create a credential for a tenant", details: onceOnly, status: http.StatusCreated,
	}, func(ctx context.Context, _ myodai.Credential, in *struct {
		TenantPath
		Body NewCredential
	}) (*output[CreatedCredential], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return s.createCredential(ctx, id, in.Body)
	})
}

// registerOneTenant adds an operation on one tenant that needs nothing but its
// id and answers with what became of it.
func (s *Server) registerOneTenant(id, method, path, summary string, do func(context.Context, myodai.TenantID) (myodai.Tenant, error)) {
	register(s, operation{
		id: id, method: method, path: "/tenants/{tenant_id}" + path, tag: "tenants", scope: scopeOperator, summary: summary,
	}, func(ctx context.Context, _ myodai.Credential, in *TenantPath) (*output[Tenant], error) {
		tenant, err := in.id()
		if err != nil {
			return nil, err
		}
		t, err := do(ctx, tenant)
		return outputOf(showTenant(t)), err
	})
}
