package console

import "net/http"

func (s *Server) routeReset() {
	s.add("GET /reset", everyone, askReset)
	s.add("POST /reset", everyone, requestReset)
	s.add("GET /reset/{token}", everyone, askNewPassword)
	s.add("POST /reset/{token}", everyone, setNewPassword)
}

// oneView is a page with one small form.
type oneView struct {
	Heading string
	Lead    string
	Fields  []field
	Problem string
	Button  string
	Cancel  string // address, "" for none
}

func askReset(v *visit) error { return v.showReset(http.StatusOK, "", problem{}) }

func (v *visit) showReset(status int, email string, p problem) error {
	return v.write(status, "one", v.say("reset.title"), oneView{
		Heading: v.say("reset.title"), Lead: v.say("reset.lead"), Button: v.say("reset.button"), Cancel: signInPath, Problem: p.at(""),
		Fields: []field{{Name: "email", Label: v.say("signin.email"), Type: "email", Value: email, Complete: "username", Problem: p.at("email")}},
	})
}

func requestReset(v *visit) error {
	email := v.r.PostFormValue("email")
	err := v.o.Access.RequestReset(v.r.Context(), email, v.from())
	if p, status, ok := v.judge(err); ok {
		return v.showReset(status, email, p)
	}
	if err != nil {
		return err
	}
	return v.done(signInPath, "reset.sent")
}

func askNewPassword(v *visit) error {
	if _, err := v.o.Access.ResetTicket(v.r.Context(), v.r.PathValue("token")); err != nil {
		return v.expired(err)
	}
	return v.showNewPassword(http.StatusOK, "", problem{})
}

func (v *visit) showNewPassword(status int, cancel string, p problem) error {
	return v.write(status, "one", v.say("reset.new_title"), oneView{
		Heading: v.say("reset.new_title"), Lead: v.say("reset.new_lead"), Button: v.say("reset.new_button"), Cancel: cancel, Problem: p.at(""),
		Fields: []field{v.passwordField(false, p)},
	})
}

func setNewPassword(v *visit) error {
	err := v.o.Access.Reset(v.r.Context(), v.r.PathValue("token"), v.r.PostFormValue("password"), v.from())
	if p, status, ok := v.judge(err); ok {
		return v.showNewPassword(status, "", p)
	}
	if err != nil {
		return v.expired(err)
	}
	v.forget(sessionCookie)
	return v.done(signInPath, "reset.done")
}
