package bounce_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/bounce"
)

// arf is a feedback report with the given machine-readable part, about a mail
// with the given header.
func arf(report, original []string) []byte {
	lines := slices.Concat([]string{
		"From: complaints@isp.example",
		"Content-Type: multipart/report; report-type=feedback-report; boundary=\"=_arf\"",
		"", "--=_arf", "Content-Type: text/plain", "", "This is a complaint.",
		"", "--=_arf", "Content-Type: message/feedback-report", "",
	}, report, []string{"", "--=_arf", "Content-Type: message/rfc822", ""}, original, []string{"", "Hello", "", "--=_arf--"})
	return wire(lines...)
}

func TestParseARF(t *testing.T) {
	raw := arf([]string{
		"Feedback-Type: Abuse", "User-Agent: SomeGenerator/1.0", "Version: 1", "Source-IP: 192.0.2.1",
		"Original-Mail-From: <b-x@bounce.customer.example>", "Original-Rcpt-To: <taro@example.net>",
		"Original-Rcpt-To: rfc822;hanako@example.net", "Arrival-Date: Thu, 8 Mar 2026 14:00:00 +0900 (JST)", "Incidents: 3",
	}, []string{"From: =?utf-8?q?Caf=C3=A9?= <sales@customer.example>", "Message-ID: <1@customer.example>",
		"Subject: =?ISO-2022-JP?B?GyRCJSIlJiVIGyhC?="})
	text := string(raw)
	for _, tt := range []struct{ name, raw string }{
		{"as sent", text},
		{"with LF alone", strings.ReplaceAll(text, "\r\n", "\n")},
		{"the original as headers", strings.Replace(text, "message/rfc822", "text/rfc822-headers", 1)},
		{"an empty line before the fields", strings.Replace(text, "\r\nFeedback-Type", "\r\n\r\nFeedback-Type", 1)},
		{"address in brackets", strings.Replace(text, "192.0.2.1", "[192.0.2.1]", 1)},
		{"address as IPv6", strings.Replace(text, "192.0.2.1", "::ffff:192.0.2.1", 1)},
	} {
		c, err := bounce.ParseARF([]byte(tt.raw))
		if err != nil || c.Type != bounce.FeedbackAbuse || c.UserAgent != "SomeGenerator/1.0" || c.Incidents != 3 ||
			c.SourceIP != netip.MustParseAddr("192.0.2.1") || c.MailFrom != "b-x@bounce.customer.example" ||
			!slices.Equal(c.Recipients, []string{"taro@example.net", "hanako@example.net"}) ||
			!c.ArrivedAt.Equal(time.Date(2026, 3, 8, 5, 0, 0, 0, time.UTC)) ||
			c.MessageID != "<1@customer.example>" || c.From != "Café <sales@customer.example>" || c.Subject != "アウト" {
			t.Errorf("%s: ParseARF = %+v, %v", tt.name, c, err)
		}
	}
}

func TestParseARFOfFailedAuthentication(t *testing.T) {
	c, err := bounce.ParseARF(arf([]string{"Feedback-Type: auth-failure", "Auth-Failure: DKIM", "Delivery-Result: Reject"}, nil))
	if err != nil || c.Type != bounce.FeedbackAuthFailure || c.AuthFailure != "dkim" || c.DeliveryResult != "reject" || c.Unwanted() || c.Incidents != 1 {
		t.Errorf("ParseARF = %+v, %v; want an auth-failure that nobody complained about", c, err)
	}
}

func TestParseARFOfOutlook(t *testing.T) {
	raw := wire("From: staff@hotmail.example", "Subject: complaint about message from 192.0.2.1",
		"Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: message/rfc822", "",
		"X-HmXmrOriginalRecipient: taro@example.net", "X-SID-PRA-IP: 192.0.2.1", "Message-ID: <1@customer.example>", "", "Hello", "--b--")
	c, err := bounce.ParseARF(raw)
	if err != nil || c.Type != bounce.FeedbackAbuse || !slices.Equal(c.Recipients, []string{"taro@example.net"}) || c.MessageID != "<1@customer.example>" {
		t.Errorf("ParseARF = %+v, %v", c, err)
	}
}

func TestParseARFRefuses(t *testing.T) {
	inner := arf([]string{"Feedback-Type: abuse"}, nil)
	for name, raw := range map[string][]byte{
		"nothing":            nil,
		"no type":            arf([]string{"User-Agent: x"}, nil),
		"a DSN":              dsn("Final-Recipient: rfc822; a@example.net", "Action: failed", "Status: 5.1.1"),
		"a report in a mail": append(wire("Content-Type: multipart/mixed; boundary=o", "", "--o", "Content-Type: message/rfc822", ""), inner...),
		"X-HmXmrOriginalRecipient of the mail itself": wire("X-HmXmrOriginalRecipient: taro@example.net", "", ""),
	} {
		if c, err := bounce.ParseARF(raw); err == nil {
			t.Errorf("%s: ParseARF = %+v, want a refusal", name, c)
		}
	}
}

// Threat T43: a complaint is about the delivery whose return path it has, and
// about none when that does not verify.
func TestComplaintOrigins(t *testing.T) {
	id := deliveryID(7)
	ours := bounce.MintReturnPath(returnKey, id, bounceAt).String()
	other := bounce.MintReturnPath(returnKey, deliveryID(8), bounceAt).String()
	forged := bounce.MintReturnPath([32]byte{}, id, bounceAt).String()
	abuse := []string{"Feedback-Type: abuse"}
	for _, tt := range []struct {
		name             string
		report, original []string
		after            time.Duration
		want             int
	}{
		{"return path in the original", abuse, []string{"Return-Path: <" + ours + ">"}, 0, 1},
		{"return path in capitals", abuse, []string{"Return-Path: <" + strings.ToUpper(ours) + ">"}, 0, 1},
		{"original mail from", append(abuse, "Original-Mail-From: "+ours), nil, 0, 1},
		{"both, the same", append(abuse, "Original-Mail-From: "+ours), []string{"Return-Path: <" + ours + ">"}, 0, 1},
		{"feedback id", abuse, []string{"Feedback-ID: spring:acme:" + strings.Split(ours, "@")[0] + ":plat"}, 0, 1},
		{"a forged one beside it", append(abuse, "Original-Mail-From: "+forged), []string{"Return-Path: <" + ours + ">"}, 0, 1},
		{"two that differ", append(abuse, "Original-Mail-From: "+other), []string{"Return-Path: <" + ours + ">"}, 0, 2},
		{"forged", append(abuse, "Original-Mail-From: "+forged), []string{"Return-Path: <" + forged + ">"}, 0, 0},
		{"in the text only", abuse, []string{"Subject: x", "", ours}, 0, 0},
		{"in the subject only", abuse, []string{"Subject: " + ours}, 0, 0},
		{"too old", append(abuse, "Original-Mail-From: "+ours), nil, bounce.ReturnPathLife + time.Second, 0},
		{"none", abuse, nil, 0, 0},
	} {
		c, err := bounce.ParseARF(arf(tt.report, tt.original))
		if err != nil {
			t.Fatal(err)
		}
		got := c.Origins(returnKey, sentAt.Add(tt.after))
		if len(got) != tt.want || tt.want > 0 && !slices.Contains(got, bounce.Origin{Delivery: id}) {
			t.Errorf("%s: Origins = %+v, want %d", tt.name, got, tt.want)
		}
	}
}

// Among several that share a return path it counts whom alone the complaint names.
func TestComplaintNames(t *testing.T) {
	taro := myodai.Address{Local: "taro", Domain: "example.net"}
	for _, tt := range []struct {
		recipients string
		want       bool
	}{
		{"taro@example.net", true}, {"TARO@Example.Net", true}, {"taro@example.net taro@example.net", true},
		{"", false}, {"5e3c9bd0@example.net", false}, {"redacted", false}, {"taro@example.org", false},
		{"taro@example.net hanako@example.net", false}, {"taro@example.net redacted", false},
	} {
		if got := (bounce.Complaint{Recipients: strings.Fields(tt.recipients)}).Names(taro); got != tt.want {
			t.Errorf("%q: Names = %v, want %v", tt.recipients, got, tt.want)
		}
	}
}

func TestComplaintConcerns(t *testing.T) {
	taro := myodai.Address{Local: "taro", Domain: "example.net"}
	for name, tt := range map[string]struct {
		recipients []string
		want       bool
	}{
		"nobody named":         {nil, true},
		"ours":                 {[]string{"taro@example.net"}, true},
		"blackened":            {[]string{"5e3c9bd0@example.net"}, true},
		"blackened as a whole": {[]string{"redacted"}, true},
		"another domain":       {[]string{"taro@example.org"}, false},
		"ours among others":    {[]string{"taro@example.org", "Taro@EXAMPLE.NET"}, true},
	} {
		if got := (bounce.Complaint{Recipients: tt.recipients}).Concerns(taro); got != tt.want {
			t.Errorf("%s: Concerns = %v, want %v", name, got, tt.want)
		}
	}
}

// Promise P25, and no key that nobody has is ever found (T43).
func FuzzParseARF(f *testing.F) {
	f.Add(arf([]string{"Feedback-Type: abuse", "Source-IP: 192.0.2.1", "Original-Rcpt-To: <taro@example.net>"},
		[]string{"Return-Path: <" + bounce.MintReturnPath([32]byte{}, deliveryID(7), bounceAt).String() + ">"}))
	f.Add(wire("Content-Type: message/feedback-report", "Content-Transfer-Encoding: base64", "", "RmVlZGJhY2stVHlwZTogYWJ1c2U="))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := bounce.ParseARF(raw)
		if (err == nil) != (c.Type != "") || err == nil && c.Incidents < 1 || len(c.Recipients) > 200 {
			t.Fatalf("ParseARF = %+v, %v", c, err)
		}
		if strings.ContainsAny(string(c.Type)+c.UserAgent+c.MailFrom+c.From+c.Subject+c.MessageID+strings.Join(c.Recipients, ""), "\r\n\x00\x1b") {
			t.Fatalf("control characters in %+v", c)
		}
		if list := c.Origins(returnKey, sentAt); len(list) > 0 {
			t.Fatalf("Origins = %+v of a key that was never used", list)
		}
		c.Concerns(myodai.Address{Local: "taro", Domain: "example.net"})
	})
}
