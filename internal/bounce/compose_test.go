package bounce_test

import (
	"bytes"
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
