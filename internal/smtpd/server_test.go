package smtpd_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/smtpd"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// ready is a client that has got as far as after RCPT at the MX face.
func ready(t testing.TB, addr string) *talker {
	t.Helper()
	c := dial(t, addr)
	c.reply()
	c.must("HELO mail.example.net", "250")
	c.must("MAIL FROM:<a@example.net>", "250")
	c.must("RCPT TO:<b-token@rp.plat.example>", "250")
	return c
}

// relays are 200 ways to ask a server to send mail elsewhere (T34).
func relays() []string {
	var list []string
	locals := []string{
		"victim", "victim%other.example", "victim@other.example", "other.example!victim", `"victim@other.example"`,
		`"victim%other.example"`, `"other.example!victim"`, "@other.example:victim", "@plat.example,@other.example:victim",
		"b-token%rp.plat.example", `b-token@rp.plat.example@other.example`, "b-token+x", "B-TOKEN", "b-toke", "b-token.",
		".b-token", `"b-token "`, "b-token\\", "root", "abuse+x",
	}
	hosts := []string{
		"rp.plat.example", "plat.example", "mx.plat.example", "other.example", "localhost", "[127.0.0.1]", "[mx.plat.example]",
		"other.example.rp.plat.example", "rp.plat.example.other.example", "xrp.plat.example",
	}
	for _, local := range locals {
		for _, host := range hosts {
			list = append(list, "<"+local+"@"+host+">")
		}
	}
	return list
}

func TestNoRelay(t *testing.T) {
	office := &office{}
	addr := start(t, smtpd.NewMX(options(t, office)))
	probes := relays()
	if len(probes) < 200 {
		t.Fatalf("%d probes, want 200", len(probes))
	}
	var c *talker
	for i, probe := range probes {
		if i%15 == 0 { // fewer than a connection's errors
			c = dial(t, addr)
			c.reply()
			c.must("HELO mail.example.net", "250")
			c.must("MAIL FROM:<a@example.net>", "250")
		}
		if got := c.say("RCPT TO:" + probe); got[0] != '5' {
			t.Errorf("RCPT TO:%s got %q, want a refusal", probe, got)
		}
	}
	// Without this the probes would prove nothing.
	c.must("RCPT TO:<b-token@rp.plat.example>", "250")
}

// TestSmugglingOverTheWire is TestSmugglingMatrix through a whole server, for
// the 780 strings of up to four octets (P24, T28).
func TestSmugglingOverTheWire(t *testing.T) {
	office := &office{}
	o := options(t, office)
	o.Limits.MaxPerIP = 1000
	addr := start(t, smtpd.NewMX(o))
	const evil = "MAIL FROM:<evil@example.net>\r\nRCPT TO:<b-token@rp.plat.example>\r\nDATA\r\n"
	var grow func(s string)
	grow = func(s string) {
		before := len(office.messages())
		c := ready(t, addr)
		c.must("DATA", "354")
		stuffed := strings.ReplaceAll("\r\ny"+s+"y", "\r\n.", "\r\n..")[2:]
		c.send(stuffed + "\r\n" + evil + "z\r\n.\r\nQUIT\r\n")
		for c.line() != "EOF" {
		}
		_ = c.conn.Close()
		if got := len(office.messages()) - before; got > 1 {
			t.Fatalf("%q became %d messages", stuffed, got)
		}
		for _, octet := range []string{"\r", "\n", ".", "\x00", "x"} {
			if len(s) < 4 {
				grow(s + octet)
			}
		}
	}
	grow("")
	for _, m := range office.messages() {
		if m.from.Local == "evil" {
			t.Fatalf("smuggled: %q", m.raw)
		}
	}
}

func TestSizeInData(t *testing.T) {
	office := &office{}
	c := ready(t, start(t, smtpd.NewMX(options(t, office))))
	c.must("DATA", "354")
	line := strings.Repeat("y", 998) + "\r\n"
	c.must(strings.Repeat(line, 101)+".", "552 5.3.4")
	// The connection is still good.
	c.must("MAIL FROM:<a@example.net>", "250")
	c.must("RCPT TO:<b-token@rp.plat.example>", "250")
	c.must("DATA", "354")
	c.must(strings.Repeat(line, 100)+".", "250 2.0.0")
	if got := office.messages(); len(got) != 1 || len(got[0].raw) != 100_000 {
		t.Errorf("%d messages taken, want one of 100,000 octets", len(got))
	}
}

func TestMemoryIsBounded(t *testing.T) {
	office := &office{}
	o := options(t, office)
	o.Limits.MaxMemory = 40_000
	addr := start(t, smtpd.NewMX(o))
	line := strings.Repeat("y", 98) + "\r\n"
	first := ready(t, addr)
	first.must("DATA", "354")
	first.must(strings.Repeat(line, 500)+".", "452 4.3.1")
	// What was taken is given back.
	second := ready(t, addr)
	second.must("DATA", "354")
	second.must(strings.Repeat(line, 100)+".", "250")
}

func TestLimitsOfOneConnection(t *testing.T) {
	office := &office{}
	o := options(t, office)
	o.Limits.MaxRecipients = 2
	addr := start(t, smtpd.NewSubmission(o))

	t.Run("recipients", func(t *testing.T) {
		c := loggedIn(t, addr)
		c.must("MAIL FROM:<a@example.com>", "250")
		c.must("RCPT TO:<a@example.net>", "250")
		c.must("RCPT TO:<b@example.net>", "250")
		c.must("RCPT TO:<c@example.net>", "452 4.5.3")
	})
	t.Run("errors", func(t *testing.T) {
		c := dial(t, addr)
		c.reply()
		for range 20 {
			c.must("FOO", "500 5.5.1")
		}
		c.must("FOO", "421 4.7.0 too many errors")
		if got := c.line(); got != "EOF" {
			t.Errorf("got %q, want EOF", got)
		}
	})
	t.Run("commands without mail", func(t *testing.T) {
		c := dial(t, addr)
		c.reply()
		for range 102 {
			c.must("NOOP", "250")
		}
		c.must("NOOP", "421 4.7.0 too many commands")
	})
	t.Run("a command line of 2048 octets", func(t *testing.T) {
		c := dial(t, addr)
		c.reply()
		c.must("NOOP "+strings.Repeat("y", 2048-7), "250")
		c.must("NOOP "+strings.Repeat("y", 2048-6), "500 5.5.2 the command line is too long")
		if got := c.line(); got != "EOF" {
			t.Errorf("got %q, want EOF", got)
		}
	})
	t.Run("a command line without end", func(t *testing.T) {
		c := dial(t, addr)
		c.reply()
		c.send(strings.Repeat("y", 100_000))
		if got := c.line(); !strings.HasPrefix(got, "500 5.5.2") {
			t.Errorf("got %q", got)
		}
	})
}

func TestConnectionsPerClient(t *testing.T) {
	o := options(t, &office{})
	o.Limits.MaxPerIP, o.Limits.MaxConnections = 2, 3
	metrics := prometheus.NewRegistry()
	o.Registerer = metrics
	l := newPipes()
	serveOn(t, smtpd.NewMX(o), l)
	greeted := func(from, want string) *talker {
		t.Helper()
		c := talk(t, l.dial(from))
		if got := c.line(); !strings.HasPrefix(got, want) {
			t.Fatalf("%s was greeted with %q, want %q", from, got, want)
		}
		return c
	}
	greeted("192.0.2.1:1", "220")
	greeted("192.0.2.1:2", "220")
	greeted("192.0.2.1:3", "421 4.7.0")
	c := greeted("[2001:db8:1:2::3]:1", "220")
	greeted("192.0.2.9:1", "421 4.3.2")
	c.must("QUIT", "221")
	if got := c.line(); got != "EOF" {
		t.Fatalf("got %q, want EOF", got)
	}
	eventually(t, func() bool {
		c := talk(t, l.dial("[2001:db8:1:2::4]:1"))
		return strings.HasPrefix(c.line(), "220")
	})
	const want = `
		# HELP myodai_smtpd_connections Connections open now.
		# TYPE myodai_smtpd_connections gauge
		myodai_smtpd_connections{face="mx"} 3
	`
	if err := testutil.GatherAndCompare(metrics, strings.NewReader(want), "myodai_smtpd_connections"); err != nil {
		t.Error(err)
	}
}

func TestImplicitTLS(t *testing.T) {
	office := &office{}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, smtpd.NewSubmission(options(t, office)), tls.NewListener(plain, serverTLS(t)))
	c := dial(t, plain.Addr().String())
	c.startTLS()
	if got := c.reply(); !strings.HasPrefix(got, "220 ") {
		t.Fatalf("greeted with %q", got)
	}
	c.must("EHLO app.internal", "250")
	c.must("STARTTLS", "503")
	c.must("AUTH PLAIN "+plainResponse("", user, password), "235")
	c.must("MAIL FROM:<a@example.com>", "250")
	c.must("QUIT", "221")
	if got := c.line(); got != "EOF" {
		t.Errorf("got %q, want EOF", got)
	}
}

func TestWithoutTLSNobodyLogsIn(t *testing.T) {
	o := options(t, &office{})
	o.TLS = nil
	c := dial(t, start(t, smtpd.NewSubmission(o)))
	c.reply()
	c.must("EHLO app.internal", "250")
	c.must("STARTTLS", "502")
	c.must("AUTH PLAIN "+plainResponse("", user, password), "538")
	c.must("MAIL FROM:<a@example.com>", "530")
}

// TestRevocationWithinAConnection shows that a credential that is withdrawn
// takes no further message, on a connection opened before (P31).
func TestRevocationWithinAConnection(t *testing.T) {
	office := &office{}
	c := loggedIn(t, start(t, smtpd.NewSubmission(options(t, office))))
	c.must("MAIL FROM:<a@example.com>", "250")
	c.must("RSET", "250")
	office.mu.Lock()
	office.revoked = true
	office.mu.Unlock()
	c.must("MAIL FROM:<a@example.com>", "421 4.7.0")
	if got := c.line(); got != "EOF" {
		t.Errorf("got %q, want EOF", got)
	}
}

// TestGuessingIsLimited shows that a client that guesses is not even listened to
// any more, in whatever connection, and that others are (T33).
func TestGuessingIsLimited(t *testing.T) {
	l := newPipes()
	serveOn(t, smtpd.NewSubmission(options(t, &office{})), l)
	try := func(from, secret string) string {
		t.Helper()
		c := talk(t, l.dial(from))
		c.reply()
		c.must("EHLO x", "250")
		c.must("STARTTLS", "220")
		c.startTLS()
		c.must("EHLO x", "250")
		return c.say("AUTH PLAIN " + plainResponse("", user, secret))
	}
	for i := range 10 {
		if got := try(fmt.Sprintf("192.0.2.1:%d", 1000+i), "guess"); !strings.HasPrefix(got, "535") {
			t.Fatalf("guess %d got %q", i+1, got)
		}
	}
	if got := try("192.0.2.1:2000", password); !strings.HasPrefix(got, "421 4.7.0") {
		t.Errorf("the right password after ten wrong ones got %q", got)
	}
	if got := try("192.0.2.2:1", password); !strings.HasPrefix(got, "235") {
		t.Errorf("the right password from elsewhere got %q", got)
	}
}

func TestShutdownLetsMessagesFinish(t *testing.T) {
	office := &office{}
	s := smtpd.NewMX(options(t, office))
	addr := start(t, s)
	idle := dial(t, addr)
	idle.reply()
	busy := ready(t, addr)
	busy.must("DATA", "354")
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	if got := idle.line(); got != "421 4.3.2 shutting down; try again later" {
		t.Errorf("an idle client got %q", got)
	}
	if got := idle.line(); got != "EOF" {
		t.Errorf("then %q, want EOF", got)
	}
	_ = idle.conn.Close()
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("still listening")
	}
	busy.must("Subject: x\r\n\r\ny\r\n.", "250 2.0.0")
	if got := busy.line(); got != "421 4.3.2 shutting down; try again later" {
		t.Errorf("a client whose message was under way got %q", got)
	}
	_ = busy.conn.Close()
	if err := <-done; err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	if len(office.messages()) != 1 {
		t.Errorf("%d messages taken, want 1", len(office.messages()))
	}
}

// TestShutdownCutsOff shows that Shutdown does not wait longer than it is told,
// and that the function it waited for is told too: nobody is answered 250 for a
// message that was given up (P01).
func TestShutdownCutsOff(t *testing.T) {
	entered := make(chan struct{})
	o := options(t, &office{})
	o.Receive = func(ctx context.Context, _ smtpd.Incoming) error {
		close(entered)
		<-ctx.Done()
		return fmt.Errorf("store: %w", ctx.Err())
	}
	s := smtpd.NewMX(o)
	c := ready(t, start(t, s))
	c.must("DATA", "354")
	c.send("x\r\n.\r\n")
	<-entered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown = %v, want context.Canceled", err)
	}
	if got := c.line(); got != "EOF" {
		t.Errorf("got %q, want EOF", got)
	}
}

// TestEveryRefusalHasAReply keeps the table complete: what is missing there
// would be a fault.
func TestEveryRefusalHasAReply(t *testing.T) {
	for _, tt := range []struct {
		code         myodai.Code
		rcpt, atBody string
	}{
		{myodai.CodeInvalid, "550 5.1.3 no", "550 5.6.0 no"},
		{myodai.CodeUnauthorized, "530 5.7.0 no", "530 5.7.0 no"},
		{myodai.CodeForbidden, "550 5.7.1 no", "550 5.7.1 no"},
		{myodai.CodeNotFound, "550 5.1.1 no", "550 5.1.1 no"},
		{myodai.CodeConflict, "450 4.2.0 no", "450 4.5.0 no"},
		{myodai.CodeTooLarge, "552 5.3.4 no", "552 5.3.4 no"},
		{myodai.CodeLimited, "450 4.7.1 no", "450 4.7.1 no"},
		{myodai.CodeUnavailable, "451 4.3.0 no", "451 4.3.0 no"},
		{"unheard of", "451 4.3.0 temporary", "451 4.3.0 temporary"},
	} {
		t.Run(string(tt.code), func(t *testing.T) {
			refusal := fmt.Errorf("wrapped: %w", myodai.Refuse(tt.code, "", "no"))
			o := options(t, &office{})
			o.Accepts = func(_ context.Context, a myodai.Address) error {
				if a.Local == "refuse" {
					return refusal
				}
				return nil
			}
			o.Receive = func(context.Context, smtpd.Incoming) error { return refusal }
			c := ready(t, start(t, smtpd.NewMX(o)))
			c.must("RCPT TO:<refuse@rp.plat.example>", tt.rcpt)
			c.must("DATA", "354")
			c.must("x\r\n.", tt.atBody)
		})
	}
}

// TestFaultsAreTemporary is P03 and P08: whatever fails on our side, the client is
// to come again, and hears when it is for want of space.
func TestFaultsAreTemporary(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{errors.New("x"), "451 4.3.0 temporary"},
		{fmt.Errorf("accept: %w", myodai.ErrAway), "451 4.3.0 temporary"},
		{fmt.Errorf("accept: %w", myodai.ErrNoSpace), "452 4.3.1 no space"},
	} {
		o := options(t, &office{})
		o.Accepts = func(context.Context, myodai.Address) error { return nil }
		o.Receive = func(context.Context, smtpd.Incoming) error { return tt.err }
		c := ready(t, start(t, smtpd.NewMX(o)))
		c.must("RCPT TO:<a@rp.plat.example>", "250")
		c.must("DATA", "354")
		c.must("x\r\n.", tt.want)
	}
}
