package smtpd

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseCommand(t *testing.T) {
	for _, tt := range []struct {
		line string
		want command
	}{
		{"QUIT", command{verb: verbQUIT}},
		{"quit  ", command{verb: verbQUIT}},
		{"EHLO [192.0.2.1]", command{verb: verbEHLO, host: "[192.0.2.1]"}},
		{"MAIL FROM:<>", command{verb: verbMAIL}},
		{"Mail From:<a@example.com>", command{verb: verbMAIL, path: "a@example.com"}},
		{"MAIL FROM: <a@example.com>  SIZE=10", command{verb: verbMAIL, path: "a@example.com", size: 10}},
		{`MAIL FROM:<"a > \" b"@example.com> SMTPUTF8`, command{verb: verbMAIL, path: `"a > \" b"@example.com`, utf8: true}},
		{"RCPT TO:<ü@example.com>", command{verb: verbRCPT, path: "ü@example.com"}},
		{"RCPT TO:<Postmaster>", command{verb: verbRCPT, path: "Postmaster"}},
		{"AUTH plain AGEAYQ==", command{verb: verbAUTH, mechanism: "PLAIN", initial: "AGEAYQ=="}},
		{"AUTH LOGIN", command{verb: verbAUTH, mechanism: "LOGIN"}},
	} {
		got, refused := parseCommand(tt.line)
		if refused != nil || got != tt.want {
			t.Errorf("parseCommand(%q) = %+v, %v; want %+v", tt.line, got, refused, tt.want)
		}
	}
}

func TestParseCommandRefuses(t *testing.T) {
	for _, tt := range []struct {
		line string
		want reply
	}{
		{"", replyUnknown},
		{" QUIT", replyUnknown},
		{"QUITT", replyUnknown},
		{"DATA\x00", replyControl},
		{"NOOP\tx", replyControl},
		{"MAIL FROM:<a@example.com>\r", replyControl},
		{"get / HTTP/1.1", replyForeign},
		{"Host: example.com", replyForeign},
		{"MAIL", replyPath},
		{"MAIL FROM", replyPath},
		{"MAIL FROM<a@example.com>", replyPath},
		{"MAIL TO:<a@example.com>", replyPath},
		{"MAIL FROM:<a@example.com>SIZE=1", replyPath},
		{"MAIL FROM:<<a@example.com>>", replyPath},
		{`MAIL FROM:<"a@example.com>`, replyPath},
		{"MAIL FROM:<a@example.com>>", replyPath},
		{"MAIL FROM:<\xff@example.com>", replyPath},
		{"RCPT TO:<@one.example,@two.example:a@example.com>", replyRoute},
		{"RCPT TO:<a@example.com> SIZE=1", replyParameter},
		{"MAIL FROM:<> BODY=BINARYMIME", replyParameter},
		{"MAIL FROM:<> SMTPUTF8=yes", replyParameter},
		{"MAIL FROM:<> size=1 SIZE=2", replyParameter},
		{"MAIL FROM:<> SIZE=+1", replyParameter},
		{"HELO " + strings.Repeat("a", 256), replyHelloSyntax},
		{"EHLO bücher.example", replyHelloSyntax},
		{"DATA now", replyArgument},
		{"STARTTLS x", replyArgument},
	} {
		if _, refused := parseCommand(tt.line); refused == nil || *refused != tt.want {
			t.Errorf("parseCommand(%q) refused with %v, want %v", tt.line, refused, tt.want)
		}
	}
}

// TestRepliesAreOneLine holds every refusal and fault against RFC 5321
// §4.5.3.1.5: one line of ASCII, at most 512 octets (T30).
func TestRepliesAreOneLine(t *testing.T) {
	for _, text := range []string{"", "two\r\nlines", "tab\tNUL\x00", "für immer", strings.Repeat("long ", 500), "\xff"} {
		line := reply{550, "5.7.1", text}.line()
		if len(line) > 512 || strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\r\n") || !isASCII(line) {
			t.Errorf("the reply with text %.20q is %q", text, line)
		}
	}
}

func FuzzParseCommand(f *testing.F) {
	for _, line := range []string{
		"EHLO a", "MAIL FROM:<a@b> SIZE=1 BODY=8BITMIME SMTPUTF8 AUTH=<>", `RCPT TO:<"a\"b>"@c>`, "AUTH PLAIN AAA=", "NOOP", "GET / HTTP/1.1",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c, refused := parseCommand(line)
		if refused != nil {
			if refused.code < 500 || refused.code > 599 {
				t.Fatalf("parseCommand(%q) refused with %v", line, refused)
			}
			return
		}
		for _, part := range []string{c.host, c.path, c.mechanism, c.initial} {
			if strings.ContainsAny(part, "\x00\r\n") || !utf8.ValidString(part) && c.verb != verbAUTH {
				t.Fatalf("parseCommand(%q) = %+v", line, c)
			}
		}
		if c.size < 0 || strings.HasPrefix(c.path, "@") {
			t.Fatalf("parseCommand(%q) = %+v", line, c)
		}
	})
}
