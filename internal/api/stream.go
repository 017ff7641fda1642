package api

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/domains"
)

// eventStream is the media type of server-sent events.
const eventStream = "text/event-stream"

// Progress is how far a check has come.
type Progress struct {
	Asked    int `json:"asked" doc:"Questions so far."`
	Answered int `json:"answered" doc:"Of those."`
}

// streaming answers with events in place of the operation's JSON, to clients
// that ask for them. It comes after guard.
func (s *Server) streaming(o operation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		if o.stream == nil || !wantsEvents(r) {
			next(ctx)
			return
		}
		if err := o.stream(&events{w: w, r: r}, requestOf(r.Context()).who, ctx.Param); err != nil {
			s.writeProblem(w, r, s.problem(requestOf(r.Context()), o.id, err))
		}
	}
}

// wantsEvents reports whether a client names our media type of events.
func wantsEvents(r *http.Request) bool {
	for _, field := range r.Header.Values("Accept") {
		for item := range strings.SplitSeq(field, ",") {
			if media, params, err := mime.ParseMediaType(item); err == nil && media == eventStream && params["q"] != "0" {
				return true
			}
		}
	}
	return false
}

// events is a stream of server-sent events.
type events struct {
	w     http.ResponseWriter
	r     *http.Request
	begun bool
}

// send writes one event at once. A client that has gone is noticed by the
// context of its request.
func (e *events) send(kind string, data any) {
	if !e.begun {
		e.begun = true
		e.w.Header().Set("Content-Type", eventStream)
		e.w.Header().Set("X-Accel-Buffering", "no") // a proxy would keep events until the end
	}
	text, err := json.Marshal(data)
	if err != nil {
		panic("api: an event cannot be written: " + err.Error())
	}
	_, _ = fmt.Fprintf(e.w, "event: %s\ndata: %s\n\n", kind, text)
	_ = http.NewResponseController(e.w).Flush()
}

// streamCheck is check-domain as a stream. An error is returned only while
// nothing has been sent.
func (s *Server) streamCheck(e *events, who myodai.Credential, param func(string) string) error {
	ctx := e.r.Context()
	for name := range e.r.URL.Query() {
		return myodai.Invalidf("there is no parameter %s", cut(name))
	}
	id, err := s.mayCheck(ctx, who, &DomainPath{DomainID: param("domain_id")})
	if err != nil {
		return err
	}
	check, err := s.o.Domains.CheckNow(ctx, who.TenantID, id, func(p domains.Progress) {
		e.send("progress", Progress{Asked: p.Asked, Answered: p.Answered})
		for _, r := range p.Records {
			e.send("record", showCheckedRecord(r))
		}
	})
	var result CheckResult
	if err == nil {
		result, err = s.resultOf(ctx, check)
	}
	switch {
	case err == nil:
		e.send("result", result)
	case ctx.Err() != nil: // nobody listens any more
	case !e.begun:
		return err
	default:
		e.send("problem", s.problem(requestOf(ctx), "check-domain", err))
	}
	return nil
}

// documentStream says in the OpenAPI document that there is a stream, too.
func (o operation) documentStream(api *huma.OpenAPI) {
	if o.stream == nil {
		return
	}
	api.Paths["/v1"+o.path].Post.Responses["200"].Content[eventStream] = &huma.MediaType{
		Schema: &huma.Schema{Type: huma.TypeString, Description: "Server-sent events."},
	}
}
