package smtpd

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"time"
)

// What readLine says besides errors of the network.
var (
	errLongLine = errors.New("command line too long")
	errLineEnd  = errors.New("command line does not end in CRLF")
	errDraining = errors.New("shutting down")
)

// readLine reads one command line without its CRLF. The replies so far go out
// before it waits (RFC 2920 §3.2).
func (s *session) readLine() (string, error) {
	if buffered, _ := s.r.Peek(s.r.Buffered()); bytes.IndexByte(buffered, '\n') < 0 {
		if err := s.w.Flush(); err != nil {
			return "", err
		}
	}
	if !s.await() {
		return "", errDraining
	}
	line, err := s.r.ReadSlice('\n')
	s.mu.Lock()
	s.waiting = false
	drained := s.draining
	s.mu.Unlock()
	switch {
	case errors.Is(err, bufio.ErrBufferFull) || len(line) > maxCommand:
		return "", errLongLine
	case err != nil && drained:
		return "", errDraining
	case err != nil:
		return "", err
	case !bytes.HasSuffix(line, crlf):
		return "", errLineEnd
	}
	return string(line[:len(line)-len(crlf)]), nil
}

// await begins to wait for a command; false when the server is shutting down.
func (s *session) await() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	s.waiting = true
	_ = s.conn.SetReadDeadline(s.within(s.server.o.Limits.Command))
	return true
}

// within is the instant after d, or the end of the session if that is earlier.
func (s *session) within(d time.Duration) time.Time {
	if at := time.Now().Add(d); at.Before(s.endsAt) {
		return at
	}
	return s.endsAt
}

// drain ends the session at the next point where nothing is under way.
func (s *session) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	if s.waiting {
		_ = s.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// cut ends the session now.
func (s *session) cut() { _ = s.raw.Close() }

// failed says good-bye after reading went wrong.
func (s *session) failed(err error) {
	var timeout net.Error
	switch {
	case errors.Is(err, errDraining):
		s.end(replyShutdown)
	case errors.Is(err, errLongLine):
		s.end(replyLong)
	case errors.Is(err, errLineEnd):
		s.end(replyLineEnd)
	case errors.As(err, &timeout) && timeout.Timeout():
		s.end(replyTimeout)
	default: // the client went away
		s.closing = true
	}
}
