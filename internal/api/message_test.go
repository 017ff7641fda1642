package api_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/api"
)

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// stored is the message as it will be sent.
func (w *world) stored(p party, id myodai.MessageID) string {
	w.t.Helper()
	body, _, err := w.store.Body(w.t.Context(), p.tenant.ID, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(body)
}

func TestSendDraft(t *testing.T) {
	w := newWorld(t, plenty).populate()
	var m api.AcceptedMessage
	a := w.call("POST", "/v1/messages", w.acme.key, `{
		"from": "\"Acme, Inc.\" <news@acme.example>",
		"to": ["Ann <ann@example.org>", "bob@example.net"], "cc": ["cy@example.org"], "bcc": ["dee@example.org"],
		"reply_to": ["help@acme.example"], "subject": "Grüße", "text": "Hello.", "html": "<p>Hello.</p>",
		"attachments": [{"filename": "a.txt", "content_type": "text/plain", "content": "aGkK"}],
		"headers": {"X-Campaign": "spring"}}`, http.StatusAccepted, &m)
	if len(m.Deliveries) != 4 || m.From != "news@acme.example" || m.Subject != "Grüße" || m.DomainID != w.acme.domain.ID {
		t.Errorf("accepted = %s", a.body)
	}
	if a.header.Get("Idempotency-Replayed") != "" {
		t.Error("the first request is no repetition")
	}
	sent := w.stored(w.acme, m.ID)
	for _, want := range []string{"\r\nCc: cy@example.org\r\n", "\r\nReply-To: help@acme.example\r\n", "\r\nX-Campaign: spring\r\n", "aGkK", "d=acme.example"} {
		if !strings.Contains(sent, want) {
			t.Errorf("the message has no %q:\n%s", want, sent)
		}
	}
	if strings.Contains(sent, "dee@") {
		t.Error("the message names a Bcc recipient")
	}
	var got api.MessageWithAttempts
	w.call("GET", "/v1/messages/"+string(m.ID), w.acme.key, "", 200, &got)
	if len(got.Deliveries) != 4 || got.Deliveries[0].State != myodai.DeliveryAccepted || got.Deliveries[0].Attempts == nil {
		t.Errorf("message = %+v", got)
	}
	var list api.List[api.Message]
	w.call("GET", "/v1/messages?limit=1", w.acme.key, "", 200, &list)
	if len(list.Items) != 1 || list.Items[0].ID != m.ID || list.Next == "" {
		t.Errorf("newest message = %+v", list)
	}
}

func TestSendRaw(t *testing.T) {
	w := newWorld(t, plenty).populate()
	raw := "From: a@acme.example\r\nTo: b@example.org\r\nSubject: raw\r\n\r\nHello.\r\n"
	text, _ := json.Marshal(raw)
	for _, body := range []string{
		`{"raw":` + string(text) + `,"to":["b@example.org","c@example.org"]}`,
		`{"raw_base64":"` + base64.StdEncoding.EncodeToString([]byte(raw)) + `","to":["b@example.org","c@example.org"]}`,
	} {
		var m api.AcceptedMessage
		w.call("POST", "/v1/messages", w.acme.key, body, http.StatusAccepted, &m)
		if sent := w.stored(w.acme, m.ID); len(m.Deliveries) != 2 || !strings.HasSuffix(sent, "\r\n\r\nHello.\r\n") {
			t.Errorf("accepted %+v:\n%s", m, sent)
		}
	}
}

// P23, T31: what is refused says where and why, and leaves nothing behind.
func TestMessagesRefused(t *testing.T) {
	w := newWorld(t, plenty).populate()
	before := w.everything()
	large, _ := json.Marshal(strings.Repeat("0123456789", 110_000))
	for _, tt := range []struct {
		name, body string
		status     int
		pointer    string
		says       string
	}{
		{"a foreign From", draft("a@evil.example"), 403, "/from", "evil.example"},
		{"a From nobody registered", draft("a@nobody.example"), 403, "/from", "register"},
		{"no From", `{"to":["b@example.org"],"text":"x"}`, 422, "/from", "who sends"},
		{"two authors", draft("a@acme.example, b@acme.example"), 422, "/from", "comma"},
		{"a From that is none", draft("acme"), 422, "/from", ""},
		{"no recipient", `{"from":"a@acme.example","text":"x"}`, 422, "/to", "no recipient"},
		{"a recipient that is none", `{"from":"a@acme.example","to":["b@example.org","c"],"text":"x"}`, 422, "/to/1", "c"},
		{"a copy that is none", `{"from":"a@acme.example","to":["b@example.org"],"cc":["@"],"text":"x"}`, 422, "/cc/0", ""},
		{"a line break in the subject", `{"from":"a@acme.example","to":["b@example.org"],"subject":"x\r\nBcc: c@example.org","text":"x"}`, 422, "/subject", "control character"},
		{"a header that is ours", `{"from":"a@acme.example","to":["b@example.org"],"text":"x","headers":{"DKIM-Signature":"v=1"}}`, 422, "/headers", "DKIM-Signature"},
		{"a line break in a header", `{"from":"a@acme.example","to":["b@example.org"],"text":"x","headers":{"X-A":"b\r\nFrom: c@evil.example"}}`, 422, "/headers", "control character"},
		{"a header with a colon", `{"from":"a@acme.example","to":["b@example.org"],"text":"x","headers":{"X-A: b\r\nTo":"c"}}`, 422, "/headers", ""},
		{"nothing in it", `{"from":"a@acme.example","to":["b@example.org"]}`, 422, "/text", "empty"},
		{"an attachment that is no base64", `{"from":"a@acme.example","to":["b@example.org"],"attachments":[{"filename":"a","content":"?"}]}`, 422, "/attachments/0/content", "base64"},
		{"an attachment without a name", `{"from":"a@acme.example","to":["b@example.org"],"attachments":[{"content":"aGk="}]}`, 422, "/attachments/0", "filename"},
		{"an attachment with a path", `{"from":"a@acme.example","to":["b@example.org"],"attachments":[{"filename":"../a","content":"aGk="}]}`, 422, "/attachments", ""},
		{"raw and parts", `{"from":"a@acme.example","to":["b@example.org"],"raw":"x"}`, 422, "/raw", "beside it"},
		{"raw twice", `{"to":["b@example.org"],"raw":"x","raw_base64":"eA=="}`, 422, "/raw_base64", "not both"},
		{"raw with LF alone", `{"to":["b@example.org"],"raw":"From: a@acme.example\n\nx\n"}`, 422, "", "LF alone"},
		{"raw that is no base64", `{"to":["b@example.org"],"raw_base64":"eA"}`, 422, "/raw_base64", "base64"},
		{"raw to a name and address", `{"to":["B <b@example.org>"],"raw":"x"}`, 422, "/to/0", ""},
		{"too large a message", `{"from":"a@acme.example","to":["b@example.org"],"text":` + string(large) + `}`, 413, "", "1048576"},
		{"too large a body", `{"from":"a@acme.example","to":["b@example.org"],"text":"` + strings.Repeat("x", 3<<20) + `"}`, 413, "", "octets"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			a := w.ask("POST", "/v1/messages", w.acme.key, tt.body)
			p := a.problem(t)
			if a.status != tt.status || !strings.Contains(p.Detail, tt.says) {
				t.Fatalf("%d %q, want %d with %q", a.status, p.Detail, tt.status, tt.says)
			}
			if tt.pointer != "" && (len(p.Errors) == 0 || p.Errors[0].Pointer != tt.pointer) {
				t.Errorf("errors = %+v, want the first at %s", p.Errors, tt.pointer)
			}
		})
	}
	w.t = t
	if w.everything() != before {
		t.Error("something was accepted")
	}
}

// C9: an unverified domain is refused with what to do about it.
func TestUnverifiedDomainCannotSend(t *testing.T) {
	w := newWorld(t, plenty).populate()
	w.call("POST", "/v1/domains", w.acme.key, `{"name":"new.example"}`, 201, nil)
	a := w.ask("POST", "/v1/messages", w.acme.key, draft("a@new.example"))
	if p := a.problem(t); a.status != 403 || !strings.Contains(p.Detail, "records") {
		t.Errorf("%d %q, want 403 that says to publish the records", a.status, p.Detail)
	}
}

// P05: a key means one message for 24 hours.
func TestIdempotency(t *testing.T) {
	w := newWorld(t, plenty).populate()
	send := func(p party, key, body string) (answer, api.AcceptedMessage) {
		t.Helper()
		a := w.ask("POST", "/v1/messages", p.key, body, "Idempotency-Key", key)
		var m api.AcceptedMessage
		_ = json.Unmarshal(a.body, &m)
		return a, m
	}
	_, first := send(w.acme, "order-1", draft("a@acme.example"))
	if first.ID == "" {
		t.Fatal("nothing was accepted")
	}
	// The same request, written a little differently.
	same := strings.Replace(draft("a@acme.example"), `{"from":"a@acme.example",`, `{ `, 1)
	same = strings.TrimSuffix(same, "}") + `, "from" : "a@acme.example" }`
	for _, body := range []string{draft("a@acme.example"), same} {
		a, again := send(w.acme, "order-1", body)
		if a.status != 202 || again.ID != first.ID || a.header.Get("Idempotency-Replayed") != "true" || len(again.Deliveries) != 1 {
			t.Errorf("again: %d %s, want message %s", a.status, a.body, first.ID)
		}
	}
	if a, _ := send(w.acme, "order-1", draft("other@acme.example")); a.status != http.StatusConflict {
		t.Errorf("the same key for another message: %d %s, want 409", a.status, a.body)
	}
	if a, m := send(w.acme, "order-2", draft("a@acme.example")); a.status != 202 || m.ID == first.ID {
		t.Errorf("another key: %d %s", a.status, a.body)
	}
	if a, m := send(w.evil, "order-1", draft("a@evil.example")); a.status != 202 || m.ID == first.ID {
		t.Errorf("another tenant's key of the same name: %d %s", a.status, a.body)
	}
	if a, _ := send(w.acme, strings.Repeat("k", 256), draft("a@acme.example")); a.status != 422 {
		t.Errorf("a key of 256 characters: %d", a.status)
	}
	if a, _ := send(w.acme, "schlüssel", draft("a@acme.example")); a.status != 422 {
		t.Errorf("a key that is not ASCII: %d", a.status)
	}
	// Two at the same moment are one message.
	ids := make(chan myodai.MessageID)
	for range 4 {
		go func() {
			_, m := send(w.acme, "order-3", draft("a@acme.example"))
			ids <- m.ID
		}()
	}
	one := <-ids
	for range 3 {
		if id := <-ids; id != one || id == "" {
			t.Errorf("messages %q and %q for one key", one, id)
		}
	}
}

func TestSuppressedRecipientIsToldAtOnce(t *testing.T) {
	w := newWorld(t, plenty).populate()
	body := strings.Replace(draft("a@acme.example"), `"b@example.org"`, `"b@example.org","gone@example.net"`, 1)
	var m api.AcceptedMessage
	w.call("POST", "/v1/messages", w.acme.key, body, 202, &m)
	states := map[string]myodai.DeliveryState{}
	for _, d := range m.Deliveries {
		states[d.Recipient] = d.State
	}
	if fmt.Sprint(states) != "map[b@example.org:accepted gone@example.net:suppressed]" {
		t.Errorf("deliveries = %v", states)
	}
}
