package console_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// Clicks and opens are shown over time and by link, with what they are worth
// (T56); what stands in a link stays text (T70).
func TestClicks(t *testing.T) {
	w := newWorld(t)
	b := w.as(memberToken)
	if p := b.get("/clicks"); !strings.Contains(p.text(".empty"), "Nothing was followed yet") {
		t.Errorf("without any: %s", p.text(".empty"))
	}
	m := w.mail("Sale", "here@example.org", myodai.DeliveryDelivered, myodai.Outcome{Kind: myodai.OutcomeDelivered, Code: 250})
	now := time.Now()
	visit := func(kind myodai.VisitKind, by myodai.Visitor, url string) myodai.Visit {
		return myodai.Visit{
			ID: myodai.NewID[myodai.VisitID](now, rand.Reader), Copy: myodai.Copy{TenantID: w.tenant.ID, MessageID: m.ID},
			Kind: kind, At: now, Link: 1, URL: url, By: by,
		}
	}
	const hostile = `https://example.com/?q="><script>alert(1)</script>`
	list := []myodai.Visit{
		visit(myodai.VisitClick, myodai.VisitorPerson, hostile), visit(myodai.VisitClick, myodai.VisitorMachine, hostile),
		visit(myodai.VisitOpen, myodai.VisitorUnknown, ""), visit(myodai.VisitOpen, myodai.VisitorProxy, ""),
	}
	if err := w.store.RecordVisits(t.Context(), list, func(myodai.Visit) []myodai.Event { return nil }); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/clicks?days=30", "/messages/" + string(m.ID) + "/clicks"} {
		p := b.get(path)
		if got := p.text("tbody"); got != "Clicks 1 1 0 1 Opens 1 1 1 0" {
			t.Errorf("%s: %q", path, got)
		}
		if len(p.all("svg rect")) != 2 || len(p.all("section script")) != 0 {
			t.Errorf("%s: %d bars, %d scripts", path, len(p.all("svg rect")), len(p.all("section script")))
		}
	}
	if p := b.get("/messages/" + string(m.ID) + "/clicks"); !strings.Contains(p.text("td.quote"), "<script>alert(1)</script>") {
		t.Errorf("the link: %s", p.text("td.quote"))
	}
	if got := w.as(strangerToken).get("/messages/" + string(m.ID) + "/clicks").status; got != 404 {
		t.Errorf("another tenant: %d", got)
	}
}
