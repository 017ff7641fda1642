package dnstest

import "time"

// T is what Start and StartSpace need of a test.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Zones are zones by their origin, such as "acme.example." or ".", each as the
// text of a zone file. $ORIGIN and $TTL 300 are implied, and so is an SOA record
// when the text has none.
type Zones map[string]string

// Server is one authoritative server: one address, one port, UDP and TCP.
type Server struct{}

// Start runs a server on a free port of 127.0.0.1 until the test ends.
func Start(t T, zones Zones) *Server { return &Server{} }

// Listen runs a server at addr, such as "127.0.0.1:0", until Close. It has no
// zones yet and refuses every question.
func Listen(addr string) (*Server, error) { return &Server{}, nil }

// Addr is the address and port the server listens at.
func (s *Server) Addr() string { return "" }

// Port is the port the server listens at.
func (s *Server) Port() uint16 { return 0 }

// Set replaces the zone at origin, or adds it. The error is one of the text, and
// leaves things as they were.
func (s *Server) Set(origin, text string) error { return nil }

// Remove takes the zone at origin away; the server then refuses questions about
// it, as a host does that was never told of the zone.
func (s *Server) Remove(origin string) {}

// Fault is a way to misbehave.
type Fault string

// Break makes the server misbehave for every question about a name at or below
// the given one; the longest match counts. Healthy mends it.
func (s *Server) Break(name string, f Fault) {}

// Delay holds back every answer about a name at or below the given one.
func (s *Server) Delay(name string, d time.Duration) {}

// Count is how often the name was asked for with the given type; "" stands for
// any name and any type.
func (s *Server) Count(name, qtype string) int { return 0 }

// Close stops the server.
func (s *Server) Close() error { return nil }
