package shaping_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/shaping"
)

var t0 = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// reply is an outcome in one line: "421 4.7.0 busy".
func reply(line string) myodai.Outcome {
	var o myodai.Outcome
	code, rest, _ := strings.Cut(line, " ")
	_, _ = fmt.Sscan(code, &o.Code)
	o.Text = rest
	if first, text, _ := strings.Cut(rest, " "); strings.Count(first, ".") == 2 {
		o.Enhanced, o.Text = first, text
	}
	switch o.Code / 100 {
	case 2:
		o.Kind = myodai.OutcomeDelivered
	case 5:
		o.Kind = myodai.OutcomePermanent
	default:
		o.Kind = myodai.OutcomeTransient
	}
	return o
}

// TestReplies has what mailbox providers say, and what we make of it.
func TestReplies(t *testing.T) {
	rules := shaping.Default()
	const gmail, yahoo, japan, outlook, icloud = "gmail-smtp-in.l.google.com,alt1.gmail-smtp-in.l.google.com", "mta5.am0.yahoodns.net", "mx1.mail.yahoo.co.jp", "outlook-com.olc.protection.outlook.com", "mx01.mail.icloud.com"
	const docomo, au, softbank, other = "mfsmax.docomo.ne.jp", "lsean.ezweb.ne.jp", "mx.softbank.ne.jp", "mx.example.net"
	for _, tt := range []struct {
		site  myodai.Site
		reply string
		want  string // the rule, and what it did: pause, ease, retry, or nothing
	}{
		{gmail, "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address", "gmail-unusual-rate pause 10m0s"},
		{gmail, "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages", ""},
		{gmail, "550 5.7.26 This mail has been blocked because the sender is unauthenticated", ""},
		{gmail, "550 5.7.1 this message is likely unsolicited mail", "gmail-unsolicited pause 30m0s"},
		{gmail, "550 5.1.1 The email account that you tried to reach does not exist", ""},
		{gmail, "421 4.3.0 Temporary System Problem. Try again later", "closing ease"},
		{yahoo, "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints", "yahoo-complaints pause 30m0s"},
		{yahoo, "421 4.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred", "yahoo-unusual pause 15m0s"},
		{yahoo, "421 Max message per connection reached, closing transmission channel", "yahoo-messages-per-connection ease"},
		{yahoo, "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1", "yahoo-listed pause 1h0m0s"},
		{yahoo, "451 4.3.2 Internal error reading data", ""},
		{japan, "421 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints", "yahoo-japan-complaints pause 30m0s"},
		{japan, "553 Mail from 192.0.2.1 not allowed - VS98-IP0 deferred", "yahoo-japan-deferred pause 30m0s"},
		{outlook, "421 RP-001 (BAY004) Unfortunately, some messages from 192.0.2.1 weren't sent because of rate limits", "outlook-rate pause 15m0s"},
		{outlook, "421 RP-003 The mail server IP connecting has exceeded the connection limit", "outlook-connections ease"},
		{outlook, "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation", "outlook-rate pause 15m0s"},
		{outlook, "451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (AS761)", "outlook-reputation pause 10m0s"},
		{outlook, "550 5.7.1 part of their network is on our block list (S3140)", "outlook-listed pause 1h0m0s"},
		{icloud, "421 4.7.1 [HCM1] Your mail from 192.0.2.1 was deferred", "icloud-deferred pause 15m0s"},
		{icloud, "451 [BS02] Temporary server error. Please try again later", "icloud-deferred pause 15m0s"},
		{icloud, "554 5.7.1 [CS01] Message rejected due to local policy", "icloud-rejected ease"},
		{icloud, "550 5.1.1 user unknown", ""},
		{docomo, "421 Service not available, closing transmission channel", "docomo-busy pause 10m0s"},
		{docomo, "550 Unknown user u@docomo.ne.jp", ""},
		{docomo, "552 Too much mail data u@docomo.ne.jp", ""},
		{au, "450 4.3.2 Please try again later", "au-busy pause 10m0s"},
		{softbank, "421 4.4.5 Too many connections from your host", "softbank-busy pause 10m0s"},
		{softbank, "452 4.2.2 Mailbox full", ""},
		{other, "450 4.7.1 <u@example.net>: Recipient address rejected: Greylisted", "retry 5m0s"},
		{other, "451 4.7.1 Greylisting in action, please come back later", "retry 5m0s"},
		{other, "421 4.7.0 Too many concurrent SMTP connections", "connections ease"},
		{other, "451 4.7.1 You are sending too fast, slow down", "rate pause 5m0s"},
		{other, "450 4.2.2 mailbox full, quota exceeded", ""},
		{other, "421 4.3.2 shutting down", "closing ease"},
		{other, "451 4.3.0 Temporary lookup failure", ""},
		{other, "554 5.7.1 Rejected as spam", ""},
		{other, "250 2.0.0 taken", ""},
		{"smarthost:relay.example.org", "451 4.7.1 rate limit exceeded", "rate pause 5m0s"},
	} {
		limits := rules.For(tt.site)
		state, retry := shaping.State{}.After(reply(tt.reply), rules, limits, t0), rules.Retry(limits, reply(tt.reply))
		got := ""
		switch {
		case retry > 0:
			got = "retry " + retry.String()
		case state.Paused(t0):
			got = state.Rule + " pause " + state.PausedUntil.Sub(t0).String()
		case state.Why != "":
			got = state.Rule + " ease"
		}
		if got != tt.want {
			t.Errorf("%s: %s\n got %q, want %q", tt.site, tt.reply, got, tt.want)
		}
		if state.Why != "" && state.Why != tt.reply {
			t.Errorf("why: %q, want the site's own words %q", state.Why, tt.reply)
		}
	}
}

// TestPausesGrow has a site that says no each time it is asked, then takes mail,
// and then says no again.
func TestPausesGrow(t *testing.T) {
	rules := shaping.Default()
	limits := rules.For("mfsmax.docomo.ne.jp")
	no, yes, now := reply("421 busy"), reply("250 ok"), t0
	var s shaping.State
	for i, want := range []time.Duration{10 * time.Minute, 20 * time.Minute, 40 * time.Minute, 80 * time.Minute, 2 * time.Hour, 2 * time.Hour} {
		s = s.After(no, rules, limits, now)
		if got := s.PausedUntil.Sub(now); got != want {
			t.Errorf("pause %d: %v, want %v", i+1, got, want)
		}
		again := s.After(no, rules, limits, s.PausedUntil.Add(-1))
		if again != s {
			t.Error("what was under way counts a second time")
		}
		if taken := s.After(yes, rules, limits, s.PausedUntil.Add(-1)); taken != s {
			t.Error("what was under way ends the pause")
		}
		now = s.PausedUntil
		if s.Paused(now) || !s.Paused(now.Add(-1)) {
			t.Error("the pause does not end when it says")
		}
	}
	if s.Connections(limits) != 1 || math.Abs(s.Rate(limits)-20.0/64) > 1e-9 {
		t.Errorf("after six times it has %d connections and %v/s", s.Connections(limits), s.Rate(limits))
	}
	s = s.After(yes, rules, limits, now)
	s = s.After(no, rules, limits, now)
	if got := s.PausedUntil.Sub(now); got != 10*time.Minute {
		t.Errorf("after a delivery: %v", got)
	}
}

// TestRecovery brings a site back to all of its limits by deliveries alone, and
// never past them.
func TestRecovery(t *testing.T) {
	rules := shaping.Default()
	limits := rules.For("mx1.mail.yahoo.co.jp")
	s := shaping.State{}.After(reply("421 4.3.2 closing"), rules, limits, t0)
	if s.Connections(limits) != 1 || s.Rate(limits) != 5 {
		t.Fatalf("eased to %d and %v/s", s.Connections(limits), s.Rate(limits))
	}
	n, before := 0, 1
	for ; s != (shaping.State{}) && n < 1000; n++ {
		s = s.After(reply("250 ok"), rules, limits, t0)
		if c := s.Connections(limits); c < before || c > limits.Connections || s.Rate(limits) > limits.Rate {
			t.Fatalf("after %d deliveries: %d connections, %v/s", n, c, s.Rate(limits))
		}
		before = s.Connections(limits)
	}
	if n < 40 || n > 300 {
		t.Errorf("it took %d deliveries", n)
	}
}

func TestDeadSite(t *testing.T) {
	rules := shaping.Default()
	limits := rules.For("mx.example.net")
	refused := myodai.Outcome{Kind: myodai.OutcomeTransient, Enhanced: "4.4.1", Text: "no connection to mx.example.net: timed out"}
	s, now := shaping.State{}, t0
	for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute} {
		s = s.After(refused, rules, limits, now)
		if got := s.PausedUntil.Sub(now); got != want || s.Rule != "dead" || s.Why != refused.Text {
			t.Errorf("%v, want %v: %+v", got, want, s)
		}
		now = s.PausedUntil
	}
	for _, o := range []myodai.Outcome{
		{Kind: myodai.OutcomeTransient, Enhanced: "4.4.3", Text: "the MX records cannot be looked up now"},
		{Kind: myodai.OutcomeTransient, Enhanced: "4.7.1", Text: "held back: the domain is suspended"},
		{Kind: myodai.OutcomePermanent, Enhanced: "5.1.2", Text: "the domain does not exist"},
	} {
		if s := (shaping.State{}).After(o, rules, limits, t0); s != (shaping.State{}) {
			t.Errorf("%s: the site is blamed: %+v", o.Text, s)
		}
	}
}

func TestBucket(t *testing.T) {
	var b shaping.Bucket
	for _, step := range []struct {
		at      time.Duration
		n       int
		granted int
		wait    time.Duration
	}{
		{0, 25, 10, 0}, {0, 1, 0, 100 * time.Millisecond}, {100 * time.Millisecond, 5, 1, 0},
		{600 * time.Millisecond, 9, 5, 0}, {time.Hour, 99, 10, 0}, {59 * time.Minute, 1, 0, 100 * time.Millisecond}, // the clock went back
	} {
		var granted int
		var wait time.Duration
		b, granted, wait = b.Take(step.n, 10, t0.Add(step.at))
		if granted != step.granted || (wait-step.wait).Abs() > time.Microsecond {
			t.Errorf("at %v: %d, %v; want %d, %v", step.at, granted, wait, step.granted, step.wait)
		}
	}
	if _, granted, _ := b.Take(7, 0, t0); granted != 7 {
		t.Error("no rate is a limit")
	}
	if _, granted, wait := (shaping.Bucket{}).Take(5, 1.0/60, t0); granted != 1 || wait != 0 {
		t.Errorf("one a minute: %d, %v", granted, wait)
	}
}
