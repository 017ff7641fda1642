package api_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/myodai/myodai/internal/api"
)

// event is one server-sent event.
type event struct{ kind, data string }

func (w *world) stream(path, key string) (*http.Response, []event) {
	return w.streamSaying(path, key, "")
}

func (w *world) streamSaying(path, key, body string) (*http.Response, []event) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), "POST", w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var list []event
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case name == "event":
			list = append(list, event{kind: value})
		case name == "data" && len(list) > 0:
			list[len(list)-1].data = value
		}
	}
	return resp, list
}

// A check with progress: how much was asked and answered, each record as it is
// judged, and the result that the JSON form has.
func TestCheckAsEvents(t *testing.T) {
	w, dns := dnsWorld(t, plenty, "01.dnsv.jp", "02.dnsv.jp")
	w.acme = w.newParty("Acme")
	path := "/v1/domains/" + string(w.acme.domain.ID)
	var p api.Plan
	w.call("GET", path+"/records", w.acme.key, "", 200, &p)
	if err := dns.Set("acme.example.", "@ NS 01.dnsv.jp.\n"+doubled(p.Records)); err != nil {
		t.Fatal(err)
	}
	resp, list := w.stream(path+"/check", w.acme.key)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" || len(list) < 3 {
		t.Fatalf("%d %s, %v", resp.StatusCode, resp.Header, list)
	}
	var before api.Progress
	var records []string
	for i, e := range list[:len(list)-1] {
		switch e.kind {
		case "progress":
			var now api.Progress
			if err := json.Unmarshal([]byte(e.data), &now); err != nil || now.Asked < now.Answered || now.Answered < before.Answered || now.Asked < before.Asked {
				t.Errorf("event %d: %s after %+v, %v", i, e.data, before, err)
			}
			before = now
		case "record":
			var r api.CheckedRecord
			if err := json.Unmarshal([]byte(e.data), &r); err != nil {
				t.Error(err)
			}
			records = append(records, r.Name)
		default:
			t.Errorf("event %d is %+v", i, e)
		}
	}
	if before.Answered == 0 || len(records) != len(p.Records) {
		t.Errorf("progress to %+v, records %v", before, records)
	}
	last := list[len(list)-1]
	var result api.CheckResult
	if err := json.Unmarshal([]byte(last.data), &result); err != nil || last.kind != "result" || len(result.Findings) == 0 || result.Findings[0].Cause != "name-suffix-duplicated" {
		t.Errorf("the end is %+v, %v", last, err)
	}
	w.conform("POST", path+"/check", answer{status: 200, header: resp.Header, body: []byte(last.data)})
	if op := w.operation("POST", path+"/check"); op.Responses["200"].Content["text/event-stream"].Schema.Type != huma.TypeString {
		t.Error("the document does not know the stream")
	}
}

// What is refused is refused as ever, whatever form was asked for.
func TestEventsAreRefusedAsProblems(t *testing.T) {
	limits := plenty
	limits.Checks = api.Rate{Every: time.Hour, Burst: 1}
	w := newWorld(t, limits).populate()
	path := "/v1/domains/" + string(w.acme.domain.ID) + "/check"
	for _, tt := range []struct {
		name, path, key string
		want            int
	}{
		{"no key", path, "", 401},
		{"another tenant's domain", path, w.evil.key, 404},
		{"the operator", path, w.operator, 403},
		{"a parameter there is not", path + "?x=1", w.acme.key, 422},
		{"the first", path, w.acme.key, 200},
		{"too soon", path, w.acme.key, 429},
	} {
		resp, list := w.stream(tt.path, tt.key)
		if resp.StatusCode != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, resp.StatusCode, tt.want)
		}
		if problem := resp.Header.Get("Content-Type") == "application/problem+json"; problem != (tt.want >= 400) || problem && len(list) > 0 {
			t.Errorf("%s: %s, %v", tt.name, resp.Header.Get("Content-Type"), list)
		}
	}
}
