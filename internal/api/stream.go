package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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
		if err := o.stream(&events{w: w, r: r.WithContext(ctx.Context())}, requestOf(r.Context()).who, ctx.Param); err != nil {
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
	said, err := readNewCheck(e.r)
	if err != nil {
		return err
	}
	check, err := s.o.Domains.CheckSaid(ctx, who.TenantID, id, said.said(), func(p domains.Progress) {
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

// maxSaid bounds the body of a request for a stream.
const maxSaid = 256 << 10

// readNewCheck reads the body of a request for a stream, nil for none: what
// the JSON form refuses is refused here as well.
func readNewCheck(r *http.Request) (*NewCheck, error) {
	text, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxSaid))
	switch {
	case err != nil:
		return nil, myodai.Refuse(myodai.CodeTooLarge, "", "the body has more than %d octets, or ended early", maxSaid)
	case len(text) == 0:
		return nil, nil
	}
	var said NewCheck
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := checkJSON(text); err != nil {
		return nil, myodai.Invalidf("the body %s", err)
	}
	if err := d.Decode(&said); err != nil {
		return nil, myodai.Invalidf("the body is not what this operation takes")
	}
	return &said, nil
}

// documentStream says in the OpenAPI document that there is a stream, too.
func (o operation) documentStream(api *huma.OpenAPI) {
	if o.stream == nil {
		return
	}
	item := api.Paths["/v1"+o.path]
	op := item.Post
	if o.method == http.MethodGet {
		op = item.Get
	}
	op.Responses["200"].Content[eventStream] = &huma.MediaType{
		Schema: &huma.Schema{Type: huma.TypeString, Description: "Server-sent events."},
	}
}
