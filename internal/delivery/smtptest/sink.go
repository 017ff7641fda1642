package smtptest

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Mail is one message a Sink took.
type Mail struct {
	From string   // between the angle brackets of MAIL FROM
	To   string   // and of the last RCPT TO that was taken
	All  []string // and of all of them
	Data []byte   // dots undone
	TLS  bool

	Hello  string         // what the client called itself
	Client netip.AddrPort // where it came from
}

// Sink is a server that takes mail and keeps it. It is strict: what RFC 5321
// does not allow fails the test.
type Sink struct {
	t        testing.TB
	listener *listener
	options  SinkOptions
	tls      *tls.Config

	mu       sync.Mutex
	mails    []Mail
	commands []string
	arrived  chan struct{} // closed and replaced with every mail
}

// SinkOptions change how a Sink behaves; the zero value offers everything and
// takes everything.
type SinkOptions struct {
	Without []string          // EHLO keywords not offered, such as "PIPELINING"
	Refuse  map[string]string // RCPT TO address → reply
	Once    map[string]string // the same, but only the first time
	PerConn int               // mails taken per connection before 421; 0 means any number
	// Limits are announced, and held: what is past them is a mistake of the client
	// (RFC 9422).
	Limits Limits
	// Vanish hangs up without an answer to QUIT or to the first command after a mail.
	Vanish bool
	// Certificate is what it shows; nil means one of its own for mx.example.net.
	Certificate *tls.Certificate
	// Distrusted expects the client to hang up in the TLS handshake.
	Distrusted bool
}

// Limits of a sink; zero for none.
type Limits struct{ Mails, Recipients, Domains int }

// String is the limits as EHLO announces them.
func (l Limits) String() string {
	text := "LIMITS"
	for _, one := range []struct {
		name  string
		limit int
	}{{"MAILMAX", l.Mails}, {"RCPTMAX", l.Recipients}, {"RCPTDOMAINMAX", l.Domains}} {
		if one.limit > 0 {
			text += fmt.Sprintf(" %s=%d", one.name, one.limit)
		}
	}
	return text
}

// NewSink starts a sink.
func NewSink(t testing.TB, o SinkOptions) *Sink {
	t.Helper()
	certificate, _ := Certificate(t, "mx.example.net")
	if o.Certificate != nil {
		certificate = *o.Certificate
	}
	s := &Sink{
		t: t, options: o, arrived: make(chan struct{}),
		tls: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	}
	s.listener = listen(t, s.serve)
	return s
}

// Addr is where the sink listens.
func (s *Sink) Addr() netip.AddrPort { return s.listener.addr() }

// Authority is the certificate itself, for mx.example.net: who trusts it trusts
// the sink.
func (s *Sink) Authority() *x509.Certificate { return s.tls.Certificates[0].Leaf }

// Connections counts those that were opened.
func (s *Sink) Connections() int { return s.listener.connections() }

// Mails lists what came, in order.
func (s *Sink) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Commands lists every command of every connection, in order of arrival.
func (s *Sink) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands)
}

// Wait returns what came when there are at least n mails, or when ctx ends.
func (s *Sink) Wait(ctx context.Context, n int) []Mail {
	for {
		s.mu.Lock()
		mails, arrived := slices.Clone(s.mails), s.arrived
		s.mu.Unlock()
		if len(mails) >= n {
			return mails
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return mails
		}
	}
}

// sinkConn is one connection to a sink.
type sinkConn struct {
	sink  *Sink
	conn  net.Conn
	r     *bufio.Reader
	tls   bool
	hello string
	mail  Mail
	state string // "", "mail", "rcpt", "chunk": how far the transaction is
	taken int

	begun   int             // transactions
	named   int             // recipients of the one under way
	domains map[string]bool // of recipients
}

func (s *Sink) serve(conn net.Conn) {
	c := &sinkConn{sink: s, conn: conn, r: bufio.NewReader(conn)}
	if !c.say("220 mx.example.net ESMTP") {
		return
	}
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return
		}
		command, ok := strings.CutSuffix(line, "\r\n")
		if !ok || strings.ContainsAny(command, "\r\x00") {
			s.t.Errorf("the client says %q", line)
			return
		}
		s.mu.Lock()
		s.commands = append(s.commands, command)
		s.mu.Unlock()
		if !c.obey(command) {
			return
		}
	}
}

func (c *sinkConn) say(lines ...string) bool {
	_, err := io.WriteString(c.conn, strings.Join(lines, "\r\n")+"\r\n")
	return err == nil
}

// obey does one command; false ends the connection.
func (c *sinkConn) obey(command string) bool {
	if c.sink.options.Vanish && c.taken > 0 {
		return false
	}
	verb, argument, _ := strings.Cut(command, " ")
	switch {
	case verb == "EHLO":
		c.hello = argument
		return c.say(c.offers()...)
	case verb == "STARTTLS":
		return c.say("220 go ahead") && c.startTLS()
	case verb == "RSET":
		c.state = ""
		return c.say("250 ok")
	case verb == "QUIT":
		c.say("221 bye")
		return false
	case verb == "DATA":
		return c.data()
	case verb == "BDAT":
		return c.chunk(argument)
	case verb == "MAIL" && c.state == "":
		if c.sink.options.PerConn > 0 && c.taken >= c.sink.options.PerConn {
			c.say("421 4.7.0 that is enough for one connection")
			return false
		}
		c.mail = Mail{From: between(argument), TLS: c.tls, Hello: c.hello, Client: c.conn.RemoteAddr().(*net.TCPAddr).AddrPort()}
		c.state, c.named = "mail", 0
		if c.begun++; past(c.begun, c.sink.options.Limits.Mails) {
			c.sink.t.Errorf("transaction %d, past the limit", c.begun)
		}
		return c.say("250 2.1.0 ok")
	case verb == "RCPT" && (c.state == "mail" || c.state == "rcpt"):
		return c.rcpt(between(argument))
	}
	return c.say("503 5.5.1 bad sequence of commands")
}

func (c *sinkConn) offers() []string {
	lines := []string{"250-mx.example.net"}
	keywords := []string{"PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "CHUNKING", "STARTTLS", "REQUIRETLS"}
	if l := c.sink.options.Limits; l != (Limits{}) {
		keywords = append(keywords, l.String())
	}
	for _, keyword := range keywords {
		word, _, _ := strings.Cut(keyword, " ")
		if !slices.Contains(c.sink.options.Without, word) && !(word == "STARTTLS" && c.tls) && !(word == "REQUIRETLS" && !c.tls) {
			lines = append(lines, "250-"+keyword)
		}
	}
	return append(lines, "250 ENHANCEDSTATUSCODES")
}

func (c *sinkConn) startTLS() bool {
	conn := tls.Server(c.conn, c.sink.tls)
	if err := conn.Handshake(); err != nil {
		if !c.sink.options.Distrusted {
			c.sink.t.Errorf("TLS handshake: %v", err)
		}
		return false
	}
	c.conn, c.r, c.tls, c.state = conn, bufio.NewReader(conn), true, ""
	return true
}

// past reports whether a count is past a limit; 0 is none.
func past(n, limit int) bool { return limit > 0 && n > limit }

func (c *sinkConn) rcpt(to string) bool {
	c.named++
	if c.domains == nil {
		c.domains = map[string]bool{}
	}
	c.domains[to[strings.LastIndexByte(to, '@')+1:]] = true
	if l := c.sink.options.Limits; past(c.named, l.Recipients) || past(len(c.domains), l.Domains) {
		c.sink.t.Errorf("recipient %d, of %d domains in the session, past the limits", c.named, len(c.domains))
	}
	c.sink.mu.Lock()
	answer, refused := c.sink.options.Refuse[to]
	if !refused {
		if answer, refused = c.sink.options.Once[to]; refused {
			delete(c.sink.options.Once, to)
		}
	}
	c.sink.mu.Unlock()
	if refused {
		return c.say(answer)
	}
	c.mail.To, c.mail.All, c.state = to, append(c.mail.All, to), "rcpt"
	return c.say("250 2.1.5 ok")
}

// between is what stands between the first < and the last >.
func between(s string) string {
	from, to := strings.IndexByte(s, '<'), strings.LastIndexByte(s, '>')
	if from < 0 || to < from {
		return ""
	}
	return s[from+1 : to]
}
