package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium starts a browser that ends with the test.
func (w *world) chromium(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(find("chromium")), chromedp.NoSandbox,
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("no-pings", true),
		chromedp.UserDataDir(w.path("chromium")), chromedp.Env("HOME="+w.path("home")))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	browser, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	check(t, chromedp.Do(browser))
	return browser
}

// person is somebody at the console, in a browser of their own.
type person struct {
	t   *testing.T
	tab context.Context
}

// patience is how long a page may take to become what a test waits for.
const patience = time.Minute

// sitsDown gives somebody a browser in which nobody is signed in.
func sitsDown(t *testing.T, browser context.Context) *person {
	t.Helper()
	tab, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	check(t, chromedp.Do(tab)) // it lives as long as the context of its first call
	return &person{t, tab}
}

// opens goes to a page, of the console unless the address is whole.
func (p *person) opens(path string) {
	p.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = apiURL + path
	}
	eventually(p.t, patience, "the browser opens "+path, func() bool {
		err := chromedp.Do(p.tab, chromedp.Navigate(path))
		if err != nil && !strings.Contains(err.Error(), "ERR_ABORTED") { // a form that was on its way took the turn
			p.t.Fatal(err)
		}
		return err == nil
	})
}

func (p *person) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.tab, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%v, at a page that says:\n%s", err, p.reads("body"))
	}
}

// looksAt evaluates an expression in the page; a page that is just being left has
// nothing to say.
func looksAt[T any](p *person, expression string) (value T, ok bool) {
	ctx, cancel := context.WithTimeout(p.tab, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	return value, err == nil
}

// reads is what the elements show that a selector finds, one a line.
func (p *person) reads(selector string) string {
	text, _ := looksAt[string](p, `[...document.querySelectorAll(`+quote(selector)+`)].map(e => e.tagName === "DETAILS" || e.closest("details:not([open])") ? e.textContent : e.innerText).join("\n")`)
	return text
}

func quote(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

// sees waits until an element shows all of the given.
func (p *person) sees(selector string, wants ...string) {
	p.t.Helper()
	text := ""
	defer func() {
		if p.t.Failed() {
			at, _ := looksAt[string](p, "location.pathname")
			p.t.Logf("%s shows at %s:\n%s", selector, at, text)
		}
	}()
	eventually(p.t, patience, fmt.Sprintf("%s shows %q", selector, wants), func() bool {
		text = p.reads(selector)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				return false
			}
		}
		return text != ""
	})
}

// types replaces what is in a field, key by key.
func (p *person) types(selector, text string) {
	p.t.Helper()
	p.do(chromedp.WaitVisible(selector), chromedp.Focus(selector),
		chromedp.Evaluate[chromedp.Void](`document.activeElement.select?.()`), chromedp.KeyEvent(text))
}

// presses presses a button and waits for the page it leads to.
func (p *person) presses(selector string) {
	p.t.Helper()
	p.do(chromedp.WaitReady(selector), chromedp.Evaluate[chromedp.Void](`window.before = true; document.querySelector(`+quote(selector)+`).click()`))
	eventually(p.t, patience, selector+" leads to another page", func() bool {
		left, ok := looksAt[bool](p, `window.before === undefined && document.readyState === "complete"`)
		return ok && left
	})
}

// at is the path of the page.
func (p *person) at() string {
	path, _ := looksAt[string](p, "location.pathname")
	return path
}

// joins has the operator invite somebody to a tenant, who follows the link in the
// mail and chooses a password.
func (s *service) joins(t *testing.T, browser context.Context, tenantID, email, role string) *person {
	t.Helper()
	s.cli(t, s.operator, "member", "invite", email, "--role", role, "--tenant", tenantID)
	p := sitsDown(t, browser)
	p.opens(linkIn(t, s.w.received(t, "To: "+email), `/invitation/\S+`))
	p.types("#name", strings.ToUpper(email[:1]))
	p.types("#password", "correct horse battery staple")
	p.presses("main form button.primary")
	return p
}

// mayNotSee fails unless a page is not there for somebody.
func (p *person) mayNotSee(path string) {
	p.t.Helper()
	p.opens(path)
	status, _ := looksAt[int](p, `performance.getEntriesByType("navigation")[0].responseStatus`)
	if status != http.StatusNotFound {
		p.t.Errorf("%s = %d for who may not see it", path, status)
	}
}

// evaluate runs a script in the page.
func evaluate(script string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](script)
}
