package console

import (
	"net/http"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

func (s *Server) routeJoin() {
	s.add("GET /setup/{token}", everyone, askFirst)
	s.add("POST /setup/{token}", everyone, makeFirst)
	s.add("GET /invitation/{token}", everyone, showInvitation)
	s.add("POST /invitation/{token}", everyone, acceptInvitation)
}

// joinView is the page at which somebody becomes a member, or the first operator.
type joinView struct {
	Heading  string
	Lead     string
	Fields   []field
	Problem  string
	Provider string // what to know about signing in at a provider, "" for nothing
	Button   string
}

// joinedView is the page of somebody who has become a member and is not signed in.
type joinedView struct{ Group, Provider string }

// profileFields are what people say of themselves.
func (r reader) profileFields(name string, lang Lang, p problem) []field {
	return []field{
		{Name: "name", Label: r.say("join.name"), Hint: r.say("join.name_hint"), Value: name, Complete: "name", Optional: true, Problem: p.at("name")},
		{Name: "language", Label: r.say("join.language"), Type: "select", Problem: p.at("language"), Options: []option{
			{"ja", "日本語", lang == Japanese}, {"en", "English", lang != Japanese},
		}},
	}
}

func (r reader) passwordField(optional bool, p problem) field {
	return field{
		Name: "password", Label: r.say("join.password"), Hint: r.say("join.password_hint"), Type: "password",
		Complete: "new-password", Optional: optional, Problem: p.at("password"),
	}
}

// profile is what a form says of a person.
func (v *visit) profile() access.Profile {
	return access.Profile{Name: v.r.PostFormValue("name"), Language: v.r.PostFormValue("language")}
}

func askFirst(v *visit) error {
	if err := v.o.Access.Setup(v.r.Context(), v.r.PathValue("token")); err != nil {
		return v.expired(err)
	}
	return v.showFirst(http.StatusOK, "", access.Profile{Language: string(v.lang)}, problem{})
}

func (v *visit) showFirst(status int, email string, profile access.Profile, p problem) error {
	fields := []field{{Name: "email", Label: v.say("join.email"), Type: "email", Value: email, Complete: "username", Problem: p.at("email")}}
	fields = append(fields, v.profileFields(profile.Name, Lang(profile.Language), p)...)
	return v.write(status, "join", v.say("join.first_title"), joinView{
		Heading: v.say("join.first_title"), Lead: v.say("join.first_lead"), Button: v.say("join.first_button"), Problem: p.at(""),
		Fields: append(fields, v.passwordField(false, p)),
	})
}

func makeFirst(v *visit) error {
	email, profile := v.r.PostFormValue("email"), v.profile()
	in, err := v.o.Access.FirstOperator(v.r.Context(), v.r.PathValue("token"), email, profile, v.r.PostFormValue("password"), v.from(), v.token())
	if p, status, ok := v.judge(err); ok {
		return v.showFirst(status, email, profile, p)
	}
	if err != nil {
		return v.expired(err)
	}
	v.enter(in)
	return v.done("/", "join.first_done")
}

func showInvitation(v *visit) error {
	i, err := v.o.Access.Invitation(v.r.Context(), v.r.PathValue("token"))
	if err != nil {
		return v.expired(err)
	}
	if v.r.URL.Query().Get("lang") == "" {
		v.lang = Lang(i.Language) // as the mail was
	}
	return v.showJoin(http.StatusOK, i, access.Profile{Language: i.Language}, problem{})
}

func (v *visit) showJoin(status int, i access.Invited, profile access.Profile, p problem) error {
	view := joinView{
		Heading: v.say("join.title", i.Group), Button: v.say("join.button"), Problem: p.at(""),
		Lead:   v.say("join.lead", i.Ticket.By, i.Ticket.Email.String(), v.roleName(i.Ticket.Role)),
		Fields: append(v.profileFields(profile.Name, Lang(profile.Language), p), v.passwordField(i.Provider, p)),
	}
	if p.Field == "email" {
		view.Problem = p.Message
	}
	if i.Provider {
		view.Provider = v.say("join.provider")
	}
	return v.write(status, "join", view.Heading, view)
}

// roleName is a role in a word.
func (r reader) roleName(role myodai.Role) string { return r.say("join.role_" + string(role)) }

func acceptInvitation(v *visit) error {
	token := v.r.PathValue("token")
	i, err := v.o.Access.Invitation(v.r.Context(), token)
	if err != nil {
		return v.expired(err)
	}
	profile := v.profile()
	in, err := v.o.Access.AcceptInvitation(v.r.Context(), token, profile, v.r.PostFormValue("password"), v.from(), v.token())
	if p, status, ok := v.judge(err); ok {
		return v.showJoin(status, i, profile, p)
	}
	if err != nil {
		return err
	}
	if in.Token == "" {
		// Their provider signs them in. A link leads there, because the policy keeps
		// forms, and what they lead to, with us.
		return v.show("joined", v.say("join.joined_title"), joinedView{Group: i.Group, Provider: "/sign-in/provider?tenant=" + string(in.Member.TenantID)})
	}
	v.enter(in)
	return v.done("/", "join.done", i.Group)
}
