package bounce_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/myodai/myodai/internal/bounce"
)

// qmail is a bounce as qmail writes it.
func qmail(recipients ...string) []byte {
	lines := []string{"From: MAILER-DAEMON@qmail.example.org", "To: b-x@bounce.customer.example", "Subject: failure notice", "",
		"Hi. This is the qmail-send program at qmail.example.org.", "I'm afraid I wasn't able to deliver your message to the following addresses.", ""}
	for _, r := range recipients {
		lines = append(lines, "<"+r+">:", "Sorry, no mailbox here by that name. (#5.1.1)", "")
	}
	return wire(append(lines, "--- Below this line is a copy of the message.", "", "To: copy@example.org", "", "<copy@example.org>: 550 5.1.1")...)
}

func TestParseProse(t *testing.T) {
	one := string(qmail("taro@example.org"))
	taro := []string{"taro@example.org"}
	for _, tt := range []struct {
		name, raw string
		want      []string // nil for a refusal
	}{
		{"one", one, taro},
		{"with LF alone", strings.ReplaceAll(one, "\r\n", "\n"), taro},
		{"two", string(qmail("taro@example.org", "hanako@example.org")), []string{"taro@example.org", "hanako@example.org"}},
		{"the same twice", string(qmail("taro@example.org", "Taro@example.org")), taro},
		{"encoded subject", strings.Replace(one, "failure notice", "=?utf-8?b?ZmFpbHVyZSBub3RpY2U=?=", 1), taro},
		{"nobody", string(qmail()), nil},
		{"only the mail system itself", string(qmail("postmaster@example.org")), nil},
		{"only our own return path", string(qmail("b-x@bounce.customer.example")), nil},
		{"a person who quotes it", strings.NewReplacer("MAILER-DAEMON", "taro", "Hi. This", "> Hi. This").Replace(one), nil},
		{"a mail system that says something else", "From: postmaster@example.org\r\nSubject: Welcome\r\n\r\nYour mailbox taro@example.org is ready.\r\n", nil},
		{"nothing", "", nil},
	} {
		report, err := bounce.ParseProse([]byte(tt.raw))
		var got []string
		for _, r := range report.Recipients {
			got = append(got, r.Final)
			if r.Action != bounce.ActionFailed || r.Status != "5.1.1" || r.Class() != bounce.ClassRecipient {
				t.Errorf("%s: recipient = %+v", tt.name, r)
			}
		}
		if !slices.Equal(got, tt.want) || (err == nil) != (tt.want != nil) {
			t.Errorf("%s: ParseProse = %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
}

// What is said of one recipient is not said of the next.
func TestParseProseTellsRecipientsApart(t *testing.T) {
	report, err := bounce.ParseProse(wire("From: MAILER-DAEMON@qmail.example.org", "Subject: failure notice", "",
		"<full@example.org>:", "Mailbox full (#5.2.2)", "", "<gone@example.org>:", "550 5.1.1 no such user"))
	if err != nil || len(report.Recipients) != 2 || report.Recipients[0].Class() != bounce.ClassMailboxFull ||
		report.Recipients[1].Class() != bounce.ClassRecipient {
		t.Errorf("ParseProse = %+v, %v", report, err)
	}
}

// Promise P25, and a status is never a guess from words (T41).
func FuzzParseProse(f *testing.F) {
	for _, l := range some(f, bounce.KindProse) {
		f.Add(l.raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		report, err := bounce.ParseProse(raw)
		if (err == nil) != (len(report.Recipients) > 0) {
			t.Fatalf("ParseProse = %+v, %v", report, err)
		}
		for _, r := range report.Recipients {
			if strings.ContainsAny(r.Final+r.Diagnostic, "\r\n\x00\x1b") || len(r.Diagnostic) > 1<<10 || r.Action == "" {
				t.Fatalf("recipient = %+v", r)
			}
			if code, status, _ := r.Reply(); code == 0 && status == "" && bounce.Suppresses(r.Class()) {
				t.Fatalf("%+v suppresses without a code", r)
			}
		}
	})
}

// FuzzKindOf starts from one mail of every origin.
func FuzzKindOf(f *testing.F) {
	for _, l := range some(f, "") {
		f.Add(l.raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		kind := bounce.KindOf(raw)
		_, notDSN := bounce.ParseDSN(raw)
		_, notProse := bounce.ParseProse(raw)
		if kind == bounce.KindDSN && notDSN != nil || kind == bounce.KindProse && notProse != nil {
			t.Fatalf("KindOf = %s, which cannot be read", kind)
		}
	})
}

// some is the first mail of every origin that has one of that kind.
func some(t testing.TB, kind bounce.Kind) (list []letter) {
	t.Helper()
	all, _ := corpus(t)
	last := ""
	for _, l := range all {
		origin, _, _ := strings.Cut(strings.TrimPrefix(l.name, "testdata/"), "/")
		if origin != last && (kind == "" || l.kind == kind) && !bytes.Contains(l.raw, []byte{0}) {
			last = origin
			list = append(list, l)
		}
	}
	return list
}
