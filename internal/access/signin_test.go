package access_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

// T67: what does not sign in is answered alike, whatever is wrong.
func TestSignIn(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	_, _ = h.join(h.tenant.ID, "Aiko@acme.example", myodai.RoleOwner)
	var first error
	for name, try := range map[string][2]string{
		"a wrong password": {"aiko@acme.example", "wrong password here"},
		"no password":      {"aiko@acme.example", ""},
		"nobody":           {"nobody@acme.example", password},
		"no address":       {"aiko", password},
		"a huge password":  {"aiko@acme.example", strings.Repeat("x", 100_000)},
	} {
		_, err := h.access.SignIn(ctx, try[0], try[1], phone, "")
		if first == nil {
			first = err
		}
		if codeOf(err) != myodai.CodeUnauthorized || err.Error() != first.Error() {
			t.Errorf("%s: %v", name, err)
		}
	}
	in, err := h.access.SignIn(ctx, "AIKO@Acme.example", password, phone, "")
	h.must(err)
	if in.Session.Half || h.actor(in.Token).Member.Email.String() != "Aiko@acme.example" {
		t.Errorf("signed in as %+v", in)
	}
	// T69: a new token each time, and the one before stops.
	again, err := h.access.SignIn(ctx, "aiko@acme.example", password, phone, in.Token)
	h.must(err)
	_, err = h.access.Session(ctx, in.Token)
	h.want(err, myodai.CodeUnauthorized)
	h.must(h.access.SignOut(ctx, again.Token, phone))
	_, err = h.access.Session(ctx, again.Token)
	h.want(err, myodai.CodeUnauthorized)
	h.must(h.access.SignOut(ctx, again.Token, phone))
	if got := h.trail(h.tenant.ID); !slices.Contains(got, "refuse-sign-in") || got[len(got)-1] != "sign-out" {
		t.Errorf("the trail is %q", got)
	}

	_, err = h.access.Suspend(ctx, h.tenant.ID)
	h.must(err)
	_, err = h.access.SignIn(ctx, "aiko@acme.example", password, phone, "")
	h.want(err, myodai.CodeForbidden)
}

// T72: guessing is slow, for one account and from one network.
func TestGuessingIsThrottled(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.join(h.tenant.ID, "aiko@acme.example", myodai.RoleOwner)
	from := func(n byte) access.Client {
		address := "198.51.100." + string('0'+n)
		return access.Client{Address: address, Network: address}
	}
	for i := range byte(10) {
		_, err := h.access.SignIn(ctx, "aiko@acme.example", "wrong password here", from(i), "")
		h.want(err, myodai.CodeUnauthorized)
	}
	for _, who := range []string{"aiko@acme.example", "AIKO@ACME.example"} {
		_, err := h.access.SignIn(ctx, who, password, from(9), "")
		h.want(err, myodai.CodeLimited)
	}
	for i := range 20 {
		_, err := h.access.SignIn(ctx, "nobody"+string(rune('a'+i))+"@acme.example", password, phone, "")
		h.want(err, myodai.CodeUnauthorized)
	}
	_, err := h.access.SignIn(ctx, "nobody@acme.example", password, phone, "")
	h.want(err, myodai.CodeLimited)
}

// T69, P31: sessions end idle, end absolutely, and end everywhere at once.
func TestSessionsEnd(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	in, a := h.join(h.tenant.ID, "aiko@acme.example", myodai.RoleOwner)
	second, err := h.access.SignIn(ctx, "aiko@acme.example", password, access.Client{Address: "192.0.2.9", Agent: strings.Repeat("a", 5000)}, "")
	h.must(err)
	list, err := h.access.OwnSessions(ctx, a)
	h.must(err)
	if len(list) != 2 || len(list[0].Agent) > 300 || list[0].Address != "192.0.2.9" {
		t.Errorf("sessions: %+v", list)
	}
	there := access.New(h.options) // another node
	if _, err := there.Session(ctx, second.Token); err != nil {
		t.Fatal(err)
	}
	h.must(h.access.EndOtherSessions(ctx, a, phone))
	_, err = there.Session(ctx, second.Token)
	h.want(err, myodai.CodeUnauthorized)

	_, stranger := h.join(h.other.ID, "eve@other.example", myodai.RoleOwner)
	h.want(h.access.EndSession(ctx, stranger, a.Session.ID, phone), myodai.CodeNotFound)
	if _, err := h.access.Session(ctx, in.Token); err != nil {
		t.Error("a stranger ended the session")
	}
	h.must(h.access.EndSession(ctx, a, a.Session.ID, phone))
	_, err = h.access.Session(ctx, in.Token)
	h.want(err, myodai.CodeUnauthorized)
}

func TestSessionsGrowOld(t *testing.T) {
	h := newHouse(t)
	_, a := h.join(h.tenant.ID, "aiko@acme.example", myodai.RoleOwner)
	at := func(created, seen time.Duration, half bool) myodai.Code {
		token := strings.Repeat("t", 43)
		now := time.Now()
		v := a.Session
		v.ID, v.SecretHash, v.Half = myodai.SessionID("ses_"+created.String()+seen.String()), sha(token), half
		v.CreatedAt, v.SeenAt, v.ExpiresAt = now.Add(-created), now.Add(-seen), now.Add(7*24*time.Hour-created)
		h.must(h.store.CreateSession(t.Context(), v, ""))
		defer func() { h.must(h.store.EndSessions(t.Context(), a.Tenant, a.Member.ID, "")) }()
		if half {
			_, err := h.access.HalfSession(t.Context(), token)
			return codeOf(err)
		}
		_, err := h.access.Session(t.Context(), token)
		return codeOf(err)
	}
	for _, tt := range []struct {
		name          string
		created, seen time.Duration
		half          bool
		want          myodai.Code
	}{
		{"just begun", 0, 0, false, ""},
		{"idle for long", 12 * time.Hour, 12*time.Hour - time.Minute, false, ""},
		{"idle too long", 13 * time.Hour, 12 * time.Hour, false, myodai.CodeUnauthorized},
		{"busy for a week", 7*24*time.Hour - time.Minute, 0, false, ""},
		{"busy for longer", 7 * 24 * time.Hour, 0, false, myodai.CodeUnauthorized},
		{"half, waiting", 9 * time.Minute, 0, true, ""},
		{"half, waiting too long", 10 * time.Minute, 0, true, myodai.CodeUnauthorized},
	} {
		if got := at(tt.created, tt.seen, tt.half); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestSecondFactor(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	in, a := h.join(h.tenant.ID, "aiko@acme.example", myodai.RoleOwner)
	secret := h.access.NewTOTP()
	_, _, err := h.access.EnableTOTP(ctx, a, secret, "000000", phone)
	h.want(err, myodai.CodeInvalid)
	_, _, err = h.access.EnableTOTP(ctx, a, "nonsense", "000000", phone)
	h.want(err, myodai.CodeInvalid)
	next, recovery, err := h.access.EnableTOTP(ctx, a, secret, code(t, secret, 0), phone)
	h.must(err)
	if len(recovery) != 10 || len(recovery[0]) != 19 {
		t.Errorf("recovery codes: %q", recovery)
	}
	_, err = h.access.Session(ctx, in.Token) // T69
	h.want(err, myodai.CodeUnauthorized)
	a = h.actor(next.Token)

	half, err := h.access.SignIn(ctx, "aiko@acme.example", password, phone, "")
	h.must(err)
	if !half.Session.Half {
		t.Fatal("a password alone is a whole session")
	}
	_, err = h.access.Session(ctx, half.Token)
	h.want(err, myodai.CodeUnauthorized)
	_, err = h.access.SecondFactor(ctx, half.Token, code(t, secret, 0), phone) // used to set it up
	h.want(err, myodai.CodeUnauthorized)
	_, err = h.access.SecondFactor(ctx, half.Token, code(t, secret, 7), phone)
	h.want(err, myodai.CodeUnauthorized)
	whole, err := h.access.SecondFactor(ctx, half.Token, " "+code(t, secret, 1)[:3]+" "+code(t, secret, 1)[3:], phone)
	h.must(err)
	h.actor(whole.Token)
	_, err = h.access.HalfSession(ctx, half.Token)
	h.want(err, myodai.CodeUnauthorized)

	for i, want := range []myodai.Code{"", myodai.CodeUnauthorized} { // each recovery code once
		half, err := h.access.SignIn(ctx, "aiko@acme.example", password, phone, "")
		h.must(err)
		_, err = h.access.SecondFactor(ctx, half.Token, strings.ToUpper(recovery[0]), phone)
		if codeOf(err) != want {
			t.Errorf("recovery code, use %d: %v", i+1, err)
		}
	}
	half, err = h.access.SignIn(ctx, "aiko@acme.example", password, phone, "")
	h.must(err)
	for range 3 { // three wrong ones were before
		_, err = h.access.SecondFactor(ctx, half.Token, "123", access.Client{Network: "elsewhere"})
		if err == nil {
			t.Error("a wrong code is right")
		}
	}
	_, err = h.access.SecondFactor(ctx, half.Token, recovery[1], phone)
	h.want(err, myodai.CodeLimited)

	renewed, err := h.access.RenewRecovery(ctx, a, phone)
	h.must(err)
	if renewed[0] == recovery[0] {
		t.Error("the renewed codes are the old ones")
	}
	in, err = h.access.DisableTOTP(ctx, a, phone)
	h.must(err)
	a = h.actor(in.Token)
	if len(a.Member.Recovery) != 0 || a.Member.SecondFactor() {
		t.Errorf("left over: %+v", a.Member)
	}
	_, err = h.access.RenewRecovery(ctx, a, phone)
	h.want(err, myodai.CodeConflict)
	if m, _ := h.mail(); !strings.Contains(m.Text, "2段階認証") {
		t.Errorf("nobody was told: %+v", m)
	}
}

// A tenant may ask for a second factor: who has none can do nothing else before.
func TestSecondFactorOfATenant(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	in, owner := h.join(h.tenant.ID, "aiko@acme.example", myodai.RoleOwner)
	_, admin := h.join(h.tenant.ID, "ben@acme.example", myodai.RoleAdministrator)
	rules := myodai.SignInRules{TenantID: h.tenant.ID, SecondFactor: true}
	h.want(h.access.SetSignInRules(ctx, admin.By(phone), rules), myodai.CodeForbidden)
	h.must(h.access.SetSignInRules(ctx, owner.By(phone), rules))
	a := h.actor(in.Token)
	if !a.Enroll || a.May(access.ActionView) {
		t.Errorf("without a second factor: %+v", a)
	}
	next, _, _ := h.enroll(a)
	if a := h.actor(next.Token); a.Enroll || !a.May(access.ActionSignIn) {
		t.Errorf("with one: %+v", a)
	}
}

// T69: dangerous acts need a fresh proof.
func TestConfirm(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	in, a := h.join(h.tenant.ID, "aiko@acme.example", myodai.RoleOwner)
	old := a
	old.Session.ConfirmedAt = time.Now().Add(-time.Hour)
	for name, do := range map[string]func() error{
		"password": func() error { _, err := h.access.ChangePassword(ctx, old, "another long password", phone); return err },
		"address":  func() error { return h.access.ChangeEmail(ctx, old, "b@acme.example", phone) },
		"totp":     func() error { _, _, err := h.access.EnableTOTP(ctx, old, h.access.NewTOTP(), "1", phone); return err },
		"no totp":  func() error { _, err := h.access.DisableTOTP(ctx, old, phone); return err },
		"recovery": func() error { _, err := h.access.RenewRecovery(ctx, old, phone); return err },
		"passkey":  func() error { _, err := h.access.BeginPasskey(ctx, old); return err },
	} {
		if err := do(); err != access.ErrConfirm {
			t.Errorf("%s without a fresh proof: %v", name, err)
		}
	}
	_, err := h.access.Confirm(ctx, a, in.Token, "wrong", phone)
	h.want(err, myodai.CodeUnauthorized)
	next, err := h.access.Confirm(ctx, a, in.Token, password, phone)
	h.must(err)
	a = h.actor(next.Token)
	if !a.Confirmed(time.Now()) || a.Confirmed(time.Now().Add(15*time.Minute)) {
		t.Error("the proof does not last as long as it should")
	}
	in, secret, _ := h.enroll(a)
	_, err = h.access.Confirm(ctx, h.actor(in.Token), in.Token, code(t, secret, 1), phone)
	h.must(err)
}

func TestResetPassword(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	in, _ := h.join(h.tenant.ID, "aiko@acme.example", myodai.RoleOwner)
	before := h.sent()
	h.must(h.access.RequestReset(ctx, "nobody@acme.example", phone)) // the same answer
	if h.sent() != before {
		t.Error("a mail went to nobody")
	}
	h.must(h.access.RequestReset(ctx, "AIKO@acme.example", phone))
	_, first := h.mail()
	h.must(h.access.RequestReset(ctx, "aiko@acme.example", phone))
	_, token := h.mail()
	h.want(h.access.Reset(ctx, first, "another long password", phone), myodai.CodeNotFound)
	h.want(h.access.Reset(ctx, token, "short", phone), myodai.CodeInvalid)
	h.want(h.access.Reset(ctx, token, "aiko aiko aiko 12", phone), myodai.CodeInvalid)
	h.must(h.access.Reset(ctx, token, "another long password", phone))
	h.want(h.access.Reset(ctx, token, "yet another password", phone), myodai.CodeNotFound)
	_, err := h.access.Session(ctx, in.Token)
	h.want(err, myodai.CodeUnauthorized)
	_, err = h.access.SignIn(ctx, "aiko@acme.example", "another long password", phone, "")
	h.must(err)
	for range 5 {
		h.must(h.access.RequestReset(ctx, "aiko@acme.example", phone))
	}
	if got := h.sent() - before; got != 4 { // three links in a day, and the notice of the change
		t.Errorf("%d mails", got)
	}
}

func TestChangeEmail(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	_, a := h.join(h.tenant.ID, "aiko@acme.example", myodai.RoleOwner)
	h.join(h.tenant.ID, "ben@acme.example", myodai.RoleMember)
	h.must(h.access.ChangeEmail(ctx, a, "ben@acme.example", phone))
	_, token := h.mail()
	h.want(h.access.ConfirmEmail(ctx, token, phone), myodai.CodeConflict)
	h.must(h.access.ChangeEmail(ctx, a, "new@acme.example", phone))
	m, token := h.mail()
	if m.To.String() != "new@acme.example" {
		t.Errorf("the link went to %s", m.To)
	}
	h.must(h.access.ConfirmEmail(ctx, token, phone))
	if m, _ := h.mail(); m.To.String() != "aiko@acme.example" {
		t.Errorf("%s was told, not the old address", m.To)
	}
	_, err := h.access.SignIn(ctx, "new@acme.example", password, phone, "")
	h.must(err)
	_, err = h.access.SignIn(ctx, "aiko@acme.example", password, phone, "")
	h.want(err, myodai.CodeUnauthorized)
}
