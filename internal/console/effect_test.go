package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// The domain's pages answer before anything is published: what a DMARC record does
// to each kind of mail, and what the SPF record that is there becomes, whole, to be
// copied (C11, C12, C14, C15); and they show how far each record has come (A19,
// E20), as a picture with a table behind.
func TestDomainAnswersBeforehand(t *testing.T) {
	on := newInternet(t)
	w := newWorldOn(t, on)
	admin := w.as(adminToken)
	path := "/domains/" + string(w.registered(admin).ID)
	on.enter("acme.example", `TXT "v=spf1 mx ip4:192.0.2.7 ~all"`)
	admin.post(path+"/settings", "root_spf", "1")
	_, p := w.planned()
	on.enter(string(p.Items[0].Name), right(p.Items[0]))
	on.enter(string(p.Items[1].Name), "CNAME elsewhere.example.")
	admin.post(path + "/check")

	records := admin.get(path + "/records")
	want := "v=spf1 include:spf.plat.example mx ip4:192.0.2.7 ~all"
	if got := textOf(records.one("#record-5-value")); got != want {
		t.Errorf("the SPF record becomes %q, want %q", got, want)
	}
	if !strings.Contains(records.text("#record-5"), "v=spf1 mx ip4:192.0.2.7 ~all") {
		t.Errorf("what is there is not shown: %s", records.text("#record-5"))
	}

	check := admin.get(path + "/check")
	for id, says := range map[string][]string{
		"record-1": {"It was entered.", "They all show it: ns1.host.example, ns2.host.example.", "Everything is right"},
		"record-2": {"Something else was entered", "They show something else", "It differs from the plan"},
		"record-3": {"You said that it was entered", "They do not show it", "It is not there"},
	} {
		if n := len(check.all("#" + id + "-reach circle")); n != 4 {
			t.Errorf("%s: the picture has %d stations", id, n)
		}
		for _, text := range says {
			if got := check.text("#" + id + "-reach table"); !strings.Contains(got, text) {
				t.Errorf("%s: the table lacks %q: %s", id, text, got)
			}
		}
	}
	if got := check.text("#record-2-reach desc"); !strings.Contains(got, "differs from the plan") {
		t.Errorf("the picture says %q", got)
	}

	effect := admin.get(path + "/dmarc?" + url.Values{"record": {"v=DMARC1; p=reject"}}.Encode())
	if effect.status != http.StatusOK || !strings.Contains(effect.text("main"), "acme.example") || len(effect.all("main section li")) < 3 {
		t.Errorf("the effect = %d\n%s", effect.status, effect.text("main"))
	}
	if p := admin.get(path + "/dmarc?record=" + strings.Repeat("x", 3000)); p.status != http.StatusUnprocessableEntity || p.text("#record-problem") == "" {
		t.Errorf("a record that is too long = %d", p.status)
	}
	if p := admin.get(path + "/dmarc?record=" + url.QueryEscape(naughty)); p.status != http.StatusOK || strings.Contains(p.body, "<script>alert") {
		t.Errorf("a hostile record = %d", p.status)
	}
	if p := w.as(memberToken).get(path + "/dmarc"); p.status != http.StatusNotFound {
		t.Errorf("for a member = %d", p.status)
	}

	for name, l := range map[string]look{"en-1280": {}, "ja-360": {Lang: "ja", Width: 360}} {
		b := w.open(adminToken, l)
		b.visit(path + "/check")
		js[any](b, "document.querySelectorAll('details').forEach(d => d.open = true)")
		b.accessible()
		b.shoot("reach-" + name)
		b.visit(path + "/dmarc?record=v%3DDMARC1%3B%20p%3Dreject")
		b.accessible()
		b.shoot("dmarc-" + name)
	}
}
