package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/myodai/myodai"
)

// question is the address of the page in the newest mail.
func (w *world) question() string {
	w.t.Helper()
	if len(w.mails) == 0 {
		w.t.Fatal("nobody was asked")
	}
	return regexp.MustCompile(`/confirm/\S+`).FindString(w.mails[len(w.mails)-1].Text)
}

// verified reports whether the tenant's only sender address is confirmed.
func (w *world) verified() bool {
	w.t.Helper()
	list, _, err := w.store.SenderAddresses(w.t.Context(), w.tenant.ID, myodai.Page{})
	if err != nil || len(list) != 1 {
		w.t.Fatalf("sender addresses: %+v, %v", list, err)
	}
	return list[0].Confirmed()
}

// E9, E10, B27, T10, T13: an address is registered on the page, and confirmed
// by a button with the code; opening the link, and guessing, confirm nothing.
func TestSenderIsConfirmedByPages(t *testing.T) {
	w := newWorld(t)
	if err := w.store.SetPolicy(t.Context(), "", myodai.Policy{Verification: myodai.VerifyEither}); err != nil {
		t.Fatal(err)
	}
	admin := w.as(adminToken)
	if p := admin.post("/senders", "label", "#1", "address", "sales@acme.example"); p.status != http.StatusUnprocessableEntity ||
		!strings.Contains(p.text("#label-problem"), "half-width letters and digits") {
		t.Errorf("a label with a sign: %d %s", p.status, p.body)
	}
	if p := admin.post("/senders", "label", "a", "address", "a@gmail.com"); !strings.Contains(p.text("#address-problem"), "mail provider's domain") { // A23, E11
		t.Errorf("free mail: %d %s", p.status, p.body)
	}
	p := admin.post("/senders", "label", "sales", "address", "sales@acme.example")
	code := p.text("#code")
	if p.status != http.StatusOK || len(code) != 8 || !strings.Contains(p.body, "via plat.example") { // D11: said before
		t.Fatalf("registered: %d %s", p.status, p.body)
	}
	if !strings.Contains(p.body, "Look into its mailbox, and into spam as well") { // E9
		t.Errorf("where the mail may be is not said: %s", p.body)
	}
	nobody := w.as("")
	nobody.header.Set("Accept-Language", "ja")
	for range 50 { // T10: a scanner that opens links
		nobody.get(w.question())
		nobody.do(http.MethodHead, w.question(), nil)
	}
	page := nobody.get(w.question())
	if page.header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(page.body, "心当たりがありません") || !strings.Contains(page.body, "Acme") {
		t.Errorf("the page of the link: %v %s", page.header, page.body)
	}
	if p := nobody.post(w.question(), "answer", "deny"); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, "チェックを入れて") {
		t.Errorf("denied by a bot that presses buttons: %d %s", p.status, p.body)
	}
	if p := nobody.post(w.question(), "answer", "agree"); p.status != http.StatusForbidden || w.verified() { // a bot that presses buttons
		t.Errorf("without a code: %d", p.status)
	}
	if p := w.as(strangerToken).post(w.question(), "answer", "agree", "code", "00000000"); p.status != http.StatusForbidden || w.verified() {
		t.Errorf("with the session of another tenant: %d", p.status)
	}
	wide := strings.Map(func(c rune) rune { return c - '0' + '０' }, code)
	if p := nobody.post(w.question(), "answer", "agree", "code", wide); p.status != http.StatusOK || !w.verified() || !strings.Contains(p.body, "確認しました") {
		t.Errorf("with the code in full-width digits: %d %s", p.status, p.body)
	}
	if p := w.as(memberToken).get("/senders"); !strings.Contains(p.body, "Verified") || strings.Contains(p.body, "<form method=\"post\" action=\"/senders\"") {
		t.Errorf("what a member sees: %s", p.body)
	}
	if p := nobody.get("/confirm/guessed"); p.status != http.StatusNotFound {
		t.Errorf("a guessed link: %d", p.status)
	}
}

// E3: why an address cannot be confirmed is said where it is.
func TestQuestionSaysWhyNot(t *testing.T) {
	w := newWorld(t)
	if err := w.store.SetPolicy(t.Context(), "", myodai.Policy{Verification: myodai.VerifyEither}); err != nil {
		t.Fatal(err)
	}
	for n, token := range []string{adminToken, strangerToken} {
		b := w.as(token)
		b.post("/senders", "label", "sales", "address", "sales@acme.example")
		p := b.post(w.question(), "answer", "agree")
		if taken := len(p.all("[role=alert]")) == 1 && strings.Contains(p.body, "belongs to another account"); p.status != []int{http.StatusOK, http.StatusConflict}[n] || taken != (n == 1) {
			t.Errorf("tenant %d: %d %s", n+1, p.status, p.body)
		}
	}
}

// A23, E11, B28, D11: what is to be expected of an address is said while it is
// typed, and without script by a button, before anything is registered.
func TestSenderHints(t *testing.T) {
	w := newWorld(t)
	if err := w.store.SetPolicy(t.Context(), "", myodai.Policy{Verification: myodai.VerifyEither}); err != nil {
		t.Fatal(err)
	}
	admin := w.as(adminToken)
	for _, tt := range []struct{ lang, typed, want string }{
		{"en", "a@gmail.com", "mail provider's domain"},
		{"en", "a@docomo.ne.jp", "stays yours, whatever mail service you use"},
		{"ja", "a@gmail.com", "メールサービスのドメイン"},
		{"en", "a@plat.example", "belongs to this platform"},
		{"en", "a@acme.example", "A mail will go to this address"},
		{"ja", "a@acme.example", "plat.example 経由"},
		{"en", `a"b@acme.example`, "not allowed there"},
		{"en", "a@gmail", ""},
		{"en", "a", ""},
		{"en", "", ""},
	} {
		admin.header.Set("Accept-Language", tt.lang)
		p := admin.get("/senders/hint?lang=" + tt.lang + "&value=" + url.QueryEscape(tt.typed))
		if p.status != http.StatusOK || !strings.Contains(textOf(p.root), tt.want) || tt.want == "" && strings.TrimSpace(p.body) != "" {
			t.Errorf("%q in %s: %d %s", tt.typed, tt.lang, p.status, p.body)
		}
	}
	admin.header.Set("Accept-Language", "en")
	p := admin.post("/senders?lang=en", "label", "a", "address", "a@gmail.com", "only", "hint")
	if list, _, _ := w.store.SenderAddresses(t.Context(), w.tenant.ID, myodai.Page{}); p.status != http.StatusOK || len(list) != 0 ||
		!strings.Contains(p.text("#address-hints"), "mail provider's domain") || attr(p.one("#address"), "value") != "a@gmail.com" || attr(p.one("#label"), "value") != "a" {
		t.Errorf("without script: %d %s", p.status, p.body)
	}
	if p := w.as(memberToken).get("/senders/hint?value=a@gmail.com"); p.status != http.StatusNotFound {
		t.Errorf("a member: %d", p.status)
	}
}

// T10, T11, T13: ten wrong codes end a link, the requester's session needs no
// code, and "this was not me" ends it for all.
func TestAnswersToAQuestion(t *testing.T) {
	w := newWorld(t)
	if err := w.store.SetPolicy(t.Context(), "", myodai.Policy{Verification: myodai.VerifyEither}); err != nil {
		t.Fatal(err)
	}
	admin, nobody := w.as(adminToken), w.as("")
	p := admin.post("/senders", "label", "sales", "address", "sales@acme.example")
	code, at := p.text("#code"), p.path
	for range myodai.MaxConfirmationTries {
		nobody.post(w.question(), "answer", "agree", "code", "x")
	}
	if p := nobody.post(w.question(), "answer", "agree", "code", code); p.status != http.StatusConflict || w.verified() {
		t.Errorf("the right code after ten wrong ones: %d", p.status)
	}
	admin.post(at + "/ask")
	if p := nobody.post(w.question(), "answer", "deny", "sure", "yes"); p.status != http.StatusOK || !strings.Contains(p.body, "30 days") {
		t.Errorf("this was not me: %d %s", p.status, p.body)
	}
	if p := admin.post(w.question(), "answer", "agree"); p.status != http.StatusConflict || w.verified() {
		t.Errorf("agreed after that: %d", p.status)
	}
	if p := admin.post(at + "/ask"); p.status != http.StatusTooManyRequests {
		t.Errorf("asked again after that: %d", p.status)
	}
	// E8: another address is typed into the page of the first, and asked for at
	// once. The session of who asked is enough.
	p = admin.post(at, "label", "sales", "address", "other@acme.example")
	if page := admin.get(w.question()); strings.Contains(page.body, `name="code"`) {
		t.Errorf("who asked is asked for a code: %s", page.body)
	}
	if p := admin.post(w.question(), "answer", "agree"); p.status != http.StatusOK || !w.verified() {
		t.Errorf("by the session: %d %s", p.status, p.body)
	}
	admin.post(at + "/delete")
	if list, _, _ := w.store.SenderAddresses(t.Context(), w.tenant.ID, myodai.Page{}); len(list) != 0 {
		t.Errorf("left: %+v", list)
	}
}

// D3: a tenant sees which way its mail goes, and can change nothing.
func TestRoutesAreForLooking(t *testing.T) {
	w := newWorld(t)
	list, err := myodai.ParseSenderList("acme.example, shop@example.net")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.SetPolicy(t.Context(), w.tenant.ID, myodai.Policy{Senders: &list}); err != nil {
		t.Fatal(err)
	}
	b := w.as(memberToken)
	p := b.get("/routes?from=a@nobody.example&class=marketing")
	if !strings.Contains(p.text("#answer"), "a@nobody.example is not verified as a sender. Mail of the class marketing is refused then.") ||
		!strings.Contains(p.body, "shop@example.net") || len(p.all("form[method=post]")) > 1 { // the one is to sign out
		t.Errorf("routes: %s", p.body)
	}
	if p := b.post("/routes", "from", "x"); p.status != http.StatusMethodNotAllowed && p.status != http.StatusNotFound {
		t.Errorf("something can be sent: %d", p.status)
	}
	if p := b.get("/routes?from=nonsense"); p.status != http.StatusUnprocessableEntity || p.text("#from-problem") == "" {
		t.Errorf("no address: %d %s", p.status, p.body)
	}
}
