package console_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	devlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	devpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chromium is one browser for all tests of this room.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-gpu", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("no-pings", true))
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...) // ends with the process
	ctx, _ := chromedp.NewContext(allocator)
	return ctx, chromedp.Do(ctx)
})

// tab is one tab of a real browser in which somebody may be signed in.
type tab struct {
	t    *testing.T
	w    *world
	ctx  context.Context
	mu   sync.Mutex
	told []string // what the browser complained of: policy violations, script errors, dialogs
}

// look is how somebody looks at pages.
type look struct {
	Width    int64
	Lang     string
	NoScript bool
	Dark     bool
}

// open opens a tab for the holder of a token.
func (w *world) open(token string, l look) *tab {
	w.t.Helper()
	browser, err := chromium()
	if err != nil {
		if os.Getenv("CI") == "true" {
			w.t.Fatal(err)
		}
		w.t.Skip("no Chromium here: ", err)
	}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	w.t.Cleanup(cancel)
	tab := &tab{t: w.t, w: w, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil { // the tab lives as long as the context of its first call
		w.t.Fatal(err)
	}
	if l.Width == 0 {
		l.Width = 1280
	}
	height := int64(800)
	if l.Width < 600 {
		height = 740
	}
	tab.do(chromedp.EmulateViewport(l.Width, height))
	if err := chromedp.Listen(ctx, tab.hear); err != nil {
		w.t.Fatal(err)
	}
	call(tab, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: headers(l.Lang)})
	if token != "" {
		call(tab, network.SetCookie, network.SetCookieParams{Name: "session", Value: token, URL: w.url})
	}
	call(tab, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Tokyo"})
	if l.NoScript {
		call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	}
	if l.Dark {
		call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
		})
	}
	w.t.Cleanup(func() {
		for _, said := range tab.complaints() {
			w.t.Errorf("the browser says: %s", said)
		}
	})
	return tab
}

func headers(lang string) network.Headers {
	if lang == "" {
		lang = "en"
	}
	return network.Headers{"Accept-Language": lang}
}

// call runs a command of the browser's protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		b.t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

// hear notes what should never happen on a page of ours (T70).
func (b *tab) hear(event any) {
	said := ""
	switch event := event.(type) {
	case *devlog.EventEntryAdded:
		if event.Entry.Level == "error" && !strings.Contains(event.Entry.Text, "the server responded with a status of") {
			said = event.Entry.Text
		}
	case *runtime.EventExceptionThrown:
		said = event.ExceptionDetails.Text
		if event.ExceptionDetails.Exception != nil {
			said += " " + event.ExceptionDetails.Exception.Description
		}
	case *devpage.EventJavascriptDialogOpening:
		said = "a dialog opened: " + event.Message
	}
	if said != "" {
		b.mu.Lock()
		b.told = append(b.told, said)
		b.mu.Unlock()
	}
}

func (b *tab) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.told
}

// patience is how long a page may take to become what a test waits for.
const patience = 20 * time.Second

// do runs steps in the tab.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		html, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
		b.t.Fatalf("%v, at a page that says:\n%s", err, html)
	}
}

// visit opens a page of ours.
func (b *tab) visit(path string) { b.t.Helper(); b.do(chromedp.Navigate(b.w.url + path)) }

// js evaluates an expression in the page.
func js[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return result
}

// text is what an element shows.
func (b *tab) text(selector string) string {
	b.t.Helper()
	quoted, _ := json.Marshal(selector)
	return js[string](b, "document.querySelector("+string(quoted)+")?.innerText ?? ''")
}

// shoot keeps a picture of the page in the folder that git ignores, when
// MYODAI_SCREENSHOTS names it.
func (b *tab) shoot(name string) {
	b.t.Helper()
	folder := os.Getenv("MYODAI_SCREENSHOTS")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// axeCore is the source of axe-core, "" where scripts/axe has not been.
var axeCore = sync.OnceValue(func() string {
	names, _ := filepath.Glob("../../build/axe-core-*/axe.min.js")
	if len(names) == 0 {
		return ""
	}
	text, _ := os.ReadFile(names[0])
	return string(text)
})

// accessible fails for every barrier that axe-core finds on the page.
func (b *tab) accessible() {
	b.t.Helper()
	source := axeCore()
	if source == "" {
		if os.Getenv("CI") == "true" {
			b.t.Fatal("axe-core is missing; run scripts/axe")
		}
		return
	}
	b.do(chromedp.Evaluate[chromedp.Void](source + ";undefined"))
	type violation struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []struct {
			HTML    string `json:"html"`
			Summary string `json:"failureSummary"`
		} `json:"nodes"`
	}
	for _, v := range js[[]violation](b, `axe.run().then(r => r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => ({html: n.html, failureSummary: n.failureSummary}))})))`) {
		for _, n := range v.Nodes {
			b.t.Errorf("%s: %s: %s\n%s\n%s", js[string](b, "location.pathname"), v.ID, v.Help, n.HTML, n.Summary)
		}
	}
	b.fits()
}

// fits fails when the page is wider than the window.
func (b *tab) fits() {
	b.t.Helper()
	if over := js[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
		b.t.Errorf("%s is %d pixels wider than the window", js[string](b, "location.pathname"), over)
	}
}
