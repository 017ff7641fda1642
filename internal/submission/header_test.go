package submission_test

import (
	"bytes"
	"context"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/submission"
)

// TestBrokenFrom refuses every way known of writing a header in which one
// reader finds our author and another reader somebody else (T22): the attacks of
// the espoofer paper, F7, and their neighbors. "HERE" is where an author of ours
// would be enough.
func TestBrokenFrom(t *testing.T) {
	for _, tt := range []struct{ name, header, says string }{
		{"no From", "To: a@example.com\r\n", "no From field"},
		{"two Froms", "From: a@example.com\r\nFrom: b@rival.example\r\n", "2 From fields; one is allowed"},
		{"two Froms, ours last", "From: b@rival.example\r\nfrom: a@example.com\r\n", "2 From fields"},
		{"From with a space before the colon", "From : b@rival.example\r\nFrom: a@example.com\r\n", "directly before the colon"},
		{"only From with a space", "From : a@example.com\r\n", "directly before the colon"},
		{"tab before the colon", "From\t: a@example.com\r\n", "directly before the colon"},
		{"space before From", " From: b@rival.example\r\nFrom: a@example.com\r\n", "begins with white space"},
		{"space before From further down", "X: y\r\n From: a@example.com\r\n", "no From field"},
		{"folded field name", "Fr\r\n om: b@rival.example\r\nFrom: a@example.com\r\n", "no colon"},
		{"folded before the colon", "From\r\n : b@rival.example\r\nFrom: a@example.com\r\n", "no colon"},
		{"NUL in the name", "From\x00: b@rival.example\r\nFrom: a@example.com\r\n", "NUL"},
		{"control character in the name", "From\x01: b@rival.example\r\nFrom: a@example.com\r\n", "printable ASCII"},
		{"no-break space in the name", "From\u00a0: b@rival.example\r\nFrom: a@example.com\r\n", "printable ASCII"},
		{"full-width name", "Ｆｒｏｍ: b@rival.example\r\nFrom: a@example.com\r\n", "printable ASCII"},
		{"name of nothing", ": b@rival.example\r\nFrom: a@example.com\r\n", "begins with a colon"},
		{"mbox line", "From b@rival.example Mon Jan 1 2026\r\nFrom: a@example.com\r\n", "no colon"},
		{"mbox line with a time", "From b@rival.example Mon Jan 1 10:00:00 2026\r\nFrom: a@example.com\r\n", "directly before the colon"},
		{"bare LF hides a field", "X: y\nFrom: b@rival.example\r\nFrom: a@example.com\r\n", "LF alone"},
		{"bare CR hides a field", "X: y\rFrom: b@rival.example\r\nFrom: a@example.com\r\n", "CR that no LF follows"},
		{"NUL hides the rest", "From: b@rival.example\x00 <a@example.com>\r\n", "NUL"},
		{"folded line of white space", "Subject: x\r\n \t\r\n\tFrom: b@rival.example\r\nFrom: a@example.com\r\n", "nothing but white space"},
		{"empty From", "From:\r\n", "it is empty"},
		{"From of white space", "From:  \t\r\n", "it is empty"},
		{"folded to nothing", "From:\r\n a@example.com\r\n ,b@rival.example\r\n", "comma"},
		{"two mailboxes", "From: a@example.com, b@rival.example\r\n", "exactly one mailbox"},
		{"two mailboxes with names", "From: A <a@example.com>, B <b@rival.example>\r\n", "write one mailbox"},
		{"a comma and nothing", "From: a@example.com,\r\n", "exactly one mailbox"},
		{"two mailboxes without a comma", "From: <b@rival.example> <a@example.com>\r\n", "the > does not end it"},
		{"two opening brackets", "From: <<a@example.com>\r\n", "two <"},
		{"two pairs of brackets", "From: <b@rival.example><a@example.com>\r\n", "the > does not end it"},
		{"text after the bracket", "From: <a@example.com> b@rival.example\r\n", "the > does not end it"},
		{"bracket not closed", "From: A <a@example.com\r\n", "not closed by >"},
		{"bracket not opened", "From: A a@example.com>\r\n", "the > does not end it"},
		{"address as a name", "From: b@rival.example <a@example.com>\r\n", "put the name in quotes"},
		{"group", "From: grp: a@example.com;\r\n", "group or has a route"},
		{"empty group", "From: undisclosed:;\r\n", "group or has a route"},
		{"semicolon", "From: a@example.com; b@rival.example\r\n", "group or has a route"},
		{"route", "From: <@rival.example:a@example.com>\r\n", "group or has a route"},
		{"routes", "From: <@rival.example,@x.example:a@example.com>\r\n", "comma"},
		{"comment before", "From: (b@rival.example) a@example.com\r\n", "comment"},
		{"comment after", "From: a@example.com (b@rival.example)\r\n", "comment"},
		{"comment in the domain", "From: a@example.com(.rival.example)\r\n", "comment"},
		{"comment in the local part", "From: a(b@rival.example)@example.com\r\n", "comment"},
		{"quote not closed", "From: \"A <a@example.com>\r\n", "not closed"},
		{"escaped quote", "From: \"A\\\" <a@example.com>\r\n", "not closed"},
		{"quoted local part", "From: \"b@rival.example\"@example.com\r\n", "quotes before the @"},
		{"quoted local part in brackets", "From: <\"b@rival.example\"@example.com>\r\n", "quotes before the @"},
		{"quoted local part with a comma", "From: \"b@rival.example,\"@example.com\r\n", "quotes before the @"},
		{"two @", "From: b@rival.example@example.com\r\n", "not allowed there"},
		{"encoded-word as the address", "From: =?utf-8?B?YkByaXZhbC5leGFtcGxl?=@example.com\r\n", "encoded-word"},
		{"encoded-word as all of it", "From: =?utf-8?B?YUBleGFtcGxlLmNvbQ==?=\r\n", "not a mail address"},
		{"encoded-word with an address in it", "From: =?utf-8?B?PGJAcml2YWwuZXhhbXBsZT4=?= <a@example.com>\r\n", "hidden"},
		{"encoded-word with a line in it", "From: =?utf-8?B?YQ0KRnJvbTogYkByaXZhbC5leGFtcGxl?= <a@example.com>\r\n", "hidden"},
		{"encoded-word with NUL in it", "From: =?utf-8?Q?b=40rival.example=00?= <a@example.com>\r\n", "hidden"},
		{"encoded-word in quotes with an address in it", "From: \"=?utf-8?B?PGJAcml2YWwuZXhhbXBsZT4=?=\" <a@example.com>\r\n", "hidden"},
		{"encoded-word in an unknown charset", "From: =?x-unknown?B?YWJj?= <a@example.com>\r\n", "unknown charset"},
		{"address literal", "From: a@[127.0.0.1]\r\n", "plain domain name"},
		{"single label", "From: a@localhost\r\n", "single label"},
		{"no domain", "From: a\r\n", "not a mail address"},
		{"no local part", "From: @example.com\r\n", "not a mail address"},
		{"only a name", "From: Shop\r\n", "not a mail address"},
		{"nothing in the brackets", "From: Shop <>\r\n", "not a mail address"},
		{"space in the address", "From: a @example.com\r\n", "not allowed there"},
		{"space in the domain", "From: a@example .com\r\n", "plain domain name"},
		{"space in the brackets", "From: < a@example.com>\r\n", "not allowed there"},
		{"folded in the address", "From: a@rival.example.\r\n example.com\r\n", "plain domain name"},
		{"final dot", "From: a@example.com.\r\n", "plain form"},
		{"full-width domain", "From: a@ｅxample.com\r\n", "write it as example.com"},
		{"ideographic dot", "From: a@example。com\r\n", "write it as example.com"},
		{"soft hyphen", "From: a@exam\u00adple.com\r\n", "write it as example.com"},
		{"Kelvin sign", "From: a@atris\u212A.example\r\n", "plain form"},
		{"punycode of ASCII", "From: a@xn--example-.com\r\n", "not a valid domain name"},
		{"underscore", "From: a@_dmarc.example.com\r\n", "not a valid domain name"},
		{"hyphen at the edge", "From: a@-x.example.com\r\n", "not a valid domain name"},
		{"UTF-8 local part", "From: ä@example.com\r\n", "not ASCII"},
		{"8-bit that is not UTF-8", "From: \xe4 <a@example.com>\r\n", "not UTF-8"},
		{"C1 control", "From: \u0085b <a@example.com>\r\n", "control character"},
		{"line separator", "From: \u2028b <a@example.com>\r\n", "control character"},
		{"escape sequence", "From: \x1b[2J <a@example.com>\r\n", "control character"},
		{"delete", "From: \x7f <a@example.com>\r\n", "control character"},
		{"dots at the edge", "From: .a@example.com\r\n", "not allowed there"},
		{"two dots", "From: a..b@example.com\r\n", "not allowed there"},
		{"backslash in a name", "From: A\\B <a@example.com>\r\n", "put the name in quotes"},
		{"bracket in a name", "From: [A] <a@example.com>\r\n", "put the name in quotes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLedger()
			_, err := submit(l, tt.header+"Subject: HERE\r\n\r\nbody\r\n")
			if got := refusal(t, err); got.Code != myodai.CodeInvalid || !strings.Contains(got.Message, tt.says) {
				t.Errorf("refused with %s: %s; want …%s…", got.Code, got.Message, tt.says)
			}
			if l.acceptCalls != 0 {
				t.Error("something was accepted")
			}
		})
	}
}

func TestGoodFrom(t *testing.T) {
	for _, from := range []string{
		"a@example.com",
		"<a@example.com>",
		"Shop <a@example.com>",
		"A@EXAMPLE.com",
		"\tShop\r\n\t<a@example.com> ",
		`"Shop, Inc. (Japan) <sales>: \"best\"" <a@example.com>`,
		"Shop Inc. <a@example.com>",
		"\"b@rival.example\" <a@example.com>",
		"=?UTF-8?B?44Ki44Op44Oh?=\r\n =?UTF-8?Q?=E3=83=86?= <a@example.com>",
		"=?iso-2022-jp?B?GyRCJDMbKEI=?= <a@example.com>",
		"株式会社 例 <a@example.com>",
		"a+tag=x!#$%&'*/?^_`{|}~-@x.example.com",
		"a@atrisk.example",
	} {
		t.Run(from, func(t *testing.T) {
			l := newLedger()
			if _, err := submit(l, "From: "+from+"\r\n\r\nbody\r\n"); err != nil {
				t.Fatal(err)
			}
			if got := l.verify(l.accepted[0].Body, time.Now()); !strings.HasSuffix(got, " pass, plat.example pass") {
				t.Errorf("a receiver says %s", got)
			}
		})
	}
}

func TestBrokenMessages(t *testing.T) {
	const from = "From: a@example.com\r\n"
	line := func(n int) string { return strings.Repeat("y", n) + "\r\n" }
	for _, tt := range []struct{ name, raw, says string }{
		{"empty", "", "empty"},
		{"no header", "\r\nbody\r\n", "no header"},
		{"no empty line", from + "Hello there\r\n", "no colon"},
		{"two Subjects", from + "Subject: a\r\nSUBJECT: b\r\n\r\n", "2 Subject fields"},
		{"two Dates", from + "Date: a\r\nDate: b\r\n\r\n", "2 Date fields"},
		{"two Tos", from + "To: a@b.example\r\nTo: c@d.example\r\n\r\n", "2 To fields"},
		{"two Content-Types", from + "Content-Type: text/plain\r\nContent-type: text/html\r\n\r\n", "2 Content-Type fields"},
		{"two Message-IDs", from + "Message-ID: <a@b>\r\nMessage-Id: <c@d>\r\n\r\n", "2 Message-ID fields"},
		{"two Reply-Tos", from + "Reply-To: a@b.example\r\nReply-To: c@d.example\r\n\r\n", "2 Reply-To fields"},
		{"three List-Unsubscribes", from + strings.Repeat("List-Unsubscribe: <mailto:x@y.example>\r\n", 3) + "\r\n", "3 List-Unsubscribe"},
		{"not a date", from + "Date: yesterday\r\n\r\n", "leave it out"},
		{"empty date", from + "Date:\r\n\r\n", "leave it out"},
		{"Message-ID without brackets", from + "Message-ID: a@b\r\n\r\n", "<left@right>"},
		{"Message-ID without @", from + "Message-ID: <ab>\r\n\r\n", "<left@right>"},
		{"Message-ID with two @", from + "Message-ID: <a@b@c>\r\n\r\n", "<left@right>"},
		{"Message-ID with space", from + "Message-ID: <a b@c>\r\n\r\n", "<left@right>"},
		{"two Message-IDs in one", from + "Message-ID: <a@b> <c@d>\r\n\r\n", "<left@right>"},
		{"empty Message-ID", from + "Message-ID:\r\n\r\n", "<left@right>"},
		{"51 hops", from + strings.Repeat("Received: by x; date\r\n", 51) + "\r\n", "round in circles"},
		{"header line of 999", from + "X: " + line(996) + "\r\n", "999 octets long; 998 are allowed"},
		{"body line of 999", from + "\r\n" + line(999), "line 3 is 999 octets long"},
		{"last line of 999", from + "\r\n" + strings.Repeat("y", 999), "999 octets long"},
		{"header of 64 KiB and more", from + strings.Repeat("X: "+line(93), 700) + "\r\n", "65536 are allowed"},
		{"LF only", "From: a@example.com\n\nbody\n", "line 1 ends in LF alone"},
		{"LF in the body", from + "\r\none\ntwo\r\n", "line 3 ends in LF alone"},
		{"LF at once", "\n", "LF alone"},
		{"CR at the end", from + "\r\none\r", "CR that no LF follows"},
		{"CR CR LF", from + "\r\none\r\r\n", "CR that no LF follows"},
		{"NUL in the body", from + "\r\none\x00\r\n", "NUL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLedger()
			_, err := submit(l, tt.raw)
			if got := refusal(t, err); !strings.Contains(got.Message, tt.says) {
				t.Errorf("refused with %s; want …%s…", got.Message, tt.says)
			}
			if l.acceptCalls != 0 {
				t.Error("something was accepted")
			}
		})
	}
	for name, raw := range map[string]string{
		"lines of 998":         from + "X: " + line(995) + "\r\n" + line(998),
		"50 hops":              from + strings.Repeat("Received: by x; date\r\n", 50) + "\r\n",
		"no body":              "From: a@example.com",
		"header of 64 KiB":     from + strings.Repeat("X: "+line(93), 668) + "\r\n",
		"8-bit body":           from + "\r\n\xff\xfe\r\n",
		"no space after colon": "From:a@example.com\r\nSubject:x\r\n\r\n",
	} {
		if _, err := submit(newLedger(), raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// bare finds what may not be on the wire: NUL, CR without LF, LF without CR.
var bare = regexp.MustCompile(`\x00|\r([^\n]|$)|([^\r]|^)\n`)

// TestWireMatrix puts all 19,530 strings of one to six of CR, LF, dot, NUL and x
// into a header value and at the start, in the middle and at the end of a body:
// what is accepted has only CRLF line ends, one author, and a good signature
// (P24).
func TestWireMatrix(t *testing.T) {
	l := newLedger()
	e := engine(l)
	tried, accepted := 0, 0
	try := func(raw string) {
		tried++
		_, err := e.Submit(context.Background(), request(raw))
		if bare.MatchString(raw + "z") {
			if err == nil {
				t.Fatalf("%q was accepted", raw)
			}
			return
		}
		if err != nil {
			return // a field without a colon, or white space at the start
		}
		accepted++
		wire := l.accepted[0].Body
		l.accepted = nil
		if bare.Match(wire) || bytes.Count(wire, []byte("\r\nFrom:")) != 1 || !bytes.HasSuffix(wire, []byte("\r\n")) {
			t.Fatalf("%q became %q", raw, wire)
		}
		if accepted%16 == 0 { // verifying is what takes long
			if got := l.verify(wire, time.Now()); got != "example.com pass, plat.example pass" {
				t.Fatalf("%q became %q, of which a receiver says %s", raw, wire, got)
			}
		}
	}
	const octets = "\r\n.\x00x"
	var grow func(s string)
	grow = func(s string) {
		if s != "" {
			try("X: " + s + "y\r\nFrom: a@example.com\r\n\r\nbody\r\n")
			try("From: a@example.com\r\n\r\n" + s + "y\r\n")
			try("From: a@example.com\r\n\r\ny" + s + "y\r\n")
			try("From: a@example.com\r\n\r\ny" + s)
		}
		for i := range len(octets) {
			if len(s) < 6 {
				grow(s + octets[i:i+1])
			}
		}
	}
	grow("")
	if tried != 78_120 || accepted < 900 {
		t.Errorf("tried %d and accepted %d", tried, accepted)
	}
}

func FuzzSubmit(f *testing.F) {
	f.Add([]byte(hello))
	f.Add([]byte("From: \"a\" <a@example.com>\r\nSender: b@example.com\r\nDate: x\r\n\r\n"))
	f.Add([]byte("From: =?utf-8?q?=00?= <a@example.com>\r\nX:\r\n y\r\n\r\n.\r\n"))
	f.Add([]byte("From: a@example.com\r\nFrom : b@rival.example\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l := newLedger()
		before := bytes.Clone(raw)
		got, err := engine(l).Submit(context.Background(), submission.Request{
			Credential: myodai.Credential{ID: "crd_shop", TenantID: shop}, Recipients: addresses("b@example.net"), Raw: raw,
		})
		if !bytes.Equal(raw, before) {
			t.Fatal("the message was changed")
		}
		if err != nil {
			refusal(t, err)
			return
		}
		wire := l.accepted[0].Body
		if bare.Match(wire) {
			t.Fatalf("%q is not in wire form", wire)
		}
		if said := l.verify(wire, time.Now()); !strings.HasSuffix(said, " pass, plat.example pass") {
			t.Fatalf("a receiver says %s of %q", said, wire)
		}
		m, err := mail.ReadMessage(bytes.NewReader(wire))
		if err != nil {
			t.Fatalf("%q: %v", wire, err)
		}
		if from := m.Header["From"]; len(from) != 1 || !strings.Contains(strings.ToLower(from[0]), strings.ToLower(got.Message.From.String())) {
			t.Fatalf("From = %q, and we read %s", from, got.Message.From)
		}
	})
}
