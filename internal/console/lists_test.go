package console_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// upload sends a form with a file: names and values in turn stand before it.
func (b *browser) upload(path, name, file string, form ...string) page {
	t := b.w.t
	t.Helper()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for i := 0; i < len(form); i += 2 {
		_ = parts.WriteField(form[i], form[i+1])
	}
	if name != "" {
		part, err := parts.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(file))
	}
	_ = parts.Close()
	return b.send(http.MethodPost, path, parts.FormDataContentType(), &body)
}

// A suppression list is looked at, entered with what is wrong line by line, seen,
// downloaded, entered again from that, and taken back as one.
func TestSuppressionFiles(t *testing.T) {
	w := newWorld(t)
	b := w.as(adminToken)
	const list = "address,reason,class,expires\r\nold@example.net,bounced,,\r\nno address,,,\r\nx@example.net,,nonsense,\r\n" +
		"<script>alert(1)</script>@example.org,,,\r\nshop@example.org,unsubscribed,marketing,\r\n"
	p := b.upload("/suppressions/import", "list.csv", list, "class", "", "preview", "1")
	if got := p.text(".facts"); got != "Would be entered 2 Lines left out 3" {
		t.Errorf("the preview: %q", got)
	}
	if got := b.get("/suppressions"); len(got.all("tbody tr")) != 0 {
		t.Errorf("the preview entered something: %s", got.text("tbody"))
	}
	p = b.upload("/suppressions/import", "list.csv", list, "class", "")
	if got := p.text(".facts"); got != "Entered 2 On the list already 0 Lines left out 3" {
		t.Errorf("entered: %q", got)
	}
	for i, want := range []string{`3 "no address" is not a mail address`, "4 There is no class of mail", "5 "} {
		if got := textOf(p.all("tbody tr")[i]); !strings.HasPrefix(got, want) {
			t.Errorf("line %d: %q, want %q", i, got, want)
		}
	}
	if n := len(p.all("main script")); n != 0 {
		t.Errorf("%d scripts came with the file (T70)", n)
	}
	ja := b.upload("/suppressions/import?lang=ja", "list.csv", list, "preview", "1")
	if got := ja.text("tbody"); !strings.Contains(got, "メールの種類「nonsense」はありません") {
		t.Errorf("in Japanese: %q", got)
	}
	b.get("/suppressions?lang=en")
	seen := b.get(attr(p.one("section a"), "href"))
	if len(seen.all("tbody tr")) != 2 {
		t.Errorf("the batch shows %s", seen.text("main"))
	}
	file := w.as(memberToken).get("/suppressions/export")
	if !strings.HasPrefix(file.body, "address,reason,class,since,expires,evidence,id\r\n") ||
		!strings.Contains(file.body, "\r\nold@example.net,bounced,,") || strings.Count(file.body, "\r\n") != 3 {
		t.Errorf("the file: %q", file.body)
	}
	undo := attr(seen.one(".notice form"), "action")
	b.post(undo).has("2 addresses are off the list again.")
	if got := b.get("/suppressions"); len(got.all("tbody tr")) != 0 {
		t.Errorf("after undoing: %s", got.text("tbody"))
	}
	if p := b.upload("/suppressions/import", "suppressions.csv", file.body); !strings.HasPrefix(p.text(".facts"), "Entered 2") {
		t.Errorf("what was downloaded is entered: %s", p.text(".facts"))
	}
	if p := b.upload("/suppressions/import", "", ""); p.status != http.StatusUnprocessableEntity || p.text("[role=alert]") != "There is no file; choose one at least." {
		t.Errorf("without a file: %d", p.status)
	}
	for _, path := range []string{"/suppressions/import", undo} {
		if p := w.as(memberToken).post(path); p.status != http.StatusNotFound {
			t.Errorf("a member at %s: %d", path, p.status)
		}
	}
	added := b.post("/suppressions", "address", "one@example.com")
	if got := len(added.all("tbody tr")); got != 1 {
		t.Errorf("what was added stands alone, to be taken back: %d lines", got)
	}
	b.post(attr(added.one("tbody form"), "action")).has("It is mailed again")
}

// D9: a list is audited, the parts of the proposal are chosen, entered, and taken
// back with one click.
func TestListAuditIsAccepted(t *testing.T) {
	w := newWorld(t)
	b := w.as(adminToken)
	p := b.upload("/list-audits", "list.csv", "a@mailinator.com\ninfo@example.org\nx@gmial.com\n", "title", "<i>Spring</i>", "class", "marketing")
	for end := time.Now().Add(patience); !strings.Contains(p.body, "verdict") && time.Now().Before(end); {
		p = b.get(p.path)
	}
	if p.text("h1") != "<i>Spring</i>" {
		t.Fatalf("the audit is %q: %s", p.text("h1"), p.body)
	}
	chosen := map[string]bool{}
	for _, box := range p.all("[name=verdict]") {
		chosen[attr(box, "value")] = slices.ContainsFunc(box.Attr, func(a html.Attribute) bool { return a.Key == "checked" })
	}
	if !chosen["typo"] || !chosen["disposable"] || chosen["unanswered"] {
		t.Errorf("what is chosen for us: %v", chosen)
	}
	at := p.path
	if p := b.post(at + "/accept"); p.status != http.StatusUnprocessableEntity || p.text("[role=alert]") != "Choose at least one line." {
		t.Errorf("nothing chosen: %d", p.status)
	}
	p = b.post(at+"/accept", "verdict", "typo", "verdict", "unanswered")
	if got := b.get("/suppressions"); len(got.all("tbody tr")) != 2 {
		t.Errorf("on the list: %s", got.text("main"))
	}
	if got := b.get(attr(p.one("form p a"), "href")); len(got.all("tbody tr")) != 2 {
		t.Errorf("the link leads to %s", got.text("main"))
	}
	b.post(at + "/undo").has("off the list again")
	if got := b.get("/suppressions"); len(got.all("tbody tr")) != 0 {
		t.Errorf("left on the list: %s", got.text("tbody"))
	}
	if p := b.upload("/list-audits", "list.csv", "a@example.org", "title", "a", "class", "nonsense"); p.status != http.StatusUnprocessableEntity || p.text("#class-problem") == "" {
		t.Errorf("a class that is none: %d", p.status)
	}
}

// The operator lets a tenant send without an audit, and the reason is kept.
func TestAuditIsWaived(t *testing.T) {
	o := newOffice(t)
	b := o.setup()
	at := "/operator/tenants/" + string(o.tenant.ID)
	if p := b.post(at+"/waive", "class", "marketing", "reason", ""); p.status != http.StatusUnprocessableEntity || p.text("#reason-problem") == "" {
		t.Errorf("without a reason: %d", p.status)
	}
	p := b.post(at+"/waive", "class", "marketing", "reason", "mailed every week <b>before</b>")
	p.has("may send without an audit")
	if got := p.text("[aria-labelledby=waive] li"); !strings.HasPrefix(got, "marketing : mailed every week <b>before</b>") {
		t.Errorf("kept is %q", got)
	}
	list, _, err := o.store.ListAudits(t.Context(), o.tenant.ID, myodai.Page{})
	if err != nil || len(list) != 1 || !list[0].Passed() || list[0].Class != "marketing" {
		t.Errorf("the gate stays shut: %+v, %v", list, err)
	}
}

// What is held for a suppressed recipient is sent this once or given up; what
// waits for its author goes when that is verified, and says so before.
func TestHeldMailIsDecided(t *testing.T) {
	w := newWorld(t)
	b := w.as(adminToken)
	one, two, author := w.hold("one@example.net", myodai.HoldSuppressed), w.hold("two@example.net", myodai.HoldSuppressed), w.hold("x@example.net", "")
	if p := b.get("/messages?state=held"); len(p.all("tbody tr")) != 3 {
		t.Errorf("held: %s", p.text("main"))
	}
	if p := w.as(memberToken).get("/messages/" + string(one)); len(p.all("article form")) != 0 || !strings.Contains(p.body, "An administrator can decide") {
		t.Errorf("a member may decide: %s", p.text("article"))
	}
	for _, tt := range []struct {
		id         myodai.MessageID
		form, says string
		state      string
	}{{one, "/release", "It is sent this once.", "accepted"}, {two, "/discard", "It was given up.", "suppressed"}, {author, "/release", "is not verified yet", "held"}} {
		p := b.get("/messages/" + string(tt.id))
		form := p.all("article form")
		at := slices.IndexFunc(form, func(n *html.Node) bool { return strings.HasSuffix(attr(n, "action"), tt.form) })
		if at < 0 {
			t.Fatalf("there is no form for %s: %s", tt.form, p.text("article"))
		}
		action := attr(form[at], "action")
		if p := w.as(memberToken).post(action); p.status != http.StatusNotFound {
			t.Errorf("a member decides: %d", p.status)
		}
		if p := w.as(strangerToken).post(action); p.status != http.StatusNotFound {
			t.Errorf("a stranger decides: %d", p.status)
		}
		p = b.post(action)
		p.has(tt.says)
		if got := p.text("article h3 .chip"); got != tt.state {
			t.Errorf("after %s it is %s", tt.form, got)
		}
		if p := b.post(action); p.status != http.StatusOK { // twice is no fault
			t.Errorf("decided twice: %d", p.status)
		}
	}
	list, _, err := w.store.Suppressions(t.Context(), w.tenant.ID, store.SuppressionFilter{}, myodai.Page{})
	if err != nil || len(list) != 0 {
		t.Errorf("the suppression list is touched: %v, %v", list, err)
	}
}
