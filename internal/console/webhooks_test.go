package console_test

import (
	"strings"
	"testing"
)

// An administrator adds a webhook, tries it, gives it another secret, stops and
// removes it. For a member there is no such page (E1).
func TestWebhookPages(t *testing.T) {
	w := newWorld(t)
	b := w.as(adminToken)
	if p := b.get("/webhooks"); !strings.Contains(p.text(".empty"), "There is no webhook yet") {
		t.Errorf("an empty page: %s", p.text(".empty"))
	}
	p := b.post("/webhooks", "url", `http://inside.example/"><script>`, "kind", "message.bounced")
	if p.status != 422 || !strings.Contains(p.text("#url-problem"), "printable ASCII") && !strings.Contains(p.text("#url-problem"), "https") || len(p.all("[value=message.bounced][checked]")) != 1 {
		t.Errorf("a wrong address: %d %s", p.status, p.text("#url-problem"))
	}
	p = b.post("/webhooks", "url", "https://example.com/hooks", "kind", "message.bounced", "kind", "domain.at_risk")
	if p.status != 200 || !strings.HasPrefix(p.path, "/webhooks/whk_") {
		t.Fatalf("added: %d %s", p.status, p.path)
	}
	secret := p.text(".value")
	if !strings.HasPrefix(secret, "whsec_") {
		t.Errorf("secret %q", secret)
	}
	if p := b.post(p.path + "/test"); !strings.Contains(p.text(".notice"), "did not answer") {
		t.Errorf("test: %s", p.text(".notice"))
	}
	if p := b.post(p.path + "/rotate"); len(p.all(".value")) != 2 || p.text(".value") == secret {
		t.Errorf("after the rotation: %d secrets", len(p.all(".value")))
	}
	if p := b.post(p.path+"/state", "state", "disabled"); !strings.Contains(p.text(".chip"), "disabled") {
		t.Errorf("disabled: %s", p.text(".chip"))
	}
	if p := b.post(p.path + "/replay"); p.status != 409 {
		t.Errorf("replay while disabled: %d", p.status)
	}
	for _, token := range []string{memberToken, strangerToken} {
		if got := w.as(token).get(p.path).status; got != 404 {
			t.Errorf("%s: %d", token, got)
		}
	}
	if p := b.post(p.path + "/delete"); p.path != "/webhooks" || len(p.all("tbody tr")) != 0 {
		t.Errorf("removed: %s", p.path)
	}
}
