package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
)

// F2, F6, D3: the operator sets what counts, for all or for one tenant; tenants
// see it and can change nothing.
func TestPolicy(t *testing.T) {
	w := newWorld(t, api.Limits{}).populate()
	p := api.ShownPolicy{}
	w.call("PUT", "/v1/policy", w.operator, `{"verification":"either","confirmation_life":"36h"}`, http.StatusOK, &p)
	p = api.ShownPolicy{}
	w.call("PUT", "/v1/tenants/"+string(w.acme.tenant.ID)+"/policy", w.operator, `{"addresses":"one","senders":"a.example,\nb.example"}`, http.StatusOK, &p)
	if p.Set.Verification != "" || p.Effective.Verification != "either" || p.Effective.Addresses != "one" || p.Effective.Senders.String() != "a.example\nb.example" {
		t.Errorf("acme's policy is %+v", p)
	}
	w.call("GET", "/v1/policy", w.acme.key, "", http.StatusOK, &p)
	if p.Effective.Addresses != "one" || p.Set.Addresses != "one" {
		t.Errorf("acme sees %+v", p)
	}
	p = api.ShownPolicy{}
	w.call("GET", "/v1/policy", w.evil.key, "", http.StatusOK, &p)
	if p.Effective.Addresses != "many" || p.Effective.Senders != nil || p.Effective.Verification != "either" {
		t.Errorf("evil sees %+v", p)
	}
	w.call("PUT", "/v1/policy", w.acme.key, `{"verification":"domain"}`, http.StatusForbidden, nil)
	w.call("GET", "/v1/tenants/"+string(w.acme.tenant.ID)+"/policy", w.acme.key, "", http.StatusForbidden, nil)
	for body, why := range map[string]string{
		`{"senders":"co.jp"}`: "strangers register names below it", `{"confirmation_life":"soon"}`: "write it like 24h",
		`{"classes":[{"name":"a","route":"smarthost:x"}]}`: "there is no route", `{"verification":"none"}`: "must be one of",
		`{"verify":"domain"}`: "there is no such field", `{"classes":[{"name":"a","return_path":"domain"}]}`: "must be one of",
	} {
		a := w.call("PUT", "/v1/policy", w.operator, body, http.StatusUnprocessableEntity, nil)
		if !strings.Contains(string(a.body), why) {
			t.Errorf("%s is refused with %s", body, a.body)
		}
	}
}

// A1: a message's class is said in the request, or by the key it comes with.
func TestClassOfMessages(t *testing.T) {
	w := newWorld(t, api.Limits{}).populate()
	var m api.AcceptedMessage
	w.call("POST", "/v1/messages", w.acme.key, strings.Replace(draft("a@acme.example"), "{", `{"class":"marketing",`, 1), http.StatusAccepted, &m)
	if m.Class != myodai.ClassMarketing {
		t.Errorf("class %s", m.Class)
	}
	var c api.CreatedCredential
	w.call("POST", "/v1/credentials", w.acme.key, `{"kind":"api","class":"notification"}`, http.StatusCreated, &c)
	w.call("POST", "/v1/messages", c.Secret, draft("a@acme.example"), http.StatusAccepted, &m)
	if m.Class != myodai.ClassNotification || c.Class != myodai.ClassNotification {
		t.Errorf("class %s of a key for %s", m.Class, c.Class)
	}
	w.call("POST", "/v1/credentials", w.acme.key, `{"kind":"api","class":"spam"}`, http.StatusUnprocessableEntity, nil)
}
