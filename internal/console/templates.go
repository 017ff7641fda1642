package console

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// pages are the templates of every page in one language, by the page's name. Each
// is read when it is first shown: all of them take more memory than the mail of a
// node under load, and a node that nobody looks at needs none.
type pages map[string]func() *template.Template

// loadPages reads the embedded templates, for every language. They are part of
// the program: that they parse is shown by a test.
var loadPages = sync.OnceValue(func() map[Lang]pages {
	all := map[Lang]pages{}
	for _, lang := range Languages {
		all[lang] = loadPagesIn(lang, loadWords(), loadAssets())
	}
	return all
})

func loadPagesIn(lang Lang, words words, assets assets) pages {
	shared := sync.OnceValue(func() *template.Template {
		t := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
			"t":     func(key string, args ...any) string { return words.say(lang, key, args...) },
			"rich":  func(key string, args ...any) template.HTML { return words.rich(lang, key, args...) },
			"asset": assets.path,
		})
		return template.Must(t.ParseFS(ui, "ui/layout.tmpl", "ui/shared/*.tmpl"))
	})
	names, err := fs.Glob(ui, "ui/*.tmpl")
	if err != nil {
		panic("console: " + err.Error())
	}
	all := pages{}
	for _, name := range names {
		if page := strings.TrimSuffix(path.Base(name), ".tmpl"); page != "layout" {
			all[page] = sync.OnceValue(func() *template.Template {
				return template.Must(template.Must(shared().Clone()).ParseFS(ui, name))
			})
		}
	}
	return all
}

// frame is what stands around every page.
type frame struct {
	Lang     Lang
	Page     string
	Title    string
	Platform string
	Actor    Actor
	Nav      []navGroup // none without a session
	Other    otherLanguage
	Flash    string
	Refresh  int // seconds after which a browser without script loads the page again; 0 for never
	View     any
}

// otherLanguage leads to the same page in the other language.
type otherLanguage struct {
	Lang Lang
	Name string
	Path string
}

// refresher is a view of a page that changes by itself.
type refresher interface {
	// refresh is after how many seconds to look again, 0 for never.
	refresh() int
}

// show answers with a page.
func (v *visit) show(page, title string, view any) error {
	return v.write(http.StatusOK, page, title, view)
}

// write answers with a page and a status.
func (v *visit) write(status int, page, title string, view any) error {
	v.rememberLanguage()
	f := frame{
		Lang: v.lang, Page: page, Title: title, Platform: v.o.Platform, Actor: v.actor,
		Nav: v.navigation(), Other: v.otherLanguage(), Flash: v.takeFlash(), View: view,
	}
	if view, ok := view.(refresher); ok {
		f.Refresh = view.refresh()
	}
	var out bytes.Buffer
	if err := v.execute(&out, page, "layout", f); err != nil {
		return err
	}
	v.begun = true
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", string(v.lang))
	return send(v.w, v.r, status, out.Bytes())
}

// part answers with one part of a page, for script to put into it.
func (v *visit) part(status int, page, part string, data any) error {
	var out bytes.Buffer
	if err := v.execute(&out, page, part, data); err != nil {
		return err
	}
	v.begun = true
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return send(v.w, v.r, status, out.Bytes())
}

// execute writes one part of a page.
func (v *visit) execute(out *bytes.Buffer, page, part string, data any) error {
	t, ok := v.pages[v.lang][page]
	if !ok {
		return fmt.Errorf("there is no template %q", page)
	}
	if err := t().ExecuteTemplate(out, part, data); err != nil {
		return fmt.Errorf("write page %s: %w", page, err)
	}
	return nil
}

func (v *visit) otherLanguage() otherLanguage {
	other := otherLanguage{Lang: Japanese, Name: "日本語"}
	if v.lang == Japanese {
		other = otherLanguage{Lang: English, Name: "English"}
	}
	at := v.r.URL
	if v.r.Method != http.MethodGet && v.r.Method != http.MethodHead {
		return other // an answer to a form has no address of its own
	}
	other.Path = inLanguage(at, other.Lang)
	return other
}

// send writes a body, compressed where the browser takes that.
func send(w http.ResponseWriter, r *http.Request, status int, body []byte) error {
	w.Header().Add("Vary", "Accept-Encoding")
	const worth = 1024 // octets below which compressing gains nothing
	if len(body) > worth && takesGzip(r) {
		w.Header().Set("Content-Encoding", "gzip")
		body = compress(body)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the reader has gone if this fails
	}
	return nil
}
