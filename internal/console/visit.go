package console

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// visit is one request of one person.
type visit struct {
	*Server
	w     http.ResponseWriter
	r     *http.Request
	id    string // shown to the reader and logged, so that the two find together
	actor Actor
	reader
	begun  bool          // something of the answer has been written
	upload io.ReadCloser // the whole body, for forms with files
}

// reader is for whom a view is made: what its texts depend on, and nothing else.
type reader struct {
	lang     Lang
	location *time.Location
	now      time.Time
	words    words
}

// say is a text in the reader's language, with args put in as fmt does.
func (r reader) say(key string, args ...any) string { return r.words.say(r.lang, key, args...) }

// maxForm bounds what a form may hold, in octets.
const maxForm = 256 << 10

// visit answers one request: who it is, whether they may, and then the page.
func (s *Server) visit(w http.ResponseWriter, r *http.Request, who audience, handle func(*visit) error) {
	v := &visit{Server: s, w: w, r: r, id: s.newRequestID()}
	v.reader = reader{lang: s.languageOf(r, ""), location: locationOf(r), now: time.Now(), words: s.words}
	w.Header().Set("X-Request-Id", v.id)
	defer func() {
		if fault := recover(); fault != nil {
			s.log.ErrorContext(r.Context(), "panic", "request", v.id, "pattern", r.Pattern, "err", fault, "stack", string(debug.Stack()))
			if v.begun {
				panic(http.ErrAbortHandler) // cut the connection, so that nobody takes half a page for whole
			}
			v.fail(errors.New("panic"))
		}
	}()
	v.upload = r.Body
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := v.recognize(); err != nil {
		v.fail(err)
		return
	}
	v.audit()
	switch {
	case v.actor.may(who):
		if err := handle(v); err != nil {
			v.fail(err)
		}
	case !v.actor.signedIn():
		v.askToSignIn()
	case v.actor.Enroll:
		if err := v.to(factorPath); err != nil {
			v.fail(err)
		}
	default:
		v.fail(errNoPage) // to who may not, the page does not exist (E1)
	}
}

// errNoPage is the one answer to addresses of nothing, and of what others have.
var errNoPage = myodai.Refuse(myodai.CodeNotFound, "", "there is no such page")

// recognize finds out who is there.
func (v *visit) recognize() error {
	v.w.Header().Set("Cache-Control", "no-store") // a page holds what only one person may see
	cookie, err := v.r.Cookie(v.cookieName(sessionCookie))
	if err != nil || v.o.Sessions == nil {
		return nil
	}
	actor, err := v.o.Sessions.Session(v.r.Context(), cookie.Value)
	if refusal, ok := errors.AsType[*myodai.Error](err); ok && refusal.Code == myodai.CodeUnauthorized {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read session: %w", err)
	}
	v.actor = actor
	v.lang = v.languageOf(v.r, actor.Lang)
	return nil
}

// askToSignIn leads to the sign-in page, and from there back to what was asked
// for. What was sent with a form is lost.
func (v *visit) askToSignIn() {
	back := v.r.URL.RequestURI()
	if v.r.Method != http.MethodGet {
		back = "/"
	}
	if err := v.to(signInPath + "?" + url.Values{"return": {back}}.Encode()); err != nil {
		v.fail(err)
	}
}

// to sends the browser to another page of ours, path and query.
func (v *visit) to(path string) error {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, `\`) {
		return fmt.Errorf("%q is no page of ours", path)
	}
	v.begun = true
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// done is to, with something said on the next page.
func (v *visit) done(path, key string, args ...string) error {
	v.flash(key, args...)
	return v.to(path)
}

// sessionCookie is the name of the cookie that holds a session's token.
const sessionCookie = "session"

// cookieName is the name under which a browser keeps a cookie of ours: one that
// no other host can set, unless we are reached without TLS (T69).
func (s *Server) cookieName(name string) string {
	if s.secure() {
		return "__Host-" + name
	}
	return name
}

// secure reports whether people reach us by HTTPS.
func (s *Server) secure() bool { return strings.HasPrefix(s.o.BaseURL, "https://") }

// cookie makes a cookie of ours. A life of zero ends with the browser.
func (s *Server) cookie(name, value string, life time.Duration) *http.Cookie {
	return &http.Cookie{ // #nosec G124 -- Secure wherever we are reached by HTTPS
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: int(life / time.Second),
		HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode,
	}
}

// newRequestID makes an id that is unique enough to find a log line by.
func (s *Server) newRequestID() string {
	var b [12]byte
	if _, err := io.ReadFull(s.o.Random, b[:]); err != nil {
		panic("console: no randomness: " + err.Error())
	}
	return hex.EncodeToString(b[:])
}
