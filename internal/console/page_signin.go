package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

func (s *Server) routeSignIn() {
	s.add("GET /sign-in", everyone, askSignIn)
	s.add("POST /sign-in", everyone, signIn)
	s.add("GET /sign-in/code", everyone, askCode)
	s.add("POST /sign-in/code", everyone, giveCode)
	s.add("POST /sign-in/passkey/challenge", everyone, challengePasskey)
	s.add("POST /sign-in/passkey", everyone, signInByPasskey)
	s.add("GET /sign-in/provider", everyone, signInByProvider)
	s.add("GET /sign-in/provider/callback", everyone, comeBack)
	s.add("POST /sign-out", everyone, signOut)
}

// signInView is the page to sign in at.
type signInView struct {
	Fields   []field
	Problem  string
	Return   string
	Passkey  passkeyForm
	Provider string // where platform operators sign in at a provider, "" for nowhere
	Reset    string
}

// passkeyForm is a form that script fills in with an authenticator's answer.
type passkeyForm struct {
	Action    string
	Challenge string // where script gets the challenge
	New       bool   // a passkey is made, not used
	Label     string
	Return    string
	Naming    []field // asked for with it
}

func askSignIn(v *visit) error {
	if v.actor.signedIn() {
		return v.to(v.back())
	}
	needed, err := v.o.Access.NeedsSetup(v.r.Context())
	if err != nil {
		return err
	}
	if needed {
		return v.show("setup_wanted", v.say("join.wanted_title"), struct{}{})
	}
	return v.showSignIn(http.StatusOK, "", problem{})
}

func (v *visit) showSignIn(status int, email string, p problem) error {
	rules, err := v.o.Access.SignInRules(v.r.Context(), "")
	if err != nil {
		return err
	}
	return v.write(status, "signin", v.say("signin.title"), newSignInView(v.reader, email, v.back(), rules.Issuer != "", p))
}

func newSignInView(r reader, email, back string, provider bool, p problem) signInView {
	view := signInView{
		Fields: []field{
			{Name: "email", Label: r.say("signin.email"), Type: "email", Value: email, Complete: "username", Problem: p.at("email")},
			{Name: "password", Label: r.say("signin.password"), Type: "password", Complete: "current-password", Problem: p.at("password")},
		},
		Problem: p.at(""), Return: back, Reset: "/reset",
		Passkey: passkeyForm{Action: "/sign-in/passkey", Challenge: "/sign-in/passkey/challenge", Label: r.say("signin.passkey"), Return: back},
	}
	if provider {
		view.Provider = withReturn("/sign-in/provider", back)
	}
	return view
}

// judgeSignIn is judge for pages at which one signs in: there it is part of the
// page that somebody is not recognized.
func (r reader) judgeSignIn(err error) (problem, int, bool) {
	if p, status, ok := r.judge(err); ok {
		return p, status, ok
	}
	refusal, ok := errors.AsType[*myodai.Error](err)
	if ok && (refusal.Code == myodai.CodeUnauthorized || refusal.Code == myodai.CodeUnavailable) {
		return problem{Field: refusal.Field, Message: r.tell(refusal)}, statusOf[refusal.Code], true
	}
	return problem{}, 0, false
}

func signIn(v *visit) error {
	email := v.r.PostFormValue("email")
	in, err := v.o.Access.SignIn(v.r.Context(), email, v.r.PostFormValue("password"), v.from(), v.token())
	if p, status, ok := v.judgeSignIn(err); ok {
		return v.showSignIn(status, email, p)
	}
	if err != nil {
		return err
	}
	v.enter(in)
	if in.Session.Half {
		return v.to(withReturn("/sign-in/code", v.back()))
	}
	return v.to(v.back())
}

// codeView is the page that asks for the second factor.
type codeView struct {
	Field   field
	Problem string
	Return  string
	Passkey *passkeyForm // nil for who has none
}

func askCode(v *visit) error { return v.showCode(http.StatusOK, problem{}) }

func (v *visit) showCode(status int, p problem) error {
	m, err := v.o.Access.HalfSession(v.r.Context(), v.token())
	if refusal, ok := errors.AsType[*myodai.Error](err); ok && refusal.Code == myodai.CodeUnauthorized {
		return v.to(withReturn(signInPath, v.back()))
	}
	if err != nil {
		return err
	}
	view := codeView{
		Field: field{
			Name: "code", Label: v.say("signin.code"), Hint: v.say("signin.code_hint"), Complete: "one-time-code", Code: true, Problem: p.at("code"),
		},
		Problem: p.at(""), Return: v.back(),
	}
	if len(m.Passkeys) > 0 {
		view.Passkey = &passkeyForm{
			Action: "/sign-in/passkey", Challenge: "/sign-in/passkey/challenge", Label: v.say("signin.passkey"), Return: v.back(),
		}
	}
	return v.write(status, "code", v.say("signin.code_title"), view)
}

func giveCode(v *visit) error {
	in, err := v.o.Access.SecondFactor(v.r.Context(), v.token(), v.r.PostFormValue("code"), v.from())
	if p, status, ok := v.judgeSignIn(err); ok {
		return v.showCode(status, p)
	}
	if err != nil {
		return err
	}
	v.enter(in)
	return v.to(v.back())
}

func challengePasskey(v *visit) error {
	challenge, err := v.o.Access.BeginPasskeySignIn(v.r.Context(), v.from())
	return v.answerScript(challenge, err)
}

// answerScript answers script with what it asked for.
func (v *visit) answerScript(challenge access.Challenge, err error) error {
	if err != nil {
		return err
	}
	text, err := json.Marshal(challenge)
	if err != nil {
		return err
	}
	v.begun = true
	v.w.Header().Set("Content-Type", "application/json")
	return send(v.w, v.r, http.StatusOK, text)
}

func signInByPasskey(v *visit) error {
	in, err := v.o.Access.PasskeySignIn(v.r.Context(), v.r.PostFormValue("token"), []byte(v.r.PostFormValue("response")), v.from(), v.token())
	if p, status, ok := v.judgeSignIn(err); ok {
		return v.showSignIn(status, "", p)
	}
	if err != nil {
		return err
	}
	v.enter(in)
	return v.to(v.back())
}

// providerCookie keeps one browser's sign-in at a provider from being finished by
// another.
const providerCookie = "provider"

// signInByProvider sends the browser to the provider of a tenant, or of the
// platform operators.
func signInByProvider(v *visit) error {
	tenant := myodai.TenantID("")
	if text := v.r.URL.Query().Get("tenant"); text != "" {
		id, err := myodai.ParseID[myodai.TenantID](text)
		if err != nil {
			return errNoPage
		}
		tenant = id
	}
	begun, err := v.o.Access.BeginProvider(v.r.Context(), tenant, v.back(), v.from())
	if err != nil {
		return err
	}
	if u, err := url.Parse(begun.URL); err != nil || u.Scheme != "https" {
		return errNoPage // an issuer that would lead people where nobody can see who listens
	}
	http.SetCookie(v.w, v.cookie(providerCookie, begun.Browser, 10*time.Minute))
	v.begun = true
	http.Redirect(v.w, v.r, begun.URL, http.StatusSeeOther) // to the provider that the tenant's owner named
	return nil
}

func comeBack(v *visit) error {
	browser := ""
	if cookie, err := v.r.Cookie(v.cookieName(providerCookie)); err == nil {
		browser = cookie.Value
	}
	v.forget(providerCookie)
	q := v.r.URL.Query()
	in, back, err := v.o.Access.FinishProvider(v.r.Context(), q.Get("state"), q.Get("code"), browser, v.from(), v.token())
	if p, status, ok := v.judgeSignIn(err); ok {
		return v.showSignIn(status, "", p)
	}
	if err != nil {
		return err
	}
	v.enter(in)
	return v.to(ownPage(back))
}

func signOut(v *visit) error {
	if err := v.o.Access.SignOut(v.r.Context(), v.token(), v.from()); err != nil {
		return err
	}
	v.forget(sessionCookie)
	return v.done(signInPath, "signin.out")
}
