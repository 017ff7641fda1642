package console

import (
	"net/http"
	"strings"

	"github.com/myodai/myodai"
)

func (s *Server) routeAccount() {
	s.add("GET /account", people, showAccount)
	s.add("POST /account/profile", people, saveProfile)
	s.add("POST /account/sessions/end", people, endOtherSessions)
	s.add("POST /account/sessions/{id}/end", people, endSession)
	s.add("GET /account/confirm", people, askConfirm)
	s.add("POST /account/confirm", people, confirm)
}

// accountView is the page about oneself.
type accountView struct {
	Email    string
	Role     string
	Group    string // tenant or platform
	Profile  []field
	Problem  string
	Password bool // there is one
	TOTP     bool
	Recovery int // codes that are left
	Passkeys []passkeyLine
	Adding   passkeyForm
	Sessions []sessionLine
	Provider bool // signed in by a provider
	Enroll   bool
}

type passkeyLine struct {
	ID, Name      string
	Created, Used moment
}

type sessionLine struct {
	ID      string
	Agent   string
	Address string
	Begun   moment
	Seen    moment
	Here    bool
}

func showAccount(v *visit) error {
	m := v.actor.access.Member
	return v.showAccount(http.StatusOK, v.profileFields(m.Name, Lang(m.Language), problem{}), problem{})
}

func (v *visit) showAccount(status int, profile []field, p problem) error {
	sessions, err := v.o.Access.OwnSessions(v.r.Context(), v.actor.access)
	if err != nil {
		return err
	}
	view := newAccountView(v.reader, v.actor, sessions)
	view.Profile, view.Problem = profile, p.at("")
	return v.write(status, "account", v.say("account.title"), view)
}

func newAccountView(r reader, who Actor, sessions []myodai.Session) accountView {
	m := who.access.Member
	view := accountView{
		Email: m.Email.String(), Role: r.roleName(m.Role), Group: who.TenantName, Password: m.Password != "", TOTP: len(m.TOTP) > 0,
		Recovery: len(m.Recovery), Provider: who.access.Session.Provider, Enroll: who.Enroll,
		Adding: passkeyForm{
			Action: "/account/passkeys", Challenge: "/account/passkeys/challenge", New: true, Label: r.say("account.passkey_add"),
			Naming: []field{{Name: "passkey_name", Label: r.say("account.passkey_name"), Hint: r.say("account.passkey_name_hint"), Optional: true}},
		},
	}
	for _, p := range m.Passkeys {
		line := passkeyLine{ID: p.ID, Name: p.Name, Created: r.moment(p.CreatedAt), Used: r.moment(p.UsedAt)}
		if line.Name == "" {
			line.Name = r.say("account.passkey")
		}
		view.Passkeys = append(view.Passkeys, line)
	}
	for _, s := range sessions {
		view.Sessions = append(view.Sessions, sessionLine{
			ID: string(s.ID), Agent: r.agentName(s.Agent), Address: s.Address, Begun: r.moment(s.CreatedAt), Seen: r.moment(s.SeenAt),
			Here: s.ID == who.access.Session.ID,
		})
	}
	return view
}

// agentName says in two words what a browser says it is in a hundred.
func (r reader) agentName(agent string) string {
	name, system := "", ""
	for _, known := range [][2]string{
		{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	} {
		if strings.Contains(agent, known[0]) {
			name = known[1]
			break
		}
	}
	for _, known := range [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS", "macOS"}, {"Linux", "Linux"},
	} {
		if strings.Contains(agent, known[0]) {
			system = known[1]
			break
		}
	}
	switch {
	case name == "":
		return r.say("account.agent_unknown")
	case system == "":
		return name
	}
	return r.say("account.agent", name, system)
}

func saveProfile(v *visit) error {
	profile := v.profile()
	err := v.o.Access.UpdateProfile(v.r.Context(), v.actor.access, profile, v.from())
	if p, status, ok := v.judge(err); ok {
		return v.showAccount(status, v.profileFields(profile.Name, Lang(profile.Language), p), p)
	}
	if err != nil {
		return err
	}
	v.lang = Lang(profile.Language)
	return v.done("/account", "account.saved")
}

func endSession(v *visit) error {
	id, err := myodai.ParseID[myodai.SessionID](v.r.PathValue("id"))
	if err != nil {
		return errNoPage
	}
	if err := v.o.Access.EndSession(v.r.Context(), v.actor.access, id, v.from()); err != nil {
		return err
	}
	return v.done("/account", "account.session_ended")
}

func endOtherSessions(v *visit) error {
	if err := v.o.Access.EndOtherSessions(v.r.Context(), v.actor.access, v.from()); err != nil {
		return err
	}
	return v.done("/account", "account.sessions_ended")
}

// confirmPath is where people prove who they are before something dangerous.
const confirmPath = "/account/confirm"

// confirmView is that page.
type confirmView struct {
	Fields   []field
	Problem  string
	Return   string
	Passkey  *passkeyForm // nil for who has none
	Provider string       // address at which who came by a provider begins anew, "" for others
}

func askConfirm(v *visit) error { return v.showConfirm(http.StatusOK, problem{}) }

func (v *visit) showConfirm(status int, p problem) error {
	a := v.actor.access
	view := confirmView{Problem: p.at(""), Return: v.back()}
	if a.Member.Password != "" || len(a.Member.TOTP) > 0 {
		view.Fields = []field{{
			Name: "proof", Label: v.say("account.proof"), Hint: v.say("account.proof_hint"), Type: "password", Complete: "current-password", Problem: p.at("proof"),
		}}
	}
	if len(a.Member.Passkeys) > 0 {
		view.Passkey = &passkeyForm{
			Action: "/sign-in/passkey", Challenge: "/sign-in/passkey/challenge", Label: v.say("signin.passkey"), Return: view.Return,
		}
	}
	if a.Session.Provider {
		view.Provider = withReturn("/sign-in/provider", view.Return)
		if a.Tenant != "" {
			view.Provider = "/sign-in/provider?tenant=" + string(a.Tenant)
		}
	}
	return v.write(status, "confirm", v.say("account.confirm_title"), view)
}

func confirm(v *visit) error {
	in, err := v.o.Access.Confirm(v.r.Context(), v.actor.access, v.token(), v.r.PostFormValue("proof"), v.from())
	if p, status, ok := v.judgeSignIn(err); ok {
		return v.showConfirm(status, p)
	}
	if err != nil {
		return err
	}
	v.enter(in)
	return v.to(v.back())
}
