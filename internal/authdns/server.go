package authdns

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/myodai/myodai"
)

// Source is where the zone comes from.
type Source interface {
	// ZoneSerial is a number that is another one after every change of the records.
	ZoneSerial(ctx context.Context) (uint32, error)
	// Records is the whole zone, SOA and NS included.
	Records(ctx context.Context) ([]myodai.Record, error)
}

// Options are what a Server is made of.
type Options struct {
	Zone         myodai.Name   // the zone we serve
	Source       Source        // nil: only Load changes the zone
	Interval     time.Duration // between looks at Source; 0 means a second
	SnapshotFile string        // where the zone is kept; "" for nowhere

	Rate        int // UDP answers per second and client network (/24, /56); 0 means 200, negative no limit
	MaxTCP      int // connections at one time; 0 means 1000
	MaxTCPPerIP int // connections at one time from an IPv4 address or IPv6 /64; 0 means 20

	Log        *slog.Logger          // nil: nothing is logged
	Registerer prometheus.Registerer // nil: not registered
}

// Server answers for one zone, on any number of sockets.
type Server struct {
	o       Options
	log     *slog.Logger
	metrics *metrics
	limiter *limiter
	began   time.Time
	zone    atomic.Pointer[Zone]
	wake    chan struct{}

	loading sync.Mutex // held while the zone is exchanged
	unsaved *snapshot  // the zone being served, while the file does not have it

	sourceFaults, fileFaults, socketFaults sampler // what has been logged of each

	mu     sync.Mutex
	closed bool
	open   map[io.Closer]bool // sockets and connections being served
	perIP  map[netip.Prefix]int
	tcp    int // connections
	served sync.WaitGroup
}

// New makes a Server without a zone: it fails every question until Load, or
// until Run has found a snapshot or reached the source.
func New(o Options) *Server {
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	if o.Rate == 0 {
		o.Rate = 200
	}
	if o.MaxTCP <= 0 {
		o.MaxTCP = 1000
	}
	if o.MaxTCPPerIP <= 0 {
		o.MaxTCPPerIP = 20
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Server{
		o: o, log: log.With("room", "authdns"), metrics: newMetrics(o.Registerer), limiter: newLimiter(o.Rate),
		began: time.Now(), wake: make(chan struct{}, 1),
		open: map[io.Closer]bool{}, perIP: map[netip.Prefix]int{},
	}
}

// Load serves the records from now on, under the given serial number, and keeps
// them in the snapshot file. When they are no zone it returns an error, and
// what was served before still is. That the file could not be written is logged
// and tried again by Run; it is no reason not to answer.
func (s *Server) Load(records []myodai.Record, serial uint32) error {
	z, err := NewZone(s.o.Zone, records, serial)
	if err != nil {
		return fmt.Errorf("load zone %s, serial %d: %w", s.o.Zone, serial, err)
	}
	s.loading.Lock()
	defer s.loading.Unlock()
	s.serve(z)
	s.unsaved = &snapshot{Serial: serial, Records: records}
	s.save()
	return nil
}

// serve exchanges the zone; whoever is answering from the old one finishes so.
func (s *Server) serve(z *Zone) {
	s.zone.Store(z)
	s.metrics.serial.Set(float64(z.serial))
	s.metrics.records.Set(float64(z.records))
}

// Serial is the serial number being served; ok is false when there is no zone.
func (s *Server) Serial() (serial uint32, ok bool) {
	if z := s.zone.Load(); z != nil {
		return z.serial, true
	}
	return 0, false
}

// Shutdown closes all sockets, lets answers under way go out, and returns when
// all is still. When ctx ends first it returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	for c := range s.open {
		if conn, ok := c.(net.Conn); ok && !isPacket(c) {
			_ = conn.SetReadDeadline(time.Unix(1, 0)) // an idle client is not waited for
			continue
		}
		_ = c.Close() // a socket: it only stops listening
	}
	s.mu.Unlock()
	still := make(chan struct{})
	go func() { s.served.Wait(); close(still) }()
	select {
	case <-still:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// isPacket tells UDP sockets, which are connections too, from TCP connections.
func isPacket(c io.Closer) bool {
	_, ok := c.(net.PacketConn)
	return ok
}

// track notes that c is being served, until the returned function is called. It
// closes c and reports false after Shutdown.
func (s *Server) track(c io.Closer) (done func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close() // nobody is told
		return nil, false
	}
	s.open[c] = true
	s.served.Add(1)
	return func() {
		s.mu.Lock()
		delete(s.open, c)
		s.mu.Unlock()
		s.served.Done()
	}, true
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}
