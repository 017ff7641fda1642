package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // readers' clocks, wherever we run
)

// Lang is a language that pages are written in.
type Lang string

const (
	English  Lang = "en"
	Japanese Lang = "ja"
)

// Languages are all of them.
var Languages = []Lang{English, Japanese}

// parseLang reads a language; ok is false for one we do not speak.
func parseLang(s string) (Lang, bool) {
	for _, lang := range Languages {
		if s == string(lang) {
			return lang, true
		}
	}
	return "", false
}

// languageOf is the language of an answer: what the address asks for, what the
// account says, what was asked for last, what the browser prefers.
func (s *Server) languageOf(r *http.Request, account Lang) Lang {
	if lang, ok := parseLang(r.URL.Query().Get("lang")); ok {
		return lang
	}
	if account != "" {
		return account
	}
	if cookie, err := r.Cookie(languageCookie); err == nil {
		if lang, ok := parseLang(cookie.Value); ok {
			return lang
		}
	}
	return preferred(r.Header.Get("Accept-Language"))
}

// The cookies with which a browser tells us of its reader. Neither is secret.
const (
	languageCookie = "lang"
	zoneCookie     = "tz" // set by script
)

// preferred is the language of ours that a browser likes best (RFC 9110 §12.5.4),
// English when it likes none.
func preferred(accept string) Lang {
	best, most := English, 0.0
	for item := range strings.SplitSeq(accept, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(item), ";")
		primary, _, _ := strings.Cut(tag, "-")
		lang, ok := parseLang(strings.ToLower(primary))
		q := 1.0
		if value, given := strings.CutPrefix(strings.TrimSpace(params), "q="); given {
			var err error
			if q, err = strconv.ParseFloat(value, 64); err != nil {
				continue
			}
		}
		if ok && q > most {
			best, most = lang, q
		}
	}
	return best
}

// rememberLanguage keeps a language that was asked for by the address.
func (v *visit) rememberLanguage() {
	if lang, ok := parseLang(v.r.URL.Query().Get("lang")); ok {
		c := v.cookie(languageCookie, string(lang), 365*24*time.Hour) // #nosec G124 -- made by cookie, which sets them
		c.Name = languageCookie
		http.SetCookie(v.w, c)
	}
}

// inLanguage is the address of the same page in a language.
func inLanguage(u *url.URL, lang Lang) string {
	q := u.Query()
	q.Set("lang", string(lang))
	return u.EscapedPath() + "?" + q.Encode()
}

// locationOf is the reader's time zone, as script told it; UTC before.
func locationOf(r *http.Request) *time.Location {
	cookie, err := r.Cookie(zoneCookie)
	if err != nil || len(cookie.Value) > 64 {
		return time.UTC
	}
	name, err := url.QueryUnescape(cookie.Value)
	if err != nil || name == "Local" {
		return time.UTC
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return location
}
