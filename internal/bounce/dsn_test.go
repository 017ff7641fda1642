package bounce_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
)

// wire joins lines as they stand on the wire.
func wire(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }

func address(t *testing.T, s string) myodai.Address {
	t.Helper()
	a, err := myodai.ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// dsn is a notification as Postfix writes it, with the given machine-readable
// part.
func dsn(status ...string) []byte {
	lines := []string{
		"From: MAILER-DAEMON@mx.example.net (Mail Delivery System)",
		"Subject: Undelivered Mail Returned to Sender",
		"To: b-x@bounce.customer.example",
		"Auto-Submitted: auto-replied",
		"MIME-Version: 1.0",
		"Content-Type: multipart/report; report-type=delivery-status;",
		"\tboundary=\"ABC.1/mx.example.net\"",
		"",
		"This is a MIME-encapsulated message.",
		"",
		"--ABC.1/mx.example.net",
		"Content-Type: text/plain",
		"",
		"I'm sorry to have to inform you.",
		"",
		"--ABC.1/mx.example.net",
		"Content-Type: message/delivery-status",
		"",
	}
	lines = append(lines, status...)
	return wire(append(lines,
		"",
		"--ABC.1/mx.example.net",
		"Content-Type: message/rfc822",
		"",
		"Subject: Hello",
		"",
		"--ABC.1/mx.example.net--",
	)...)
}

func TestParseDSN(t *testing.T) {
	postfix := dsn(
		"Reporting-MTA: dns; mx.example.net",
		"X-Postfix-Queue-ID: 9B7841BC027",
		"",
		"Final-Recipient: rfc822; taro@example.net",
		"Original-Recipient: rfc822;Taro@example.net",
		"Action: failed",
		"Status: 5.1.1",
		"Remote-MTA: dns; mail.example.net",
		"Diagnostic-Code: smtp; 550 5.1.1 <taro@example.net>: Recipient address",
		"    rejected: User unknown",
	)
	want := bounce.Report{ReportingMTA: "mx.example.net", Recipients: []bounce.Recipient{{
		Final: "taro@example.net", Original: "Taro@example.net", Action: bounce.ActionFailed, Status: "5.1.1",
		Diagnostic: "550 5.1.1 <taro@example.net>: Recipient address rejected: User unknown", RemoteMTA: "mail.example.net",
	}}}
	text := string(postfix)
	for _, tt := range []struct{ name, raw string }{
		{"as sent", text},
		{"with LF alone", strings.ReplaceAll(text, "\r\n", "\n")},
		{"in capitals", strings.NewReplacer("Final-Recipient: rfc822", "FINAL-RECIPIENT: RFC822",
			"Action: failed", "ACTION: Failed", "message/delivery-status", "Message/Delivery-Status",
			"Content-Type: multipart/report", "CONTENT-TYPE: Multipart/Report").Replace(text)},
		{"boundary unquoted", strings.Replace(text, `"ABC.1/mx.example.net"`, "ABC.1/mx.example.net", 1)},
		{"boundary after a parameter without value", strings.Replace(text, "report-type=delivery-status;", "odd; report-type=delivery-status;", 1)},
		{"with comments", strings.NewReplacer("Action: failed", "Action: failed (bad mailbox)", "Status: 5.1.1", "Status: 5.1.1 (no such user)").Replace(text)},
		{"address in brackets", strings.Replace(text, "rfc822; taro@example.net", "rfc822;<taro@example.net>", 1)},
		{"address without type", strings.Replace(text, "rfc822; taro@example.net", "taro@example.net", 1)},
		{"action left out", strings.Replace(text, "Action: failed\r\n", "", 1)},
		{"more empty lines between the blocks", strings.Replace(text, "\r\n\r\nFinal", "\r\n\r\n\r\n\r\nFinal", 1)},
		{"cut after the status", text[:strings.Index(text, "\r\n--ABC.1/mx.example.net\r\nContent-Type: message/rfc822")]},
		{"after an mbox line", "From MAILER-DAEMON Sun Nov 22 06:00:00 2026\r\n" + text},
		{"second action ignored", strings.Replace(text, "Action: failed", "Action: failed\r\nAction: delivered", 1)},
		{"internationalized", strings.Replace(text, "message/delivery-status", "message/global-delivery-status", 1)},
	} {
		got, err := bounce.ParseDSN([]byte(tt.raw))
		if err != nil || got.ReportingMTA != want.ReportingMTA || !slices.Equal(got.Recipients, want.Recipients) {
			t.Errorf("%s: ParseDSN = %+v, %v\nwant %+v", tt.name, got, err, want)
		}
	}
}

func TestParseDSNActions(t *testing.T) {
	recipient := func(fields ...string) []string {
		return append([]string{"", "Final-Recipient: rfc822; a@example.net"}, fields...)
	}
	for _, tt := range []struct {
		name   string
		fields []string
		want   bounce.Action // "" when nobody is named
	}{
		{"failed", recipient("Action: failed", "Status: 5.0.0"), bounce.ActionFailed},
		{"delayed", recipient("Action: delayed", "Status: 4.2.2"), bounce.ActionDelayed},
		{"delivered", recipient("Action: delivered", "Status: 2.1.5"), bounce.ActionDelivered},
		{"relayed", recipient("Action: relayed", "Status: 2.0.0"), bounce.ActionRelayed},
		{"expanded", recipient("Action: expanded", "Status: 2.0.0"), bounce.ActionExpanded},
		{"action says more than status", recipient("Action: failed", "Status: 4.4.7"), bounce.ActionFailed},
		{"no action, status 4", recipient("Status: 4.4.1"), bounce.ActionDelayed},
		{"no action, status 2", recipient("Status: 2.0.0"), bounce.ActionDelivered},
		{"unknown action, no status", recipient("Action: lost"), ""},
		{"neither", recipient("Remote-MTA: dns; x"), ""},
		{"nobody", []string{"", "Action: failed", "Status: 5.1.1"}, ""},
	} {
		got, err := bounce.ParseDSN(dsn(append([]string{"Reporting-MTA: dns; mx.example.net"}, tt.fields...)...))
		if (err == nil) != (tt.want != "") {
			t.Errorf("%s: ParseDSN = %+v, %v", tt.name, got, err)
		} else if err == nil && got.Recipients[0].Action != tt.want {
			t.Errorf("%s: action = %q, want %q", tt.name, got.Recipients[0].Action, tt.want)
		}
	}
}

func TestParseDSNWithoutBlockAboutTheMessage(t *testing.T) {
	got, err := bounce.ParseDSN(dsn("Final-Recipient: rfc822; a@example.net", "Action: failed", "Status: 5.1.1"))
	if err != nil || len(got.Recipients) != 1 || got.ReportingMTA != "" {
		t.Errorf("ParseDSN = %+v, %v; want one recipient", got, err)
	}
}

func TestParseDSNEncoded(t *testing.T) {
	raw := strings.Replace(string(dsn("UmVwb3J0aW5nLU1UQTogZG5zOyBteA0KDQpGaW5hbC1SZWNpcGllbnQ6IHJmYzgyMjsgYUBleGFt",
		"cGxlLm5ldA0KQWN0aW9uOiBmYWlsZWQNClN0YXR1czogNS4xLjENCg==")),
		"Content-Type: message/delivery-status\r\n", "Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n", 1)
	got, err := bounce.ParseDSN([]byte(raw))
	if err != nil || len(got.Recipients) != 1 || got.Recipients[0].Final != "a@example.net" {
		t.Errorf("ParseDSN of base64 = %+v, %v; want a@example.net", got, err)
	}
}

// A notification inside an attached message is about somebody else's mail.
func TestParseDSNDoesNotLookIntoAttachedMessages(t *testing.T) {
	inner := dsn("Final-Recipient: rfc822; a@example.net", "Action: failed", "Status: 5.1.1")
	outer := append(wire("Content-Type: multipart/mixed; boundary=out", "", "--out", "Content-Type: message/rfc822", ""), inner...)
	outer = append(outer, wire("--out--")...)
	if got, err := bounce.ParseDSN(outer); err == nil {
		t.Errorf("ParseDSN = %+v, want a refusal", got)
	}
	wrapped := append(wire("Content-Type: multipart/mixed; boundary=out", "", "--out"), inner...)
	wrapped = append(wrapped, wire("--out--")...)
	if got, err := bounce.ParseDSN(wrapped); err != nil || len(got.Recipients) != 1 {
		t.Errorf("ParseDSN of a multipart in a multipart = %+v, %v; want one recipient", got, err)
	}
}

func TestRecipientConcerns(t *testing.T) {
	ours := address(t, "Taro.Yamada@xn--r8jz45g.example")
	for _, tt := range []struct {
		name, final, original string
		want                  bool
	}{
		{"the same", "Taro.Yamada@xn--r8jz45g.example", "", true},
		{"other case", "taro.yamada@XN--R8JZ45G.EXAMPLE", "", true},
		{"as a U-label", "taro.yamada@例え.example", "", true},
		{"another local part", "taroyamada@xn--r8jz45g.example", "", false},
		{"another domain", "taro.yamada@example", "", false},
		{"subdomain", "taro.yamada@a.xn--r8jz45g.example", "", false},
		{"forwarded from ours", "other@example.net", "Taro.Yamada@xn--r8jz45g.example", false},
		{"none, but an original", "", "Taro.Yamada@xn--r8jz45g.example", true},
		{"no address, but an original", "taro", "taro.yamada@例え.example", true},
		{"no address, and another's original", "taro", "other@example.net", false},
		{"no address", "taro", "", false},
	} {
		r := bounce.Recipient{Final: tt.final, Original: tt.original}
		if got := r.Concerns(ours); got != tt.want {
			t.Errorf("%s: Concerns = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestRecipientReply(t *testing.T) {
	for _, tt := range []struct {
		name, status, diagnostic string
		code                     int
		want                     string
	}{
		{"plain", "5.1.1", "550 5.1.1 no", 550, "5.1.1"},
		{"multi-line", "5.1.1", "550-5.1.1 no 550 5.1.1 such", 550, "5.1.1"},
		{"status says nothing", "5.0.0", "550-5.1.1 no", 550, "5.1.1"},
		{"status says more", "5.2.2", "550 5.0.0 no", 550, "5.2.2"},
		{"status missing", "", "550 #5.1.1 no", 550, "5.1.1"},
		{"no reply", "5.4.4", "Host or domain name not found", 0, "5.4.4"},
		{"number that is no code", "5.0.0", "1000 things", 0, "5.0.0"},
		{"no diagnostic", "5.0.0", "", 0, "5.0.0"},
		{"code alone", "5.0.0", "550", 550, "5.0.0"},
	} {
		code, status, text := bounce.Recipient{Status: tt.status, Diagnostic: tt.diagnostic}.Reply()
		if code != tt.code || status != tt.want || text != tt.diagnostic {
			t.Errorf("%s: Reply = %d %s %q, want %d %s", tt.name, code, status, text, tt.code, tt.want)
		}
	}
}

// Notifications that other programs wrote, when they are at hand.
func TestParseDSNsOfOthers(t *testing.T) {
	for _, tt := range []struct {
		file       string
		recipients int
		action     bounce.Action
		status     string
		class      bounce.Class
	}{
		{"multi_address_bounce1.eml", 5, bounce.ActionFailed, "5.1.1", bounce.ClassRecipient},
		{"report_422.eml", 1, bounce.ActionDelayed, "4.2.2", bounce.ClassMailboxFull},
	} {
		t.Run(tt.file, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("../../../shared/testdata/bounces", tt.file))
			if err != nil {
				t.Skipf("%s is not beside the project", tt.file)
			}
			for _, ends := range []string{"\n", "\r\n"} {
				lines := strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n", ends)
				got, err := bounce.ParseDSN([]byte(lines))
				if err != nil || len(got.Recipients) != tt.recipients {
					t.Fatalf("ParseDSN with %q = %+v, %v; want %d recipients", ends, got, err, tt.recipients)
				}
				for _, r := range got.Recipients {
					if r.Action != tt.action || r.Status != tt.status || r.Class() != tt.class || r.RemoteMTA == "" {
						t.Errorf("recipient = %+v (%s), want %s %s (%s)", r, r.Class(), tt.action, tt.status, tt.class)
					}
				}
				if kind := bounce.KindOf([]byte(lines)); kind != bounce.KindDSN {
					t.Errorf("KindOf = %s, want dsn", kind)
				}
			}
		})
	}
}

func TestKindOf(t *testing.T) {
	for _, tt := range []struct {
		name string
		raw  []byte
		want bounce.Kind
	}{
		{"vacation", wire("From: a@example.net", "Auto-Submitted: auto-replied", "", "Away."), bounce.KindAutoReply},
		{"generated, with a parameter", wire("Auto-Submitted: auto-generated; x=y", "", ""), bounce.KindAutoReply},
		{"an extension", wire("Auto-Submitted: auto-notified (RFC 5436)", "", ""), bounce.KindAutoReply},
		{"by hand, and says so", wire("Auto-Submitted: no", "", ""), bounce.KindMail},
		{"by hand, with a comment", wire("Auto-Submitted: No (a person)", "", ""), bounce.KindMail},
		{"old vacation program", wire("Precedence: auto_reply", "", ""), bounce.KindAutoReply},
		{"Exchange", wire("X-Auto-Response-Suppress: All", "", ""), bounce.KindAutoReply},
		{"mailing list", wire("Precedence: list", "", ""), bounce.KindMail},
		{"a person", wire("From: a@example.net", "", "Auto-Submitted: auto-replied"), bounce.KindMail},
		{"complaint", wire("Content-Type: multipart/report; report-type=feedback-report; boundary=x", "", ""), bounce.KindComplaint},
		{"read receipt", wire("Content-Type: multipart/report; report-type=Disposition-Notification; boundary=x", "", ""), bounce.KindReceipt},
		{"DSN", dsn("Final-Recipient: rfc822; a@b.example", "Action: failed", "Status: 5.1.1"), bounce.KindDSN},
		{"DSN without recipients, still automatic", dsn("Reporting-MTA: dns; x"), bounce.KindAutoReply},
		{"nothing", nil, bounce.KindMail},
	} {
		if got := bounce.KindOf(tt.raw); got != tt.want {
			t.Errorf("%s: KindOf = %s, want %s", tt.name, got, tt.want)
		}
	}
}

// Promise P25: no input makes the parser fail, loop or keep control characters.
func FuzzParseDSN(f *testing.F) {
	f.Add(dsn("Reporting-MTA: dns; mx", "", "Final-Recipient: rfc822; a@example.net", "Action: failed", "Status: 5.1.1",
		"Diagnostic-Code: smtp; 550 5.1.1 no"))
	f.Add(wire("Content-Type: multipart/mixed; boundary=\"a\\\"b\"; c; d=e", "", "--a\"b", "", "--a\"b--"))
	f.Add(wire("Content-Type: message/delivery-status", "Content-Transfer-Encoding: quoted-printable", "", "Action: failed=0A"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		bounce.KindOf(raw)
		report, err := bounce.ParseDSN(raw)
		if (err == nil) != (len(report.Recipients) > 0) {
			t.Fatalf("ParseDSN = %+v, %v", report, err)
		}
		for _, r := range report.Recipients {
			if strings.ContainsAny(r.Final+r.Original+r.Diagnostic+r.RemoteMTA+report.ReportingMTA, "\r\n\x00\x1b") {
				t.Fatalf("control characters in %+v", r)
			}
			if r.Action == "" || len(r.Diagnostic) > 8<<10 {
				t.Fatalf("recipient = %+v", r)
			}
			r.Class()
		}
	})
}
