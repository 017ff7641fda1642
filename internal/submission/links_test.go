package submission_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/submission"
	"github.com/myodai/myodai/internal/track"
)

const page = "From: news@example.com\r\nTo: a@one.example\r\nSubject: x\r\nContent-Type: text/html\r\n"

// newTracked is an engine whose marketing mail is tracked, with real links.
func newTracked(t *testing.T, l *ledger) *submission.Engine {
	t.Helper()
	for i, d := range l.domains { // links hold real ids
		if d.TenantID == shop {
			l.domains[i].TenantID = realShop
		}
	}
	l.tenants[realShop] = myodai.TenantActive
	classes := myodai.DefaultPolicy().Classes
	classes[1].Track = myodai.Track{Clicks: true, Opens: true}
	l.policy.Classes = classes
	links, err := track.New(track.Options{
		Random: rand.Reader, Host: "track.plat.example", Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = links.Close() })
	l.publish(l.domains[0].ID, "example.com", "s1", myodai.KeyRSA)
	return submission.New(submission.Options{
		Store: l, Suppressions: l, Random: rand.Reader, ReturnKey: returnKey, MailHost: "mx.plat.example", Links: links,
	})
}

var realShop = myodai.NewID[myodai.TenantID](time.Now(), rand.Reader)

// What is tracked is what tenant, class, request, header and link agree on, and the
// signature covers the result (requirements B6, RFC 8058).
func TestLinks(t *testing.T) {
	const html = "\r\n<a href=\"https://shop.example/?a=1&amp;b=2\">x</a></body>\r\n"
	const optedOut = "\r\n<a href=\"https://shop.example/\" data-myodai-track=\"off\">x</a></body>\r\n"
	const own = "List-Unsubscribe: <https://shop.example/stop?u=1>, <mailto:stop@example.com>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
	for _, tt := range []struct {
		name       string
		class      myodai.ClassName
		track      string
		header     string
		html       string // "" for the usual
		tenant     bool   // has a policy of its own that tracks nothing
		recipients string
		clicks     bool
		opens      bool
		stop       string // how one unsubscribes: ours, own, or ""
		refused    string
	}{
		{name: "transactional", class: myodai.ClassTransactional},
		{name: "marketing", class: myodai.ClassMarketing, clicks: true, opens: true, stop: "ours"},
		{name: "off for the tenant", class: myodai.ClassMarketing, tenant: true, stop: "ours"},
		{name: "off for the tenant, whatever the request", class: myodai.ClassMarketing, tenant: true, track: "clicks, opens", stop: "ours"},
		{name: "off for the link", class: myodai.ClassMarketing, html: optedOut, opens: true, stop: "ours"},
		{name: "off by request", class: myodai.ClassMarketing, track: "off", stop: "ours"},
		{name: "off by header", class: myodai.ClassMarketing, header: "X-Myodai-Track: off\r\n", stop: "ours"},
		{name: "only clicks", class: myodai.ClassMarketing, header: "X-Myodai-Track: Clicks\r\n", clicks: true, stop: "ours"},
		{name: "the request says more", class: myodai.ClassMarketing, track: "opens", header: "X-Myodai-Track: off\r\n", opens: true, stop: "ours"},
		{name: "not more than the class", class: myodai.ClassTransactional, track: "clicks, opens"},
		{name: "nonsense", class: myodai.ClassMarketing, track: "everything", refused: "what may be tracked"},
		{name: "the sender's own list", class: myodai.ClassMarketing, header: own, clicks: true, opens: true, stop: "own"},
		{name: "a list without one click", class: myodai.ClassMarketing, header: strings.Split(own, "\r\n")[0] + "\r\n", clicks: true, opens: true, stop: "ours"},
		{name: "several recipients", class: myodai.ClassMarketing, recipients: "b@two.example", refused: "one message to each recipient"},
		{name: "several recipients and an own list", class: myodai.ClassMarketing, header: own, recipients: "b@two.example", clicks: true, opens: true, stop: "own"},
		{name: "several transactional", class: myodai.ClassTransactional, recipients: "b@two.example"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLedger()
			e := newTracked(t, l)
			if tt.tenant {
				l.own.Classes = myodai.DefaultPolicy().Classes
			}
			r := request(page + tt.header + cmp.Or(tt.html, html))
			r.Credential.TenantID, r.Class, r.Track = realShop, tt.class, tt.track
			r.Recipients = addresses(strings.Fields("a@one.example " + tt.recipients)...)
			_, err := e.Submit(context.Background(), r)
			if tt.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refused) {
					t.Errorf("error %v, want one with %q", err, tt.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			sent := string(l.accepted[0].Body)
			if strings.Contains(sent, `href="https://track.plat.example/c/`) != tt.clicks ||
				strings.Contains(sent, `<img src="https://track.plat.example/o/`) != tt.opens || strings.Contains(strings.ToLower(sent), "myodai-track") {
				t.Errorf("sent:\n%s", sent)
			}
			ours := strings.Contains(sent, "\r\nList-Unsubscribe: <https://track.plat.example/u/") && strings.Contains(sent, "<mailto:u-")
			theirs := strings.Contains(sent, "<https://shop.example/stop?u=1>")
			post := strings.Count(sent, "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n")
			if ours != (tt.stop == "ours") || theirs != (tt.stop == "own") || (post == 1) != (tt.stop != "") {
				t.Errorf("unsubscription: ours %t, own %t, %d Post fields", ours, theirs, post)
			}
			if got := l.verify(l.accepted[0].Body, time.Now()); !strings.HasPrefix(got, "example.com pass") {
				t.Errorf("a receiver says %s", got)
			}
			if tt.stop != "" && !strings.Contains(strings.ReplaceAll(sent[:strings.Index(sent, "\r\nReceived")], "\r\n\t", ""), "List-Unsubscribe:List-Unsubscribe-Post") {
				t.Error("the signature does not cover the fields")
			}
		})
	}
}
