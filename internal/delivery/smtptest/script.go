package smtptest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// Script is a server that plays a written dialogue.
//
// The lines of a dialogue are
//
//	S: 220 mx.example.net ESMTP    what the server says
//	C: EHLO out1.plat.example      what the client must say, to the letter
//	C: {message}                   a message up to its final dot, kept
//	C: {chunk N}                   N octets, kept as a message
//	S: {tls}                       a TLS handshake; {tls broken} answers with nonsense
//	S: {drop}                      closes the connection; {reset} does so with a TCP reset
//	S: {half-close}                sends FIN and keeps reading
//	S: {silence}                   says nothing until the client hangs up
//	S: {endless LINE}              says LINE until the client hangs up
//	S: {long N}                    says N octets without a line end
//	C: {closed}                    the client must hang up
//	connection                     what follows happens on the next connection
//	# anything                     a remark
//
// Other lines, such as "outcome:", belong to whoever wrote the script. \xNN and
// \t in server lines are octets. A connection more than was written down is an
// error, as is one less.
type Script struct {
	listener    *listener
	certificate tls.Certificate

	mu       sync.Mutex
	acts     [][]string
	next     int
	messages [][]byte
	problems []string
}

// Play starts a server for the given dialogue. The test fails unless the client
// keeps to it to the end.
func Play(t testing.TB, dialogue string) *Script {
	t.Helper()
	s := &Script{acts: acts(dialogue)}
	s.certificate, _ = Certificate(t, "mx.example.net")
	s.listener = listen(t, s.serve)
	t.Cleanup(func() {
		s.listener.finish()
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, p := range s.problems {
			t.Error(p)
		}
		if s.next < len(s.acts) {
			t.Errorf("%d of %d connections came", s.next, len(s.acts))
		}
	})
	return s
}

// acts splits a dialogue into connections.
func acts(dialogue string) [][]string {
	list := [][]string{nil}
	for line := range strings.Lines(dialogue) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "connection":
			list = append(list, nil)
		case strings.HasPrefix(line, "S: "), strings.HasPrefix(line, "C: "):
			list[len(list)-1] = append(list[len(list)-1], line)
		}
	}
	return list
}

// Addr is where the server listens.
func (s *Script) Addr() netip.AddrPort { return s.listener.addr() }

// Messages are those that came for {message}, dots undone, and for {chunk}.
func (s *Script) Messages() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.messages
}

func (s *Script) keep(msg []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, msg)
}

func (s *Script) problem(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

func (s *Script) serve(conn net.Conn) {
	s.mu.Lock()
	n := s.next
	s.next++
	s.mu.Unlock()
	if n >= len(s.acts) {
		s.problem("connection %d was not expected", n+1)
		return
	}
	p := &player{script: s, tcp: conn, conn: conn, r: bufio.NewReader(conn)}
	for i, line := range s.acts[n] {
		who, text := line[:3], line[3:]
		var err error
		if who == "C: " {
			err = p.expect(text)
		} else {
			err = p.say(text)
		}
		if err != nil {
			s.problem("connection %d, line %d, %q: %v", n+1, i+1, line, err)
			return
		}
	}
}

// player is one connection of a script.
type player struct {
	script *Script
	tcp    net.Conn
	conn   net.Conn // tcp, or TLS over it
	r      *bufio.Reader
}

func (p *player) expect(want string) error {
	switch want {
	case "{message}":
		msg, err := readMessage(p.r)
		if err != nil {
			return err
		}
		p.script.keep(msg)
		return nil
	case "{closed}":
		if rest, err := io.ReadAll(p.r); len(rest) > 0 {
			return fmt.Errorf("the client says %q (%v)", rest, err)
		}
		return nil
	}
	var size int
	if _, err := fmt.Sscanf(want, "{chunk %d}", &size); err == nil {
		msg, err := readChunk(p.r, size)
		p.script.keep(msg)
		return err
	}
	got, err := p.r.ReadString('\n')
	if err != nil {
		return fmt.Errorf("the client says %q (%w)", got, err)
	}
	if got != want+"\r\n" {
		return fmt.Errorf("the client says %q", got)
	}
	return nil
}

func (p *player) say(text string) error {
	act, argument, _ := strings.Cut(strings.Trim(text, "{}"), " ")
	if !strings.HasPrefix(text, "{") {
		act = ""
	}
	switch act {
	case "tls":
		return p.startTLS(argument == "broken")
	case "drop":
		return p.conn.Close()
	case "reset":
		if err := p.tcp.(*net.TCPConn).SetLinger(0); err != nil {
			return err
		}
		return p.tcp.Close()
	case "half-close":
		return p.tcp.(*net.TCPConn).CloseWrite()
	case "silence":
		_, _ = io.Copy(io.Discard, p.r) // however the client goes
		return nil
	case "endless":
		for {
			if _, err := io.WriteString(p.conn, unescape(argument)+"\r\n"); err != nil {
				return nil
			}
		}
	case "long":
		var n int
		if _, err := fmt.Sscan(argument, &n); err != nil {
			return err
		}
		_, _ = io.WriteString(p.conn, strings.Repeat("x", n)) // the client may well have had enough
		return nil
	}
	_, err := io.WriteString(p.conn, unescape(text)+"\r\n")
	return err
}

func (p *player) startTLS(broken bool) error {
	if broken {
		_, err := io.WriteString(p.conn, "this is not TLS\r\n")
		return err
	}
	conn := tls.Server(p.tcp, &tls.Config{Certificates: []tls.Certificate{p.script.certificate}, MinVersion: tls.VersionTLS12})
	if err := conn.Handshake(); err != nil {
		return err
	}
	p.conn, p.r = conn, bufio.NewReader(conn)
	return nil
}

// unescape undoes \xNN and \t.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		var c byte
		if _, err := fmt.Sscanf(s[i:min(len(s), i+4)], `\x%02x`, &c); err == nil {
			b.WriteByte(c)
			i += 3
			continue
		}
		if strings.HasPrefix(s[i:], `\t`) {
			b.WriteByte('\t')
			i++
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// readChunk reads a chunk of the given size.
func readChunk(r *bufio.Reader, size int) ([]byte, error) {
	chunk := make([]byte, size)
	n, err := io.ReadFull(r, chunk)
	return chunk[:n], err
}

// readMessage reads to CRLF.CRLF and undoes doubled dots. A line that does not
// end in CRLF is an error.
func readMessage(r *bufio.Reader) ([]byte, error) {
	var msg []byte
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return msg, err
		}
		if len(line) < 2 || line[len(line)-2] != '\r' || strings.Contains(string(line[:len(line)-2]), "\r") {
			return msg, fmt.Errorf("a line with a lone CR or LF: %q", line)
		}
		if string(line) == ".\r\n" {
			return msg, nil
		}
		if line[0] == '.' {
			line = line[1:]
		}
		msg = append(msg, line...)
	}
}
