package console

import "github.com/myodai/myodai"

// waiverLine is why a tenant may send without an audit of its addresses.
type waiverLine struct {
	Class  string // "" for all mail
	Reason string
	At     moment
}

// addWaivers adds what was waived for a tenant, and the form that waives more.
func (v *visit) addWaivers(view *tenantView, tenant myodai.TenantID, p problem) error {
	classes, err := v.classField(tenant, v.r.PostFormValue("class"), p)
	if err != nil {
		return err
	}
	view.Waiving = []field{classes, {
		Name: "reason", Label: v.say("tenants.waive_reason"), Hint: v.say("tenants.waive_hint"), Value: v.r.PostFormValue("reason"), Problem: p.at("reason"),
	}}
	list, _, err := v.o.Store.ListAudits(v.r.Context(), tenant, myodai.Page{Limit: myodai.MaxPage})
	for _, a := range list {
		if a.State == myodai.ListAuditWaived {
			view.Waived = append(view.Waived, waiverLine{string(a.Class), a.Reason, v.moment(a.CreatedAt)})
		}
	}
	return err
}

// waiveAudit lets a tenant send without an audit.
func waiveAudit(v *visit) error {
	t, err := v.customer()
	if err != nil {
		return err
	}
	class, err := v.classNamed(t.ID, v.r.PostFormValue("class"))
	if err == nil {
		_, err = v.o.Hygiene.Waive(v.r.Context(), t.ID, class, v.r.PostFormValue("reason"), string(v.actor.Member))
	}
	if p, status, ok := v.judge(err); ok {
		layers, err := v.layers(t.ID)
		if err != nil {
			return err
		}
		return v.showTenant(status, t, layers, p)
	}
	if err != nil {
		return err
	}
	return v.done(tenantPath(t.ID), "tenants.was_waived", t.Name)
}
