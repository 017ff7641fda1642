package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
)

// huma keeps some of its settings in package variables. They are set once,
// before anything can run, and this package is the only one that uses huma.
func init() {
	huma.NewErrorWithContext = judged
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return judged(nil, status, msg, errs...)
	}
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true

	validation.MsgUnexpectedProperty = "there is no such field; check its spelling"
	validation.MsgExpectedRequiredProperty = "the field %s is missing"
	validation.MsgExpectedString = "must be a string"
	validation.MsgExpectedBoolean = "must be true or false"
	validation.MsgExpectedInteger = "must be a whole number"
	validation.MsgExpectedNumber = "must be a number"
	validation.MsgExpectedArray = "must be an array"
	validation.MsgExpectedObject = "must be an object"
	validation.MsgExpectedBase64String = "must be base64"
	validation.MsgExpectedOneOf = "must be one of \"%s\""
	validation.MsgExpectedMinimumNumber = "must be at least %v"
	validation.MsgExpectedMaximumNumber = "must be at most %v"
	validation.MsgExpectedMinLength = "must have at least %d characters"
	validation.MsgExpectedMaxLength = "must have at most %d characters"
	validation.MsgExpectedMinItems = "must have at least %d items"
	validation.MsgExpectedMaxItems = "must have at most %d items"
	validation.MsgExpectedMaxProperties = "must have at most %d members"
}

// humaConfig is DefaultConfig without what we do ourselves or not at all: the
// $schema member in bodies, the document (served from bytes made once), and the
// pages that load scripts from elsewhere.
func humaConfig(o Options) huma.Config {
	c := huma.DefaultConfig("Myodai", o.Version)
	if o.BaseURL != "" {
		c.Servers = []*huma.Server{{URL: o.BaseURL}}
	}
	c.CreateHooks = nil
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.RejectUnknownQueryParameters = true
	format := huma.Format{
		Marshal: func(w io.Writer, v any) error {
			e := json.NewEncoder(w)
			e.SetEscapeHTML(false)
			return e.Encode(v)
		},
		Unmarshal: unmarshal,
	}
	c.Formats = map[string]huma.Format{"application/json": format, "application/problem+json": format}
	c.DefaultFormat = "application/json"
	c.Info.Description = description
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key": {Type: "http", Scheme: "bearer", Description: "A secret of a credential, such as myo_…"},
	}
	return c
}

// scope says whose credential opens an operation.
type scope string

const (
	scopeTenant   scope = "tenant"   // an API key of a tenant
	scopeOperator scope = "operator" // the platform operator's key
	scopeBoth     scope = "both"     // either; the operator sees all tenants
)

// operation describes one operation to register.
type operation struct {
	id, method, path string
	tag              string
	summary          string
	details          string // "" when the summary says it all
	scope            scope
	action           access.Action // that the key's role has to allow; "" for what needed says
	unaudited        bool          // what it does is not in the audit trail
	status           int           // of success; 0 means 200, or 204 without a body
	maxBody          int64         // octets; 0 means 64 KiB
	// upload lists the media types of a body that the handler reads itself, as it
	// arrives; none means that the body is JSON.
	upload []string
	// answers is the media type of an answer that is not JSON; "" for JSON.
	answers string
	// stream answers clients that want events instead of JSON; nil when there are
	// none. param is a part of the path.
	stream func(e *events, who myodai.Credential, param func(string) string) error
}

// bodyTimeout is how long a whole body may take to arrive.
const bodyTimeout = time.Minute

// register adds an operation whose handler is told who asks.
func register[I, O any](s *Server, o operation, handle func(ctx context.Context, who myodai.Credential, in *I) (*O, error)) {
	if o.maxBody == 0 {
		o.maxBody = 64 << 10
	}
	op := huma.Operation{
		OperationID: o.id, Method: o.method, Path: "/v1" + o.path, Tags: []string{o.tag},
		Summary: o.summary, Description: o.details, DefaultStatus: o.status,
		MaxBodyBytes:    o.maxBody + 1, // huma refuses a body of exactly this size
		BodyReadTimeout: bodyTimeout,
		Security:        []map[string][]string{{"key": {}}},
		Extensions:      map[string]any{"x-myodai-scope": string(o.scope)},
		Middlewares:     huma.Middlewares{s.guard(o), s.streaming(o)},
	}
	o.document(&op)
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		r := requestOf(ctx)
		// The deadline of the body has served its purpose, and would otherwise
		// end an operation that takes longer than the rest of it.
		_ = http.NewResponseController(r.w).SetReadDeadline(time.Time{})
		out, err := handle(ctx, r.who, in)
		if err != nil {
			return nil, s.problem(r, o.id, err)
		}
		return out, nil
	})
	o.documentStream(s.api.OpenAPI())
}
