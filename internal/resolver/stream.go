package resolver

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"

	"github.com/miekg/dns"
)

// stream is a TCP connection to one server on which several queries may be
// outstanding, to be answered in any order (RFC 7766 §6.2.1.1).
type stream struct {
	conn net.Conn
	done chan struct{} // closed when reading has ended, after err is set
	err  error

	mu      sync.Mutex
	waiting map[uint16]waiting
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

func openStream(ctx context.Context, dial Dial, address string) (*stream, error) {
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	s := &stream{conn: conn, done: make(chan struct{}), waiting: map[uint16]waiting{}}
	go s.read()
	return s, nil
}

// close ends the connection and with it the reading.
func (s *stream) close() { _ = s.conn.Close() }

// read hands out answers until the connection ends.
func (s *stream) read() {
	defer close(s.done)
	defer s.close()
	for {
		var length [2]byte
		if _, s.err = io.ReadFull(s.conn, length[:]); s.err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, s.err = io.ReadFull(s.conn, body); s.err != nil {
			return
		}
		reply := new(dns.Msg)
		if s.err = reply.Unpack(body); s.err != nil {
			return
		}
		s.mu.Lock()
		w, ok := s.waiting[reply.Id]
		ok = ok && matches(reply, w.m, false)
		if ok {
			delete(s.waiting, reply.Id)
		}
		s.mu.Unlock()
		if ok {
			w.answer <- arrived{reply, len(body)}
		}
	}
}

// exchange sends m, whose ID it may change, and waits for its answer.
func (s *stream) exchange(ctx context.Context, m *dns.Msg) (*dns.Msg, int, error) {
	answer := make(chan arrived, 1)
	if err := s.send(ctx, m, answer); err != nil {
		return nil, 0, err
	}
	defer s.forget(m.Id)
	select {
	case a := <-answer:
		return a.reply, a.size, nil
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	case <-s.done:
	}
	select {
	case a := <-answer: // it was the last thing read
		return a.reply, a.size, nil
	default:
		return nil, 0, s.err
	}
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
	deadline, _ := ctx.Deadline()
	_ = s.conn.SetWriteDeadline(deadline)                                                    // shows in the write
	framed := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(wire)), uint16(len(wire))) // #nosec G115 -- a packed message is no longer
	if _, err := s.conn.Write(append(framed, wire...)); err != nil {
		s.close() // half a message may be out
		return err
	}
	s.waiting[m.Id] = waiting{m, answer}
	return nil
}

func (s *stream) forget(id uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, id)
}
