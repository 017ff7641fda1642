package bounce_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
)

func notice(text string, code int) bounce.Notification {
	at := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	return bounce.Notification{
		From: myodai.Address{Local: "MAILER-DAEMON", Domain: "plat.example"}, To: myodai.Address{Local: "shop", Domain: "customer.example"},
		ReportingMTA: "mx.plat.example", MessageID: "<1@plat.example>", Boundary: "b1", Date: at, Arrived: at,
		Action: bounce.ActionFailed, Recipients: []bounce.Told{{
			Recipient: myodai.Address{Local: "taro", Domain: "example.net"}, Status: "5.1.1", Code: code, Text: text, RemoteMTA: "mx.example.net", At: at,
		}},
		Header: []byte("From: shop@customer.example\r\nSubject: ご注文\r\n"),
	}
}

// RFC 3464 and D16: what we write as a DSN, we and everybody else read as one.
func TestComposeIsReadBack(t *testing.T) {
	raw := bounce.Compose(notice("no such user here", 550))
	if kind := bounce.KindOf(raw); kind != bounce.KindDSN {
		t.Fatalf("KindOf = %s, want %s\n%s", kind, bounce.KindDSN, raw)
	}
	report, err := bounce.ParseDSN(raw)
	if err != nil || len(report.Recipients) != 1 || report.ReportingMTA != "mx.plat.example" {
		t.Fatalf("ParseDSN = %+v, %v", report, err)
	}
	r := report.Recipients[0]
	if r.Action != bounce.ActionFailed || r.Final != "taro@example.net" || r.Status != "5.1.1" || r.Class() != bounce.ClassRecipient {
		t.Errorf("recipient = %+v, class %s", r, r.Class())
	}
	for line := range bytes.Lines(raw) {
		if !bytes.HasSuffix(line, []byte("\r\n")) || len(line) > 1000 {
			t.Errorf("line %q", line)
		}
	}
}

// A notice about a suppressed address must never suppress it at the next mail
// system that reads it.
func TestComposeOfWithheldSuppressesNobody(t *testing.T) {
	n := notice("not sent: on the suppression list since 2026-10-01, because it bounced: 550 5.1.1 no such user", 0)
	n.Recipients[0].Status, n.Recipients[0].Withheld, n.Recipients[0].RemoteMTA = "5.7.1", true, ""
	report, err := bounce.ParseDSN(bounce.Compose(n))
	if err != nil {
		t.Fatal(err)
	}
	if class := report.Recipients[0].Class(); bounce.Suppresses(class) {
		t.Errorf("class = %s, which suppresses", class)
	}
}

// T37: what a remote server said ends no line and no part, and commands nobody's
// terminal.
func TestComposeHoldsStrangersWordsIn(t *testing.T) {
	n := notice("x\r\n\r\n--b1--\r\nFrom: evil@example.org\r\n\x1b[31m\x00 "+strings.Repeat("長い", 2000), 550)
	n.Header = []byte(strings.Repeat("X-Long: "+strings.Repeat("x", 900)+"\r\n", 100))
	raw := bounce.Compose(n)
	if strings.Count(string(raw), "\r\n--b1") != 4 || bytes.Contains(raw, []byte("\r\nFrom: evil")) || bytes.ContainsAny(raw, "\x00\x1b") {
		t.Errorf("the notification is\n%.3000s", raw)
	}
	if len(raw) > 64<<10 {
		t.Errorf("the notification is %d octets long", len(raw))
	}
	if _, err := bounce.ParseDSN(raw); err != nil {
		t.Error(err)
	}
}

// RFC 3461, RFC 3464: what else there is to tell, in the words of the submitter.
func TestComposeTellsOfMoreThanFailure(t *testing.T) {
	for _, tt := range []struct {
		action                  bounce.Action
		status, subject, people string
	}{
		{bounce.ActionFailed, "5.1.1", "Undelivered", "could not be delivered"},
		{bounce.ActionDelayed, "4.0.0", "Delayed", "まだお届けできていません"},
		{bounce.ActionRelayed, "2.0.0", "Passed On", "引き渡しました"},
		{bounce.ActionDelivered, "2.0.0", "Delivered", "お届けしました"},
	} {
		n := notice("what the server said", 550)
		n.Action, n.EnvelopeID, n.Recipients[0].Original = tt.action, "QQ314\r\nX: y", "rfc822;Taro+x@example.net"
		n.Message = []byte("From: shop@customer.example\r\n\r\nThe body.\r\n")
		raw := bounce.Compose(n)
		report, err := bounce.ParseDSN(raw)
		if err != nil || len(report.Recipients) != 1 {
			t.Fatalf("ParseDSN = %+v, %v\n%s", report, err, raw)
		}
		r := report.Recipients[0]
		if r.Action != tt.action || r.Status != tt.status || r.Original != "Taro+x@example.net" || r.Final != "taro@example.net" {
			t.Errorf("recipient = %+v", r)
		}
		encoded := raw[bytes.Index(raw, []byte("base64\r\n\r\n"))+10:]
		text, _ := base64.StdEncoding.DecodeString(string(bytes.ReplaceAll(encoded[:bytes.Index(encoded, []byte("\r\n\r\n"))], []byte("\r\n"), nil)))
		for what, has := range map[string]bool{
			"subject": strings.Contains(string(raw), "Subject: "+tt.subject) || strings.Contains(string(raw), "Subject: Mail "+tt.subject),
			"id":      strings.Contains(string(raw), "\r\nOriginal-Envelope-Id: QQ314 X: y\r\n"),
			"message": strings.Contains(string(raw), "Content-Type: message/rfc822\r\n") && strings.Contains(string(raw), "The body."),
			"people":  strings.Contains(string(text), tt.people),
		} {
			if !has {
				t.Errorf("%s: no %s in\n%s\n%s", tt.action, what, raw, text)
			}
		}
	}
}
