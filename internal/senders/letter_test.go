package senders

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
)

// T11: nothing a tenant is called becomes a link or a line of its own in the
// mail that a stranger gets.
func TestNamesAreInert(t *testing.T) {
	for name, want := range map[string]string{
		"Acme Inc.":                     "Acme Inc.",
		"株式会社アクメ":                       "株式会社アクメ",
		"Win at https://evil.example/x": "Win at https: / / evil. example/ x",
		"call evil.example now":         "call evil. example now",
		"a@evil.example":                "a@ evil. example",
		"A\r\nClick here":               "A  Click here",
		"evil。example":                  "evil。 example",
		"A\u202eB":                      "A B",
	} {
		if got := inert(name); got != want {
			t.Errorf("inert(%q) = %q, want %q", name, got, want)
		}
	}
}

// E7, E9: the mail says in both languages who asks for what, until when, and
// what to do when it was not you.
func TestLetter(t *testing.T) {
	l := letter{
		Tenant: "Acme", Platform: "Plat", Address: "a@example.com", From: "192.0.2.1", Via: "plat.example",
		Link: "https://plat.example/confirm/abc", Until: time.Date(2026, 3, 1, 20, 30, 0, 0, time.UTC), Life: 90 * time.Minute,
	}
	text := l.text()
	for _, want := range []string{
		"2026-03-01 20:30 UTC (for 90 minutes)", "2026-03-02 05:30(日本時間)", "発行から90分", "192.0.2.1", "via plat.example", "plat.example 経由",
		"this was not me", "心当たりがない場合", "日本語は後半",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\n"+l.Link+"\n"); n != 2 {
		t.Errorf("the link stands alone %d times, want in each language", n)
	}
	l.Via, l.From = "", ""
	if text := l.text(); strings.Contains(text, "via ") || strings.Contains(text, "IP") {
		t.Errorf("it tells of what is not there:\n%s", text)
	}
}

// T13: secrets are long and different each time, and a code is typed in many ways.
func TestSecrets(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		token, code := newToken(rand.Reader), newCode(rand.Reader)
		if len(token) != 32 || len(code) != codeDigits || seen[token] {
			t.Fatalf("token %q, code %q", token, code)
		}
		seen[token] = true
	}
	for _, typed := range []string{"12345678", "1234 5678", "1234-5678", "１２３４５６７８", " 12345678\u3000"} {
		if !sameCode(typed, "12345678") {
			t.Errorf("%q is not taken", typed)
		}
	}
	for _, typed := range []string{"", "1234567", "123456789", "12345679", "x12345678"} {
		if sameCode(typed, "12345678") {
			t.Errorf("%q is taken", typed)
		}
	}
}

// E10, F5: a question is answered once, in its time, and ends after ten wrong codes.
func TestOver(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	open := myodai.Confirmation{Address: myodai.Address{Local: "a", Domain: "example.com"}, ExpiresAt: now.Add(time.Hour)}
	if err := over(open, now); err != nil {
		t.Errorf("an open one: %v", err)
	}
	for _, ending := range []myodai.ConfirmationEnding{
		myodai.ConfirmationConfirmed, myodai.ConfirmationDenied, myodai.ConfirmationExpired, myodai.ConfirmationReplaced,
	} {
		c := open
		c.Ending = ending
		if over(c, now) == nil {
			t.Errorf("one that is %s can be answered", ending)
		}
	}
	if over(open, now.Add(time.Hour)) == nil {
		t.Error("one whose time is over can be answered")
	}
	c := open
	for i := 1; i <= myodai.MaxConfirmationTries; i++ {
		if c, _ = wrongCode(c, now); (c.Ending != "") != (i == myodai.MaxConfirmationTries) {
			t.Errorf("after %d wrong codes it is %q", i, c.Ending)
		}
	}
}
