package api_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
)

var update = flag.Bool("update", false, "rewrite docs/openapi.yaml")

// The contract is kept in the repository, so that a change of it is seen.
func TestDocumentIsInTheRepository(t *testing.T) {
	w := newWorld(t, plenty)
	a := w.ask("GET", "/openapi.yaml", "", "")
	served := strings.Replace(string(a.body), "version: test", "version: v1", 1)
	const name = "../../docs/openapi.yaml"
	if *update {
		if err := os.MkdirAll("../../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(served), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if kept := readFile(t, name); kept != served {
		t.Error("docs/openapi.yaml is not what is served; look at the difference and run go test ./internal/api -update")
	}
	if a := w.ask("GET", "/openapi.json", "", ""); a.status != 200 || !strings.Contains(string(a.body), `"openapi": "3.1.0"`) {
		t.Errorf("GET /openapi.json = %d", a.status)
	}
}

func TestDocumentDescribesEveryOperation(t *testing.T) {
	w := newWorld(t, plenty)
	for path, item := range w.server.OpenAPI().Paths {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			op := w.operation(method, path)
			if op == nil {
				continue
			}
			if op.Summary == "" || len(op.Tags) != 1 || len(op.Security) != 1 || op.Responses["default"] == nil {
				t.Errorf("%s %s is not fully described", method, path)
			}
		}
		_ = item
	}
	for name, s := range w.server.OpenAPI().Components.Schemas.Map() {
		closed := s.AdditionalProperties == false
		request := strings.HasPrefix(name, "New") || slices.Contains([]string{"DomainChange", "MemberChange", "TrackingChange", "SeenRecord", "Selection", "WebhookChange", "WebhookReplay", "Policy", "Class", "Title", "Track", "SenderChange", "Release"}, name)
		if closed != request {
			t.Errorf("schema %s: closed to further members %v, is a request %v", name, closed, request)
		}
	}
}

// Every list ends, shows everything once, and only the tenant's own (T63).
func TestPages(t *testing.T) {
	w := newWorld(t, plenty).populate()
	for i := range 7 {
		w.call("POST", "/v1/suppressions", w.acme.key, fmt.Sprintf(`{"address":"%d@example.org"}`, i), 201, nil)
	}
	seen := map[string]int{}
	after := ""
	for pages := 0; ; pages++ {
		var list api.List[api.Suppression]
		w.call("GET", "/v1/suppressions?limit=3&after="+after, w.acme.key, "", 200, &list)
		for _, s := range list.Items {
			seen[s.Address]++
		}
		if after = list.Next; after == "" {
			break
		}
		if pages > 10 {
			t.Fatal("the list does not end")
		}
	}
	if len(seen) != 9 {
		t.Errorf("seen %v, want 9 addresses", seen)
	}
	for address, n := range seen {
		if n != 1 {
			t.Errorf("%s is listed %d times", address, n)
		}
	}
	// Another tenant's cursor leads to one's own entries only.
	var theirs api.List[api.Suppression]
	w.call("GET", "/v1/suppressions?after="+w.acme.suppression, w.evil.key, "", 200, &theirs)
	for _, s := range theirs.Items {
		if string(s.ID) != w.evil.suppression && string(s.BatchID) != w.evil.batch {
			t.Errorf("another tenant's cursor shows %+v", s)
		}
	}
}

func TestEmptyListsAreLists(t *testing.T) {
	w := newWorld(t, plenty)
	tenant, err := w.access.CreateTenant(t.Context(), "Empty")
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := w.access.Create(t.Context(), tenant.ID, myodai.CredentialAPI, "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/domains", "/v1/messages", "/v1/suppressions", "/v1/queue", "/v1/queue/deliveries"} {
		if a := w.call("GET", path, key, "", 200, nil); !strings.Contains(string(a.body), `"items":[]`) {
			t.Errorf("GET %s = %s", path, a.body)
		}
	}
}

func TestDomainByName(t *testing.T) {
	w := newWorld(t, plenty).populate()
	for name, want := range map[string]int{"acme.example": 1, "WWW.Acme.Example.": 1, "evil.example": 0, "no.example": 0, "com": 0} {
		var list api.List[api.Domain]
		w.call("GET", "/v1/domains?name="+name, w.acme.key, "", 200, &list)
		if len(list.Items) != want {
			t.Errorf("name=%s lists %d domains, want %d", name, len(list.Items), want)
		}
	}
}

// T01: two tenants may claim one domain, and neither learns of the other.
func TestClaimsDoNotMeet(t *testing.T) {
	w := newWorld(t, plenty).populate()
	var first, second api.DomainWithRecords
	w.call("POST", "/v1/domains", w.acme.key, `{"name":"shared.example"}`, 201, &first)
	a := w.call("POST", "/v1/domains", w.evil.key, `{"name":"shared.example"}`, 201, &second)
	if strings.Contains(string(a.body), string(first.ID)) {
		t.Error("the second claim shows the first")
	}
	names := map[string]bool{}
	for _, r := range first.Records {
		names[r.Name] = r.Purpose != myodai.PurposeDMARC
	}
	for _, r := range second.Records {
		if names[r.Name] {
			t.Errorf("both claims ask for a record at %s", r.Name)
		}
	}
}

func TestPlanShowsWhatTheLastCheckSaw(t *testing.T) {
	w := newWorld(t, plenty).populate()
	statuses := func() string {
		t.Helper()
		var p api.Plan
		w.call("GET", w.acme.fill("/v1/domains/{domain_id}/records"), w.acme.key, "", 200, &p)
		seen := map[string]bool{}
		for _, r := range p.Records {
			seen[r.Status] = true
			if r.Value == "" || r.Why == "" || r.Reason == "" {
				t.Errorf("record %+v says too little", r)
			}
		}
		return fmt.Sprint(seen)
	}
	if got := statuses(); got != "map[not_checked:true]" {
		t.Errorf("before the first check: %s", got)
	}
	var c api.CheckResult
	w.call("POST", w.acme.fill("/v1/domains/{domain_id}/check"), w.acme.key, "", 200, &c)
	if c.Verdict != myodai.VerdictUnknown || c.State != myodai.DomainVerified {
		t.Errorf("a check without DNS: %s, %s; P12 wants nothing to change", c.Verdict, c.State)
	}
	if got := statuses(); got != "map[unknown:true]" {
		t.Errorf("after a check: %s", got)
	}
	w.call("PATCH", w.acme.fill("/v1/domains/{domain_id}"), w.acme.key, `{"shape":"txt"}`, 200, nil)
	if got := statuses(); got != "map[not_checked:true]" {
		t.Errorf("after a change of the plan: %s", got)
	}
	var list api.List[api.Check]
	w.call("GET", w.acme.fill("/v1/domains/{domain_id}/checks"), w.acme.key, "", 200, &list)
	if len(list.Items) != 1 || list.Items[0].ID != c.ID {
		t.Errorf("checks = %+v", list)
	}
}

// F1: the shape can be switched for one record or all, and keys stay.
func TestSwitchShape(t *testing.T) {
	w := newWorld(t, plenty).populate()
	var before, after api.Keys
	path := w.acme.fill("/v1/domains/{domain_id}")
	w.call("GET", path+"/keys", w.acme.key, "", 200, &before)
	var d api.DomainWithRecords
	w.call("GET", path, w.acme.key, "", 200, &d)
	one := ""
	for _, r := range d.Records {
		if r.Type != myodai.TypeCNAME && r.Purpose == myodai.PurposeDKIM {
			t.Errorf("record %s is a %s", r.Name, r.Type)
		}
		if r.Purpose == myodai.PurposeDKIM {
			one = r.Name
		}
	}
	w.call("PATCH", path, w.acme.key, `{"shape":"txt","record":"`+one+`"}`, 200, &d)
	for _, r := range d.Records {
		if want := r.Name == one; r.Purpose == myodai.PurposeDKIM && (r.Type == myodai.TypeTXT) != want {
			t.Errorf("after switching %s, %s is a %s", one, r.Name, r.Type)
		}
	}
	if d.RecordShapes[one] != myodai.ShapeTXT || d.Shape != myodai.ShapeCNAME {
		t.Errorf("domain = %+v", d.Domain)
	}
	w.call("PATCH", path, w.acme.key, `{"root_spf":true,"report_address":"dmarc@acme.example"}`, 200, &d)
	if !d.RootSPF || d.ReportAddress != "dmarc@acme.example" {
		t.Errorf("domain = %+v", d.Domain)
	}
	w.call("GET", path+"/keys", w.acme.key, "", 200, &after)
	if fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("keys changed from %v to %v", before, after)
	}
}

// The operator's view of queue and events is of everybody.
func TestQueueAndEvents(t *testing.T) {
	w := newWorld(t, plenty).populate()
	for _, tt := range []struct {
		who     string
		key     string
		queued  int
		tenants int
	}{{"a tenant", w.acme.key, 1, 1}, {"the operator", w.operator, 2, 2}} {
		var q api.Queue
		w.call("GET", "/v1/queue", tt.key, "", 200, &q)
		if len(q.Items) != 1 || q.Items[0].Domain != "example.org" || q.Items[0].Accepted != tt.queued {
			t.Errorf("%s: queue = %+v", tt.who, q)
		}
		var ds api.List[api.Delivery]
		w.call("GET", "/v1/queue/deliveries", tt.key, "", 200, &ds)
		var es api.List[api.Event]
		w.call("GET", "/v1/events?limit=200", tt.key, "", 200, &es)
		tenants := map[myodai.TenantID]bool{}
		for _, e := range es.Items {
			tenants[e.TenantID] = true
		}
		if len(ds.Items) != tt.queued || len(tenants) != tt.tenants {
			t.Errorf("%s: %d queued, events of %d tenants", tt.who, len(ds.Items), len(tenants))
		}
		last := es.Items[len(es.Items)-1].ID
		w.call("GET", "/v1/events?after="+string(last), tt.key, "", 200, &es)
		if len(es.Items) != 0 {
			t.Errorf("%s: %d events after the last", tt.who, len(es.Items))
		}
	}
	var r api.Retried
	w.call("POST", "/v1/queue/retry", w.acme.key, `{"domain":"example.org"}`, 200, &r)
	w.call("POST", "/v1/queue/retry", w.acme.key, `{"domain":"elsewhere.example"}`, 200, &r)
	if r.Deliveries != 0 {
		t.Errorf("%d deliveries to elsewhere.example", r.Deliveries)
	}
}

func TestHeadIsAnswered(t *testing.T) {
	w := newWorld(t, plenty).populate()
	for _, path := range []string{"/v1/domains", "/v1/nothing"} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodHead, w.url+path, nil)
		r.Header.Set("Authorization", "Bearer "+w.acme.key)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if want := map[string]int{"/v1/domains": 200, "/v1/nothing": 404}[path]; resp.StatusCode != want {
			t.Errorf("HEAD %s = %d, want %d", path, resp.StatusCode, want)
		}
	}
}
