package track

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
)

// What recipients may see, in both languages at once: we do not know theirs.
const (
	pageNothing   = "nothing"   // no link of ours
	pageSuspended = "suspended" // a link of a tenant that may not use the platform
	pageAsk       = "ask"       // may this mail stop?
	pageDone      = "done"
	pageUndone    = "undone"
	pageLater     = "later" // not now
)

//go:embed ui
var ui embed.FS

var pages = template.Must(template.ParseFS(ui, "ui/*.tmpl"))

const stylePath = "/style.css"

// words are a page in one language.
type words struct {
	Lang, Title, Text string
	Button, Wish      string // "" for none
	Tick              string // what is ticked before the button works; "" for nothing
}

// view is what a page is made of.
type view struct {
	Words  []words
	Action string // where the buttons lead
}

var pageWords = map[string][]words{
	pageNothing: {
		{Lang: "ja", Title: "このリンクは見つかりませんでした", Text: "リンクが途中で切れているか、無効になっています。お手数ですが、元のメールからもう一度お開きください。"},
		{Lang: "en", Title: "There is nothing at this link", Text: "The link may have been cut off, or it is no longer in use. Please open it from the mail once more."},
	},
	pageSuspended: {
		{Lang: "ja", Title: "このリンクは現在ご利用いただけません", Text: "送信元のアカウントが停止されているため、リンク先を開けません。"},
		{Lang: "en", Title: "This link does not work at present", Text: "The sender's account has been suspended, so the link leads nowhere for now."},
	},
	pageAsk: {
		{Lang: "ja", Title: "メールの配信を停止しますか", Text: "停止すると、この送信者からこの種類のメールは届かなくなります。", Tick: "この種類のメールを停止する", Button: "配信を停止する", Wish: "unsubscribe"},
		{Lang: "en", Title: "Do you want to stop this mail?", Text: "You will get no more mail of this kind from this sender.", Tick: "Stop mail of this kind", Button: "Stop this mail", Wish: "unsubscribe"},
	},
	pageDone: {
		{Lang: "ja", Title: "配信を停止しました", Text: "すでに送信手続きが済んでいるメールは、行き違いで届くことがあります。", Button: "配信を再開する", Wish: "undo"},
		{Lang: "en", Title: "This mail has been stopped", Text: "A mail that was on its way already may still arrive.", Button: "I want it again", Wish: "undo"},
	},
	pageUndone: {
		{Lang: "ja", Title: "配信を再開しました", Text: "これまでどおりメールをお届けします。", Tick: "この種類のメールを停止する", Button: "配信を停止する", Wish: "unsubscribe"},
		{Lang: "en", Title: "You will get this mail again", Text: "Nothing else has changed.", Tick: "Stop mail of this kind", Button: "Stop this mail", Wish: "unsubscribe"},
	},
	pageLater: {
		{Lang: "ja", Title: "ただいま受け付けられません", Text: "配信停止はまだ完了していません。しばらくしてからもう一度お試しください。", Tick: "この種類のメールを停止する", Button: "もう一度試す", Wish: "unsubscribe"},
		{Lang: "en", Title: "This did not work just now", Text: "The mail has not been stopped yet. Please try again in a little while.", Tick: "Stop mail of this kind", Button: "Try again", Wish: "unsubscribe"},
	},
}

// policy lets a page have our style sheet and send its form to us, and nothing
// else. It is shown in no frame, so that nobody is made to press a button that
// they do not see.
const policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// page answers with one of the pages; action is where its buttons lead.
func (s *Server) page(w http.ResponseWriter, r *http.Request, status int, name, action string) {
	if name == pageNothing {
		s.metrics.answered.WithLabelValues("nothing").Inc()
	}
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, "page.tmpl", view{Words: pageWords[name], Action: action}); err != nil {
		s.fault(r.Context(), err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // nobody is there to be told
	}
}

// style answers with the style sheet of the pages.
func (s *Server) style(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	http.ServeFileFS(w, r, ui, "ui/style.css")
}
