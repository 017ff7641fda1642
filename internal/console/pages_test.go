package console_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"
)

// Every page there is, by the table of routes: it is there in both languages and
// light, and has no barrier that axe-core finds, light and dark, in both languages,
// on a desk and on a phone, nor anything to scroll to the side for.
func TestEveryPage(t *testing.T) {
	f := furnish(t, "")
	list := f.pages()
	if len(list) < 50 {
		t.Errorf("only %d pages are looked at", len(list))
	}
	for _, p := range list {
		for _, lang := range []string{"en", "ja"} {
			got := p.by.get(p.in(lang))
			if got.status != http.StatusOK && otherwise[p.pattern] != got.status || attr(got.one("html"), "lang") != lang {
				t.Errorf("%s in %s = %d, at %s", p.pattern, lang, got.status, got.path)
			}
			got.isPlain()
			got.isLight(f)
		}
	}
	tabs := map[string]*tab{}
	for _, p := range list {
		token := p.by.token()
		b := tabs[token]
		if b == nil {
			b = f.open(token, look{})
			tabs[token] = b
		}
		name := strings.Trim(placeholder.ReplaceAllString(strings.ReplaceAll(strings.TrimPrefix(p.pattern, "GET "), "/", "-"), "one"), "-")
		b.resize(1280, false)
		b.visit(p.in("en"))
		b.accessible()
		b.shoot("page-" + name + "-en-1280")
		b.resize(360, false)
		b.fits()
		b.resize(360, true)
		b.visit(p.in("ja"))
		b.accessible()
		b.shoot("page-" + name + "-ja-360-dark")
		b.resize(1280, true)
		b.fits()
	}
}

// otherwise is what pages answer that find nothing to do in a furnished office, and
// say so.
var otherwise = map[string]int{
	"GET /domains/{domain}/connect": http.StatusConflict, // its DNS host enters nothing by itself
	"GET /share/{token}/connect":    http.StatusConflict,
}

// in is the address of the page in a language.
func (p openPage) in(lang string) string {
	if strings.Contains(p.path, "?") {
		return p.path + "&lang=" + lang
	}
	return p.path + "?lang=" + lang
}

// resize gives the window another width, and the reader light or dark.
func (b *tab) resize(width int64, dark bool) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, 800))
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// isPlain fails when a page has script, style or a handler in it, or anything of
// another server: the policy would not let it in, and the page would lack it.
func (p page) isPlain() {
	p.t.Helper()
	for n := range p.root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "script" && attr(n, "src") == "" || n.Data == "style" {
			p.t.Errorf("%s has a <%s> in it", p.path, n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
				p.t.Errorf("%s: <%s> has %s=%q", p.path, n.Data, a.Key, a.Val)
			case a.Key == "src" || a.Key == "action" || a.Key == "href" && n.Data != "a":
				if !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#") || strings.HasPrefix(a.Val, "//") {
					p.t.Errorf("%s: <%s> has %s=%q, which is not ours", p.path, n.Data, a.Key, a.Val)
				}
			}
		}
	}
}

// isLight fails when a first load of a page, with what it is made with, is more
// than 150 KiB on the wire.
func (p page) isLight(f *furnished) {
	p.t.Helper()
	total := squeezed(p.body)
	for selector, name := range map[string]string{"link[rel=stylesheet]": "href", "link[rel=icon]": "href", "script": "src", "svg use": "href"} {
		for _, n := range p.all(selector) {
			path, _, _ := strings.Cut(attr(n, name), "#")
			total += f.assetWeight(path)
			break // each of these is one file
		}
	}
	if total > 150<<10 {
		p.t.Errorf("%s: the first load is %d octets", p.path, total)
	}
}

// assetWeights are those of files that pages are made with, by their path.
var assetWeights = map[string]int{}

func (f *furnished) assetWeight(path string) int {
	if path == "" || !strings.HasPrefix(path, "/assets/") {
		return 0
	}
	if assetWeights[path] == 0 {
		assetWeights[path] = squeezed(f.as("").get(path).body)
	}
	return assetWeights[path]
}

func squeezed(text string) int {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return out.Len()
}

// T70: whatever people, servers and DNS say, on every page and in every field of
// every form: it is shown, and nothing of it runs.
func TestNaughtyStringsRunNowhere(t *testing.T) {
	f := furnish(t, naughty)
	list := f.pages()
	fields := 0
	for _, p := range list {
		got := p.by.get(p.path)
		got.isTame()
		for _, form := range got.all("main form") {
			fields += p.by.fillNaughtily(got, form)
		}
	}
	if fields < 50 {
		t.Errorf("only %d fields were tried", fields)
	}
	tabs := map[string]*tab{}
	for _, p := range list {
		token := p.by.token()
		b := tabs[token]
		if b == nil {
			b = f.open(token, look{}) // whatever it complains of fails the test
			tabs[token] = b
		}
		b.visit(p.path)
		if n := js[int](b, "document.querySelectorAll('main script, img, iframe, [onerror], [onload]').length"); n > 0 {
			t.Errorf("%s: %d elements came out of strings", p.pattern, n)
		}
	}
}

// isTame fails when an element came out of a naughty string.
func (p page) isTame() {
	p.t.Helper()
	if p.status >= http.StatusInternalServerError {
		p.t.Errorf("%s = %d", p.path, p.status)
	}
	for _, selector := range []string{"main script", "nav script", "img", "iframe", "[onerror]"} {
		if n := len(p.all(selector)); n > 0 {
			p.t.Errorf("%s: %d of %q came out of a string", p.path, n, selector)
		}
	}
}

// fillNaughtily sends a form with every text in it naughty, and says how many
// there were. A form without texts is left alone: it only takes things away.
func (b *browser) fillNaughtily(on page, form *html.Node) int {
	var values []string
	texts, file := 0, false
	for n := range form.Descendants() {
		name := attr(n, "name")
		if n.Type != html.ElementNode || name == "" {
			continue
		}
		value := attr(n, "value")
		switch kind := attr(n, "type"); {
		case n.Data == "textarea", n.Data == "input" && (kind == "text" || kind == "email" || kind == "search" || kind == "url" || kind == "password"):
			value = naughty
			texts++
		case n.Data == "input" && kind == "file":
			file = true
			continue
		case n.Data == "select":
			value = ""
			for o := range n.Descendants() {
				if o.Data == "option" && value == "" {
					value = attr(o, "value")
				}
			}
		case n.Data == "button" || kind == "checkbox" || kind == "radio":
			continue
		}
		values = append(values, name, value)
	}
	action := attr(form, "action")
	switch {
	case texts == 0 && !file || action == "":
		return 0
	case file:
		b.upload(action, naughty+".csv", naughty+"\n"+naughty+"@example.com,"+naughty+"\n", values...).isTame()
	case attr(form, "method") == "post":
		b.post(action, values...).isTame()
	default:
		query := url.Values{}
		for i := 0; i < len(values); i += 2 {
			query.Add(values[i], values[i+1])
		}
		b.get(action + "?" + query.Encode()).isTame()
	}
	return texts
}
