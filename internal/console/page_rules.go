package console

import (
	"net/http"

	"github.com/myodai/myodai"
)

func (s *Server) routeRules() {
	s.add("GET /members/sign-in", owners, showRules)
	s.add("POST /members/sign-in", owners, setRules)
}

// rulesView is the page about how members sign in.
type rulesView struct {
	SecondFactor bool
	ProviderOnly bool
	Fields       []field
	Problem      string
	Callback     copyable
	Link         copyable // where members begin; empty before there is a provider
}

func showRules(v *visit) error {
	rules, err := v.o.Access.SignInRules(v.r.Context(), v.actor.Tenant)
	if err != nil {
		return err
	}
	return v.showRules(http.StatusOK, rules, problem{})
}

func (v *visit) showRules(status int, rules myodai.SignInRules, p problem) error {
	view := rulesView{
		SecondFactor: rules.SecondFactor, ProviderOnly: rules.ProviderOnly, Problem: p.at(""),
		Fields: []field{
			{Name: "issuer", Label: v.say("rules.issuer"), Hint: v.say("rules.issuer_hint"), Type: "url", Value: rules.Issuer, Code: true, Optional: true, Problem: p.at("issuer")},
			{Name: "client_id", Label: v.say("rules.client_id"), Value: rules.ClientID, Code: true, Optional: true, Problem: p.at("client_id")},
			{Name: "client_secret", Label: v.say("rules.client_secret"), Hint: v.say("rules.client_secret_hint"), Type: "password", Optional: true, Problem: p.at("client_secret")},
		},
		Callback: copyable{Label: v.say("rules.callback"), Value: v.o.Access.CallbackURL()},
		Link:     copyable{Label: v.say("rules.link"), Empty: v.say("rules.link_none")},
	}
	if rules.Issuer != "" && p == (problem{}) {
		view.Link.Value = v.o.Access.ProviderLink(v.actor.Tenant)
	}
	return v.write(status, "rules", v.say("rules.title"), view)
}

func setRules(v *visit) error {
	if ok, err := v.confirmed("/members/sign-in"); !ok {
		return err
	}
	rules := myodai.SignInRules{
		TenantID: v.actor.Tenant, SecondFactor: v.r.PostFormValue("second_factor") == "on", ProviderOnly: v.r.PostFormValue("provider_only") == "on",
		Issuer: v.r.PostFormValue("issuer"), ClientID: v.r.PostFormValue("client_id"), ClientSecret: v.r.PostFormValue("client_secret"),
	}
	err := v.o.Access.SetSignInRules(v.r.Context(), v.by(), rules)
	if p, status, ok := v.judgeSignIn(err); ok {
		return v.showRules(status, rules, p)
	}
	if err != nil {
		return err
	}
	return v.done("/members/sign-in", "rules.saved")
}
