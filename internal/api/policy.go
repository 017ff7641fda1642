package api

import (
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
)

// ShownPolicy is a policy in its layers.
type ShownPolicy struct {
	Set       myodai.Policy `json:"set" doc:"What has been said here; what is missing is left to the layer below: of a tenant the platform's, of the platform the defaults."`
	Effective myodai.Policy `json:"effective" doc:"What counts."`
}

func (s *Server) registerPolicy() {
	register(s, operation{
		id: "get-policy", method: http.MethodGet, path: "/policy", tag: "policy", scope: scopeBoth,
		summary: "Show the policy that counts for the tenant, or with the operator's key the platform's",
	}, func(ctx context.Context, who myodai.Credential, _ *struct{}) (*output[ShownPolicy], error) {
		return s.showPolicy(ctx, who.TenantID)
	})
	register(s, operation{
		id: "set-policy", method: http.MethodPut, path: "/policy", tag: "policy", scope: scopeOperator,
		summary: "Replace the platform's policy", details: policyDetails,
	}, func(ctx context.Context, _ myodai.Credential, in *struct{ Body myodai.Policy }) (*output[ShownPolicy], error) {
		return s.setPolicy(ctx, "", in.Body)
	})
	register(s, operation{
		id: "get-tenant-policy", method: http.MethodGet, path: "/tenants/{tenant_id}/policy", tag: "policy", scope: scopeOperator,
		summary: "Show the policy of a tenant",
	}, func(ctx context.Context, _ myodai.Credential, in *TenantPath) (*output[ShownPolicy], error) {
		tenant, err := in.id()
		if err != nil {
			return nil, err
		}
		if _, err := s.o.Store.Tenant(ctx, tenant); err != nil {
			return nil, err
		}
		return s.showPolicy(ctx, tenant)
	})
	register(s, operation{
		id: "set-tenant-policy", method: http.MethodPut, path: "/tenants/{tenant_id}/policy", tag: "policy", scope: scopeOperator,
		summary: "Replace what is different for a tenant", details: policyDetails,
	}, func(ctx context.Context, _ myodai.Credential, in *struct {
		TenantPath
		Body myodai.Policy
	}) (*output[ShownPolicy], error) {
		tenant, err := in.id()
		if err != nil {
			return nil, err
		}
		return s.setPolicy(ctx, tenant, in.Body)
	})
}

const policyDetails = "Fields that are left out say nothing, so {} leaves everything to the layer below. It counts within five seconds."

func (s *Server) showPolicy(ctx context.Context, tenant myodai.TenantID) (*output[ShownPolicy], error) {
	set, err := s.o.Store.OwnPolicy(ctx, tenant)
	if err != nil {
		return nil, err
	}
	effective, err := s.o.Store.Policy(ctx, tenant)
	return outputOf(ShownPolicy{set, effective}), err
}

func (s *Server) setPolicy(ctx context.Context, tenant myodai.TenantID, p myodai.Policy) (*output[ShownPolicy], error) {
	if err := p.Check(s.o.Routes); err != nil {
		return nil, err
	}
	var events []myodai.Event
	if now := time.Now(); tenant != "" {
		events = []myodai.Event{{
			ID: myodai.NewID[myodai.EventID](now, s.o.Random), TenantID: tenant, Kind: myodai.EventPolicyChanged, At: now,
			Data: map[string]any{"set": p},
		}}
	}
	if err := s.o.Store.SetPolicy(ctx, tenant, p, events...); err != nil {
		return nil, err
	}
	return s.showPolicy(ctx, tenant)
}
