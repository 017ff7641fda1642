package e2e

import (
	"net/smtp"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// sendsTogether: a message to five at one domain is one transaction, of which
// Postfix refuses one at RCPT and finds another missing later. Each has an outcome
// of its own, a bounce that names a stranger is nobody's, and the tenant hears of it.
func (s *service) sendsTogether(t *testing.T, tn tenant) {
	t.Helper()
	s.cli(t, s.operator, "policy", "set", "--tenant", tn.id, `classes=[{"name":"notice","return_path":"message"}]`)
	want := map[string]string{"a": "delivered", "b": "delivered", "c": "delivered", "gone": "bounced", "refused": "bounced"}
	var to []string
	for local := range want {
		to = append(to, local+"@receiver.example")
	}
	mark := newMark()
	var m message
	if status := s.call(t, tn.key, "POST", "/v1/messages", map[string]any{
		"from": "sales@acme.example", "to": to, "subject": "x", "text": mark, "class": "notice",
	}, &m); status != 202 {
		t.Fatalf("send: status %d", status)
	}
	passes(t, s.w.received(t, mark))
	eventually(t, time.Minute, "each recipient has an outcome of their own", func() bool {
		m = s.shown(t, tn, m.ID)
		return !slices.ContainsFunc(m.Deliveries, func(d delivered) bool { return d.State != want[strings.Split(d.Recipient, "@")[0]] })
	})
	// A bounce may overtake the result of its attempt, which is not recorded then.
	arrived := slices.IndexFunc(m.Deliveries, func(d delivered) bool { return d.State == "delivered" })
	from := regexp.MustCompile(`MAIL FROM:<(s-[^>]+)>`).FindStringSubmatch(m.Deliveries[arrived].Attempts[0].Outcome.Dialogue)
	if from == nil {
		t.Fatalf("no shared return path: %+v", m)
	}
	if d := m.Deliveries[arrived].Attempts[0].Outcome.Dialogue; !strings.Contains(d, "C: BDAT ") || strings.Contains(d, "C: DATA") {
		t.Errorf("not sent with BDAT, which Postfix offers:\n%s", d)
	}
	log, err := os.ReadFile(s.w.path("postfix.log"))
	check(t, err)
	if got := regexp.MustCompile(`from=<`+regexp.QuoteMeta(from[1])+`>, size=\d+, nrcpt=(\d)`).FindAllStringSubmatch(string(log), -1); len(got) != 1 || got[0][1] != "4" {
		t.Errorf("Postfix took %q, want one message for four", got)
	}
	forged := "From: MAILER-DAEMON@receiver.example\r\nSubject: failure\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.receiver.example\r\n\r\nFinal-Recipient: rfc822; %\r\n" +
		"Action: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
	for _, stranger := range []string{"d@receiver.example", "a@elsewhere.example"} {
		check(t, returns(from[1], strings.Replace(forged, "%", stranger, 1)))
	}
	for _, d := range s.shown(t, tn, m.ID).Deliveries {
		if d.State != want[strings.Split(d.Recipient, "@")[0]] {
			t.Errorf("a bounce of a stranger: %s is %s", d.Recipient, d.State)
		}
	}
	var events struct{ Items []struct{ Kind string } }
	s.call(t, tn.key, "GET", "/v1/events?limit=100", nil, &events)
	if !slices.ContainsFunc(events.Items, func(e struct{ Kind string }) bool { return e.Kind == "message.unmatched" }) {
		t.Error("nobody hears of a bounce that names a stranger")
	}
	s.cli(t, s.operator, "policy", "set", "--tenant", tn.id, "classes=")
}

// returns sends a mail with the null return path to us, as a stranger may.
func returns(to, raw string) error {
	c, err := smtp.Dial(platformAddress + ":25")
	if err != nil {
		return err
	}
	defer c.Close()
	return transfer(c, "", to, raw)
}

// shown is what the API says of a message now.
func (s *service) shown(t *testing.T, tn tenant, id string) (m message) {
	t.Helper()
	s.call(t, tn.key, "GET", "/v1/messages/"+id, nil, &m)
	return m
}
