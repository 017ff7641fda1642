package smtpd

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// session is one connection.
type session struct {
	server *Server
	raw    net.Conn // as accepted
	remote netip.Addr
	endsAt time.Time // whatever happens

	mu       sync.Mutex
	conn     net.Conn // raw, or TLS over it
	waiting  bool     // for a command; Shutdown may interrupt that
	draining bool

	r *bufio.Reader
	w *bufio.Writer

	secure  bool // the connection is encrypted
	hello   string
	login   *login       // nil before AUTH
	mail    *transaction // nil outside of one
	errors  int          // replies from 400 on
	junk    int          // commands since a message was accepted
	guessed int          // failed logins
	closing bool
}

// transaction is what is said between MAIL and DATA.
type transaction struct {
	from     myodai.Address // zero for the null sender, and at the submission face
	utf8     bool           // SMTPUTF8
	envelope Envelope

	chunked bool   // BDAT has begun: neither recipients nor DATA may follow
	chunks  []byte // of the message so far
	taken   int64  // of the server's memory
	failed  bool   // a piece was refused: none of the others is wanted
}

// newSession makes the session of a connection; it reads and writes nothing.
func newSession(s *Server, conn net.Conn, remote netip.Addr) *session {
	return &session{server: s, raw: conn, conn: conn, remote: remote, endsAt: time.Now().Add(s.o.Limits.Session)}
}

// run speaks with the client until one of both has enough.
func (s *session) run(ctx context.Context) {
	defer s.forget()
	if secured, ok := s.conn.(*tls.Conn); ok && !s.handshake(ctx, secured) {
		return
	}
	s.attach(s.conn)
	s.reply(reply{220, "", fmt.Sprintf("%s ESMTP", s.server.o.Hostname)})
	for !s.closing {
		line, err := s.readLine()
		if err != nil {
			s.failed(err)
			return
		}
		s.obey(ctx, line)
	}
}

// attach begins to speak over conn, forgetting what was read before (T32).
func (s *session) attach(conn net.Conn) {
	s.mu.Lock()
	s.conn = conn
	s.mu.Unlock()
	s.r, s.w = bufio.NewReader(conn), bufio.NewWriter(conn)
}

// handshake sets up TLS; false means that the connection is of no use any more.
func (s *session) handshake(ctx context.Context, conn *tls.Conn) bool {
	ctx, cancel := context.WithTimeout(ctx, greetTimeout)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return false
	}
	s.secure = true
	return true
}

// obey reads a command, carries it out, and counts.
func (s *session) obey(ctx context.Context, line string) {
	c, refused := parseCommand(line)
	if refused != nil {
		// What follows a BDAT we cannot read is content of unknown length.
		if *refused == replyForeign || *refused == replyControl || *refused == replyChunkSyntax {
			s.end(*refused)
			return
		}
		s.reply(*refused)
		return
	}
	if s.junk++; s.junk > maxJunk+s.server.o.Limits.MaxRecipients {
		s.end(replyJunk)
		return
	}
	switch c.verb {
	case verbHELO, verbEHLO:
		s.greet(c)
	case verbMAIL:
		s.begin(ctx, c)
	case verbRCPT:
		s.addRecipient(ctx, c)
	case verbDATA:
		s.data(ctx)
	case verbBDAT:
		s.bdat(ctx, c)
	case verbAUTH:
		s.auth(ctx, c)
	case verbSTARTTLS:
		s.startTLS(ctx)
	case verbRSET:
		s.forget()
		s.reply(replyDone)
	case verbNOOP:
		s.reply(replyDone)
	case verbVRFY:
		s.reply(replyVerify)
	case verbHELP:
		s.reply(replyHelp)
	case verbQUIT:
		s.end(replyBye)
	}
}

// greet answers HELO and EHLO, which also end a transaction (RFC 5321 §4.1.4).
func (s *session) greet(c command) {
	s.forget()
	s.hello = c.host
	lines := []string{string(s.server.o.Hostname)}
	if c.verb == verbEHLO {
		lines = append(lines, "PIPELINING", fmt.Sprintf("SIZE %d", s.server.o.Limits.MaxSize),
			fmt.Sprintf("LIMITS RCPTMAX=%d", s.server.o.Limits.MaxRecipients), // RFC 9422
			"8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING")
		if s.server.face == faceSubmission {
			lines = append(lines, "DSN")
			if s.secure {
				lines = append(lines, "REQUIRETLS")
			}
		}
		if s.server.o.TLS != nil && !s.secure {
			lines = append(lines, "STARTTLS")
		}
		if s.server.face == faceSubmission && s.secure && s.login == nil {
			lines = append(lines, "AUTH PLAIN LOGIN")
		}
	}
	s.allowWrite()
	for i, line := range lines {
		dash := "-"
		if i == len(lines)-1 {
			dash = " "
		}
		_, _ = s.w.WriteString("250" + dash + line + "\r\n") // an error shows when reading
	}
}

// startTLS turns encryption on. Whatever the client said before, pipelined
// commands included, might have been said by somebody in between (T32,
// RFC 3207 §4.2).
func (s *session) startTLS(ctx context.Context) {
	switch {
	case s.server.o.TLS == nil:
		s.reply(replyOff)
		return
	case s.secure:
		s.reply(replySequence)
		return
	}
	s.reply(replyTLS)
	if s.w.Flush() != nil {
		s.closing = true
		return
	}
	conn := tls.Server(s.raw, s.server.o.TLS)
	_ = s.raw.SetDeadline(time.Time{})
	s.attach(conn)
	s.forget()
	s.hello, s.login = "", nil
	if !s.handshake(ctx, conn) {
		s.closing = true
	}
}

// reply answers one command. Errors are counted; one too many ends the session.
func (s *session) reply(r reply) {
	if r.code >= 400 {
		if s.errors++; s.errors > maxErrors {
			s.end(replyErrors)
			return
		}
	}
	s.allowWrite()
	_, _ = s.w.WriteString(r.line()) // an error shows when reading
}

// allowWrite gives the client time to take what is written next.
func (s *session) allowWrite() { _ = s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)) }

// end gives a last reply; the connection is closed after it.
func (s *session) end(r reply) {
	s.closing = true
	if s.w == nil {
		return
	}
	s.allowWrite()
	_, _ = s.w.WriteString(r.line())
}

// close lets the client read the last reply and closes the connection. Closing
// at once would take the reply back when the client is still sending.
func (s *session) close() {
	defer func() { _ = s.raw.Close() }()
	if s.w == nil || s.w.Flush() != nil {
		return
	}
	_ = s.raw.SetDeadline(time.Now().Add(lingerTime))
	if secured, ok := s.conn.(*tls.Conn); ok {
		_ = secured.CloseWrite() // says good-bye, and leaves the connection open
	}
	if half, ok := s.raw.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, s.raw, 1<<20)
	}
}
