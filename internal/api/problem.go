package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/myodai/myodai"
)

// Problem is the body of every error (RFC 9457).
type Problem struct {
	Type   string `json:"type" format:"uri" doc:"What kind of problem it is; programs decide by this."`
	Title  string `json:"title" doc:"The kind in words."`
	Status int    `json:"status" doc:"The HTTP status."`
	Detail string `json:"detail" doc:"One sentence for people that says what to do."`
	// RequestID finds the request in the operator's log.
	RequestID string      `json:"request_id" doc:"Quote it when asking the platform operator."`
	Errors    []Violation `json:"errors,omitempty" nullable:"false" doc:"The parts of the request that are wrong. Values are never repeated."`

	header http.Header
}

// Violation is one part of a request that is wrong.
type Violation struct {
	Pointer   string `json:"pointer,omitempty" doc:"Where in the body, as a JSON pointer (RFC 6901)."`
	Parameter string `json:"parameter,omitempty" doc:"Which parameter, when it is not in the body."`
	Detail    string `json:"detail" doc:"What is wrong with it."`
}

// problemTypes is where the kinds of problems are described.
const problemTypes = "https://github.com/myodai/myodai/blob/main/docs/problems.md#"

// statusOf is the only place where a refusal becomes an HTTP status.
var statusOf = map[myodai.Code]int{
	myodai.CodeInvalid:      http.StatusUnprocessableEntity,
	myodai.CodeUnauthorized: http.StatusUnauthorized,
	myodai.CodeForbidden:    http.StatusForbidden,
	myodai.CodeNotFound:     http.StatusNotFound,
	myodai.CodeConflict:     http.StatusConflict,
	myodai.CodeTooLarge:     http.StatusRequestEntityTooLarge,
	myodai.CodeLimited:      http.StatusTooManyRequests,
	myodai.CodeUnavailable:  http.StatusServiceUnavailable,
}

// kindOf names the kind of a problem that has no refusal of ours behind it.
var kindOf = map[int]string{
	http.StatusBadRequest:            "malformed",
	http.StatusRequestTimeout:        "timeout",
	http.StatusRequestEntityTooLarge: string(myodai.CodeTooLarge),
	http.StatusUnsupportedMediaType:  "unsupported_media_type",
	http.StatusUnprocessableEntity:   string(myodai.CodeInvalid),
	http.StatusMethodNotAllowed:      "method_not_allowed",
	http.StatusServiceUnavailable:    string(myodai.CodeUnavailable),
	http.StatusInsufficientStorage:   "no_space",
}

func newProblem(status int, kind, detail string) *Problem {
	return &Problem{
		Type: problemTypes + kind, Title: http.StatusText(status), Status: status, Detail: detail,
		header: http.Header{},
	}
}

// faultProblem is all that strangers learn of our own failures: whether they can
// sit it out.
func faultProblem(err error) *Problem {
	status, kind, detail := http.StatusInternalServerError, "fault",
		"something failed on our side; try again, and quote the request id if it goes on"
	switch {
	case errors.Is(err, myodai.ErrNoSpace):
		status, detail = http.StatusInsufficientStorage, "there is no space left on our side; repeat the request later, with its idempotency key if it has one"
	case errors.Is(err, myodai.ErrAway):
		status, detail = http.StatusServiceUnavailable, "our database cannot be used just now; repeat the request in a moment, with its idempotency key if it has one"
	default:
		return newProblem(status, kind, detail)
	}
	p := newProblem(status, kindOf[status], detail)
	retryAfter(p.header, soon)
	return p
}

// maxDetail bounds the sentence: refusals may quote what was sent.
const maxDetail = 500

// problem turns what an operation returned into its answer. A fault is logged.
func (s *Server) problem(r *request, op string, err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		p.RequestID = r.id
		return p
	}
	refusal, ok := errors.AsType[*myodai.Error](err)
	status := 0
	if ok {
		status, ok = statusOf[refusal.Code]
	}
	if !ok {
		s.log.Error("request failed", "request", r.id, "operation", op, "tenant", r.who.TenantID, "err", err)
		p := faultProblem(err)
		p.RequestID = r.id
		return p
	}
	p := newProblem(status, string(refusal.Code), cut(refusal.Message))
	p.RequestID = r.id
	if refusal.Field != "" {
		pointer := "/" + strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(refusal.Field)
		p.Errors = []Violation{{Pointer: pointer, Detail: p.Detail}}
	}
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		retryAfter(p.header, soon)
	case http.StatusUnauthorized:
		p.header.Set("WWW-Authenticate", `Bearer realm="myodai", error="invalid_token"`)
	}
	return p
}

// cut shortens a sentence to maxDetail octets, on a character boundary.
func cut(detail string) string {
	if len(detail) <= maxDetail {
		return detail
	}
	return strings.ToValidUTF8(detail[:maxDetail], "") + "…"
}

// Error is the sentence.
func (p *Problem) Error() string { return p.Detail }

// GetStatus makes a Problem an error huma understands.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are the header fields that go with the problem.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType is the media type of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// writeProblem answers with a problem where huma is not involved.
func (s *Server) writeProblem(w http.ResponseWriter, r *http.Request, p *Problem) {
	p.RequestID = requestOf(r.Context()).id
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(p) // the client has gone if this fails
	}
}

// judged turns what huma found wrong with a request into a problem. huma would
// repeat the offending values, secrets included.
func judged(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
	var r *request
	if ctx != nil {
		r = requestOf(ctx.Context())
	}
	if status == http.StatusInternalServerError {
		// The body broke off: the only fault huma sees, and it is not ours, unless
		// it was us who broke it off.
		status = http.StatusBadRequest
		if r != nil && r.body != nil && r.body.starved {
			status = http.StatusServiceUnavailable
			retryAfter(r.w.Header(), soon)
		}
	}
	p := newProblem(status, kindOf[status], msg)
	if r != nil {
		p.RequestID = r.id
	}
	for _, err := range errs {
		if d, ok := err.(huma.ErrorDetailer); ok {
			if v := violation(d.ErrorDetail()); !slices.Contains(p.Errors, v) {
				p.Errors = append(p.Errors, v)
			}
		}
	}
	switch {
	case status == http.StatusServiceUnavailable:
		p.Detail = "too many large requests are under way; send it again in a moment"
	case status == http.StatusRequestEntityTooLarge && ctx != nil:
		p.Detail = fmt.Sprintf("the body is larger than the %d octets this operation takes", ctx.Operation().MaxBodyBytes-1)
	case status == http.StatusBadRequest && len(p.Errors) == 0:
		p.Detail = "the body is missing, or it broke off; send a JSON object"
	case status == http.StatusRequestTimeout:
		p.Detail = "the body did not arrive in time; send it again"
	case len(p.Errors) > 0:
		p.Detail = sentence(p.Errors)
	}
	return p
}

// violation leaves the value out of what huma says.
func violation(d *huma.ErrorDetail) Violation {
	where, path, _ := strings.Cut(d.Location, ".")
	if where != "body" {
		return Violation{Parameter: cut(path), Detail: d.Message}
	}
	pointer := strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(path)
	if pointer != "" {
		pointer = "/" + pointer
	}
	return Violation{Pointer: cut(pointer), Detail: d.Message}
}

// sentence says the first violation in full and counts the others.
func sentence(list []Violation) string {
	first := list[0]
	text := first.Detail
	switch {
	case first.Pointer != "":
		text = first.Pointer + ": " + text
	case first.Parameter != "":
		text = first.Parameter + ": " + text
	}
	if more := len(list) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more; see errors)", more)
	}
	return cut(text)
}
