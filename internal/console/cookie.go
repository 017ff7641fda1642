package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

// sessionLife is how long a browser keeps the token; the engine ends sessions
// earlier by itself.
const sessionLife = 7 * 24 * time.Hour

// enter gives the browser the token of a session that has begun, when it is a new
// one.
func (v *visit) enter(in access.SignedIn) {
	if in.Token != "" {
		http.SetCookie(v.w, v.cookie(sessionCookie, in.Token, sessionLife))
	}
}

// token is the token that the browser has now, "" for none.
func (v *visit) token() string {
	cookie, err := v.r.Cookie(v.cookieName(sessionCookie))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// forget takes a cookie of ours from the browser.
func (v *visit) forget(name string) {
	gone := v.cookie(name, "", 0) // #nosec G124 -- cookie sets all three, Secure where we are reached by HTTPS
	gone.MaxAge = -1
	http.SetCookie(v.w, gone)
}

// back is the page to go on to, as the request says: one of ours, or the first
// (T72).
func (v *visit) back() string { return ownPage(v.r.FormValue("return")) }

// ownPage is a path that is ours, or "/" for anything else.
func ownPage(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(path, "/") ||
		strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}

// withReturn is a path of ours that leads on to another one.
func withReturn(path, back string) string {
	if back = ownPage(back); back == "/" {
		return path
	}
	return path + "?" + url.Values{"return": {back}}.Encode()
}

// expired answers for a link that works no more, in its own words; other errors
// are answered as everywhere.
func (v *visit) expired(err error) error {
	refusal, ok := errors.AsType[*myodai.Error](err)
	if !ok || refusal.Code != myodai.CodeNotFound {
		return err
	}
	view := errorView{Heading: v.say("error.expired"), Message: v.tell(refusal), Back: signInPath}
	return v.write(http.StatusNotFound, "error", view.Heading, view)
}

// confirmed reports whether who is signed in has proved lately who they are. If
// not, the browser is on its way to the page where they do, and from there to
// the given one.
func (v *visit) confirmed(back string) (bool, error) {
	if v.actor.access.Confirmed(v.now) {
		return true, nil
	}
	return false, v.to(withReturn(confirmPath, back))
}
