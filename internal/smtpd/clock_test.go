package smtpd_test

import (
	"context"
	"encoding/base64"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/myodai/myodai/internal/smtpd"
)

// pipes is a listener within the process, whose clients can be anywhere, and
// whose connections keep the time of a synctest bubble.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

type pipeConn struct {
	net.Conn
	remote net.Addr
}

func (c pipeConn) RemoteAddr() net.Addr { return c.remote }

// dial connects from the given address and port.
func (l *pipes) dial(from string) net.Conn {
	addr, err := net.ResolveTCPAddr("tcp", from)
	if err != nil {
		panic(err)
	}
	ours, theirs := net.Pipe()
	l.conns <- pipeConn{theirs, addr}
	return ours
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// inBubble runs test against a server with the real limits, in simulated time.
func inBubble(t *testing.T, test func(t *testing.T, dial func() *talker)) {
	o := options(t, &office{})
	o.Limits.AuthDelay = 0
	synctest.Test(t, func(t *testing.T) {
		s, l := smtpd.NewMX(o), newPipes()
		served := make(chan error, 1)
		go func() { served <- s.Serve(l) }()
		test(t, func() *talker {
			c := talk(t, l.dial("192.0.2.1:25"))
			_ = c.conn.SetDeadline(time.Time{})
			c.reply()
			return c
		})
		if err := s.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown = %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
}

// ends reads until the server is gone, and returns its last line and how long
// that took.
func (c *talker) ends() (last string, after time.Duration) {
	began := time.Now()
	for {
		line := c.line()
		if line == "EOF" {
			return last, time.Since(began)
		}
		last = line
	}
}

// dripping is ends while the client sends the octets once a second.
func (c *talker) dripping(octets string) (last string, after time.Duration) {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			if _, err := c.conn.Write([]byte(octets)); err != nil {
				return
			}
			<-time.After(time.Second)
		}
	}()
	last, after = c.ends()
	_ = c.conn.Close()
	<-gone
	return last, after
}

func TestIdleClientIsLeftAfterFiveMinutes(t *testing.T) {
	inBubble(t, func(t *testing.T, dial func() *talker) {
		c := dial()
		last, after := c.ends()
		if !strings.HasPrefix(last, "421 4.4.2") || after != 5*time.Minute {
			t.Errorf("got %q after %v, want 421 4.4.2 after 5m", last, after)
		}
	})
}

// TestDrippedCommand shows that a client cannot win time with an octet now and
// then: the whole line has five minutes (P11).
func TestDrippedCommand(t *testing.T) {
	inBubble(t, func(t *testing.T, dial func() *talker) {
		c := dial()
		last, after := c.dripping("x")
		if !strings.HasPrefix(last, "421 4.4.2") || after > 5*time.Minute {
			t.Errorf("got %q after %v", last, after)
		}
	})
}

func TestDrippedMessageIsLeftAfterTenMinutes(t *testing.T) {
	inBubble(t, func(t *testing.T, dial func() *talker) {
		c := dial()
		c.must("HELO x", "250")
		c.must("MAIL FROM:<>", "250")
		c.must("RCPT TO:<b-token@rp.plat.example>", "250")
		c.must("DATA", "354")
		last, after := c.dripping("x\r\n")
		if !strings.HasPrefix(last, "421 4.4.2") || after > 10*time.Minute || after < 9*time.Minute {
			t.Errorf("got %q after %v, want 421 4.4.2 after 10m", last, after)
		}
	})
}

func TestSessionIsOverAfterThirtyMinutes(t *testing.T) {
	inBubble(t, func(t *testing.T, dial func() *talker) {
		began := time.Now()
		c := dial()
		for range 7 {
			<-time.After(4 * time.Minute)
			c.must("NOOP", "250")
		}
		last, _ := c.ends()
		if after := time.Since(began); !strings.HasPrefix(last, "421 4.4.2") || after != 30*time.Minute {
			t.Errorf("got %q after %v, want 421 4.4.2 after 30m", last, after)
		}
	})
}

// TestClientThatDoesNotRead shows that a client that takes no replies holds its
// connection for a minute and no longer (P11).
func TestClientThatDoesNotRead(t *testing.T) {
	inBubble(t, func(t *testing.T, dial func() *talker) {
		c := dial()
		began := time.Now()
		for {
			if _, err := c.conn.Write([]byte("NOOP\r\nNOOP\r\n")); err != nil {
				break
			}
		}
		if after := time.Since(began); after > 2*time.Minute {
			t.Errorf("the connection stood for %v", after)
		}
	})
}

// TestFailedLoginIsAnsweredLate shows the default delay, and that every reason
// to say no takes as long (T33).
func TestFailedLoginIsAnsweredLate(t *testing.T) {
	o := options(t, &office{})
	o.Limits.AuthDelay = 0 // the default
	synctest.Test(t, func(t *testing.T) {
		s, l := smtpd.NewSubmission(o), newPipes()
		go func() { _ = s.Serve(l) }()
		for _, response := range []string{
			plainResponse("", user, "wrong"), plainResponse("", "nobody", password), plainResponse("admin", user, password),
		} {
			c := talk(t, l.dial("192.0.2.1:1"))
			_ = c.conn.SetDeadline(time.Time{})
			c.reply()
			c.must("EHLO x", "250")
			c.must("STARTTLS", "220")
			c.startTLS()
			c.must("EHLO x", "250")
			began := time.Now()
			c.must("AUTH PLAIN "+response, "535 5.7.8 user name or password is wrong")
			if after := time.Since(began); after != time.Second {
				t.Errorf("answered after %v, want 1s", after)
			}
			c.must("QUIT", "221")
			_ = c.conn.Close()
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// plainResponse is a response of the PLAIN mechanism.
func plainResponse(authzid, name, secret string) string {
	return base64.StdEncoding.EncodeToString([]byte(authzid + "\x00" + name + "\x00" + secret))
}

// loggedIn is a client that may send mail.
func loggedIn(t testing.TB, addr string) *talker {
	t.Helper()
	c := dial(t, addr)
	c.reply()
	c.must("EHLO app.internal", "250")
	c.must("STARTTLS", "220")
	c.startTLS()
	c.must("EHLO app.internal", "250")
	c.must("AUTH PLAIN "+plainResponse("", user, password), "235")
	return c
}

// eventually waits for something that another goroutine is about to do.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !done(); {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within 5s")
		}
	}
}
