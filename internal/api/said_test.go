package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/api"
)

// TestCheckSaying: what the tenant says with a check is heard in both forms, kept
// with it, and refused alike when it makes no sense.
func TestCheckSaying(t *testing.T) {
	w, _ := dnsWorld(t, plenty, "ns1.host.example", "ns2.host.example")
	w.acme = w.newParty("Acme")
	path := "/v1/domains/" + string(w.acme.domain.ID)
	var p api.Plan
	w.call("GET", path+"/records", w.acme.key, "", 200, &p)
	seen, err := json.Marshal(api.NewCheck{Entered: true, Sees: []api.SeenRecord{{Name: p.Records[0].Name, Type: p.Records[0].Type, Data: p.Records[0].Value}}})
	if err != nil {
		t.Fatal(err)
	}
	var result api.CheckResult
	w.call("POST", path+"/check", w.acme.key, string(seen), 200, &result)
	if len(result.Findings) == 0 || result.Findings[0].Cause != "records-in-private-zone" {
		t.Errorf("findings %+v", result.Findings)
	}
	var kept api.CheckWithObservation
	w.call("GET", path+"/checks/"+string(result.ID), w.acme.key, "", 200, &kept)
	if len(kept.Observation.TenantSees) != 1 || kept.Observation.TenantSees[0].Name != p.Records[0].Name {
		t.Errorf("kept %+v", kept.Observation.TenantSees)
	}
	if _, list := w.streamSaying(path+"/check", w.acme.key, string(seen)); len(list) == 0 || !strings.Contains(list[len(list)-1].data, `"records-in-private-zone"`) {
		t.Errorf("as events: %v", list)
	}
	for name, body := range map[string]string{
		"no JSON":             `{`,
		"an unknown field":    `{"done": true}`,
		"a name twice":        `{"entered": true, "entered": false}`,
		"another's name":      `{"sees": [{"name": "other.example", "type": "TXT", "data": "x"}]}`,
		"a type without plan": `{"sees": [{"name": "acme.example", "type": "A", "data": "10.0.0.1"}]}`,
	} {
		resp, _ := w.streamSaying(path+"/check", w.acme.key, body)
		if a := w.ask("POST", path+"/check", w.acme.key, body); a.status < 400 || a.status >= 500 || resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("%s: %d, and as events %d", name, a.status, resp.StatusCode)
		}
	}
}
