package track

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/myodai/myodai"
)

// Store is what becomes of visits and wishes.
type Store interface {
	// SuspendedTenants lists the tenants that may not use the platform.
	SuspendedTenants(ctx context.Context) ([]myodai.TenantID, error)
	// Delivered says when the copies were delivered, or accepted.
	Delivered(ctx context.Context, copies []myodai.Copy) (map[myodai.Copy]time.Time, error)
	// RecordVisits writes those visits that are not there yet and whose message
	// is, fills in First, and writes what tell makes of each in the same
	// transaction.
	RecordVisits(ctx context.Context, list []myodai.Visit, tell func(myodai.Visit) []myodai.Event) error
	// Unsubscribe does what a recipient wishes, and writes the events that tell
	// makes in the same transaction, if anything changed. tell is given the wish
	// with all that its delivery says of it.
	Unsubscribe(ctx context.Context, u myodai.Unsubscription, suppression myodai.SuppressionID,
		tell func(u myodai.Unsubscription, recipient myodai.Address) []myodai.Event) error
}

// Options are what a Server is made of. Store, Random, Key, Host, Dir and Log
// are needed.
type Options struct {
	Store  Store
	Random io.Reader   // of ids; must not fail
	Key    [32]byte    // links are sealed under it; used for nothing else
	Host   myodai.Name // the platform's own tracking host (B6)
	Dir    string      // where visits wait for the store
	Log    *slog.Logger

	Hosts Hosts // the tenants' own; nil for none
	// Plain reports whether links to a host are to begin with http, because there
	// is no certificate for it that browsers take; nil for never. Where people
	// unsubscribe is always https, as RFC 8058 §3.1 wants it.
	Plain func(myodai.Name) bool
	// Certificate is asked for each connection over TLS; nil serves none.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Challenge answers below /.well-known/acme-challenge/, at any host; nil for
	// nobody.
	Challenge  http.Handler
	Registerer prometheus.Registerer // nil: not registered
	MaxSpool   int64                 // octets of visits that wait; 0 means DefaultMaxSpool
	Settle     time.Duration         // how old visits are before they are judged; 0 means six seconds
}

// DefaultMaxSpool is room for some two million visits.
const DefaultMaxSpool = 1 << 30

// Server answers at tracking hosts, and makes the links that lead there. It is
// safe for concurrent use.
type Server struct {
	o      Options
	log    *slog.Logger
	sealer *sealer
	hosts  *directory
	visits *spool
	wishes *spool
	recent []seen        // judged lately, for those that come after; Run's own
	wake   chan struct{} // somebody wished something; has room for one
	front  *front
	tls    *tls.Config

	metrics metrics
}

// New makes a Server and opens what waits in Dir. Close gives it back.
func New(o Options) (*Server, error) {
	if o.MaxSpool == 0 {
		o.MaxSpool = DefaultMaxSpool
	}
	if o.Settle == 0 {
		o.Settle = together + time.Second
	}
	if o.Plain == nil {
		o.Plain = func(myodai.Name) bool { return false }
	}
	s := &Server{o: o, log: o.Log.With("room", "track"), hosts: newDirectory(o.Host), wake: make(chan struct{}, 1)}
	var err error
	if s.sealer, err = newSealer(o.Key); err != nil {
		return nil, err
	}
	if s.visits, err = openSpool(filepath.Join(o.Dir, "visits"), o.MaxSpool, patience); err != nil {
		return nil, err
	}
	if s.wishes, err = openSpool(filepath.Join(o.Dir, "unsubscriptions"), o.MaxSpool, wishTime); err != nil {
		return nil, errors.Join(err, s.visits.close())
	}
	s.metrics = newMetrics(o.Registerer, s.visits)
	s.front = newFront(s.reply, &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headTime,
		ReadTimeout:       answerTime,
		WriteTimeout:      answerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // strangers cause them
	}, s.log)
	s.tls = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: o.Certificate, NextProtos: []string{"h2", "http/1.1"}}
	return s, nil
}

// Serve answers HTTP until Shutdown; it returns nil then, and an error when the
// listener fails.
func (s *Server) Serve(l net.Listener) error { return s.front.serve(l) }

// ServeTLS answers HTTPS until Shutdown.
func (s *Server) ServeTLS(l net.Listener) error {
	return s.Serve(tls.NewListener(l, s.tls))
}

// Shutdown stops listening and waits for requests under way. When ctx ends first
// it cuts them off.
func (s *Server) Shutdown(ctx context.Context) error {
	return errors.Join(s.front.shutdown(ctx), s.Close())
}

// Close makes durable what waits to be. It is for servers that have not served,
// or have ended.
func (s *Server) Close() error {
	return errors.Join(s.visits.close(), s.wishes.close())
}

// Run keeps what is known of hosts up to date and brings visits into the store,
// until ctx ends. What is left is brought there after the next start.
func (s *Server) Run(ctx context.Context) error {
	s.refresh(ctx)
	var working sync.WaitGroup
	for _, work := range []struct {
		do    func(context.Context)
		every time.Duration
		wake  <-chan struct{}
	}{{s.refresh, refreshEvery, nil}, {s.drainWishes, time.Second, s.wake}, {s.drainVisits, time.Second, nil}} {
		working.Go(func() {
			tick := time.NewTicker(work.every)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-work.wake:
				case <-tick.C:
				}
				work.do(ctx)
			}
		})
	}
	working.Wait()
	return nil
}

// refresh looks up hosts and tenants. What was known stays true while the store
// does not answer.
func (s *Server) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, refreshEvery)
	defer cancel()
	suspended, err := s.o.Store.SuspendedTenants(ctx)
	var list []Host
	if err == nil && s.o.Hosts != nil {
		list, err = s.o.Hosts.TrackingHosts(ctx)
	}
	if err != nil {
		s.fault(ctx, fmt.Errorf("look up tracking hosts: %w", err))
		return
	}
	s.hosts.set(list, suspended)
}

// fault tells the operator, unless we are just ending.
func (s *Server) fault(ctx context.Context, err error) {
	if !errors.Is(ctx.Err(), context.Canceled) {
		s.log.ErrorContext(ctx, "tracking", "err", err)
	}
}

// base is how URLs at a host begin.
func (s *Server) base(host myodai.Name) string {
	if s.o.Plain(host) {
		return "http://" + string(host)
	}
	return "https://" + string(host)
}
