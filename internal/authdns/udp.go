package authdns

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/myodai/myodai"
)

// ServeUDP answers on conn until Shutdown, which closes it; it returns nil then.
// A host with several addresses needs a socket for each, or answers may leave
// from another address than was asked.
//
// The goroutines are as many as processors and answer one packet at a time.
// Answering needs nothing but memory, so more would only wait.
func (s *Server) ServeUDP(conn net.PacketConn) error {
	done, ok := s.track(conn)
	if !ok {
		return nil
	}
	defer done()
	errs := make(chan error, runtime.GOMAXPROCS(0))
	var readers sync.WaitGroup
	for range cap(errs) {
		readers.Go(func() { errs <- s.readUDP(conn) })
	}
	readers.Wait()
	if s.isClosed() {
		return nil
	}
	return <-errs
}

// readUDP ends when conn is closed.
func (s *Server) readUDP(conn net.PacketConn) error {
	// No question is larger than what we say we take.
	buf := make([]byte, maxUDP)
	for {
		n, from, err := conn.ReadFrom(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			s.fault(&s.socketFaults, "read from UDP", "err", err)
			time.Sleep(10 * time.Millisecond) // in case it fails at once again
			continue
		}
		if response := s.answerUDP(buf[:n], address(from)); response != nil {
			if _, err := conn.WriteTo(response, from); err != nil && !errors.Is(err, net.ErrClosed) {
				s.fault(&s.socketFaults, "write to UDP", "err", err)
			}
		}
	}
}

// answerUDP is the response to one packet, nil for none.
func (s *Server) answerUDP(packet []byte, from netip.AddrPort) []byte {
	// Nobody asks from port 0, and an answer to it comes back as an error.
	if from.Port() == 0 {
		s.metrics.drop(dropMalformed)
		return nil
	}
	switch s.limiter.judge(from.Addr(), time.Since(s.began)) {
	case verdictDrop:
		s.metrics.asked(myodai.TransportUDP)
		s.metrics.drop(dropLimited)
		return nil
	case verdictCut:
		s.metrics.drop(dropCut)
		return s.answer(packet, myodai.TransportUDP, true)
	}
	return s.answer(packet, myodai.TransportUDP, false)
}

// answer counts a packet and answers it. A panic costs that packet its answer.
func (s *Server) answer(packet []byte, via myodai.Transport, cut bool) (response []byte) {
	defer func() {
		if p := recover(); p != nil {
			s.metrics.drop(dropFault)
			s.fault(&s.socketFaults, "panic while answering", "panic", p, "stack", string(debug.Stack()))
			response = nil
		}
	}()
	s.metrics.asked(via)
	response, rcode := respond(s.zone.Load(), packet, via, cut)
	if response == nil {
		s.metrics.drop(dropMalformed)
		return nil
	}
	s.metrics.answered(rcode)
	return response
}

// address is the client's address and port; zero when it has none.
func address(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		return a.AddrPort()
	case *net.TCPAddr:
		return a.AddrPort()
	}
	return netip.AddrPort{}
}
