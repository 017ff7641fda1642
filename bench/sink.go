package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// sink is the mail server at the end: it takes everything, and notes when which
// message came.
type sink struct {
	listener net.Listener
	address  string

	mu       sync.Mutex
	arrived  []time.Time // by number
	twice    int
	missing  int
	at       time.Time // of the last one
	complete chan struct{}
	kept     [][]byte
	gate     chan struct{} // closed when messages are answered again; nil while they are
}

func startSink() (*sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{listener: l, address: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return s, nil
}

func (s *sink) close() { _ = s.listener.Close() }

// expect begins a run of n messages.
func (s *sink) expect(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived, s.missing, s.twice, s.kept = make([]time.Time, n), n, 0, nil
	s.complete = make(chan struct{})
}

// hold answers no message from now on until release, which may be called when
// nothing is held.
func (s *sink) hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = make(chan struct{})
}

func (s *sink) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gate != nil {
		close(s.gate)
		s.gate = nil
	}
}

// wanted waits while messages are not answered.
func (s *sink) wanted() {
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	if gate != nil {
		<-gate
	}
}

// take notes one message.
func (s *sink) take(raw []byte) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := number(raw)
	switch {
	case n < 0 || n >= len(s.arrived):
		return
	case !s.arrived[n].IsZero():
		s.twice++
		return
	}
	if len(s.kept) < verified && n%max(1, len(s.arrived)/verified) == 0 {
		s.kept = append(s.kept, bytes.Clone(raw))
	}
	s.arrived[n], s.at = now, now
	if s.missing--; s.missing == 0 {
		close(s.complete)
	}
}

// number is the number of a message, -1 for none.
func number(raw []byte) int {
	_, rest, found := bytes.Cut(raw[:min(len(raw), 8<<10)], []byte("\r\n"+mark))
	if !found || len(rest) < 9 {
		return -1
	}
	n, err := strconv.Atoi(string(rest[:9]))
	if err != nil {
		return -1
	}
	return n
}

// wait until all have come, each once.
func (s *sink) wait(limit time.Duration) error {
	select {
	case <-s.complete:
	case <-time.After(limit):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.missing > 0 || s.twice > 0 {
		return fmt.Errorf("%d messages are missing, %d came twice", s.missing, s.twice)
	}
	return nil
}

func (s *sink) last() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *sink) times() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrived
}

func (s *sink) sample() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept
}

// serve speaks as much SMTP as a smarthost needs, and offers what most of them do.
func (s *sink) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	r, w := bufio.NewReaderSize(c, 128<<10), bufio.NewWriter(c)
	say := func(line string) { _, _ = w.WriteString(line + "\r\n") }
	say("220 sink.example ESMTP")
	var message []byte
	for {
		if r.Buffered() == 0 && w.Flush() != nil {
			return
		}
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		switch verb := string(bytes.ToUpper(line[:min(4, len(line))])); verb {
		case "EHLO":
			say("250-sink.example")
			say("250-8BITMIME")
			say("250-CHUNKING")
			say("250 PIPELINING")
		case "MAIL":
			message = message[:0]
			say("250 2.1.0 fine")
		case "DATA":
			say("354 go on")
			if w.Flush() != nil {
				return
			}
			if message, err = readMessage(r, message[:0]); err != nil {
				return
			}
			s.wanted()
			s.take(message)
			say("250 2.0.0 taken")
		case "BDAT":
			var last bool
			if message, last, err = readChunk(r, string(line), message); err != nil {
				return
			}
			if last {
				s.wanted()
				s.take(message)
			}
			say("250 2.0.0 taken")
		case "QUIT":
			say("221 bye")
			_ = w.Flush()
			return
		default:
			say("250 2.1.0 fine")
		}
	}
}

// readChunk appends the octets that a BDAT command announces; last tells that they
// end the message.
func readChunk(r *bufio.Reader, command string, to []byte) (message []byte, last bool, err error) {
	size, last := strings.CutSuffix(strings.TrimSuffix(command[len("BDAT"):], "\r\n"), " LAST")
	n, err := strconv.ParseUint(strings.TrimPrefix(size, " "), 10, 24)
	if err != nil {
		return nil, false, err
	}
	before := len(to)
	to = slices.Grow(to, int(n))[:before+int(n)]
	_, err = io.ReadFull(r, to[before:])
	return to, last, err
}

// readMessage appends a message up to its dot, dot-stuffing undone. Lines are taken
// as many as have come: what the sink uses of the processors, who is measured lacks.
func readMessage(r *bufio.Reader, to []byte) ([]byte, error) {
	for {
		lines, err := readLines(r)
		if err != nil {
			return nil, err
		}
		taken := 0
		for taken < len(lines) {
			if lines[taken] == '.' {
				if bytes.HasPrefix(lines[taken:], []byte(".\r\n")) {
					_, err := r.Discard(taken + 3)
					return to, err
				}
				taken++
			}
			end := len(lines)
			if next := bytes.Index(lines[taken:], []byte("\n.")); next >= 0 {
				end = taken + next + 1
			}
			to, taken = append(to, lines[taken:end]...), end
		}
		if _, err := r.Discard(taken); err != nil {
			return nil, err
		}
	}
}

// readLines waits for a line, and shows all that have come.
func readLines(r *bufio.Reader) ([]byte, error) {
	for want := 1; ; {
		if _, err := r.Peek(want); err != nil {
			return nil, io.ErrUnexpectedEOF
		}
		there, err := r.Peek(r.Buffered())
		if n := bytes.LastIndexByte(there, '\n') + 1; n > 0 || err != nil {
			return there[:n], err
		}
		want = len(there) + 1
	}
}
