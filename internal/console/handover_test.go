package console_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/myodai/myodai"
)

// registered makes a domain whose records nobody has entered yet.
func (w *world) registered(b *browser) myodai.Domain {
	w.t.Helper()
	b.post("/domains", "name", "acme.example")
	d, _ := w.planned()
	return d
}

var shareAddress = regexp.MustCompile(`/share/[A-Za-z0-9_-]+`)

// B15, C3: the request has the open records only, in the recipient's language, and
// a link that needs no login.
func TestRequestReachesTheDNSAdministrator(t *testing.T) {
	w := newWorldOn(t, newInternet(t))
	b := w.as(adminToken)
	d := w.registered(b)
	_, p := w.planned()
	w.net.enter(string(p.Items[0].Name), right(p.Items[0]))
	path := "/domains/" + string(d.ID)
	b.post(path + "/check")

	form := b.get(path + "/handover?letter=ja")
	if !strings.Contains(attr(form.one("#subject"), "value"), "DNSレコード登録のお願い") {
		t.Errorf("the Japanese letter begins with %q", attr(form.one("#subject"), "value"))
	}
	wrong := b.post(path+"/request", "to", "nobody", "lang", "ja", "subject", "x")
	if wrong.status != http.StatusUnprocessableEntity || wrong.text("#to-problem") == "" {
		t.Errorf("a wrong address = %d", wrong.status)
	}
	b.post(path+"/request", "to", "dns@it.example", "lang", "ja", "subject", "お願い", "opening", "こんにちは", "closing", "以上")
	if len(w.mails) != 1 {
		t.Fatalf("%d mails were sent", len(w.mails))
	}
	mail := w.mails[0]
	if mail.To.String() != "dns@it.example" || mail.Subject != "お願い" || mail.FromName != "Acme" || mail.ReplyTo.String() != "aiko@acme.example" {
		t.Errorf("the mail is %+v", mail)
	}
	if strings.Contains(mail.Text, string(p.Items[0].Name)) || !strings.Contains(mail.Text, string(p.Items[1].Name)) {
		t.Error("the mail does not hold just the open records")
	}
	link := shareAddress.FindString(mail.Text)
	shared := w.as("").get(link)
	if shared.status != http.StatusOK || attr(shared.one("html"), "lang") != "ja" || len(shared.all("li.record")) != len(p.Items) {
		t.Errorf("%s = %d in %s", link, shared.status, attr(shared.one("html"), "lang"))
	}
	if got := shared.header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("Referrer-Policy of a page whose address is a secret = %q", got)
	}
	if list := b.get(path + "/handover"); !strings.Contains(list.text(".lines"), "Last opened") {
		t.Errorf("the opening is not told: %s", list.text(".lines"))
	}
}

// B16, B22, E23: who says what the DNS host cannot do gets another form at once,
// where there is one; the tenant reads it in the trail.
func TestReaderOfALinkSaysWhatCannotBeDone(t *testing.T) {
	w := newWorldOn(t, newInternet(t))
	admin := w.as(adminToken)
	d := w.registered(admin)
	link := shareAddress.FindString(admin.post("/domains/"+string(d.ID)+"/links", "recipient", "IT").body)
	_, p := w.planned()
	b := w.as("")
	owner := string(p.Items[0].Name)
	for _, tt := range []struct {
		reason string
		want   myodai.RecordType
	}{{"underscore_name", myodai.TypeTXT}, {"other", myodai.TypeTXT}, {"txt", myodai.TypeCNAME}, {"cname", myodai.TypeTXT}} {
		b.post(link+"/cannot", "record", owner, "reason", tt.reason, "said", "<script>alert(1)</script>")
		if _, p := w.planned(); p.Items[0].Type != tt.want || p.Items[1].Type != myodai.TypeCNAME {
			t.Errorf("after %s the record is %s", tt.reason, p.Items[0].Type)
		}
	}
	trail, _, err := w.store.Audit(t.Context(), w.tenant.ID, myodai.Page{})
	said := 0
	for _, e := range trail {
		if e.Operation == "share-cannot" && e.Actor.Kind == myodai.AuditShareLink && e.Data["record"] == owner {
			said++
		}
	}
	if err != nil || said != 4 {
		t.Errorf("%d of 4 words of the reader are in the trail, %v", said, err)
	}
	for _, format := range []string{"zone", "csv", "octodns", "dnscontrol", "terraform-aws"} {
		f := b.get(link + "/download/" + format)
		if f.status != http.StatusOK || !strings.HasPrefix(f.header.Get("Content-Disposition"), "attachment") || !strings.Contains(f.body, "_domainkey") {
			t.Errorf("%s = %d %.80q", format, f.status, f.body)
		}
	}
	links, err := w.access.ListShareLinks(t.Context(), w.tenant.ID, d.ID)
	if err != nil || len(links) != 1 {
		t.Fatal(links, err)
	}
	admin.post("/domains/" + string(d.ID) + "/links/" + string(links[0].ID) + "/revoke")
	if p := b.get(link); p.status != http.StatusNotFound {
		t.Errorf("a revoked link = %d", p.status)
	}
}

func TestShareInABrowser(t *testing.T) {
	for name, l := range map[string]look{"en-1280": {Lang: "en"}, "ja-360": {Lang: "ja", Width: 360}} {
		w := newWorldOn(t, newInternet(t))
		admin := w.as(adminToken)
		admin.header.Set("Accept-Language", l.Lang)
		d := w.registered(admin)
		link := shareAddress.FindString(admin.post("/domains/" + string(d.ID) + "/links").body)
		b := w.open("", l)
		b.visit(link)
		b.accessible()
		b.shoot("share-" + name)
		_, p := w.planned()
		for _, item := range p.Items {
			w.net.enter(string(item.Name), right(item))
		}
		b.wait("#status .notice.good") // by itself
		admin2 := w.open(adminToken, l)
		admin2.visit("/domains/" + string(d.ID) + "/handover")
		admin2.accessible()
	}
}

// naughty is what strangers put where texts are shown (T70).
const naughty = `"><script>alert(1)</script><img src=x onerror=alert(1)>'{{.}}`

// T70: what DNS says is shown and never run.
func TestHostileAnswersAreShownAndNotRun(t *testing.T) {
	w := newWorldOn(t, newInternet(t))
	admin := w.as(adminToken)
	d := w.registered(admin)
	_, p := w.planned()
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(naughty)
	for _, item := range p.Items {
		w.net.enter(string(item.Name), `TXT "v=DMARC1; p=none; `+escaped+`"`)
	}
	path := "/domains/" + string(d.ID)
	admin.post(path + "/check")
	b := w.open(adminToken, look{})
	for _, page := range []string{"/check", "", "/history", "/records", "/handover"} {
		b.visit(path + page)
		if n := js[int](b, "document.querySelectorAll('main script, main img').length"); n > 0 {
			t.Errorf("%s: %d elements came out of DNS", page, n)
		}
	}
	for _, query := range []string{"/domains/new?name=" + "%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/domains?after=%3Cscript%3E", path + "/records?host=%3Cscript%3E"} {
		if p := admin.get(query); strings.Contains(p.body, "<script>alert") {
			t.Errorf("%s is not escaped", query)
		}
	}
}
