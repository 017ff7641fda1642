package track_test

import (
	"context"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/track"
)

// pressing is what a scanner does on a page that it has opened: it presses every
// link and button there is, and then sends every form without what the browser
// would ask for.
var pressing = []string{
	`[...document.querySelectorAll("a, button, summary, [role=button], input[type=submit], input[type=button]")].forEach(e => e.click())`,
	`[...document.querySelectorAll("button")].at(-1)?.click()`,
	`[...document.forms].forEach(f => f.submit())`,
	`[...document.forms].forEach(f => { const e = f.querySelector("button"); if (e?.name) { const i = document.createElement("input"); i.type = "hidden"; i.name = e.name; i.value = e.value; f.append(i) } f.submit() })`,
}

// A browser without a head that opens every link of a mail, as link scanners do,
// and presses every link and button of the page it comes to, unsubscribes nobody,
// and its clicks count as a machine's (T44, T54).
func TestScannersUnsubscribeNobody(t *testing.T) {
	program, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not installed")
		}
		t.Skip("chromium is not installed")
	}
	db := newShop(t)
	s := newServer(t, track.Options{Store: db, Settle: 1})
	server := httptest.NewServer(s)
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	list, _ := s.UnsubscribeFields(db.copy(0), author, "bounce.shop.example", myodai.ClassMarketing)
	stop := list[strings.Index(list, "/u/"):strings.IndexByte(list, '>')]
	click := s.MakeLink(platform, db.copy(0), "http://"+string(platform)+":"+port+stop)
	allocator, done := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.Flag("disable-gpu", true), chromedp.Flag("host-resolver-rules", "MAP "+string(platform)+" 127.0.0.1"))...)
	defer done()
	browser, closed := chromedp.NewContext(allocator)
	defer closed()
	browser, ended := context.WithTimeout(browser, time.Minute)
	defer ended()
	open := func(path string) string {
		t.Helper()
		if err := chromedp.Do(browser, chromedp.Navigate("http://"+string(platform)+":"+port+path)); err != nil {
			t.Fatal(err)
		}
		text, _ := chromedp.Run(browser, chromedp.Evaluate[string]("document.body?.innerText ?? ''"))
		return text
	}
	_ = chromedp.Do(browser, chromedp.Navigate("http://"+string(platform)+":"+port+s.MakeOpen(platform, db.copy(0))))
	for n, press := range pressing {
		path := stop
		if n == 0 {
			path = click // which leads there
		}
		if text := open(path); !strings.Contains(text, "Stop this mail") {
			t.Errorf("the browser shows %s", text)
		}
		_ = chromedp.Do(browser, chromedp.Evaluate[chromedp.Void](press), chromedp.Sleep(300*time.Millisecond)) // for what was pressed to be sent
	}
	s.DrainNow(t.Context())
	if db.suppresses(t, db.accepted.Deliveries[0].Recipient) {
		t.Error("a scanner unsubscribed somebody")
	}
	if stats := db.stats(t); stats.Clicks.Machines != 1 || stats.Clicks.People+stats.Opens.People != 0 {
		t.Errorf("%+v", stats)
	}
	// What a person does: tick, and press.
	open(stop)
	if err := chromedp.Do(browser, chromedp.Click("input[name=sure]"), chromedp.Click("button"), chromedp.WaitVisible("button[value=undo]")); err != nil {
		t.Fatal(err)
	}
	s.DrainNow(t.Context())
	if !db.suppresses(t, db.accepted.Deliveries[0].Recipient) {
		t.Error("a person could not unsubscribe")
	}
}
