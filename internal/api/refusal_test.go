package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
)

// brokenNames are thirty names no domain of a tenant can have (A14, A23, T06, T09).
var brokenNames = []string{
	"", " ", ".", "..", "com", "localhost", "co.jp", "github.io", "gmail.com", "yahoo.co.jp",
	"192.0.2.1", "[192.0.2.1]", "2001:db8::1", "a..example.com", "-a.example.com", "a-.example.com",
	"under_score.example.com", "exa mple.com", "exam\tple.com", "user@example.com", "https://example.com/",
	"example.com/path", "example.com:25", "*.example.com", "example.123", strings.Repeat("a", 64) + ".example.com",
	strings.Repeat("abcdefgh.", 32) + "example.com", "xn--a.example.com", "a\u200db.example.com", "ex\u0000ample.com",
	"mail.plat.example", "plat.example",
}

func TestBrokenDomainNames(t *testing.T) {
	w := newWorld(t, plenty).populate()
	before := w.everything()
	for _, name := range brokenNames {
		a := w.ask("POST", "/v1/domains", w.acme.key, fmt.Sprintf(`{"name":%s}`, quote(name)))
		p := a.problem(t)
		if a.status != http.StatusUnprocessableEntity || len(p.Errors) != 1 || p.Errors[0].Pointer != "/name" {
			t.Errorf("%q: %d %s", name, a.status, a.body)
		}
	}
	if w.everything() != before {
		t.Error("something was registered")
	}
}

// quote writes a JSON string.
func quote(s string) string {
	return `"` + strings.NewReplacer("\\", `\\`, `"`, `\"`, "\t", `\t`, "\x00", `\u0000`).Replace(s) + `"`
}

// The table of everything that is wrong with requests: each is refused with
// a sentence, at the right place, and changes nothing.
func TestBadInput(t *testing.T) {
	w := newWorld(t, plenty).populate()
	key := w.acme.key
	deep := strings.Repeat("[", 65) + strings.Repeat("]", 65)
	for _, tt := range []struct {
		name               string
		method, path, body string
		status             int
		where              string // pointer or parameter of the first violation, "" for none
		says               string // part of the detail
	}{
		{"no body", "POST", "/v1/domains", "", 400, "", "the body is missing"},
		{"not JSON", "POST", "/v1/domains", "name=x", 400, "", "not valid JSON"},
		{"JSON cut short", "POST", "/v1/domains", "{\n\"name\":", 400, "", "line 2"},
		{"two documents", "POST", "/v1/domains", `{"name":"a.example"}{}`, 400, "", "not valid JSON"},
		{"a trailing comma", "POST", "/v1/domains", `{"name":"a.example",}`, 400, "", "not valid JSON"},
		{"a byte order mark", "POST", "/v1/domains", "\ufeff" + `{"name":"a.example"}`, 400, "", "not valid JSON"},
		{"NaN", "POST", "/v1/domains", `{"name":NaN}`, 400, "", "not valid JSON"},
		{"invalid UTF-8", "POST", "/v1/tenants", "{\"name\":\"\xff\"}", 400, "", "UTF-8"},
		{"half a surrogate pair", "POST", "/v1/tenants", `{"name":"\ud83d"}`, 400, "", "surrogate"},
		{"a name twice", "POST", "/v1/domains", `{"name":"a.example","name":"b.example"}`, 400, "", "twice"},
		{"a name twice, escaped", "POST", "/v1/domains", `{"name":"a.example","nam\u0065":"b.example"}`, 400, "", "twice"},
		{"null", "POST", "/v1/domains", `{"name":"a.example","shape":null}`, 400, "", "null at /shape"},
		{"null itself", "POST", "/v1/domains", `null`, 400, "", "null"},
		{"nested too deeply", "POST", "/v1/domains", deep, 400, "", "levels deep"},
		{"nested ten thousand levels deep", "POST", "/v1/domains", strings.Repeat("[", 10_001), 400, "", "not valid JSON"},
		{"an array", "POST", "/v1/domains", `[]`, 422, "", "must be an object"},
		{"a number", "POST", "/v1/domains", `1`, 422, "", "must be an object"},
		{"an unknown field", "POST", "/v1/domains", `{"name":"a.example","colour":"red"}`, 422, "/colour", "no such field"},
		{"another case", "POST", "/v1/domains", `{"Name":"a.example"}`, 422, "", "name"},
		{"a field that is missing", "POST", "/v1/domains", `{}`, 422, "", "the field name is missing"},
		{"a wrong type", "POST", "/v1/domains", `{"name":1}`, 422, "/name", "must be a string"},
		{"a string for a boolean", "POST", "/v1/domains", `{"name":"a.example","root_spf":"yes"}`, 422, "/root_spf", "true or false"},
		{"a shape there is not", "POST", "/v1/domains", `{"name":"a.example","shape":"mx"}`, 422, "/shape", "cname, txt"},
		{"a return path elsewhere", "POST", "/v1/domains", `{"name":"a.example","return_path":"b.example"}`, 422, "/return_path", "below a.example"},
		{"a report address that is none", "POST", "/v1/domains", `{"name":"a.example","report_address":"dmarc"}`, 422, "/report_address", "DMARC"},
		{"a domain twice", "POST", "/v1/domains", `{"name":"acme.example"}`, 409, "", "acme.example"},
		{"too large a body", "POST", "/v1/domains", `{"name":"` + strings.Repeat("a", 65<<10) + `"}`, 413, "", "65536 octets"},
		{"a number in the list of recipients", "POST", "/v1/messages", `{"from":"a@acme.example","to":["b@example.org",7]}`, 422, "/to/1", "must be a string"},

		{"a change of nothing", "PATCH", "/v1/domains/{domain_id}", `{}`, 422, "", "nothing is to change"},
		{"shape and more at once", "PATCH", "/v1/domains/{domain_id}", `{"shape":"txt","root_spf":true}`, 422, "/shape", "of its own"},
		{"a record without shape", "PATCH", "/v1/domains/{domain_id}", `{"record":"x.acme.example"}`, 422, "/record", "shape"},
		{"a record that is not planned", "PATCH", "/v1/domains/{domain_id}", `{"shape":"txt","record":"x.acme.example"}`, 422, "/record", "not a record"},
		{"a body for the wrong operation", "PATCH", "/v1/domains/{domain_id}", `{"name":"b.example"}`, 422, "/name", "no such field"},

		{"a tenant without a name", "POST", "/v1/tenants", `{"name":""}`, 422, "/name", "1 to 100"},
		{"a tenant of two lines", "POST", "/v1/tenants", `{"name":"a\nb"}`, 422, "/name", "one line"},
		{"an operator's key (T65)", "POST", "/v1/credentials", `{"kind":"operator"}`, 422, "/kind", "api, smtp"},
		{"a tenant in the body (T63)", "POST", "/v1/credentials", `{"kind":"api","tenant_id":"{evil}"}`, 422, "/tenant_id", "no such field"},
		{"a label too long", "POST", "/v1/credentials", `{"kind":"api","label":"` + strings.Repeat("x", 101) + `"}`, 422, "/label", "100"},
		{"an address that is none", "POST", "/v1/suppressions", `{"address":"nobody"}`, 422, "/address", "not a mail address"},
		{"a retry of no domain", "POST", "/v1/queue/retry", `{"domain":"a b"}`, 422, "/domain", "not a valid domain name"},

		{"an unknown parameter", "GET", "/v1/domains?page=2", "", 422, "page", "unknown query parameter"},
		{"a parameter twice", "GET", "/v1/domains?limit=1&limit=2", "", 422, "", "more than once"},
		{"a limit of nothing", "GET", "/v1/domains?limit=0", "", 422, "limit", "at least 1"},
		{"a limit past the most", "GET", "/v1/domains?limit=201", "", 422, "limit", "at most 200"},
		{"a limit in words", "GET", "/v1/domains?limit=ten", "", 422, "limit", "integer"},
		{"a cursor that is none", "GET", "/v1/domains?after=%27%20or%201", "", 422, "/after", "cursor"},
		{"a path there is not", "GET", "/v1/nothing", "", 404, "", "nothing at this path"},
		{"a path that needs cleaning", "GET", "/v1/../v1/domains", "", 404, "", "nothing at this path"},
		{"a slash too many", "GET", "/v1/domains/", "", 404, "", "nothing at this path"},
		{"a method there is not", "PUT", "/v1/domains", `{}`, 405, "", "GET, HEAD, POST"},
		{"an id of another kind", "GET", "/v1/domains/{message_id}", "", 404, "", "there is no domain"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			before := w.everything()
			who := key
			if strings.HasPrefix(tt.path, "/v1/tenants") {
				who = w.operator
			}
			a := w.ask(tt.method, w.acme.fill(tt.path), who, strings.ReplaceAll(tt.body, "{evil}", string(w.evil.tenant.ID)))
			p := a.problem(t)
			if a.status != tt.status || !strings.Contains(p.Detail, tt.says) {
				t.Fatalf("%d %q, want %d with %q", a.status, p.Detail, tt.status, tt.says)
			}
			if tt.where != "" && (len(p.Errors) == 0 || p.Errors[0].Pointer+p.Errors[0].Parameter != tt.where) {
				t.Errorf("errors = %+v, want the first at %s", p.Errors, tt.where)
			}
			if w.everything() != before {
				t.Error("something changed")
			}
		})
	}
	if strings.Contains(w.log.String(), `"level":"ERROR"`) {
		t.Errorf("bad input was logged as a fault: %s", w.log)
	}
}

// T66, RFC 6750 §2: one header, one scheme.
func TestAuthorizationHeader(t *testing.T) {
	w := newWorld(t, plenty).populate()
	for _, tt := range []struct {
		name, value string
		want        int
	}{
		{"as it should be", "Bearer " + w.acme.key, 200},
		{"the scheme in another case (RFC 9110 §11.1)", "bearer " + w.acme.key, 200},
		{"two spaces", "Bearer  " + w.acme.key, 200},
		{"another scheme", "Basic " + w.acme.key, 401},
		{"no scheme", w.acme.key, 401},
		{"a scheme alone", "Bearer", 401},
		{"two keys", "Bearer " + w.acme.key + " " + w.acme.key, 401},
		{"nothing", "", 401},
	} {
		if a := w.ask("GET", "/v1/domains", "", "", "Authorization", tt.value); a.status != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, a.status, tt.want)
		}
	}
	r, _ := http.NewRequestWithContext(t.Context(), "GET", w.url+"/v1/domains", nil)
	r.Header["Authorization"] = []string{"Bearer " + w.acme.key, "Bearer " + w.evil.key}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("two headers: %d, want 401", resp.StatusCode)
	}
}

func TestMediaTypes(t *testing.T) {
	w := newWorld(t, plenty).populate()
	for i, tt := range []struct {
		kind, encoding string
		want           int
	}{
		{"application/json", "", 201},
		{"application/json; charset=utf-8", "", 201},
		{"application/json; charset=UTF-8", "", 201},
		{"application/json; charset=iso-8859-1", "", 415},
		{"application/x-www-form-urlencoded", "", 415},
		{"text/plain", "", 415},
		{"application/vnd.api+json", "", 415},
		{"application/problem+json", "", 415},
		{"multipart/form-data; boundary=x", "", 415},
		{"nonsense;;", "", 415},
		{"application/json", "gzip", 415},
	} {
		body := fmt.Sprintf(`{"address":"%d@example.org"}`, i)
		a := w.ask("POST", "/v1/suppressions", w.acme.key, body, "Content-Type", tt.kind, "Content-Encoding", tt.encoding)
		if a.status != tt.want {
			t.Errorf("%s %s: %d %s, want %d", tt.kind, tt.encoding, a.status, a.body, tt.want)
		}
	}
}

// A fault of ours is logged once, under the id the client sees, and the client
// learns nothing else.
func TestFaults(t *testing.T) {
	w := newWorld(t, plenty).populate()
	// The key is known for a few seconds, so the request gets past it to the
	// store, which is gone.
	w.call("GET", "/v1/domains", w.acme.key, "", 200, nil)
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	a := w.ask("GET", "/v1/domains", w.acme.key, "")
	if a.status != http.StatusInternalServerError || bytes.Contains(a.body, []byte("sql")) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if n := strings.Count(w.log.String(), a.header.Get("X-Request-Id")); n != 1 {
		t.Errorf("the fault is logged %d times, want once: %s", n, w.log)
	}
}

// P08: of a fault that can be sat out it is said that, and when to come again.
func TestFaultsToSitOut(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		kind   string
	}{
		{errors.New("x"), http.StatusInternalServerError, "fault"},
		{fmt.Errorf("accept: %w", myodai.ErrAway), http.StatusServiceUnavailable, "unavailable"},
		{fmt.Errorf("accept: %w", myodai.ErrNoSpace), http.StatusInsufficientStorage, "no_space"},
	} {
		p := api.FaultProblem(tt.err)
		if again := p.GetHeaders().Get("Retry-After") != ""; p.Status != tt.status || !strings.HasSuffix(p.Type, "#"+tt.kind) || again != (tt.kind != "fault") {
			t.Errorf("%v is answered with %d %s, Retry-After %v", tt.err, p.Status, p.Type, again)
		}
	}
}

func TestProblemKindsAreDescribed(t *testing.T) {
	described := readFile(t, "../../docs/problems.md")
	kinds := api.Kinds()
	slices.Sort(kinds)
	for _, kind := range slices.Compact(kinds) {
		if !strings.Contains(described, "## "+kind+"\n") {
			t.Errorf("docs/problems.md does not describe %s", kind)
		}
	}
}

// A suspended tenant is shut out within a moment, and let in again (P31).
func TestSuspendedTenant(t *testing.T) {
	w := newWorld(t, plenty).populate()
	w.call("GET", "/v1/domains", w.acme.key, "", 200, nil)
	w.call("POST", w.acme.fill("/v1/tenants/{tenant_id}/suspend"), w.operator, "", 200, nil)
	if a := w.ask("POST", "/v1/messages", w.acme.key, draft("a@acme.example")); a.status != 403 || !strings.Contains(a.problem(t).Detail, "suspended") {
		t.Errorf("suspended: %d %s", a.status, a.body)
	}
	w.call("POST", w.acme.fill("/v1/tenants/{tenant_id}/resume"), w.operator, "", 200, nil)
	w.call("GET", "/v1/domains", w.acme.key, "", 200, nil)
}
