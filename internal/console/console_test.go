package console_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestEveryAnswerCarriesThePolicy(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/", "/design", "/nowhere", "/assets/none.css"} {
		resp := w.as("").get(path)
		policy := resp.header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: Content-Security-Policy = %q", path, policy)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin"} {
			if got := resp.header.Get(name); got != want {
				t.Errorf("%s: %s = %q, want %q", path, name, got, want)
			}
		}
	}
}

func TestNoPageHoldsScriptOrStyle(t *testing.T) {
	w := newWorld(t)
	p := w.as("").get("/design")
	for _, script := range p.all("script") {
		if attr(script, "src") == "" {
			t.Error("a script stands in the page")
		}
	}
	if n := len(p.all("style")) + len(p.all("[style]")) + len(p.all("[onclick]")); n > 0 {
		t.Errorf("%d elements carry style or handlers of their own", n)
	}
}

// T68: what changes something does nothing when another site sends it.
func TestForeignOriginIsRefusedEverywhere(t *testing.T) {
	w := newWorld(t)
	for pattern := range w.server.Routes() {
		method, path, _ := strings.Cut(pattern, " ")
		if method == http.MethodGet {
			continue
		}
		for _, header := range []http.Header{
			{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}},
			{"Origin": {"https://evil.example"}},
			{"Origin": {"null"}, "Sec-Fetch-Site": {"cross-site"}},
			{"Sec-Fetch-Site": {"same-site"}},
		} {
			b := w.as(adminToken)
			b.header = header
			if p := b.post(strings.NewReplacer("{", "", "}", "").Replace(path)); p.status != http.StatusForbidden {
				t.Errorf("%s with %v = %d, want 403", pattern, header, p.status)
			}
		}
	}
}

// E1: to who may not, the page does not exist; who is not signed in is asked to.
func TestPagesAreShownToTheirAudience(t *testing.T) {
	w := newWorld(t)
	tokens := map[string]string{"members": memberToken, "administrators": adminToken, "operators": operatorToken}
	for pattern, audience := range w.server.Routes() {
		method, path, _ := strings.Cut(pattern, " ")
		if tokens[audience] == "" || strings.Contains(path, "{") {
			continue // whoever is signed in, and those whom an engine tells apart
		}
		anon := w.as("")
		anon.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		if p := anon.do(method, path, nil); p.status != http.StatusSeeOther || !strings.HasPrefix(p.header.Get("Location"), "/sign-in?return=") {
			t.Errorf("%s without a session = %d to %q", pattern, p.status, p.header.Get("Location"))
		}
		for other, token := range tokens {
			fits := other == audience || audience == "members" && other == "administrators"
			if p := w.as(token).do(method, path, nil); !fits && p.status != http.StatusNotFound {
				t.Errorf("%s as %s = %d, want 404", pattern, other, p.status)
			}
		}
	}
}

func TestLanguageIsChosen(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct{ name, path, accept, want string }{
		{"nothing said", "/design", "", "en"},
		{"browser in Japanese", "/design", "ja-JP,ja;q=0.9,en;q=0.8", "ja"},
		{"browser prefers another", "/design", "fr, en;q=0.8, ja;q=0.5", "en"},
		{"address", "/design?lang=ja", "en", "ja"},
		{"address with nonsense", "/design?lang=xx", "ja", "ja"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := w.as("")
			b.header.Set("Accept-Language", tt.accept)
			if got := attr(b.get(tt.path).one("html"), "lang"); got != tt.want {
				t.Errorf("language = %q, want %q", got, tt.want)
			}
		})
	}
	b := w.as("")
	b.get("/design?lang=ja")
	if got := attr(b.get("/design").one("html"), "lang"); got != "ja" {
		t.Errorf("the language that was asked for is forgotten: %q", got)
	}
}

func TestPagesAndAssetsAreCompressed(t *testing.T) {
	w := newWorld(t)
	p := w.as("").get("/design")
	style := attr(p.one("link[rel=stylesheet]"), "href")
	for _, path := range []string{"/design", style} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "gzip")
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(resp.Body)
		if err != nil {
			t.Fatalf("%s is not compressed: %v", path, err)
		}
		text, err := io.ReadAll(z)
		_ = resp.Body.Close()
		if err != nil || len(text) < 1000 {
			t.Errorf("%s: %d octets, %v", path, len(text), err)
		}
	}
	if got := w.as("").get(style).header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("Cache-Control of the style sheet = %q", got)
	}
}

// A first load weighs less than 150 KiB, pictures and all.
func TestPagesAreLight(t *testing.T) {
	w := newWorld(t)
	b := w.as("")
	p := b.get("/design")
	total := len(p.body)
	for selector, name := range map[string]string{"link[rel=stylesheet]": "href", "link[rel=icon]": "href", "script": "src"} {
		total += len(b.get(attr(p.one(selector), name)).body)
	}
	if total > 150<<10 {
		t.Errorf("the first load is %d octets before compression", total)
	}
}

func TestUnknownAddressIsAHelpfulPage(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/nowhere", "//evil.example/", "/domains/../nowhere"} {
		p := w.as("").get(path)
		if p.status != http.StatusNotFound || p.text("h1") != "Page not found" {
			t.Errorf("%s = %d %q", path, p.status, p.text("h1"))
		}
	}
}
