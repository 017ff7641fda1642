package dnstest

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// T is what Start and StartSpace need of a test.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Zones are zones by their origin, such as "acme.example." or ".", each as the
// text of a zone file. $ORIGIN and $TTL 300 are implied, and so is an SOA record
// when the text has none. Indentation that all lines share does not count.
type Zones map[string]string

// Server is one authoritative server: one address, one port, UDP and TCP. It is
// safe for concurrent use.
type Server struct {
	addr     *net.TCPAddr
	udp, tcp *dns.Server
	zones    atomic.Pointer[map[string]*zone]
	habits   atomic.Pointer[habits]
	closed   chan struct{}

	mu    sync.Mutex // held while zones, habits or counts change
	count map[asked]int
}

// asked is a question by what is counted of it.
type asked struct{ name, qtype string }

// Start runs a server on a free port of 127.0.0.1 until the test ends.
func Start(t T, zones Zones) *Server {
	t.Helper()
	space := StartSpace(t, map[string]Zones{"127.0.0.1": zones})
	return space.Servers["127.0.0.1"]
}

// Listen runs a server at addr, such as "127.0.0.1:0", until Close. It has no
// zones yet and refuses every question.
func Listen(addr string) (*Server, error) {
	s := &Server{closed: make(chan struct{}), count: map[asked]int{}}
	s.zones.Store(&map[string]*zone{})
	s.habits.Store(&habits{})
	var tcp net.Listener
	var udp net.PacketConn
	var err error
	// A port that is free for TCP may be taken for UDP; with port 0 another one
	// will do.
	for range 20 {
		if tcp, err = net.Listen("tcp", addr); err != nil {
			return nil, err
		}
		if udp, err = net.ListenPacket("udp", tcp.Addr().String()); err == nil {
			break
		}
		_ = tcp.Close()
	}
	if err != nil {
		return nil, err
	}
	s.addr = tcp.Addr().(*net.TCPAddr)
	s.udp = &dns.Server{PacketConn: udp, Handler: s, UDPSize: dns.MaxMsgSize}
	s.tcp = &dns.Server{Listener: tcp, Handler: s, MaxTCPQueries: -1}
	var started sync.WaitGroup
	for _, server := range []*dns.Server{s.udp, s.tcp} {
		started.Add(1)
		server.NotifyStartedFunc = started.Done
		// It ends with Close; a listener that fails shows as a server that is silent.
		go func() { _ = server.ActivateAndServe() }()
	}
	started.Wait()
	return s, nil
}

// Addr is the address and port the server listens at.
func (s *Server) Addr() string { return s.addr.String() }

// Port is the port the server listens at.
func (s *Server) Port() uint16 { return s.addr.AddrPort().Port() }

// Close stops the server.
func (s *Server) Close() error {
	close(s.closed)
	return errors.Join(s.udp.Shutdown(), s.tcp.Shutdown())
}

// Set replaces the zone at origin, or adds it. The error is one of the text, and
// leaves things as they were.
func (s *Server) Set(origin, text string) error {
	z, err := readZone(origin, text)
	if err != nil {
		return fmt.Errorf("read zone: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	zones := maps.Clone(*s.zones.Load())
	zones[z.apex] = z
	s.zones.Store(&zones)
	return nil
}

// Remove takes the zone at origin away; the server then refuses questions about
// it, as a host does that was never told of the zone.
func (s *Server) Remove(origin string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	zones := maps.Clone(*s.zones.Load())
	delete(zones, canonical(origin))
	s.zones.Store(&zones)
}

// Break makes the server misbehave for every question about a name at or below
// the given one; the longest match counts. Healthy mends it.
func (s *Server) Break(name string, f Fault) {
	s.change(func(h *habits) { h.faults[canonical(name)] = f })
}

// Delay holds back every answer about a name at or below the given one; the
// longest match counts.
func (s *Server) Delay(name string, d time.Duration) {
	s.change(func(h *habits) { h.delays[canonical(name)] = d })
}

func (s *Server) change(change func(*habits)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.habits.Load()
	h := habits{faults: map[string]Fault{}, delays: map[string]time.Duration{}}
	maps.Copy(h.faults, old.faults)
	maps.Copy(h.delays, old.delays)
	change(&h)
	s.habits.Store(&h)
}

// Count is how often the name was asked for with the given type; "" stands for
// any name and any type.
func (s *Server) Count(name, qtype string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := 0
	for q, n := range s.count {
		if (name == "" || q.name == canonical(name)) && (qtype == "" || q.qtype == qtype) {
			total += n
		}
	}
	return total
}

// ServeDNS answers one question; it is called by package dns.
func (s *Server) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	if len(query.Question) != 1 || query.Question[0].Qclass != dns.ClassINET {
		return
	}
	q := query.Question[0]
	name := canonical(q.Name)
	s.mu.Lock()
	s.count[asked{name, dns.TypeToString[q.Qtype]}]++
	s.mu.Unlock()

	h := s.habits.Load()
	if delay := of(h.delays, name); delay > 0 {
		select {
		case <-time.After(delay):
		case <-s.closed:
			return
		}
	}
	reply := new(dns.Msg).SetReply(query)
	reply.RecursionAvailable = false
	if edns := query.IsEdns0(); edns != nil {
		reply.SetEdns0(1232, edns.Do())
	}
	answer(*s.zones.Load(), reply)
	of(h.faults, name).respond(w, query, reply)
}
