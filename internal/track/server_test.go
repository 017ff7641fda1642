package track_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/track"
)

// request asks a server and follows nothing.
func request(s http.Handler, method string, host myodai.Name, path string, header ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	r.Host = string(host)
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// calm fails unless the answer is a page with the status, in both languages, that
// leads nowhere and leaves nothing behind.
func calm(t *testing.T, what string, r *http.Response, status int, words ...string) {
	t.Helper()
	page := body(t, r)
	if r.StatusCode != status || r.Header.Get("Location") != "" || len(r.Cookies()) > 0 {
		t.Errorf("%s: %s, Location %q, %d cookies", what, r.Status, r.Header.Get("Location"), len(r.Cookies()))
	}
	for _, word := range append(words, `lang="ja"`, `lang="en"`) {
		if !strings.Contains(page, word) {
			t.Errorf("%s: the page lacks %s:\n%s", what, word, page)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") || !strings.HasPrefix(r.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%s: the page is not plain", what)
	}
}

// A link leads to its destination, octet for octet.
func TestClickLeadsThere(t *testing.T) {
	s := newServer(t, track.Options{})
	for _, destination := range []string{
		"https://shop.example/?a=1&b=%2F%2f&c=%E3%81%82#x?y", "HTTP://Shop.Example", "https://a.example/a|b{c}^`d'e;f,g:h@i",
		"http://[2001:db8::1]:8080/", "https://a.example//b/../c/./d?e=//f", "https://s3.example/k?X-Amz-Signature=0a%2Bb",
		"https://a.example/" + strings.Repeat("x", 1380),
	} {
		path := s.MakeLink(platform, newCopy(), destination)
		if len(path) > 2048-len("https://"+platform) {
			t.Errorf("a link to %d octets is %d long", len(destination), len(path))
		}
		for _, host := range []myodai.Name{platform, platform + ":443", "TRACK.plat.example.", platform + ".:80"} {
			for _, method := range []string{"GET", "HEAD"} {
				r := request(s, method, host, path+"?utm_source=x&to=https://evil.example")
				if r.StatusCode != http.StatusFound || r.Header.Get("Location") != destination {
					t.Errorf("%s at %s: %s to %q, want %q", method, host, r.Status, r.Header.Get("Location"), destination)
				}
				if len(r.Cookies()) > 0 || body(t, r) != "" || r.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s: %v", method, r.Header)
				}
			}
		}
	}
}

// The recipient, the sender and the destination are in no URL (T54).
func TestLinksTellNothing(t *testing.T) {
	s := newServer(t, track.Options{})
	c := newCopy()
	path := s.MakeLink(platform, c, "https://shop.example/secret")
	for _, word := range []string{"shop", "secret", string(c.TenantID)[4:], string(c.DeliveryID)[4:], "example"} {
		if strings.Contains(path, word) {
			t.Errorf("%s shows %s", path, word)
		}
	}
	if other := s.MakeLink(platform, newCopy(), "https://shop.example/secret"); other[:10] == path[:10] {
		t.Error("links to the same page begin alike")
	}
}

// T53, T55: a link works at the host it was made for while that is its tenant's,
// and nowhere else.
func TestLinksStayWithTheirTenant(t *testing.T) {
	s := newServer(t, track.Options{})
	mine, theirs := newCopy(), newCopy()
	const host, other myodai.Name = "go.shop.example", "go.rival.example"
	s.SetHosts([]track.Host{{Name: host, TenantID: mine.TenantID}, {Name: other, TenantID: theirs.TenantID}})
	path := s.MakeLink(host, mine, "https://shop.example/")
	if r := request(s, "GET", host, path); r.StatusCode != http.StatusFound {
		t.Errorf("at its host: %s", r.Status)
	}
	for _, elsewhere := range []myodai.Name{other, platform, "unknown.example", "", "xgo.shop.example", "go.shop.example.evil.example"} {
		calm(t, "at "+string(elsewhere), request(s, "GET", elsewhere, path), http.StatusNotFound)
	}
	calm(t, "a link of the other tenant", request(s, "GET", host, s.MakeLink(host, theirs, "https://rival.example/")), http.StatusNotFound)
	// The tenant leaves, and another takes the name.
	s.SetHosts([]track.Host{{Name: host, TenantID: theirs.TenantID}})
	calm(t, "after another took the host", request(s, "GET", host, path), http.StatusNotFound)
	s.SetHosts(nil)
	calm(t, "after the host is gone", request(s, "GET", host, path), http.StatusNotFound)
	calm(t, "the front page", request(s, "GET", platform, "/"), http.StatusNotFound, "このリンクは見つかりませんでした")
}

// T53: behind a trusted name a suspended tenant's link leads nowhere, be the name
// the platform's or the tenant's own. Who unsubscribes still does.
func TestSuspendedTenantsLinks(t *testing.T) {
	const own myodai.Name = "go." + author
	for _, host := range []myodai.Name{platform, own} {
		t.Run(string(host), func(t *testing.T) {
			db := newShop(t)
			s := newServer(t, track.Options{Store: db})
			c := db.copy(0)
			s.SetHosts([]track.Host{{Name: own, TenantID: db.tenant}}, db.tenant)
			r := request(s, "GET", host, s.MakeLink(host, c, "https://phish.example/"))
			calm(t, "a click", r, http.StatusGone, "停止", "suspended")
			r = request(s, "GET", host, s.MakeOpen(host, c))
			if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "image/gif" {
				t.Errorf("a picture: %s", r.Status)
			}
			path := s.MakeUnsubscribe(host, c, myodai.ClassMarketing)
			calm(t, "the page to unsubscribe", request(s, "GET", host, path), http.StatusOK, "Stop this mail")
			calm(t, "one click", post(s, host, path, urlencoded, "List-Unsubscribe=One-Click"), http.StatusOK, "This mail has been stopped")
			s.DrainNow(t.Context())
			if !db.suppresses(t, db.accepted.Deliveries[0].Recipient) {
				t.Error("not unsubscribed")
			}
			if stats := db.stats(t); stats.Clicks != (myodai.Visits{}) || stats.Opens != (myodai.Visits{}) {
				t.Errorf("visits to a suspended tenant's mail: %+v", stats)
			}
		})
	}
}

// payloads are five hundred ways to make a redirect lead elsewhere, or to put a
// line into a header (T52).
func payloads(valid string) []string {
	targets := []string{
		"//evil.example", "///evil.example", "////evil.example//", "/\\evil.example", "\\\\evil.example", "\\/\\/evil.example",
		"https://evil.example", "https:evil.example", "https:/evil.example", "http:///evil.example", "HtTpS://evil.example", "//evil.example/%2f..",
		"//evil%E3%80%82example", "//evil。example", "/%09/evil.example", "/%5cevil.example", "/%2f%2fevil.example", "//%0d%0aevil.example",
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "java%0d%0ascript%0d%0a:alert(0)", "data:text/html;base64,PHNjcmlwdD4=", "vbscript:x", "file:///etc/passwd",
		"https://track.plat.example@evil.example", "https://track.plat.example%40evil.example", "//track.plat.example@evil.example/", "https://evil.example#track.plat.example",
		"https://evil.example?track.plat.example", "https://evil.example\\track.plat.example", "//3232235777", "http://0x7f000001", "http://[::1]", "http://127.1",
		"%0d%0aLocation:%20https://evil.example", "%0aLocation:https://evil.example", "%0d%0a%0d%0a<script>x</script>", "%E5%98%8A%E5%98%8DLocation:evil.example",
		"%23%0d%0aLocation:https://evil.example", "%3f%0d%0aSet-Cookie:a=b", "..;/evil.example", "/.evil.example", "/x:80", ".evil.example", "@evil.example",
		"〱evil.example", "%00https://evil.example", "https://evil.example%00.track.plat.example", "<>//evil.example", "?//evil.example", ";//evil.example",
	}
	var list []string
	for _, t := range targets {
		list = append(list,
			"/"+t, t, "/c/"+t, "/o/"+t, "/u/"+t, valid+t, valid+"/"+t, valid[:len(valid)-4]+t, "/c/?url="+t, "/?next="+t)
	}
	return list
}

func TestNoOpenRedirect(t *testing.T) {
	s := newServer(t, track.Options{})
	const destination = "https://shop.example/signed"
	valid := s.MakeLink(platform, newCopy(), destination)
	address := listen(t, s, false)
	list := payloads(valid)
	// Changing any character of the token is a payload, too.
	for i := 3; i < len(valid); i++ {
		c := byte('A')
		if valid[i] == c {
			c = 'B'
		}
		list = append(list, valid[:i]+string(c)+valid[i+1:])
	}
	redirects := 0
	for _, p := range list {
		for _, forwarded := range []string{"", "X-Forwarded-Host: evil.example\r\nX-Original-URL: //evil.example\r\nForwarded: host=evil.example\r\n"} {
			status, header := ask(t, address, p, forwarded)
			if location := header.Get("Location"); location != "" {
				redirects++
				if location != destination || status != http.StatusFound || !strings.HasPrefix(p, valid) {
					t.Errorf("%q leads to %q with %d", p, location, status)
				}
			}
			if len(header["Set-Cookie"]) > 0 || strings.Contains(fmt.Sprint(header), "evil") {
				t.Errorf("%q: %v", p, header)
			}
		}
	}
	if len(list) < 500 || redirects > 40 {
		t.Errorf("%d payloads, %d redirects", len(list), redirects)
	}
	t.Logf("%d payloads twice each; %d times the signed destination, behind which something was added to the query", len(list), redirects)
}

// ask sends a request as it is, and reads what comes.
func ask(t *testing.T, address, target, more string) (status int, header http.Header) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n", target, platform, more); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", target, err)
	}
	defer func() { _ = r.Body.Close() }()
	return r.StatusCode, r.Header
}

// What may not be redirected to is not, even if it were sealed.
func TestSealedPayloads(t *testing.T) {
	s := newServer(t, track.Options{})
	for _, p := range append(payloads("/c/x"), "https://a.example/\r\nSet-Cookie: a=b", "https://u:p@a.example/", "ftp://a.example/", "https://a.example/é") {
		if track.Trackable(p) {
			if u, err := url.Parse(p); err != nil || u.Scheme != "http" && u.Scheme != "https" && !strings.HasPrefix(strings.ToLower(p), "http") || u.User != nil {
				t.Errorf("%q may be redirected to", p)
			}
			continue
		}
		if r := request(s, "GET", platform, s.SealAnything(platform, newCopy(), p)); r.StatusCode != http.StatusNotFound || r.Header.Get("Location") != "" {
			t.Errorf("%q: %s to %q", p, r.Status, r.Header.Get("Location"))
		}
	}
}

func TestMethods(t *testing.T) {
	s := newServer(t, track.Options{})
	path := s.MakeLink(platform, newCopy(), "https://shop.example/")
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
		calm(t, method, request(s, method, platform, path), http.StatusMethodNotAllowed)
	}
	r := request(s, "GET", platform, s.MakeOpen(platform, newCopy()))
	if r.StatusCode != http.StatusOK || len(body(t, r)) != 43 || r.Header.Get("Content-Type") != "image/gif" {
		t.Errorf("a picture: %s %v", r.Status, r.Header)
	}
}

// A slow disk makes nobody wait for longer than a moment, and nothing is lost.
func TestSlowDisk(t *testing.T) {
	db := newShop(t)
	dir := t.TempDir()
	s := newServer(t, track.Options{Store: db, Dir: dir, Settle: 1})
	goOn := s.Stall()
	for range 2 {
		began := time.Now()
		r := request(s, "GET", platform, s.MakeLink(platform, db.copy(0), "https://shop.example/"))
		if took := time.Since(began); r.StatusCode != http.StatusFound || took < 90*time.Millisecond {
			t.Errorf("a click: %s after %s", r.Status, took)
		}
	}
	goOn()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := newServer(t, track.Options{Store: db, Dir: dir, Settle: 1})
	again.DrainNow(t.Context())
	if n := db.stats(t).Clicks; n.People+n.Machines != 2 {
		t.Errorf("%+v", n)
	}
}

// While nothing can be written, links lead on (P27, and the issue's "never show a
// recipient an error").
func TestFullDisk(t *testing.T) {
	s := newServer(t, track.Options{MaxSpool: 300})
	c := newCopy()
	for range 5 {
		if r := request(s, "GET", platform, s.MakeLink(platform, c, "https://shop.example/")); r.StatusCode != http.StatusFound {
			t.Errorf("a click: %s", r.Status)
		}
	}
	broken := newServer(t, track.Options{Dir: t.TempDir()})
	if err := os.RemoveAll(broken.Dir()); err != nil {
		t.Fatal(err)
	}
	if r := request(broken, "GET", platform, broken.MakeLink(platform, c, "https://shop.example/")); r.StatusCode != http.StatusFound {
		t.Errorf("a click without a directory: %s", r.Status)
	}
}
