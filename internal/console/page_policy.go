package console

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/myodai/myodai"
)

// policyLayers is what is said about sending, of the platform or of one tenant.
type policyLayers struct {
	Set   myodai.Policy // what is said here
	Below myodai.Policy // what counts where nothing is said here
}

// policyView is a policy as a form.
type policyView struct {
	Action  string
	Tenant  bool // it is one tenant's
	Problem string
	Fields  []field
	Classes []classView
}

// classView is what is done with one class of mail.
type classView struct {
	Name, Title          string
	Prefix               string // of the names of its inputs
	Fields               []field
	Unsubscribe          bool
	TrackOpen, TrackLink bool
}

// layers reads the policy of a tenant, or of the platform with "".
func (v *visit) layers(tenant myodai.TenantID) (policyLayers, error) {
	set, err := v.o.Store.OwnPolicy(v.r.Context(), tenant)
	below := myodai.DefaultPolicy()
	if err == nil && tenant != "" {
		var platform myodai.Policy
		platform, err = v.o.Store.OwnPolicy(v.r.Context(), "")
		below = platform.Over(below)
	}
	return policyLayers{set, below}, err
}

func showPlatformPolicy(v *visit) error {
	layers, err := v.layers("")
	if err != nil {
		return err
	}
	return v.showPolicy(http.StatusOK, layers, problem{})
}

func (v *visit) showPolicy(status int, layers policyLayers, p problem) error {
	view := newPolicyView(v.reader, layers, v.o.Routes, p)
	view.Action = "/operator/policy"
	return v.write(status, "policy", v.say("policy.title"), view)
}

func newPolicyView(r reader, layers policyLayers, routes []string, p problem) policyView {
	set, below := layers.Set, layers.Below
	view := policyView{Problem: p.at("")}
	choose := func(name, value, under string, values ...string) {
		f := field{Name: name, Label: r.say("policy." + name), Hint: r.say("policy." + name + "_hint"), Type: "select", Problem: p.at(name)}
		f.Options = []option{{"", r.say("policy.unsaid", r.say("policy."+name+"_"+under)), value == ""}}
		for _, one := range values {
			f.Options = append(f.Options, option{one, r.say("policy." + name + "_" + one), value == one})
		}
		f.Optional = true
		view.Fields = append(view.Fields, f)
	}
	choose("verification", string(set.Verification), string(below.Verification), "domain", "address", "both", "either")
	choose("addresses", string(set.Addresses), string(below.Addresses), "many", "one")
	choose("suppressed", string(set.Suppressed), string(below.Suppressed), "drop", "refuse", "hold", "bounce")
	choose("audit_required", string(set.AuditRequired), string(below.AuditRequired), "on", "off")
	choose("tls", string(set.TLS), string(below.TLS), "required", "verified", "requiretls")
	limit := ""
	if set.Senders != nil {
		limit = "list"
	}
	under := "any"
	if below.Senders != nil {
		under = "list"
	}
	choose("senders_rule", limit, under, "list")
	view.Fields = append(view.Fields, policyTexts(r, layers, p)...)
	for i, c := range set.Over(below).Classes {
		view.Classes = append(view.Classes, newClassView(r, i, c, routes, p))
	}
	return view
}

// policyTexts are the fields of a policy that are written.
func policyTexts(r reader, layers policyLayers, p problem) []field {
	set, below := layers.Set, layers.Below
	senders := ""
	if set.Senders != nil {
		senders = set.Senders.String()
	}
	span := func(name string, said, unsaid myodai.Span) field {
		value := ""
		if said != 0 {
			value = spanText(said)
		}
		return field{
			Name: name, Label: r.say("policy." + name), Hint: r.say("policy."+name+"_hint", spanText(unsaid)), Value: value,
			Code: true, Optional: true, Problem: p.at(name),
		}
	}
	free := namesText(set.FreeMailAllowed)
	return []field{
		{Name: "senders", Label: r.say("policy.senders"), Hint: r.say("policy.senders_hint"), Type: "textarea", Rows: 4, Value: senders, Code: true, Optional: true, Problem: p.at("senders")},
		{Name: "free_mail_allowed", Label: r.say("policy.free_mail_allowed"), Hint: r.say("policy.free_mail_allowed_hint"), Type: "textarea", Rows: 3, Value: free, Code: true, Optional: true, Problem: p.at("free_mail_allowed")},
		{Name: "confirmation_subject", Label: r.say("policy.confirmation_subject"), Hint: r.say("policy.unsaid", below.ConfirmationSubject), Value: set.ConfirmationSubject, Optional: true, Problem: p.at("confirmation_subject")},
		span("confirmation_life", set.ConfirmationLife, below.ConfirmationLife),
		span("keep_bodies", set.KeepBodies, below.KeepBodies),
		span("keep_records", set.KeepRecords, below.KeepRecords),
	}
}

func newClassView(r reader, at int, c myodai.Class, routes []string, p problem) classView {
	prefix := classPrefix(at)
	view := classView{
		Name: string(c.Name), Title: c.Title.EN, Prefix: prefix, Unsubscribe: c.Unsubscribe, TrackOpen: c.Track.Opens, TrackLink: c.Track.Clicks,
	}
	if r.lang == Japanese && c.Title.JA != "" {
		view.Title = c.Title.JA
	}
	ways := []option{{string(myodai.RouteDelivery), r.say("policy.route_delivery"), false}}
	for _, name := range routes {
		way := option{"smarthost:" + name, name, false}
		if name == myodai.NormalRoute {
			way = option{string(myodai.RouteNormal), r.say("policy.route_normal"), false}
		}
		ways = append(ways, way)
	}
	for i := range ways {
		ways[i].Selected = ways[i].Value == string(cmp.Or(c.Route, myodai.RouteDelivery))
	}
	var rules []option
	for _, rule := range []string{"refuse", "hold", "normal", "platform"} {
		rules = append(rules, option{rule, r.say("policy.unverified_" + rule), rule == string(cmp.Or(c.Unverified, myodai.UnverifiedRefuse))})
	}
	var returns []option
	for _, rule := range []myodai.ReturnPathRule{myodai.ReturnPathRecipient, myodai.ReturnPathMessage} {
		returns = append(returns, option{string(rule), r.say("policy.return_path_" + string(rule)), rule == cmp.Or(c.ReturnPath, myodai.ReturnPathRecipient)})
	}
	life := ""
	if c.Life != 0 {
		life = spanText(c.Life)
	}
	view.Fields = []field{
		{Name: prefix + "route", Label: r.say("policy.route"), Type: "select", Options: ways, Problem: p.at(prefix + "route")},
		{Name: prefix + "unverified", Label: r.say("policy.unverified"), Type: "select", Options: rules, Problem: p.at(prefix + "unverified")},
		{Name: prefix + "return_path", Label: r.say("policy.return_path"), Hint: r.say("policy.return_path_hint"), Type: "select", Options: returns, Problem: p.at(prefix + "return_path")},
		{Name: prefix + "life", Label: r.say("policy.life"), Hint: r.say("policy.life_hint"), Value: life, Code: true, Optional: true, Problem: p.at(prefix + "life")},
	}
	return view
}

func setPlatformPolicy(v *visit) error {
	if ok, err := v.confirmed("/operator/policy"); !ok {
		return err
	}
	layers, err := v.layers("")
	if err != nil {
		return err
	}
	layers.Set, err = v.savePolicy("", layers)
	if p, status, ok := v.judge(err); ok {
		return v.showPolicy(status, layers, p)
	}
	if err != nil {
		return err
	}
	return v.done("/operator/policy", "policy.saved")
}

func setTenantPolicy(v *visit) error {
	t, err := v.customer()
	if err != nil {
		return err
	}
	if ok, err := v.confirmed(tenantPath(t.ID)); !ok {
		return err
	}
	layers, err := v.layers(t.ID)
	if err != nil {
		return err
	}
	layers.Set, err = v.savePolicy(t.ID, layers)
	if p, status, ok := v.judge(err); ok {
		return v.showTenant(status, t, layers, p)
	}
	if err != nil {
		return err
	}
	return v.done(tenantPath(t.ID), "policy.saved")
}

// savePolicy reads the form and puts what it says in place of what was said. It
// returns what the form says in any case.
func (v *visit) savePolicy(tenant myodai.TenantID, layers policyLayers) (myodai.Policy, error) {
	if err := v.r.ParseForm(); err != nil {
		return layers.Set, err
	}
	policy, err := readPolicy(v.r.PostForm, layers)
	if err == nil {
		err = policy.Check(v.o.Routes)
	}
	if err != nil {
		return policy, err
	}
	return policy, v.storePolicy(v.r.Context(), tenant, policy)
}

func (v *visit) storePolicy(ctx context.Context, tenant myodai.TenantID, policy myodai.Policy) error {
	var events []myodai.Event
	if tenant != "" {
		now := time.Now()
		events = []myodai.Event{{
			ID: myodai.NewID[myodai.EventID](now, v.o.Random), TenantID: tenant, Kind: myodai.EventPolicyChanged, At: now,
			Data: map[string]any{"set": policy},
		}}
	}
	return v.o.Store.SetPolicy(ctx, tenant, policy, events...)
}
