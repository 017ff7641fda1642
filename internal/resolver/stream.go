package resolver

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// A connection is kept for a while because opening one costs both sides more
// than many queries (RFC 7766 §6.2.1), and not for long because the server has
// better uses for it (§6.2.3) and may be another one behind the same address.
const (
	streamIdle = 5 * time.Second
	streamAge  = time.Minute
)

// maxQueued is for how many times the timeout a query waits for a server that
// keeps answering others before it.
const maxQueued = 5

// stream is a TCP connection to one server on which several queries may be
// outstanding, to be answered in any order (RFC 7766 §6.2.1.1).
type stream struct {
	conn     net.Conn
	timeout  time.Duration
	openedAt time.Time
	done     chan struct{} // closed when reading has ended, after err is set
	err      error

	mu      sync.Mutex
	waiting map[uint16]waiting
	heard   time.Time // when an answer came last
	retired bool      // takes no more queries
}

// waiting is a query without an answer.
type waiting struct {
	m      *dns.Msg
	answer chan<- arrived // takes one without blocking
}

// arrived is an answer and its size in octets.
type arrived struct {
	reply *dns.Msg
	size  int
}

// openStream connects within the timeout, which is that of every query as well.
// Nothing is answered until somebody reads.
func openStream(ctx context.Context, dial Dial, address string, timeout time.Duration) (*stream, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	s := &stream{
		conn: conn, timeout: timeout, openedAt: time.Now(),
		done: make(chan struct{}), waiting: map[uint16]waiting{},
	}
	s.idle()
	return s, nil
}

// close ends the connection and with it the reading.
func (s *stream) close() { _ = s.conn.Close() }

// idle lets the connection end when nothing is asked for a while; s.mu is held.
func (s *stream) idle() {
	_ = s.conn.SetReadDeadline(time.Now().Add(streamIdle)) // shows in the read
	if s.retired {
		s.close()
	}
}

// retire lets the connection end as soon as nothing is outstanding on it.
func (s *stream) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.retired = true; len(s.waiting) == 0 {
		s.close()
	}
}

// usable reports whether the stream takes another query.
func (s *stream) usable() bool {
	select {
	case <-s.done:
		return false
	default:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.retired && time.Since(s.openedAt) < streamAge
}

// read hands out answers until the connection ends.
func (s *stream) read() {
	defer close(s.done)
	defer s.close()
	in := bufio.NewReader(s.conn)
	var body []byte
	for {
		var length [2]byte
		if _, s.err = io.ReadFull(in, length[:]); s.err != nil {
			return
		}
		size := int(binary.BigEndian.Uint16(length[:]))
		if size > len(body) {
			body = make([]byte, size)
		}
		if _, s.err = io.ReadFull(in, body[:size]); s.err != nil {
			return
		}
		reply := new(dns.Msg)
		if s.err = reply.Unpack(body[:size]); s.err != nil {
			return
		}
		s.hand(reply, size)
	}
}

// hand gives an answer to the query that waits for it, if there is one.
func (s *stream) hand(reply *dns.Msg, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := s.waiting[reply.Id]; ok && matches(reply, w.m, false) {
		s.heard = time.Now()
		s.settle(reply.Id)
		w.answer <- arrived{reply, size}
	}
}

// exchange sends m, whose ID it may change, and waits for its answer. The time
// counts from when m was written, and anew when the server answers a query that
// came before it: one that takes them in turn is slow, not silent.
func (s *stream) exchange(ctx context.Context, m *dns.Msg) (*dns.Msg, int, error) {
	answer := make(chan arrived, 1)
	if err := s.send(ctx, m, answer); err != nil {
		return nil, 0, err
	}
	defer s.forget(m)
	written := time.Now()
	limit := time.NewTimer(s.timeout)
	defer limit.Stop()
	for {
		select {
		case a := <-answer:
			return a.reply, a.size, nil
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		case <-limit.C:
			left := time.Until(s.givesUp(written))
			if left <= 0 {
				s.retire()
				return nil, 0, os.ErrDeadlineExceeded
			}
			limit.Reset(left)
		case <-s.done:
			select {
			case a := <-answer: // it was the last thing read
				return a.reply, a.size, nil
			default:
				return nil, 0, s.err
			}
		}
	}
}

// givesUp is until when a query written at the given time is waited for.
func (s *stream) givesUp(written time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, last := written.Add(s.timeout), written.Add(maxQueued*s.timeout)
	if again := s.heard.Add(s.timeout); again.After(at) {
		at = again
	}
	if at.After(last) {
		return last
	}
	return at
}

func (s *stream) send(ctx context.Context, m *dns.Msg, answer chan<- arrived) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.waiting[m.Id].m != nil {
		m.Id = randomID()
	}
	wire, err := m.Pack()
	if err != nil {
		return err
	}
	until := time.Now().Add(s.timeout)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(until) {
		until = deadline
	}
	_ = s.conn.SetWriteDeadline(until)      // shows in the write
	_ = s.conn.SetReadDeadline(time.Time{}) // every query has its own limit
	s.waiting[m.Id] = waiting{m, answer}
	framed := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(wire)), uint16(len(wire))) // #nosec G115 -- a packed message is no longer
	if _, err := s.conn.Write(append(framed, wire...)); err != nil {
		delete(s.waiting, m.Id)
		s.close() // half a message may be out
		return err
	}
	return nil
}

// forget gives up waiting for an answer to m, unless it has come. Its ID may be
// another query's by then.
func (s *stream) forget(m *dns.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting[m.Id].m == m {
		s.settle(m.Id)
	}
}

// settle takes a query off the list of those that wait; s.mu is held.
func (s *stream) settle(id uint16) {
	if delete(s.waiting, id); len(s.waiting) == 0 {
		s.idle()
	}
}
