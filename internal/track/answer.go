package track

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// patience is how long an answer waits for the disk. A recipient is not made to
// wait longer for what only the sender wants to know; the visit becomes durable
// a moment after the answer then.
const patience = 100 * time.Millisecond

const challengePath = "/.well-known/acme-challenge/"

// ServeHTTP answers one request. It sets no cookie, and it leads nowhere that
// was not sealed into a link for this very host (T52, T54).
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	h["X-Robots-Tag"] = noIndex
	path := r.URL.Path
	if s.o.Challenge != nil && strings.HasPrefix(path, challengePath) {
		s.o.Challenge.ServeHTTP(w, r)
		return
	}
	host := hostName(r.Host)
	if !s.hosts.has(host) {
		s.page(w, r, http.StatusNotFound, pageNothing, "")
		return
	}
	if path == stylePath {
		s.style(w, r)
		return
	}
	l, ok := s.sealer.read(host, path)
	if !ok || !s.hosts.serves(host, l.copy.TenantID) {
		s.page(w, r, http.StatusNotFound, pageNothing, "")
		return
	}
	switch {
	case l.kind == kindUnsubscribe:
		s.unsubscribe(w, r, l)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		s.page(w, r, http.StatusMethodNotAllowed, pageNothing, "")
	case l.kind == kindOpen:
		s.open(w, r, l)
	default:
		s.click(w, r, l)
	}
}

// Header values that every answer has, shared because answers are many.
var (
	noStore = []string{"no-store"}
	noSniff = []string{"nosniff"}
	noIndex = []string{"noindex, nofollow"}
	noBody  = []string{"0"}
)

// click leads to the destination. Links of a suspended tenant lead nowhere, and
// do not say where they led: behind a trusted name that is what phishing wants
// (T53).
func (s *Server) click(w http.ResponseWriter, r *http.Request, l link) {
	if s.hosts.suspended(l.copy.TenantID) {
		s.metrics.answered.WithLabelValues("suspended").Inc()
		s.page(w, r, http.StatusGone, pageSuspended, "")
		return
	}
	s.note(l, visitorOf(r))
	s.metrics.clicks.Inc()
	h := w.Header()
	h["Location"] = []string{l.url} // not made anew: octet for octet
	h["Content-Length"] = noBody
	w.WriteHeader(http.StatusFound)
}

// picture is a transparent GIF of one pixel.
var picture = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

// open answers with the picture, whatever else happens.
func (s *Server) open(w http.ResponseWriter, r *http.Request, l link) {
	if !s.hosts.suspended(l.copy.TenantID) {
		s.note(l, visitorOf(r))
	}
	s.metrics.opens.Inc()
	h := w.Header()
	h.Set("Content-Type", "image/gif")
	h["Content-Length"] = []string{"43"}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(picture) // nobody is there to be told
	}
}

// maxAgent bounds what is kept of a visitor's name for itself.
const maxAgent = 200

// visitor is what somebody who follows a link shows of themselves.
type visitor struct {
	at       time.Time
	agent    string
	head     bool // asked with HEAD
	prefetch bool
}

func visitorOf(r *http.Request) visitor {
	return visitor{at: time.Now(), agent: r.UserAgent(), head: r.Method == http.MethodHead, prefetch: isPrefetch(r.Header)}
}

// note makes a visit durable, if that is quick. When it cannot be, that is
// counted, and the visitor does not notice.
func (s *Server) note(l link, by visitor) {
	kind := myodai.VisitClick
	if l.kind == kindOpen {
		kind = myodai.VisitOpen
	}
	r := record{
		ID: myodai.NewID[myodai.VisitID](by.at, s.o.Random), Tenant: l.copy.TenantID, Message: l.copy.MessageID,
		Delivery: l.copy.DeliveryID, At: by.at.UnixMicro(), Kind: kind, Link: l.number, Of: l.of, URL: l.url,
		Agent: shorten(by.agent, maxAgent), Head: by.head, Prefetch: by.prefetch,
	}
	var room [1 << 10]byte
	err := s.visits.keep(r.append(room[:0]))
	if err != nil && !errors.Is(err, errSlow) {
		s.metrics.lost.Inc()
		s.log.Warn("a visit was not kept", "err", err)
	}
}

// prefetchFields are where a browser says that it fetches ahead of anybody's
// wish: Sec-Purpose, and what browsers sent before that was agreed on. All are
// as net/http spells them.
var prefetchFields = []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"}

func isPrefetch(h http.Header) bool {
	for _, name := range prefetchFields {
		if slices.ContainsFunc(h[name], tellsPrefetch) {
			return true
		}
	}
	return false
}

// tellsPrefetch reports whether one of these fields says so.
func tellsPrefetch(v string) bool {
	v = strings.ToLower(v)
	return strings.Contains(v, "prefetch") || strings.Contains(v, "prerender") || strings.Contains(v, "preview")
}

// shorten cuts a text that strangers wrote to n octets of valid UTF-8.
func shorten(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
