package console_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// planned is the plan of the world's only domain.
func (w *world) planned() (myodai.Domain, plan.Plan) {
	w.t.Helper()
	list, _, err := w.store.Domains(w.t.Context(), w.tenant.ID, myodai.Page{})
	if err != nil || len(list) != 1 {
		w.t.Fatal(list, err)
	}
	p, err := w.domains.Plan(w.t.Context(), w.tenant.ID, list[0].ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return list[0], p
}

// mistake is what a person does wrong with one record, and how it is told.
type mistake struct {
	cause string
	make  func(net *internet, item plan.Item)
}

// six are kinds of mistakes, for the records of a plan in turn: two keys, the
// return path, the policy; and then again.
var six = []mistake{
	{"name-suffix-duplicated", func(net *internet, i plan.Item) { net.enter(string(i.Name)+".acme.example", right(i)) }},
	{"cname-target-suffix-appended", func(net *internet, i plan.Item) { net.enter(string(i.Name), "CNAME "+i.Value+".acme.example.") }},
	{"cname-entered-as-txt", func(net *internet, i plan.Item) { net.enter(string(i.Name), `TXT "`+i.Value+`"`) }},
	{"dmarc-separator-wrong", func(net *internet, i plan.Item) {
		net.enter(string(i.Name), `TXT "`+strings.ReplaceAll(i.Value, ";", ",")+`"`)
	}},
	{"value-has-scheme-or-path", func(net *internet, i plan.Item) { net.enter(string(i.Name), "CNAME https://"+i.Value+".") }},
	{"record-missing", func(*internet, plan.Item) {}},
}

// itemFor is the record that the n-th mistake is made with.
func itemFor(p plan.Plan, n int) plan.Item {
	return p.Items[[]int{0, 1, 2, 3, 0, 2}[n]]
}

// A person who has never heard of DKIM gets a domain verified: in the wizard, with
// six mistakes on the way, each told and mended, at a real authoritative server.
func TestWizardInABrowser(t *testing.T) {
	for name, l := range map[string]look{
		"en-1280": {Lang: "en"}, "ja-360": {Lang: "ja", Width: 360},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOn(t, newInternet(t))
			b := w.open(adminToken, l)
			b.visit("/domains")
			b.accessible()
			b.shoot("domains-none-" + name)
			b.visit("/domains/new")
			b.accessible()

			// Only by keyboard.
			b.focus("name")
			b.do(chromedp.KeyEvent("www.acme.example"))
			b.wait("#name-hints .hints")
			b.shoot("new-" + name)
			b.focus("from")
			b.do(chromedp.KeyEvent("info@acme.example\r"))
			b.wait(".records")
			b.accessible()
			b.shoot("records-" + name)

			d, p := w.planned()
			if d.DefaultFrom != "info@acme.example" || d.Name != "acme.example" {
				t.Errorf("registered %s, from %s", d.Name, d.DefaultFrom)
			}
			b.visit("/domains/" + string(d.ID) + "/check")
			for n, m := range six {
				item := itemFor(p, n)
				for k := range 4 {
					w.net.enter(string(p.Items[k].Name), right(p.Items[k]))
				}
				w.net.enter(string(item.Name))
				w.net.enter(string(item.Name) + ".acme.example")
				m.make(w.net, item)
				if n == 0 {
					b.wait(`[id^="` + m.cause + `-"]`) // nothing was pressed
					b.accessible()
				} else {
					b.press(".now button", `[id^="`+m.cause+`-"]`)
				}
				if n < 2 {
					b.shoot("check-" + m.cause + "-" + name)
				}
				w.net.enter(string(item.Name) + ".acme.example")
				w.net.enter(string(item.Name), right(item))
			}
			b.press(".now button", "#status .notice.good")
			b.accessible()
			b.shoot("check-done-" + name)
			if d, _ := w.planned(); d.State != myodai.DomainVerified {
				t.Errorf("the domain is %s", d.State)
			}
			for _, page := range []string{"", "/handover", "/history", "/delete", "/records"} {
				b.visit("/domains/" + string(d.ID) + page)
				b.accessible()
				b.shoot("domain" + strings.ReplaceAll(page, "/", "-") + "-" + name)
			}
			b.visit("/domains")
			b.shoot("domains-" + name)
		})
	}
}

// focus presses Tab until a field has the focus.
func (b *tab) focus(id string) {
	b.t.Helper()
	for range 40 {
		if js[string](b, "document.activeElement?.id ?? ''") == id {
			return
		}
		b.do(chromedp.KeyEvent("\t"))
	}
	b.t.Fatalf("Tab never comes to %s", id)
}

// there reports whether the loaded page has an element. A page that is just being
// left has none.
func (b *tab) there(selector string) bool {
	quoted, _ := json.Marshal(selector)
	ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("document.readyState == 'complete' && document.querySelector("+string(quoted)+") != null"))
	return err == nil && ok
}

// wait waits until there is an element.
func (b *tab) wait(selector string) {
	b.t.Helper()
	for end := time.Now().Add(patience); !b.there(selector); {
		if time.Now().After(end) {
			b.t.Fatalf("%q never comes, at a page that says:\n%s", selector, js[string](b, "document.body.innerText"))
		}
		b.do(chromedp.Sleep(50 * time.Millisecond))
	}
}

// press presses a button until an element is there: a check that was just made
// is not made again.
func (b *tab) press(button, selector string) {
	b.t.Helper()
	for range 12 {
		b.wait(button)
		_ = chromedp.Do(b.ctx, chromedp.Evaluate[chromedp.Void]("document.querySelector('"+button+"')?.click()"))
		for range 15 {
			b.do(chromedp.Sleep(100 * time.Millisecond))
			if b.there(selector) {
				return
			}
		}
	}
	b.t.Fatalf("%q never comes, at a page that says:\n%s", selector, js[string](b, "document.body.innerText"))
}

// The same without script: forms and links alone, as plain HTTP.
func TestWizardWithoutScript(t *testing.T) {
	w := newWorldOn(t, newInternet(t))
	b := w.as(adminToken)
	p := b.post("/domains", "name", "www.acme.example", "only", "hint")
	if got := p.text(".hints"); !strings.Contains(got, "without www.") {
		t.Errorf("hint = %q", got)
	}
	p = b.post("/domains", "name", "acme.example", "from", "info@other.example")
	if p.status != http.StatusUnprocessableEntity || !strings.Contains(p.text("#from-problem"), "not an address at acme.example") {
		t.Errorf("a foreign From address = %d %q", p.status, p.body)
	}
	p = b.post("/domains", "name", "acme.example", "from", "info@acme.example")
	d, planned := w.planned()
	if p.path != "/domains/"+string(d.ID)+"/records" || len(p.all("li.record")) != len(planned.Items) {
		t.Fatalf("after registering: %s with %d records", p.path, len(p.all("li.record")))
	}
	for _, item := range planned.Items {
		w.net.enter(string(item.Name), right(item))
	}
	p = b.post("/domains/"+string(d.ID)+"/check", "from", "check")
	if !strings.Contains(p.text("#status"), "The domain is verified") {
		t.Errorf("after the check: %s", p.text("#status"))
	}
	if len(p.all("noscript")) != 0 {
		t.Error("the page still loads itself again")
	}
}

// A23, A14, T06: what cannot be registered is refused beside its field, in the
// reader's language.
func TestRefusalsStandAtTheirField(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct{ lang, name, want string }{
		{"en", "gmail.com", "mail provider's domain"},
		{"ja", "gmail.com", "メールサービスのドメイン"},
		{"en", "co.jp", "public suffix"},
		{"ja", "", "ドメイン名を入力してください"},
	} {
		b := w.as(adminToken)
		b.header.Set("Accept-Language", tt.lang)
		p := b.post("/domains", "name", tt.name)
		if p.status != http.StatusUnprocessableEntity || !strings.Contains(p.text("#name-problem"), tt.want) {
			t.Errorf("%s in %s = %d %q", tt.name, tt.lang, p.status, p.text("#name-problem"))
		}
		if attr(p.one("#name"), "aria-invalid") != "true" || attr(p.one("#name"), "value") != tt.name {
			t.Errorf("%s: the field is not marked, or empty", tt.name)
		}
	}
}
