package api

import (
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

// request is what is known about one request while it is answered.
type request struct {
	id   string // shown to the client and logged, so that the two find together
	w    *recorder
	who  myodai.Credential // zero until recognized
	from string            // network the client is in
	by   access.By         // the same, for the engine
	// body is set once the request may send one.
	body *meteredBody
	raw  *http.Request // of an upload, whose body its handler reads; nil otherwise
}

type requestKey struct{}

// requestOf returns the request of a context made by ServeHTTP.
func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

// recorder notes what has been answered.
type recorder struct {
	http.ResponseWriter
	status int // 0 until the header is written
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	r, plain := proxied(r, s.o.Proxies)
	if plain && strings.HasPrefix(s.o.BaseURL, "https://") {
		s.refusePlain(rw, r)
		return
	}
	if s.o.Pages != nil && !ours(r.URL.Path) {
		s.o.Pages.ServeHTTP(rw, r)
		return
	}
	began := time.Now()
	w := &recorder{ResponseWriter: rw}
	req := &request{id: s.newRequestID(), w: w, from: clientOf(r)}
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, req))
	w.Header().Set("X-Request-Id", req.id)
	w.Header().Set("Cache-Control", "no-store") // answers hold what only one credential may see
	w.Header().Set("X-Content-Type-Options", "nosniff")

	handler, pattern := s.mux.Handler(r)
	defer func() {
		if fault := recover(); fault != nil {
			s.log.ErrorContext(r.Context(), "panic", "request", req.id, "pattern", pattern, "err", fault, "stack", string(debug.Stack()))
			if w.status != 0 {
				panic(http.ErrAbortHandler) // too late for an answer: cut the connection, so that nobody takes it for whole
			}
			s.writeProblem(w, r, faultProblem(nil))
		}
		s.metrics.observe(pattern, w.status, time.Since(began))
	}()
	switch {
	case path.Clean(r.URL.Path) != r.URL.Path:
		// ServeMux would redirect; nobody but a prober asks so.
		s.writeProblem(w, r, noSuchPath())
	case pattern == "":
		s.refuseUnrouted(w, r, handler)
	default:
		s.mux.ServeHTTP(w, r)
	}
}

// ours reports whether a path belongs to the API when pages are served beside it.
func ours(path string) bool {
	return path == "/v1" || strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/openapi.")
}

// refuseUnrouted answers 404 and 405 in our words. Only the router knows which
// of the two it is, and which methods there are, so it is heard first.
func (s *Server) refuseUnrouted(w *recorder, r *http.Request, router http.Handler) {
	heard := &silent{header: http.Header{}}
	router.ServeHTTP(heard, r)
	if heard.status != http.StatusMethodNotAllowed {
		s.writeProblem(w, r, noSuchPath())
		return
	}
	allow := heard.header.Get("Allow")
	w.Header().Set("Allow", allow)
	s.writeProblem(w, r, newProblem(http.StatusMethodNotAllowed, "method_not_allowed",
		"this path does not know the method; it knows "+allow))
}

func noSuchPath() *Problem {
	return newProblem(http.StatusNotFound, string(myodai.CodeNotFound),
		"there is nothing at this path; /openapi.yaml lists what there is")
}

// silent is a ResponseWriter that keeps status and header and drops the body.
type silent struct {
	header http.Header
	status int
}

func (s *silent) Header() http.Header         { return s.header }
func (s *silent) WriteHeader(status int)      { s.status = status }
func (s *silent) Write(b []byte) (int, error) { return len(b), nil }

// newRequestID makes an id that is unique enough to find a log line by.
func (s *Server) newRequestID() string {
	var b [12]byte
	if _, err := io.ReadFull(s.o.Random, b[:]); err != nil {
		panic("api: no randomness: " + err.Error())
	}
	return hex.EncodeToString(b[:])
}

// soon is when to come back if nothing says more.
const soon = 2 * time.Second

// retryAfter says in whole seconds, rounded up, when to come back.
func retryAfter(h http.Header, pause time.Duration) {
	h.Set("Retry-After", strconv.Itoa(int((pause+time.Second-1)/time.Second)))
}
