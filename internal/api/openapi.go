package api

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// description introduces the OpenAPI document.
const description = `Send e-mail in your customers' own names.

Every request carries a key in the header Authorization: Bearer. The key says which tenant asks; no request names one, except the platform operator's own operations.

Lists come in pages: give next as after until it is empty. Every error is a problem document (RFC 9457) whose detail says what to do. 503 and 507 (no space left) are over by themselves or soon mended: repeat the request after Retry-After, one that creates something with its Idempotency-Key. Instants are RFC 3339 in UTC. Clients must ignore members they do not know.`

// document is the OpenAPI document, written once.
type document struct{ json, yaml []byte }

// newDocument writes the document after the last operation was registered.
func newDocument(o *huma.OpenAPI) document {
	loosenAnswers(o)
	var d document
	var err error
	if d.json, err = json.MarshalIndent(o, "", "  "); err != nil {
		panic("api: the OpenAPI document cannot be written: " + err.Error())
	}
	if d.yaml, err = o.YAML(); err != nil {
		panic("api: the OpenAPI document cannot be written: " + err.Error())
	}
	return d
}

// serve adds the document to the routes. It needs no key: it says nothing that
// the source does not.
func (d document) serve(mux *http.ServeMux) {
	for ext, body := range map[string][]byte{"json": d.json, "yaml": d.yaml} {
		mux.HandleFunc("GET /openapi."+ext, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/openapi+"+ext)
			_, _ = w.Write(body) // the client has gone if this fails
		})
	}
}

// YAML is the OpenAPI document.
func (s *Server) YAML() []byte { return s.document.yaml }

// loosenAnswers lets answers grow: huma closes every schema to further members,
// which is right for requests, but would make each member we add to an answer a
// break of the contract.
func loosenAnswers(o *huma.OpenAPI) {
	schemas := o.Components.Schemas.Map()
	closed := map[string]bool{}
	var walk func(s *huma.Schema)
	walk = func(s *huma.Schema) {
		if s == nil {
			return
		}
		name := strings.TrimPrefix(s.Ref, "#/components/schemas/")
		if name != "" && !closed[name] {
			closed[name] = true
			walk(schemas[name])
		}
		walk(s.Items)
		for _, p := range s.Properties {
			walk(p)
		}
	}
	for _, path := range o.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Put, path.Post, path.Patch, path.Delete} {
			if op == nil || op.RequestBody == nil {
				continue
			}
			for _, media := range op.RequestBody.Content {
				walk(media.Schema)
			}
		}
	}
	for name, s := range schemas {
		if s.Type == huma.TypeObject && !closed[name] {
			s.AdditionalProperties = nil
		}
	}
}
