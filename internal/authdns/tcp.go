package authdns

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/myodai/myodai"
)

const (
	// idleTCP is how long a client may take for a question, from its first octet
	// or from the last answer on (T50). Resolvers that mean to ask do so at once.
	idleTCP = 2 * time.Second
	// lifeTCP bounds a connection whose client never stops asking.
	lifeTCP = 30 * time.Second
	// maxQuestion is the largest message read: a question is a name and a few
	// options.
	maxQuestion = 4 << 10
)

// ServeTCP accepts connections on l until Shutdown, which closes it; it returns
// nil then, and an error when l fails otherwise.
func (s *Server) ServeTCP(l net.Listener) error {
	done, ok := s.track(l)
	if !ok {
		return nil
	}
	defer done()
	for {
		conn, err := l.Accept()
		switch {
		case s.isClosed():
			if err == nil {
				_ = conn.Close() // it came too late
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // too many open files, a client that has gone
			s.fault(&s.socketFaults, "accept over TCP", "err", err)
			time.Sleep(10 * time.Millisecond)
			continue
		}
		ip := holder(address(conn.RemoteAddr()).Addr())
		if !s.admit(ip) {
			s.metrics.drop(dropConnections)
			_ = conn.Close() // the client sees that
			continue
		}
		done, ok := s.track(conn)
		if !ok {
			s.release(ip)
			return nil
		}
		go func() {
			defer done()
			defer s.release(ip)
			s.converse(conn)
		}()
	}
}

// admit counts a connection, unless there are too many.
func (s *Server) admit(ip netip.Prefix) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tcp >= s.o.MaxTCP || s.perIP[ip] >= s.o.MaxTCPPerIP {
		return false
	}
	s.tcp++
	s.perIP[ip]++
	s.metrics.connections.Set(float64(s.tcp))
	return true
}

func (s *Server) release(ip netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tcp--
	if s.perIP[ip]--; s.perIP[ip] == 0 {
		delete(s.perIP, ip)
	}
	s.metrics.connections.Set(float64(s.tcp))
}

// holder is whom a TCP client's address stands for: it cannot be forged, but of
// IPv6 addresses everybody has a /64.
func holder(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// converse answers the questions on one connection, in order (RFC 7766 §6.2.1.1).
func (s *Server) converse(conn net.Conn) {
	defer conn.Close()
	end := time.Now().Add(lifeTCP)
	buf := make([]byte, 2, 2+maxQuestion)
	for !s.isClosed() {
		deadline := time.Now().Add(idleTCP)
		if deadline.After(end) {
			deadline = end
		}
		if conn.SetDeadline(deadline) != nil {
			return
		}
		if s.isClosed() { // Shutdown's deadline may have been overwritten
			return
		}
		if _, err := io.ReadFull(conn, buf[:2]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(buf))
		if n > maxQuestion {
			return
		}
		packet := buf[2 : 2+n]
		if _, err := io.ReadFull(conn, packet); err != nil {
			return
		}
		response := s.answer(packet, myodai.TransportTCP, false)
		if response == nil {
			return // what gets no answer is no client
		}
		// Length and message in one write, or some clients see half (RFC 7766 §8).
		framed := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(response)), uint16(len(response))) // #nosec G115 -- Respond makes none longer
		if _, err := conn.Write(append(framed, response...)); err != nil {
			return
		}
	}
}
