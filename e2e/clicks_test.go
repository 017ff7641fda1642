package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// What a person's browser calls itself, and what a scanner says that hides.
const (
	browserAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	scannerAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
)

// clicks is a tenant whose marketing mail is tracked, on the platform's tracking
// host.
type clicks struct {
	*service
	tenant
}

// TestClicks follows one mail from the API through Postfix to its reader: the
// link is the platform's (B6) and leads where it led, what a scanner does is no
// person's, and one click ends mail of this class and no other (RFC 8058, T44).
func TestClicks(t *testing.T) {
	w := newWorld(t)
	s := newService(t, w, "", "--ed25519", "--listen-track", platformAddress+":80", "--listen-track-tls", platformAddress+":443")
	k := &clicks{s, s.registered(t, "Acme", "cname")}
	w.publish(t, s.zone(t, k.tenant)+"_dmarc.acme.example. TXT \"v=DMARC1; p=reject\"\n")
	s.verified(t, k.tenant)
	if status := s.call(t, s.operator, "PUT", "/v1/tenants/"+k.id+"/policy", map[string]any{"classes": []any{
		map[string]any{"name": "transactional"},
		map[string]any{"name": "marketing", "unsubscribe": true, "track": map[string]any{"clicks": true, "opens": true}},
	}}, nil); status != http.StatusOK {
		t.Fatalf("policy: status %d", status)
	}

	// Characters that rewriting could harm.
	const destination = "https://shop.acme.example/tea?a=1&b=%2F%2f&c=%E3%81%82#top"
	sent, mark := k.sends(t, "marketing", `<a href="`+strings.ReplaceAll(destination, "&", "&amp;")+`">Tea</a>`)
	k.settled(t, k.tenant, sent.ID, "delivered")
	delivered := time.Now()
	m := w.received(t, mark)
	passes(t, m)
	link, picture := k.rewrittenIn(t, m, destination)
	k.leads(t, http.MethodHead, link, scannerAgent, destination)
	k.unsubscribes(t, m)

	<-time.After(time.Until(delivered.Add(5 * time.Second))) // sooner nobody has read a mail
	k.leads(t, http.MethodGet, link, browserAgent, destination)
	if r := k.visit(t, http.MethodGet, picture, browserAgent); r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "image/gif" {
		t.Errorf("the picture: %s", r.Status)
	}
	k.counts(t, sent.ID, destination)
}

// sends sends an HTML mail of a class.
func (k *clicks) sends(t *testing.T, class, html string) (m message, mark string) {
	t.Helper()
	mark = newMark()
	if status := k.call(t, k.key, "POST", "/v1/messages", map[string]any{
		"class": class, "from": "Acme <sales@acme.example>", "to": []string{"a@receiver.example"}, "subject": "Tea",
		"html": "<html><body><p>" + mark + " " + html + "</p></body></html>",
	}, &m); status != http.StatusAccepted {
		t.Fatalf("send %s: status %d", class, status)
	}
	return m, mark
}

// rewrittenIn finds the one link and the picture of a mail as it arrived.
func (k *clicks) rewrittenIn(t *testing.T, m *mail.Message, destination string) (link, picture string) {
	t.Helper()
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	check(t, err)
	const at = `="(http://track\.plat\.example/`
	links := regexp.MustCompile(`href`+at+`c/[^"]+)"`).FindAllSubmatch(body, -1)
	pictures := regexp.MustCompile(`src`+at+`o/[^"]+)"`).FindAllSubmatch(body, -1)
	if len(links) != 1 || len(pictures) != 1 || strings.Contains(string(body), "shop.acme.example") {
		t.Fatalf("%d links, %d pictures; %s is not to be seen:\n%s", len(links), len(pictures), destination, body)
	}
	return string(links[0][1]), string(pictures[0][1])
}

// visit asks a tracking host. Its certificate is self-signed in this test.
func (k *clicks) visit(t *testing.T, method, address, agent string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(method, address, nil)
	check(t, err)
	req.Header.Set("User-Agent", agent)
	return k.answer(t, req)
}

func (k *clicks) answer(t *testing.T, req *http.Request) *http.Response {
	t.Helper()
	client := http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // #nosec G402
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	r, err := client.Do(req)
	check(t, err)
	_ = r.Body.Close()
	return r
}

// leads opens the link.
func (k *clicks) leads(t *testing.T, method, link, agent, destination string) {
	t.Helper()
	r := k.visit(t, method, link, agent)
	if to := r.Header.Get("Location"); r.StatusCode != http.StatusFound || to != destination || len(r.Cookies()) > 0 {
		t.Errorf("%s %s: %s to %q, want %q", method, link, r.Status, to, destination)
	}
}

// unsubscribes does with a mail what mail programs do: looking at the URL of
// List-Unsubscribe changes nothing, the POST ends mail of the class.
func (k *clicks) unsubscribes(t *testing.T, m *mail.Message) {
	t.Helper()
	oneClick := regexp.MustCompile(`<(https://track\.plat\.example/u/[^>]+)>`).FindStringSubmatch(m.Header.Get("List-Unsubscribe"))
	if oneClick == nil || m.Header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
		t.Fatalf("the mail's header: %v", m.Header)
	}
	for _, signature := range m.Header["Dkim-Signature"] { // RFC 8058 §4
		signed := strings.ToLower(signature)
		if strings.Contains(signed, "d=acme.example") &&
			(!strings.Contains(signed, "list-unsubscribe:") && !strings.Contains(signed, "list-unsubscribe;") || !strings.Contains(signed, "list-unsubscribe-post")) {
			t.Errorf("how to unsubscribe is not signed: %s", signature)
		}
	}
	for range 3 {
		if r := k.visit(t, http.MethodGet, oneClick[1], scannerAgent); r.StatusCode != http.StatusOK {
			t.Errorf("GET to unsubscribe: %s", r.Status)
		}
	}
	still, _ := k.sends(t, "marketing", "More tea")
	k.settled(t, k.tenant, still.ID, "delivered")

	req, err := http.NewRequest(http.MethodPost, oneClick[1], strings.NewReader(url.Values{"List-Unsubscribe": {"One-Click"}}.Encode()))
	check(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if r := k.answer(t, req); r.StatusCode != http.StatusOK {
		t.Fatalf("POST to unsubscribe: %s", r.Status)
	}
	var list struct {
		Items []struct{ Address, Class, Reason, Evidence string }
	}
	eventually(t, 10*time.Second, "the recipient is unsubscribed", func() bool {
		k.call(t, k.key, "GET", "/v1/suppressions", nil, &list)
		return len(list.Items) > 0
	})
	if got := fmt.Sprint(list.Items); got != "[{a@receiver.example marketing unsubscribed one_click}]" {
		t.Errorf("suppressions: %s", got)
	}
	none, noneMark := k.sends(t, "marketing", "Tea again")
	other, otherMark := k.sends(t, "transactional", "Your tea is on its way")
	k.settled(t, k.tenant, none.ID, "suppressed")
	k.settled(t, k.tenant, other.ID, "delivered")
	if m := k.w.received(t, otherMark); m.Header.Get("List-Unsubscribe") != "" {
		t.Errorf("mail of a class without it can be unsubscribed from: %v", m.Header)
	}
	if k.w.find(noneMark) != nil {
		t.Error("mail went to somebody who unsubscribed")
	}
}

// counts waits until the visits are in the sums, each for what it is worth.
func (k *clicks) counts(t *testing.T, id, destination string) {
	t.Helper()
	type visits struct{ People, Unique, Unknown, Machines int }
	var stats struct {
		Clicks, Opens visits
		Links         []struct {
			URL    string
			Clicks visits
		}
	}
	eventually(t, 20*time.Second, "the visits are counted", func() bool {
		k.call(t, k.key, "GET", "/v1/messages/"+id+"/clicks", nil, &stats)
		return stats.Clicks.People > 0 && stats.Opens.People > 0
	})
	want := visits{People: 1, Unique: 1, Machines: 1}
	if stats.Clicks != want || stats.Opens != (visits{People: 1, Unique: 1}) {
		t.Errorf("clicks %+v, opens %+v", stats.Clicks, stats.Opens)
	}
	if len(stats.Links) != 1 || stats.Links[0].URL != destination || stats.Links[0].Clicks != want {
		t.Errorf("by link: %+v", stats.Links)
	}
}
