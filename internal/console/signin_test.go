package console_test

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/console"
)

// office is a world in which people really sign in.
type office struct{ *world }

// cheap is what a guess at a password costs where none is worth anything.
var cheap = access.Cost{Time: 1, Memory: 64, Threads: 1}

const password = "correct horse battery"

func newOffice(t *testing.T) *office { return newOfficeOn(t, nil) }

// newOfficeOn is newOffice with a DNS.
func newOfficeOn(t *testing.T, on *internet) *office {
	t.Helper()
	o := &office{&world{t: t, log: &lines{}, net: on}}
	server := httptest.NewUnstartedServer(nil)
	// Browsers keep passkeys for localhost, and not for an address.
	at := server.Listener.Addr().String()
	base := "http://localhost:" + at[strings.LastIndexByte(at, ':')+1:]
	options := o.rooms(base)
	o.tenant = o.newTenant("Acme")
	o.serve(options, server)
	o.url = base
	return o
}

var mailLink = regexp.MustCompile(`http://localhost:\d+(/\S+)`)

// mail waits for the newest mail to somebody and returns the page it leads to.
func (o *office) mailTo(to string) (m myodai.OwnMail, page string) {
	o.t.Helper()
	o.access.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := len(o.mails) - 1; i >= 0; i-- {
		if o.mails[i].To.String() == to {
			if found := mailLink.FindStringSubmatch(o.mails[i].Text); found != nil {
				page = found[1]
			}
			return o.mails[i], page
		}
	}
	o.t.Fatalf("there is no mail to %s", to)
	return m, ""
}

// setup makes the first operator, in a browser of their own.
func (o *office) setup() *browser {
	o.t.Helper()
	link, err := o.access.SetupLink(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	b := o.as("")
	b.post(strings.TrimPrefix(link, o.url), "email", "op@plat.example", "name", "Op", "language", "en", "password", password)
	return b
}

// member makes a member, in a browser of their own.
func (o *office) member(email string, role myodai.Role) *browser {
	o.t.Helper()
	_, err := o.access.Invite(o.t.Context(), access.ByCommand(), o.tenant.ID, access.NewInvitation{Email: email, Role: role, Language: "en"})
	if err != nil {
		o.t.Fatal(err)
	}
	_, page := o.mailTo(email)
	b := o.as("")
	if p := b.post(page, "name", "", "language", "en", "password", password); strings.HasPrefix(p.path, "/invitation") {
		o.t.Fatalf("the invitation was not accepted: %d %s\n%s", p.status, p.path, p.body)
	}
	return b
}

// stay makes a browser show what it was answered, without following.
func (b *browser) stay() *browser {
	next := *b
	next.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &next
}

func (p page) has(text string) {
	p.t.Helper()
	if !strings.Contains(p.body, text) {
		p.t.Errorf("%s (%d) does not say %q, but %s", p.path, p.status, text, p.text("main"))
	}
}

func TestFirstRun(t *testing.T) {
	o := newOffice(t)
	b := o.as("")
	b.get("/").has("Nobody can sign in yet")
	if p := b.get("/setup/" + strings.Repeat("x", 43)); p.status != http.StatusNotFound {
		t.Errorf("a guessed link = %d", p.status)
	}
	link, err := o.access.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page := strings.TrimPrefix(link, o.url)
	b.get(page).has("Become the platform operator")
	p := b.post(page, "email", "op@plat.example", "language", "en", "password", "short")
	if p.status != http.StatusUnprocessableEntity || p.text("#password-problem") == "" {
		t.Errorf("a short password = %d", p.status)
	}
	if got := attr(p.one("#email"), "value"); got != "op@plat.example" {
		t.Errorf("the address was forgotten: %q", got)
	}
	b.post(page, "email", "op@plat.example", "name", "Op", "language", "en", "password", password).has("You are the platform operator")
	if p := o.as("").get(page); p.status != http.StatusNotFound || p.text("h1") != "This link does not work any more" {
		t.Errorf("the link works twice: %d", p.status)
	}
	b.get("/members").has("op@plat.example")
	b.get("/audit").has("Joined")
	if p := b.get("/credentials"); p.status != http.StatusNotFound {
		t.Errorf("an operator, who has no tenant, sees credentials: %d", p.status)
	}
}

// E1, C8: somebody is invited, accepts, and sees no set-up.
func TestInvitedMemberSeesNoSetUp(t *testing.T) {
	o := newOffice(t)
	o.setup()
	owner := o.member("owner@acme.example", myodai.RoleOwner)
	owner.post("/members", "email", "ben@acme.example", "role", "member", "language", "ja").has("The invitation is on its way to ben@acme.example")
	owner.get("/members").has("Open invitations")
	m, page := o.mailTo("ben@acme.example")
	if m.Subject != "Acmeへの招待" {
		t.Errorf("the subject is %q", m.Subject)
	}
	b := o.as("")
	b.get(page).has("Acmeに参加")
	b.post(page, "name", "Ben", "language", "en", "password", password)
	account := b.get("/account")
	account.has("ben@acme.example")
	for _, path := range []string{"/domains/new", "/credentials", "/members", "/members/sign-in", "/audit"} {
		if p := b.get(path); path != "/domains/new" && p.status != http.StatusNotFound {
			t.Errorf("a member at %s = %d, want 404", path, p.status)
		}
		for _, a := range account.all("nav a") {
			if attr(a, "href") == path {
				t.Errorf("a member's navigation leads to %s", path)
			}
		}
	}
	if p := b.post("/members", "email", "x@acme.example", "role", "member"); p.status != http.StatusNotFound {
		t.Errorf("a member invites = %d", p.status)
	}
}

func TestSigningInAndOut(t *testing.T) {
	o := newOffice(t)
	o.setup()
	o.member("aiko@acme.example", myodai.RoleOwner)
	b := o.as("")
	p := b.post("/sign-in", "email", "aiko@acme.example", "password", "wrong password here")
	if p.status != http.StatusUnauthorized || len(p.all(".notice.bad")) != 1 {
		t.Errorf("a wrong password = %d", p.status)
	}
	p = b.stay().post("/sign-in", "email", "aiko@acme.example", "password", password, "return", "/account")
	cookie := p.header.Get("Set-Cookie")
	if p.header.Get("Location") != "/account" || !strings.Contains(cookie, "HttpOnly; SameSite=Lax") {
		t.Errorf("signed in to %q with %q", p.header.Get("Location"), cookie)
	}
	b.get("/account").has("aiko@acme.example")
	b.post("/sign-out").has("You are signed out")
	if p := b.stay().get("/account"); p.status != http.StatusSeeOther {
		t.Errorf("signed out, the account = %d", p.status)
	}
	// T72: nobody is led away.
	for _, away := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "/\t/evil.example", "javascript:alert(1)", "evil"} {
		p := o.as("").stay().post("/sign-in", "email", "aiko@acme.example", "password", password, "return", away)
		if got := p.header.Get("Location"); got != "/" {
			t.Errorf("return %q leads to %q", away, got)
		}
	}
}

// T69: over HTTPS no other host can set the cookie, and none is sent without TLS.
func TestCookieOverHTTPS(t *testing.T) {
	o := newOffice(t)
	o.setup()
	o.member("aiko@acme.example", myodai.RoleOwner)
	server, err := console.New(console.Options{
		Store: o.store, Domains: o.domains, Access: o.access, Random: rand.Reader, Log: slog.New(slog.DiscardHandler), BaseURL: "https://console.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/sign-in", strings.NewReader("email=aiko@acme.example&password=correct+horse+battery"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	cookie := w.Header().Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-session=") || !strings.Contains(cookie, "; Secure") || strings.Contains(cookie, "Domain") {
		t.Errorf("the cookie is %q", cookie)
	}
}

func TestResetByMail(t *testing.T) {
	o := newOffice(t)
	o.setup()
	o.member("aiko@acme.example", myodai.RoleOwner)
	said := o.as("").post("/reset", "email", "aiko@acme.example").text("[role=status]")
	if other := o.as("").post("/reset", "email", "nobody@acme.example").text("[role=status]"); other != said {
		t.Errorf("it tells who is there: %q, %q", said, other)
	}
	_, page := o.mailTo("aiko@acme.example")
	b := o.as("")
	for range 2 { // looking changes nothing
		b.get(page).has("New password")
	}
	b.post(page, "password", "another long password").has("Your new password is set")
	b.post("/sign-in", "email", "aiko@acme.example", "password", "another long password", "return", "/account").has("aiko@acme.example")
}

func TestSecondStep(t *testing.T) {
	o := newOffice(t)
	o.setup()
	b := o.member("aiko@acme.example", myodai.RoleOwner)
	p := b.get("/account/factor")
	secret := attr(p.one("input[name=secret]"), "value")
	if attr(p.one("svg.qr path"), "d") == "" {
		t.Error("there is no picture")
	}
	p = b.post("/account/factor", "secret", secret, "code", "000000")
	if p.status != http.StatusUnprocessableEntity || attr(p.one("input[name=secret]"), "value") != secret {
		t.Errorf("a wrong code = %d", p.status)
	}
	codes := b.post("/account/factor", "secret", secret, "code", totp(t, secret, 0)).all(".codes code")
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes", len(codes))
	}
	b = o.as("")
	b.post("/sign-in", "email", "aiko@acme.example", "password", password, "return", "/account").has("Second step")
	if p := b.stay().get("/account"); p.status != http.StatusSeeOther {
		t.Errorf("half a session opens the account: %d", p.status)
	}
	if p := b.post("/sign-in/code", "code", "123456", "return", "/account"); p.status != http.StatusUnauthorized {
		t.Errorf("a wrong code = %d", p.status)
	}
	b.post("/sign-in/code", "code", textOf(codes[0]), "return", "/account").has("9 left")
}

// A tenant asks for a second step: whoever has none is led to set one up.
func TestSecondStepOfATenant(t *testing.T) {
	o := newOffice(t)
	o.setup()
	owner := o.member("owner@acme.example", myodai.RoleOwner)
	member := o.member("ben@acme.example", myodai.RoleMember)
	owner.post("/members/sign-in", "second_factor", "on").has("Set it up to go on")
	for _, path := range []string{"/audit", "/members"} {
		if p := member.get(path); !strings.HasPrefix(p.path, "/account/factor") {
			t.Errorf("%s leads to %s", path, p.path)
		}
	}
}

func TestCredentialsAreShownOnce(t *testing.T) {
	o := newOffice(t)
	o.setup()
	b := o.member("aiko@acme.example", myodai.RoleAdministrator)
	p := b.post("/credentials", "kind", "api", "label", "<b>shop</b>", "role", "member")
	secret := p.text("#secret")
	if !access.WellFormed(secret) {
		t.Fatalf("the secret is %q", secret)
	}
	c, err := o.access.Authenticate(t.Context(), secret, myodai.CredentialAPI)
	if err != nil || c.Role != myodai.RoleMember {
		t.Errorf("it opens %+v, %v", c, err)
	}
	p = b.get("/credentials")
	if strings.Contains(p.body, secret) || len(p.all("b")) != 0 {
		t.Error("the list shows the secret, or runs the label")
	}
	if p := b.post("/credentials", "kind", "api", "label", "x", "role", "owner"); p.status != http.StatusForbidden {
		t.Errorf("an administrator hands out an owner's key: %d", p.status)
	}
	b.post("/credentials/" + string(c.ID) + "/revoke").has("withdrawn")
	if _, err := o.access.Authenticate(t.Context(), secret, myodai.CredentialAPI); err == nil {
		t.Error("it still works")
	}
	trail := b.get("/audit")
	trail.has("Created a key or password")
	trail.has("Withdrew a key or password")
	trail.has(string(c.ID))
	trail.has("aiko@acme.example")
}

func TestRolesAndRemoval(t *testing.T) {
	o := newOffice(t)
	o.setup()
	owner := o.member("owner@acme.example", myodai.RoleOwner)
	ben := o.member("ben@acme.example", myodai.RoleMember)
	list := owner.get("/members")
	form := ""
	for _, f := range list.all("form") {
		if action := attr(f, "action"); strings.HasSuffix(action, "/role") {
			form = action
		}
	}
	owner.post(form, "role", "administrator").has("was changed")
	if p := ben.stay().get("/account"); p.status != http.StatusSeeOther {
		t.Errorf("a session of another role goes on: %d", p.status)
	}
	remove := strings.Replace(form, "/role", "/remove", 1)
	owner.get(remove).has("ben@acme.example")
	owner.post(remove).has("ben@acme.example was removed")
	if p := o.as("").post("/sign-in", "email", "ben@acme.example", "password", password); p.status != http.StatusUnauthorized {
		t.Errorf("somebody who was removed signs in: %d", p.status)
	}
}

// T69: what is dangerous asks for a fresh proof.
func TestDangerousActsAskAgain(t *testing.T) {
	o := newOffice(t)
	o.setup()
	b := o.member("aiko@acme.example", myodai.RoleOwner)
	o.grow(t, b)
	p := b.post("/credentials", "kind", "api", "label", "x", "role", "member")
	if !strings.HasPrefix(p.path, "/account/confirm?return=%2Fcredentials") {
		t.Fatalf("it went to %s", p.path)
	}
	if p := b.post("/account/confirm", "proof", "wrong", "return", "/credentials"); p.status != http.StatusUnauthorized {
		t.Errorf("a wrong proof = %d", p.status)
	}
	if p := b.post("/account/confirm", "proof", password, "return", "/credentials"); p.path != "/credentials" {
		t.Errorf("confirmed, it went to %s", p.path)
	}
	if p := b.post("/credentials", "kind", "api", "label", "x", "role", "member"); p.status != http.StatusOK || len(p.all("#secret")) != 1 {
		t.Errorf("confirmed, it is %d", p.status)
	}
}

// grow makes a browser's session older than any proof lasts.
func (o *office) grow(t *testing.T, b *browser) {
	t.Helper()
	at, token := mustURL(t, o.url), ""
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == "session" {
			token = c.Value
		}
	}
	a, err := o.access.Session(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	v := a.Session
	v.ID, v.ConfirmedAt, v.SecretHash = "ses_old", v.ConfirmedAt.Add(-3600e9), hashOf("old"+token[3:])
	if err := o.store.CreateSession(t.Context(), v, a.Session.ID); err != nil {
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil)
	jar.SetCookies(at, []*http.Cookie{{Name: "session", Value: "old" + token[3:]}})
	b.client.Jar = jar
}

// T70: what people call themselves runs nowhere.
func TestNaughtyNames(t *testing.T) {
	o := newOffice(t)
	o.setup()
	b := o.member("aiko@acme.example", myodai.RoleOwner)
	const name = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	b.post("/account/profile", "name", name, "language", "en")
	for _, path := range []string{"/account", "/members", "/audit", "/credentials"} {
		p := b.get(path)
		p.has("alert(1)")
		if strings.Contains(p.body, "<script>alert") || len(p.all("img")) != 0 {
			t.Errorf("%s runs a name", path)
		}
	}
}

// Every page of signing in is there in Japanese, and no form lacks its words.
func TestAccessPagesInJapanese(t *testing.T) {
	o := newOffice(t)
	o.setup()
	b := o.member("aiko@acme.example", myodai.RoleOwner)
	for _, path := range []string{
		"/account", "/account/password", "/account/email", "/account/factor", "/account/confirm", "/members", "/members/sign-in", "/credentials", "/audit",
	} {
		p := b.get(path + "?lang=ja")
		if p.status != http.StatusOK || attr(p.one("html"), "lang") != "ja" {
			t.Errorf("%s = %d", path, p.status)
		}
	}
	for _, path := range []string{"/sign-in", "/reset"} {
		if p := o.as("").get(path + "?lang=ja"); p.status != http.StatusOK {
			t.Errorf("%s = %d", path, p.status)
		}
	}
}
