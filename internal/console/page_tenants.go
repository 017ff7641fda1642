package console

import (
	"context"
	"net/http"

	"github.com/myodai/myodai"
)

// tenantsView is the list of tenants, with a form for another one.
type tenantsView struct {
	Lines   []tenantLine
	Next    string
	Fields  []field
	Problem string
}

type tenantLine struct {
	ID, Name, Path string
	State          chip
	Suspended      bool
	Created        moment
}

// tenantPath is the operator's page of a tenant.
func tenantPath(id myodai.TenantID) string { return "/operator/tenants/" + string(id) }

func listTenants(v *visit) error { return v.showTenants(http.StatusOK, "", problem{}) }

func (v *visit) showTenants(status int, name string, p problem) error {
	list, next, err := v.o.Store.Tenants(v.r.Context(), myodai.Page{After: v.r.URL.Query().Get("after"), Limit: 50})
	if err != nil {
		return err
	}
	return v.write(status, "tenants", v.say("tenants.title"), newTenantsView(v.reader, list, next, name, p))
}

func newTenantsView(r reader, list []myodai.Tenant, next, name string, p problem) tenantsView {
	view := tenantsView{Problem: p.at(""), Fields: []field{
		{Name: "name", Label: r.say("tenants.name"), Hint: r.say("tenants.name_hint"), Value: name, Problem: p.at("name")},
	}}
	for _, t := range list {
		view.Lines = append(view.Lines, newTenantLine(r, t))
	}
	if next != "" {
		view.Next = "/operator/tenants?after=" + next
	}
	return view
}

func newTenantLine(r reader, t myodai.Tenant) tenantLine {
	line := tenantLine{
		ID: string(t.ID), Name: t.Name, Path: tenantPath(t.ID), State: chip{r.say("tenants.active"), toneGood}, Created: r.moment(t.CreatedAt),
		Suspended: t.State == myodai.TenantSuspended,
	}
	if line.Suspended {
		line.State = chip{r.say("tenants.suspended"), toneBad}
	}
	return line
}

func createTenant(v *visit) error {
	name := v.r.PostFormValue("name")
	t, err := v.o.Access.CreateTenant(v.r.Context(), name)
	if p, status, ok := v.judge(err); ok {
		return v.showTenants(status, name, p)
	}
	if err != nil {
		return err
	}
	return v.done(tenantPath(t.ID), "tenants.created", t.Name)
}

// tenantView is one tenant as operators see it.
type tenantView struct {
	tenantLine
	Policy  policyView
	Waiving []field      // of the form by which a tenant may send without an audit; none without audits
	Waived  []waiverLine // newest first
}

// customer is the tenant that the address names. The platform, which is a tenant
// of its own, is none.
func (v *visit) customer() (myodai.Tenant, error) {
	id, err := myodai.ParseID[myodai.TenantID](v.r.PathValue("tenant"))
	if err != nil || id == myodai.PlatformTenant {
		return myodai.Tenant{}, errNoPage
	}
	return v.o.Store.Tenant(v.r.Context(), id)
}

func showTenant(v *visit) error {
	t, err := v.customer()
	if err != nil {
		return err
	}
	layers, err := v.layers(t.ID)
	if err != nil {
		return err
	}
	return v.showTenant(http.StatusOK, t, layers, problem{})
}

func (v *visit) showTenant(status int, t myodai.Tenant, layers policyLayers, p problem) error {
	view := tenantView{tenantLine: newTenantLine(v.reader, t), Policy: newPolicyView(v.reader, layers, v.o.Routes, p)}
	view.Policy.Action = tenantPath(t.ID) + "/policy"
	if v.o.Hygiene != nil {
		if err := v.addWaivers(&view, t.ID, p); err != nil {
			return err
		}
	}
	return v.write(status, "tenant", t.Name, view)
}

func suspendTenant(v *visit) error {
	return v.changeTenant(v.o.Access.Suspend, "tenants.was_suspended")
}

func resumeTenant(v *visit) error { return v.changeTenant(v.o.Access.Resume, "tenants.was_resumed") }

func (v *visit) changeTenant(change func(context.Context, myodai.TenantID) (myodai.Tenant, error), said string) error {
	t, err := v.customer()
	if err != nil {
		return err
	}
	if ok, err := v.confirmed(tenantPath(t.ID)); !ok {
		return err
	}
	if t, err = change(v.r.Context(), t.ID); err != nil {
		return err
	}
	return v.done(tenantPath(t.ID), said, t.Name)
}
