package console

import (
	"net/http"
	"strconv"
	"strings"

	"rsc.io/qr"

	"github.com/myodai/myodai/internal/access"
)

// factorPath is where a second factor is set up.
const factorPath = "/account/factor"

func (s *Server) routeSecrets() {
	s.add("GET /account/password", people, askPassword)
	s.add("POST /account/password", people, changePassword)
	s.add("GET /account/email", people, askEmail)
	s.add("POST /account/email", people, changeEmail)
	s.add("GET /account/email/{token}", everyone, askEmailConfirmation)
	s.add("POST /account/email/{token}", everyone, confirmEmail)
	s.add("GET "+factorPath, people, askFactor)
	s.add("POST "+factorPath, people, enableTOTP)
	s.add("POST /account/factor/remove", people, disableTOTP)
	s.add("POST /account/passkeys/challenge", people, challengeNewPasskey)
	s.add("POST /account/passkeys", people, addPasskey)
	s.add("POST /account/passkeys/{id}/remove", people, removePasskey)
	s.add("POST /account/recovery", people, renewRecovery)
}

func askPassword(v *visit) error {
	if ok, err := v.confirmed("/account/password"); !ok {
		return err
	}
	return v.showNewPassword(http.StatusOK, "/account", problem{})
}

func changePassword(v *visit) error {
	if ok, err := v.confirmed("/account/password"); !ok {
		return err
	}
	in, err := v.o.Access.ChangePassword(v.r.Context(), v.actor.access, v.r.PostFormValue("password"), v.from())
	if p, status, ok := v.judge(err); ok {
		return v.showNewPassword(status, "/account", p)
	}
	if err != nil {
		return err
	}
	v.enter(in)
	return v.done("/account", "account.password_changed")
}

func askEmail(v *visit) error {
	if ok, err := v.confirmed("/account/email"); !ok {
		return err
	}
	return v.showEmail(http.StatusOK, "", problem{})
}

func (v *visit) showEmail(status int, email string, p problem) error {
	return v.write(status, "one", v.say("account.email_title"), oneView{
		Heading: v.say("account.email_title"), Lead: v.say("account.email_lead"), Button: v.say("account.email_button"), Cancel: "/account",
		Problem: p.at(""),
		Fields:  []field{{Name: "email", Label: v.say("account.email_new"), Type: "email", Value: email, Complete: "email", Problem: p.at("email")}},
	})
}

func changeEmail(v *visit) error {
	if ok, err := v.confirmed("/account/email"); !ok {
		return err
	}
	email := v.r.PostFormValue("email")
	err := v.o.Access.ChangeEmail(v.r.Context(), v.actor.access, email, v.from())
	if p, status, ok := v.judge(err); ok {
		return v.showEmail(status, email, p)
	}
	if err != nil {
		return err
	}
	return v.done("/account", "account.email_sent", email)
}

func askEmailConfirmation(v *visit) error {
	t, err := v.o.Access.EmailTicket(v.r.Context(), v.r.PathValue("token"))
	if err != nil {
		return v.expired(err)
	}
	return v.show("one", v.say("account.email_title"), oneView{
		Heading: v.say("account.email_title"), Lead: v.say("account.email_confirm", t.Email.String()), Button: v.say("account.email_confirm_button"),
	})
}

func confirmEmail(v *visit) error {
	err := v.o.Access.ConfirmEmail(v.r.Context(), v.r.PathValue("token"), v.from())
	if err != nil {
		return v.expired(err)
	}
	return v.done("/account", "account.email_changed")
}

// factorView is the page at which an authenticator app is set up.
type factorView struct {
	Secret  string // in groups, for typing
	Path    string // of the picture, in SVG
	Size    int    // of the picture, in modules
	Hidden  string // the secret, for the form
	Field   field
	Problem string
	Enroll  bool
	Adding  passkeyForm
}

func askFactor(v *visit) error {
	if ok, err := v.confirmed(factorPath); !ok {
		return err
	}
	return v.showFactor(http.StatusOK, v.o.Access.NewTOTP(), problem{})
}

func (v *visit) showFactor(status int, secret string, p problem) error {
	view, err := newFactorView(v.reader, v.actor, secret, v.o.Platform, p)
	if err != nil {
		return err
	}
	return v.write(status, "factor", v.say("factor.title"), view)
}

func newFactorView(r reader, who Actor, secret, platform string, p problem) (factorView, error) {
	picture, err := qr.Encode(access.TOTPAddress(secret, platform, who.access.Member.Email.String()), qr.M)
	if err != nil {
		return factorView{}, err
	}
	view := factorView{
		Hidden: secret, Problem: p.at(""), Enroll: who.Enroll, Size: picture.Size + 8,
		Field: field{
			Name: "code", Label: r.say("factor.code"), Hint: r.say("factor.code_hint"), Mode: "numeric", Complete: "one-time-code", Code: true,
			Problem: p.at("code"),
		},
		Adding: passkeyForm{Action: "/account/passkeys", Challenge: "/account/passkeys/challenge", New: true, Label: r.say("account.passkey_add")},
	}
	for i := 0; i < len(secret); i += 4 {
		view.Secret += secret[i:min(i+4, len(secret))] + " "
	}
	view.Secret = strings.TrimSpace(view.Secret)
	// One square for each dark module; four modules of margin around (ISO/IEC 18004).
	var path strings.Builder
	for y := range picture.Size {
		for x := range picture.Size {
			if picture.Black(x, y) {
				path.WriteString("M" + strconv.Itoa(x+4) + " " + strconv.Itoa(y+4) + "h1v1h-1z")
			}
		}
	}
	view.Path = path.String()
	return view, nil
}

func enableTOTP(v *visit) error {
	if ok, err := v.confirmed(factorPath); !ok {
		return err
	}
	secret := v.r.PostFormValue("secret")
	in, recovery, err := v.o.Access.EnableTOTP(v.r.Context(), v.actor.access, secret, v.r.PostFormValue("code"), v.from())
	if p, status, ok := v.judge(err); ok {
		if len(secret) != 32 { // not one of ours: begin again
			secret = v.o.Access.NewTOTP()
		}
		return v.showFactor(status, secret, p)
	}
	if err != nil {
		return err
	}
	v.enter(in)
	return v.showRecovery(recovery, "account.totp_enabled")
}

// showRecovery shows recovery codes, which cannot be had again; without any it
// goes back to the account.
func (v *visit) showRecovery(codes []string, key string) error {
	if len(codes) == 0 {
		return v.done("/account", key)
	}
	return v.show("recovery", v.say("factor.recovery_title"), recoveryView{Codes: codes, Said: v.say(key)})
}

type recoveryView struct {
	Codes []string
	Said  string
}

func disableTOTP(v *visit) error {
	if ok, err := v.confirmed("/account"); !ok {
		return err
	}
	in, err := v.o.Access.DisableTOTP(v.r.Context(), v.actor.access, v.from())
	if err != nil {
		return err
	}
	v.enter(in)
	return v.done("/account", "account.totp_disabled")
}

func challengeNewPasskey(v *visit) error {
	challenge, err := v.o.Access.BeginPasskey(v.r.Context(), v.actor.access)
	return v.answerScript(challenge, err)
}

func addPasskey(v *visit) error {
	if ok, err := v.confirmed("/account"); !ok {
		return err
	}
	in, recovery, err := v.o.Access.AddPasskey(v.r.Context(), v.actor.access, v.r.PostFormValue("token"),
		[]byte(v.r.PostFormValue("response")), v.r.PostFormValue("passkey_name"), v.from())
	if p, status, ok := v.judgeSignIn(err); ok {
		m := v.actor.access.Member
		return v.showAccount(status, v.profileFields(m.Name, Lang(m.Language), problem{}), problem{Message: p.Message})
	}
	if err != nil {
		return err
	}
	v.enter(in)
	return v.showRecovery(recovery, "account.passkey_added")
}

func removePasskey(v *visit) error {
	if ok, err := v.confirmed("/account"); !ok {
		return err
	}
	in, err := v.o.Access.RemovePasskey(v.r.Context(), v.actor.access, v.r.PathValue("id"), v.from())
	if err != nil {
		return err
	}
	v.enter(in)
	return v.done("/account", "account.passkey_removed")
}

func renewRecovery(v *visit) error {
	if ok, err := v.confirmed("/account"); !ok {
		return err
	}
	codes, err := v.o.Access.RenewRecovery(v.r.Context(), v.actor.access, v.from())
	if err != nil {
		return err
	}
	return v.showRecovery(codes, "account.recovery_renewed")
}
