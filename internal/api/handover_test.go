package api_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/domains/connecttest"
	"github.com/myodai/myodai/internal/handoff"
	"github.com/myodai/myodai/internal/plan"
)

// host is a DNS host that enters records by itself.
type host struct {
	*connecttest.Host
	service handoff.Service
	keys    []myodai.Record // of links, as our zone has them
	written []string
}

func newHost(t *testing.T, site plan.Site) *host {
	t.Helper()
	h := &host{service: handoff.Service{
		ProviderID: "plat.example", ProviderName: "Plat", ServiceID: "mail", ServiceName: "Mail", KeyDomain: "domainconnect.plat.example",
		RedirectDomains: []myodai.Name{"app.plat.example"}, Site: site,
	}}
	h.Host = connecttest.Start(t, connecttest.Options{
		Name: "connect.host.example",
		Text: func(name string) (texts []string) {
			for _, r := range h.keys {
				if string(r.Name) == name {
					texts = append(texts, r.Data)
				}
			}
			return texts
		},
		Write: func(records []connecttest.Record) error {
			for _, r := range records {
				h.written = append(h.written, r.String())
			}
			return nil
		},
	})
	h.Onboard(h.service.Template())
	return h
}

// The request mail and share links over the API, by the engine that the console
// has (B15, C3): a draft in the recipient's language, edited, sent with a link of
// its own; links made, listed and withdrawn.
func TestRequestsAndLinks(t *testing.T) {
	w := newWorld(t, plenty).populate()
	path := "/v1/domains/" + string(w.acme.domain.ID)
	var draft api.RequestDraft
	w.call("GET", path+"/request?language=ja", w.acme.key, "", http.StatusOK, &draft)
	if !strings.Contains(draft.Subject, "acme.example") || !strings.Contains(draft.Subject, "登録") || len(draft.Records) != 4 || draft.Closing == "" {
		t.Errorf("the draft is %+v", draft)
	}
	for body, field := range map[string]string{
		`{"to":"nobody"}`: "to", `{"to":"a@b.example","subject":""}`: "subject", `{"to":"a@b.example","reply_to":"x"}`: "reply_to",
		`{"to":"a@b.example","opening":"\u202e"}`: "opening",
	} {
		if a := w.ask("POST", path+"/request", w.acme.key, body); a.status != http.StatusUnprocessableEntity || !strings.Contains(string(a.body), field) {
			t.Errorf("%s = %d %s", body, a.status, a.body)
		}
	}
	if len(w.mails) != 0 {
		t.Errorf("%d mails were sent", len(w.mails))
	}
	var sent api.SentRequest
	w.call("POST", path+"/request", w.acme.key, `{"to":"dns@it.example","language":"ja","opening":"こんにちは","reply_to":"aiko@acme.example"}`, http.StatusCreated, &sent)
	if len(w.mails) != 1 || w.mails[0].Subject != draft.Subject || w.mails[0].FromName != "Acme" || w.mails[0].ReplyTo.String() != "aiko@acme.example" ||
		!strings.HasPrefix(w.mails[0].Text, "こんにちは\n") || !regexp.MustCompile(`https://plat\.example/share/[\w-]{43}\n`).MatchString(w.mails[0].Text) {
		t.Errorf("the mail is %+v", w.mails)
	}
	var link api.CreatedShareLink
	w.call("POST", path+"/links", w.acme.key, `{"recipient":"Ops","language":"ja","hours":2}`, http.StatusCreated, &link)
	if !link.Works || link.ExpiresAt.Sub(link.CreatedAt).Hours() != 2 || !strings.HasPrefix(link.URL, "https://plat.example/share/") {
		t.Errorf("the link is %+v", link)
	}
	w.call("DELETE", path+"/links/"+string(link.ID), w.acme.key, "", http.StatusNoContent, nil)
	var list api.List[api.ShareLink]
	a := w.call("GET", path+"/links", w.acme.key, "", http.StatusOK, &list)
	if len(list.Items) != 3 || list.Items[0].Works || list.Items[0].RevokedAt.IsZero() || list.Items[1].Recipient != "dns@it.example" || !list.Items[1].Works {
		t.Errorf("the links are %+v", list.Items)
	}
	if token := strings.TrimPrefix(link.URL, "https://plat.example/share/"); strings.Contains(string(a.body), token) {
		t.Error("the list tells the address of a link")
	}
}

// Domain Connect over the API: what the host would write, a signed link that goes
// back where the operator said, and nowhere else (T72).
func TestConnectLink(t *testing.T) {
	w := newWorld(t, plenty).populate()
	path := "/v1/domains/" + string(w.acme.domain.ID) + "/connect"
	w.answers(myodai.TypeTXT, "_domainconnect.evil.example")
	w.answers(myodai.TypeTXT, "_domainconnect.acme.example", w.host.Authority)
	var c api.Connect
	w.call("GET", "/v1/domains/"+string(w.evil.domain.ID)+"/connect", w.evil.key, "", http.StatusOK, &c)
	if c.Supported || !strings.Contains(c.Why, "enter them by hand") {
		t.Errorf("a host that cannot: %+v", c)
	}
	w.call("GET", path, w.acme.key, "", http.StatusOK, &c)
	if !c.Supported || c.Host != "Host & Sons" || c.At != "connect.host.example" || len(c.Records) != 3 || len(c.Left) != 1 {
		t.Errorf("the offer is %+v", c)
	}
	if a := w.ask("POST", path, w.acme.key, `{"redirect_uri":"https://evil.example/"}`); a.status != http.StatusUnprocessableEntity || !strings.Contains(string(a.body), "redirect_uri") {
		t.Errorf("back to a stranger = %d %s", a.status, a.body)
	}
	var link api.ConnectLink
	w.call("POST", path, w.acme.key, `{"redirect_uri":"https://app.plat.example/back","state":"x y"}`, http.StatusCreated, &link)
	keys, err := w.store.LinkKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if w.host.keys, err = domains.LinkKeyRecords(w.host.service, keys); err != nil {
		t.Fatal(err)
	}
	back, err := w.host.Answer(t.Context(), link.URL, true)
	if err != nil || back != "https://app.plat.example/back?state=x+y" || len(w.host.written) != 3 {
		t.Errorf("back to %s, %v, with %q written", back, err, w.host.written)
	}
}
