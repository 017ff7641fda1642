package delivery_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/delivery/smtptest"
)

// dialTo connects to real servers by the addresses a zone gives them.
func dialTo(m map[string]netip.AddrPort) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ip := netip.MustParseAddrPort(address).Addr().String()
		real, ok := m[ip]
		if !ok {
			return nil, &net.OpError{Op: "dial", Net: network, Err: net.UnknownNetworkError("nobody at " + ip)}
		}
		return new(net.Dialer).DialContext(ctx, network, real.String())
	}
}

func jobTo(n int) myodai.Job {
	job := myodai.Job{Domain: "example.net"}
	for i := range n {
		job.Items = append(job.Items, item(i+1, myodai.Address{Local: fmt.Sprintf("u%d", i+1), Domain: "example.net"}, ""))
	}
	return job
}

func TestManyOverOneConnection(t *testing.T) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{Refuse: map[string]string{"u7@example.net": "550 5.1.1 no such user"}})
	outcomes := delivery.NewAgent(oneHost(sink.Addr())).Attempt(t.Context(), jobTo(100))
	for i, o := range outcomes {
		want := myodai.OutcomeDelivered
		if i == 6 {
			want = myodai.OutcomePermanent
		}
		if o.Kind != want || !strings.HasPrefix(o.TLS, "TLS 1.3") {
			t.Errorf("outcome %d: %+v", i, o)
		}
		if to := fmt.Sprintf("RCPT TO:<u%d@example.net>", i+1); !strings.Contains(o.Dialogue, to) || strings.Count(o.Dialogue, "RCPT TO") != 1 {
			t.Errorf("dialogue %d is not its own:\n%s", i, o.Dialogue)
		}
		if !strings.Contains(o.Dialogue, "S: 220 mx.example.net") || strings.Contains(o.Dialogue, "Hello from here") {
			t.Errorf("dialogue %d lacks its opening, or has the message:\n%s", i, o.Dialogue)
		}
	}
	mails := sink.Mails()
	if len(mails) != 99 || sink.Connections() != 1 {
		t.Errorf("%d mails over %d connections", len(mails), sink.Connections())
	}
	for _, m := range mails {
		if !m.TLS || string(m.Data) != messages[""] || strings.TrimPrefix(m.From, "b-") != strings.TrimSuffix(m.To, "@example.net")[1:]+"@rp.example.com" {
			t.Errorf("mail %+v", m)
		}
	}
}

func TestServerWithFewMailsPerConnection(t *testing.T) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{PerConn: 4})
	for i, o := range delivery.NewAgent(oneHost(sink.Addr())).Attempt(t.Context(), jobTo(10)) {
		if o.Kind != myodai.OutcomeDelivered {
			t.Errorf("outcome %d: %+v", i, o)
		}
	}
	if sink.Connections() != 3 || len(sink.Mails()) != 10 {
		t.Errorf("%d mails over %d connections", len(sink.Mails()), sink.Connections())
	}
}

func TestServerThatVanishesAfterEachMail(t *testing.T) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{Vanish: true})
	for i, o := range delivery.NewAgent(oneHost(sink.Addr())).Attempt(t.Context(), jobTo(3)) {
		if o.Kind != myodai.OutcomeDelivered {
			t.Errorf("outcome %d: %+v", i, o)
		}
	}
	if len(sink.Mails()) != 3 {
		t.Errorf("%d mails, want 3: none twice", len(sink.Mails()))
	}
}

// TestNextExchanger shows what sends us on to the next MX and what does not.
func TestNextExchanger(t *testing.T) {
	const zone = "MX example.net 10 mx1.example.net\nMX example.net 20 mx2.example.net\nA mx1.example.net 192.0.2.1\nA mx2.example.net 192.0.2.2"
	const hello = "S: 220 mx1\nC: EHLO out1.plat.example\nS: 250 mx1\nC: MAIL FROM:<b-1@rp.example.com>\n"
	const quit = "C: QUIT\nS: 221 bye\n"
	for _, tt := range []struct {
		name  string
		first string // dialogue of the first MX; "" when nobody listens
		moved bool
	}{
		{"nobody listens", "", true},
		{"greets with 421", "S: 421 busy\n", true},
		{"greets with 450", "S: 450 busy\n" + quit, true},
		{"greets with 554", "S: 554 go away\n" + quit, true},
		{"hangs up without greeting", "S: {drop}\n", true},
		{"hangs up after EHLO", "S: 220 mx1\nC: EHLO out1.plat.example\nS: {drop}\n", true},
		{"421 after MAIL", hello + "S: 421 closing\n", true},
		{"hangs up after MAIL", hello + "S: {drop}\n", true},
		{"hangs up after DATA", hello + "S: 250 ok\nC: RCPT TO:<u1@example.net>\nS: 250 ok\nC: DATA\nS: {drop}\n", true},
		{"451 after MAIL", hello + "S: 451 later\n" + quit, false},
		{"550 after MAIL", hello + "S: 550 no\n" + quit, false},
		{"450 after RCPT", hello + "S: 250 ok\nC: RCPT TO:<u1@example.net>\nS: 450 later\n" + quit, false},
		{"550 after RCPT", hello + "S: 250 ok\nC: RCPT TO:<u1@example.net>\nS: 550 no\n" + quit, false},
		{"hangs up after the dot", hello + "S: 250 ok\nC: RCPT TO:<u1@example.net>\nS: 250 ok\nC: DATA\nS: 354 go\nC: {message}\nS: {drop}\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			second := smtptest.NewSink(t, smtptest.SinkOptions{})
			servers := map[string]netip.AddrPort{"192.0.2.2": second.Addr()}
			if tt.first != "" {
				servers["192.0.2.1"] = smtptest.Play(t, tt.first).Addr()
			}
			agent := delivery.NewAgent(delivery.Options{Lookup: parseZone(zone).lookup, Hostname: "out1.plat.example", Keep: -1, Dial: dialTo(servers)})
			o := agent.Attempt(t.Context(), jobTo(1))[0]
			if moved := len(second.Mails()) == 1; moved != tt.moved || moved != (o.Kind == myodai.OutcomeDelivered) {
				t.Errorf("moved on: %v, want %v; %+v", moved, tt.moved, o)
			}
		})
	}
}

// TestNoCommandInjection sends to what no parser made and to the worst a parser
// lets through: the server sees the expected commands and none more (T30).
func TestNoCommandInjection(t *testing.T) {
	sink := smtptest.NewSink(t, smtptest.SinkOptions{Without: []string{"PIPELINING", "STARTTLS", "SIZE"}})
	job := myodai.Job{Domain: "example.net"}
	locals := []string{
		"bob>\r\nRCPT TO:<eve@example.org", "bob\r\nDATA", "bob\nRSET", "bob\rQUIT", "bob\x00", "b\x7f",
		"bob> NOTIFY=NEVER", `"`, `\`, "a b", "@", "<>", "b@b", "..", "a\tb",
	}
	for i, local := range locals {
		job.Items = append(job.Items, item(i, myodai.Address{Local: local, Domain: "example.net"}, ""))
	}
	evil := item(99, myodai.Address{Local: "bob", Domain: "example.net"}, "")
	evil.Delivery.ReturnPath = myodai.Address{Local: "b", Domain: "rp.example.com>\r\nRCPT TO:<eve@example.org"}
	job.Items = append(job.Items, evil)
	want := []string{"EHLO out1.plat.example"}
	for i, o := range delivery.NewAgent(oneHost(sink.Addr())).Attempt(t.Context(), job) {
		refused := i == len(locals) || strings.ContainsAny(locals[i], "\r\n\x00\x7f\t")
		if refused != (o.Kind == myodai.OutcomePermanent) {
			t.Errorf("%q: %+v", job.Items[i].Delivery.Recipient.Local, o)
		}
		if !refused {
			want = append(want, fmt.Sprintf("MAIL FROM:<b-%d@rp.example.com> ", i), "RCPT TO:<"+job.Items[i].Delivery.Recipient.String()+">", "DATA")
		}
	}
	want = append(want, "QUIT")
	got := sink.Commands()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != strings.TrimSpace(want[i]) {
			t.Fatalf("commands\n%q\nwant\n%q", got, want)
		}
	}
}

func TestCertificateIsNoted(t *testing.T) {
	certificate, roots := smtptest.Certificate(t, "mx.example.net")
	addr := tlsServer(t, certificate, "220 hello", "250-mx\r\n250 STARTTLS", "220 go", "", "250 mx", "451 later", "221 bye")
	options := oneHost(addr)
	options.Roots = roots
	o := delivery.NewAgent(options).Attempt(t.Context(), jobTo(1))[0]
	if o.TLS != "TLS 1.3, certificate verified" {
		t.Errorf("%+v", o)
	}
}

// tlsServer says its lines one after the other, each but the first after one
// line of the client's; "" is a TLS handshake. An empty first line begins in TLS.
func tlsServer(t *testing.T, certificate tls.Certificate, lines ...string) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		speak := conn
		silent := true // the server begins
		for _, line := range lines {
			if line == "" {
				speak = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
				continue
			}
			if !silent {
				if _, err := speak.Read(make([]byte, 4096)); err != nil {
					return
				}
			}
			silent = false
			if _, err := io.WriteString(speak, line+"\r\n"); err != nil {
				return
			}
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func TestSmarthost(t *testing.T) {
	certificate, roots := smtptest.Certificate(t, "relay.example.org")
	strange, _ := smtptest.Certificate(t, "other.example.org")
	password := base64.StdEncoding.EncodeToString([]byte("\x00us\x00secret"))
	ready := []string{"220 hello", "250-relay\r\n250 STARTTLS", "220 go", ""}
	for _, tt := range []struct {
		name        string
		port        uint16
		user        string
		certificate tls.Certificate
		lines       []string
		want        string
	}{
		{"with password", 587, "us", certificate, append(ready[:4:4], "250-relay\r\n250 AUTH LOGIN PLAIN", "235 2.7.0 welcome", "250 ok", "250 ok", "354 go", "250 2.0.0 taken", "221 bye"), "delivered 250 2.0.0 taken"},
		{"TLS from the beginning", 465, "us", certificate, []string{"", "220 hello", "250-relay\r\n250 AUTH PLAIN", "235 welcome", "250 ok", "250 ok", "354 go", "250 2.0.0 taken", "221 bye"}, "delivered 250 2.0.0 taken"},
		{"wrong password", 587, "us", certificate, append(ready[:4:4], "250-relay\r\n250 AUTH PLAIN", "535 5.7.8 no", "221 bye"), "transient 535 5.7.8 the smarthost does not accept the password: no"},
		{"AUTH LOGIN alone", 587, "us", certificate, append(ready[:4:4], "250-relay\r\n250 AUTH LOGIN", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 welcome", "250 ok", "250 ok", "354 go", "250 2.0.0 taken", "221 bye"), "delivered 250 2.0.0 taken"},
		{"AUTH LOGIN, wrong user", 587, "us", certificate, append(ready[:4:4], "250-relay\r\n250 AUTH LOGIN", "334 VXNlcm5hbWU6", "535 5.7.8 no", "221 bye"), "transient 535 5.7.8 the smarthost does not accept the password: no"},
		{"no AUTH we know", 587, "us", certificate, append(ready[:4:4], "250-relay\r\n250 AUTH CRAM-MD5", "221 bye"), "transient 0 4.7.0 the smarthost offers neither AUTH PLAIN nor AUTH LOGIN"},
		{"no TLS", 587, "us", certificate, []string{"220 hello", "250-relay\r\n250 AUTH PLAIN", "221 bye"}, "transient 0 4.7.0 the smarthost offers no TLS, and the password is not sent without"},
		{"TLS taken back", 587, "us", certificate, []string{"220 hello", "250-relay\r\n250-AUTH PLAIN\r\n250 STARTTLS", "454 no TLS", "221 bye"}, "transient 0 4.7.0 the smarthost offers no TLS, and the password is not sent without"},
		{"another's certificate", 587, "us", strange, append(ready[:4:4], "250 relay"), "transient 0 4.4.2 connection to relay.example.org lost after STARTTLS: the certificate is not valid for it"},
		{"without password, in the clear", 587, "", certificate, []string{"220 hello", "250 relay", "250 ok", "250 ok", "354 go", "250 2.0.0 taken", "221 bye"}, "delivered 250 2.0.0 taken"},
		{"refuses us for good", 587, "", certificate, []string{"554 5.7.1 go away", "221 bye"}, "transient 554 5.7.1 go away"},
		{"relay refused", 587, "", certificate, []string{"220 hello", "250 relay", "250 ok", "550 5.7.1 relaying denied", "221 bye"}, "permanent 550 5.7.1 relaying denied"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := tlsServer(t, tt.certificate, tt.lines...)
			dialed := ""
			agent := delivery.NewAgent(delivery.Options{
				Lookup: parseZone("A relay.example.org 192.0.2.5").lookup, Hostname: "out1.plat.example", Keep: -1, Roots: roots,
				Smarthost: &delivery.Smarthost{Host: "relay.example.org", Port: tt.port, User: tt.user, Password: "secret"},
				Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
					dialed = address
					return new(net.Dialer).DialContext(ctx, network, addr.String())
				},
			})
			job := jobTo(1)
			job.Items[0].Load = func(context.Context) ([]byte, error) { return []byte("A: b\r\n\r\n"), nil }
			o := agent.Attempt(t.Context(), job)[0]
			if line(o) != tt.want {
				t.Errorf("got %s\nwant %s\n%s", line(o), tt.want, o.Dialogue)
			}
			if dialed != fmt.Sprintf("192.0.2.5:%d", tt.port) {
				t.Errorf("dialed %s", dialed)
			}
			if strings.Contains(o.Dialogue, password) || strings.Contains(o.Dialogue, "secret") || strings.Contains(o.Dialogue, "c2VjcmV0") {
				t.Errorf("the dialogue has the password:\n%s", o.Dialogue)
			}
		})
	}
}

func TestSmarthostThatCannotBeReachedIsNobodysFault(t *testing.T) {
	for name, zone := range map[string]string{"no such host": "", "forbidden": "A relay.example.org 10.0.0.1"} {
		agent := delivery.NewAgent(delivery.Options{
			Lookup: parseZone(zone).lookup, Hostname: "out1.plat.example", Keep: -1,
			Smarthost: &delivery.Smarthost{Host: "relay.example.org"},
			Dial: func(context.Context, string, string) (net.Conn, error) {
				return nil, myodai.Refuse(myodai.CodeForbidden, "", "10.0.0.1 is a private address")
			},
		})
		if o := agent.Attempt(t.Context(), jobTo(1))[0]; o.Kind != myodai.OutcomeTransient {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

// TestTimeouts lets servers fall silent at every stage. Time is simulated, the
// connection is a pipe; the waits are those of RFC 5321 §4.5.3.2 (P10).
func TestTimeouts(t *testing.T) {
	replies := []string{"220 mx\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 taken\r\n"}
	for _, tt := range []struct {
		name   string
		silent int           // reply that does not come; 6 for none
		each   time.Duration // that the others take
		want   time.Duration
		kind   myodai.OutcomeKind
	}{
		{"greeting", 0, 0, 5 * time.Minute, myodai.OutcomeTransient},
		{"EHLO", 1, 0, 5 * time.Minute, myodai.OutcomeTransient},
		{"MAIL", 2, 0, 5 * time.Minute, myodai.OutcomeTransient},
		{"RCPT", 3, 0, 5 * time.Minute, myodai.OutcomeTransient},
		{"DATA", 4, 0, 2 * time.Minute, myodai.OutcomeTransient},
		{"final dot", 5, 0, 10 * time.Minute, myodai.OutcomeTransient},
		{"nothing, but slow within limits", 6, 119 * time.Second, 6 * 119 * time.Second, myodai.OutcomeDelivered},
		{"final dot, after the others were slow", 5, 119*time.Second + 999*time.Millisecond, 5*(119*time.Second+999*time.Millisecond) + 10*time.Minute, myodai.OutcomeTransient},
		{"nothing, but slow at every step: the whole attempt has its limit", 6, 4*time.Minute + 59*time.Second, 20 * time.Minute, myodai.OutcomeTransient},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				options := oneHost(netip.AddrPort{})
				var servers sync.WaitGroup
				defer servers.Wait()
				options.Dial = func(context.Context, string, string) (net.Conn, error) {
					client, server := net.Pipe()
					servers.Go(func() { slowServer(server, replies, tt.silent, tt.each) })
					return client, nil
				}
				begun := time.Now()
				o := delivery.NewAgent(options).Attempt(t.Context(), jobTo(1))[0]
				took := time.Since(begun)
				if o.Kind != tt.kind || took != tt.want {
					t.Errorf("took %v, want %v; %s\n%s", took, tt.want, line(o), o.Dialogue)
				}
			})
		})
	}
}

// slowServer takes its time for each reply and stops before the silent one.
func slowServer(conn net.Conn, replies []string, silent int, each time.Duration) {
	defer func() { _ = conn.Close() }()
	buffer := make([]byte, 4096)
	for i, r := range replies {
		for i > 0 {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			if text := string(buffer[:n]); i < 5 || strings.HasSuffix(text, ".\r\n") {
				break
			}
		}
		if i == silent {
			_, _ = io.Copy(io.Discard, conn)
			return
		}
		<-time.After(each)
		if _, err := io.WriteString(conn, r); err != nil {
			return
		}
	}
}

// TestAttemptEnds shows that a job of many to a server that takes four minutes
// for each ends in time, and that those whose turn did not come are told apart.
func TestAttemptEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options := oneHost(netip.AddrPort{})
		var servers sync.WaitGroup
		defer servers.Wait()
		options.Dial = func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			servers.Go(func() {
				slowServer(server, []string{"220 mx\r\n", "250 mx\r\n", "450 later\r\n", "250 ok\r\n", "450 later\r\n"}, 5, 4*time.Minute)
			})
			return client, nil
		}
		begun := time.Now()
		outcomes := delivery.NewAgent(options).Attempt(t.Context(), jobTo(20))
		if took := time.Since(begun); took > 20*time.Minute {
			t.Errorf("took %v", took)
		}
		tried := 0
		for _, o := range outcomes {
			if o.Kind == myodai.OutcomeTransient {
				tried++
			}
		}
		if tried != 1 || outcomes[19] != (myodai.Outcome{}) {
			t.Errorf("%d were tried, want 1; the last: %+v", tried, outcomes[19])
		}
	})
}

func TestStopping(t *testing.T) {
	tarpit := smtptest.NewTarpit(t)
	ctx, cancel := context.WithCancel(t.Context())
	options := oneHost(tarpit.Addr())
	dial := options.Dial
	options.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		time.AfterFunc(20*time.Millisecond, cancel)
		return conn, err
	}
	for i, o := range delivery.NewAgent(options).Attempt(ctx, jobTo(3)) {
		if o != (myodai.Outcome{}) {
			t.Errorf("outcome %d: %+v, want none: nothing was said", i, o)
		}
	}
}
