package api_test

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// conform fails the test when an answer is not what the document promises.
func (w *world) conform(method, path string, a answer) {
	w.t.Helper()
	if a.header.Get("X-Request-Id") == "" {
		w.t.Errorf("%s %s: no request id", method, path)
	}
	if a.status >= 400 {
		w.conformProblem(method, path, a)
		return
	}
	if a.status == http.StatusNoContent || !strings.HasPrefix(path, "/v1/") {
		return
	}
	op := w.operation(method, path)
	if op == nil {
		w.t.Errorf("%s %s is not in the document", method, path)
		return
	}
	media := op.Responses[http.StatusText(0)]
	for status, r := range op.Responses {
		if status == itoa(a.status) {
			media = r
		}
	}
	if media == nil {
		w.t.Errorf("%s %s answers %d, which is not in the document", method, path, a.status)
		return
	}
	if media.Content["application/json"] == nil {
		if kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";"); media.Content[kind] == nil {
			w.t.Errorf("%s %s answers with %s, which is not in the document", method, path, kind)
		}
		return
	}
	var body any
	if err := json.Unmarshal(a.body, &body); err != nil {
		w.t.Errorf("%s %s: %v", method, path, err)
		return
	}
	result := &huma.ValidateResult{}
	huma.Validate(w.server.OpenAPI().Components.Schemas, media.Content["application/json"].Schema,
		huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, body, result)
	for _, err := range result.Errors {
		w.t.Errorf("%s %s: the answer is not as documented: %v", method, path, err)
	}
}

// conformProblem holds an error against RFC 9457 and our own rules.
func (w *world) conformProblem(method, path string, a answer) {
	w.t.Helper()
	p := a.problem(w.t)
	switch {
	case a.header.Get("Content-Type") != "application/problem+json":
		w.t.Errorf("%s %s: %d comes as %s", method, path, a.status, a.header.Get("Content-Type"))
	case p.Status != a.status || p.Type == "" || p.Title == "" || p.RequestID != a.header.Get("X-Request-Id"):
		w.t.Errorf("%s %s: problem %s", method, path, a.body)
	case len(p.Detail) < 15 || strings.HasSuffix(p.Detail, "."):
		w.t.Errorf("%s %s: %q is no clear sentence", method, path, p.Detail)
	case a.status == http.StatusUnauthorized && !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer"):
		w.t.Errorf("%s %s: 401 without WWW-Authenticate (RFC 9110 §11.6.1)", method, path)
	case (a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable) && a.header.Get("Retry-After") == "":
		w.t.Errorf("%s %s: %d without Retry-After", method, path, a.status)
	}
}

// operation finds the description of a request.
func (w *world) operation(method, path string) *huma.Operation {
	path, _, _ = strings.Cut(path, "?")
	for pattern, item := range w.server.OpenAPI().Paths {
		if !matches(pattern, path) {
			continue
		}
		switch method {
		case "GET":
			return item.Get
		case "POST":
			return item.Post
		case "PUT":
			return item.Put
		case "PATCH":
			return item.Patch
		case "DELETE":
			return item.Delete
		}
	}
	return nil
}

func matches(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return true
}
