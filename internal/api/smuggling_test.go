package api_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/api"
)

// TestNoFieldOfARequestBecomesAnother sends CR, LF, dot, NUL and letters in every
// field of a request: what is accepted is stored as one message with the header that
// it was given, and everything else is refused (P24, T31). All strings of up to six
// octets are tried where the message is made (submission.TestNoTextBecomesAnotherMessage).
func TestNoFieldOfARequestBecomesAnother(t *testing.T) {
	w := newWorld(t, plenty).populate()
	const behind = "Bcc: victim@example.net\r\n\r\nMAIL FROM:<smuggled@example.net>\r\n"
	const whole = "From: news@acme.example\r\nSubject: x"
	for _, s := range []string{"\r", "\n", "\r\n", "\n\r", "\x00", ".", "x", "\n.\n", "\r\n.\r\n", "\r\n.\n", "\r.\r", "\n.\r\n", "\r\n.\r", "\r\n\r\n"} {
		clean := !strings.ContainsAny(s, "\r\n\x00")
		canonical := !strings.ContainsAny(strings.ReplaceAll(s, "\r\n", ""), "\r\n\x00")
		for _, place := range []struct {
			field string
			value any
			taken bool
		}{
			{"text", s + behind + s, true},
			{"html", s + behind + s, true},
			{"subject", "x" + s + "x", clean},
			{"from", "\"x" + s + "\" <news@acme.example>", clean},
			{"to", []string{"\"x" + s + "\" <b@example.org>"}, clean},
			{"to", []string{"b" + s + "b@example.org"}, clean},
			{"cc", []string{"\"x" + s + "\" <b@example.org>"}, clean},
			{"reply_to", []string{"\"x" + s + "\" <b@example.org>"}, clean},
			{"headers", map[string]string{"X-Note": "x" + s + "x"}, clean},
			{"headers", map[string]string{"X-" + s: "x"}, s == "x"},
			{"attachments", []map[string]string{{"filename": "x" + s + "x", "content": "eA=="}}, clean},
			{"attachments", []map[string]string{{"filename": "x", "content_type": "text/x" + s, "content": "eA=="}}, clean},
			{"raw", whole + "\r\n\r\n" + s + behind + s, canonical},
			{"raw_base64", base64.StdEncoding.EncodeToString([]byte(whole + "\r\n\r\n" + s + behind + s)), canonical},
		} {
			request := map[string]any{"from": "news@acme.example", "to": []string{"b@example.org"}, "subject": "Hi", "text": "Hello."}
			if strings.HasPrefix(place.field, "raw") {
				request = map[string]any{"to": []string{"b@example.org"}}
			}
			request[place.field] = place.value
			body, err := json.Marshal(request)
			if err != nil {
				t.Fatal(err)
			}
			a := w.ask("POST", "/v1/messages", w.acme.key, string(body))
			if (a.status == http.StatusAccepted) != place.taken || a.status != http.StatusAccepted && a.status != http.StatusUnprocessableEntity {
				t.Errorf("%q in %s: %d %s", s, place.field, a.status, a.body)
			}
			if a.status != http.StatusAccepted {
				continue
			}
			var m api.AcceptedMessage
			if err := json.Unmarshal(a.body, &m); err != nil {
				t.Fatal(err)
			}
			sent := w.stored(w.acme, m.ID)
			header, _, _ := strings.Cut(sent, "\r\n\r\n")
			if len(m.Deliveries) != 1 && place.field != "cc" || strings.ContainsAny(strings.ReplaceAll(sent, "\r\n", ""), "\r\n\x00") ||
				strings.Contains(header, "victim@") || strings.Contains(header, "smuggled@") {
				t.Errorf("%q in %s is stored as %q to %v", s, place.field, sent, m.Deliveries)
			}
		}
	}
}
