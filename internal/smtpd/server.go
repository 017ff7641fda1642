package smtpd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/myodai/myodai"
	"github.com/prometheus/client_golang/prometheus"
)

// Incoming is a message as it arrived at the MX face.
type Incoming struct {
	From       myodai.Address   // MAIL FROM; zero for the null sender
	Recipients []myodai.Address // as accepted at RCPT TO; at least one, none twice
	Hello      string           // what the client called itself
	Remote     netip.Addr       // where it connected from
	TLS        bool             // whether the connection was encrypted
	Raw        []byte           // CRLF line ends, dot-stuffing undone, nothing added
}

// Envelope is what was said at the submission face beside the message.
type Envelope struct {
	Recipients []myodai.Address // at least one, none twice
	Terms      myodai.Terms     // asked for all of them
	// Each is what was asked for single recipients: Notify and Original. It may be
	// nil.
	Each map[myodai.Address]myodai.Terms
}

// Options are what a Server is made of.
type Options struct {
	Hostname   myodai.Name           // in the greeting, and where <postmaster> is; needed
	TLS        *tls.Config           // nil: no STARTTLS, and so no login on a plain listener
	Limits     Limits                // zero: the defaults
	Log        *slog.Logger          // nil: nothing is logged
	Registerer prometheus.Registerer // nil: not registered

	// Authenticate recognizes a submitter. A refusal means no, whatever it says.
	// It is asked again before every message, so that a revoked credential stops
	// working within a connection (P31). Submission only.
	Authenticate func(ctx context.Context, user, password string) (myodai.Credential, error)
	// Submit takes responsibility for a message, which is durable when it returns
	// without an error. Raw has CRLF line ends only, and must not be kept. Submission
	// only.
	Submit func(ctx context.Context, c myodai.Credential, e Envelope, raw []byte) (myodai.MessageID, error)

	// Accepts says at RCPT TO whether a recipient exists: nil, or a refusal. MX
	// only.
	Accepts func(ctx context.Context, recipient myodai.Address) error
	// Receive takes responsibility for a message. MX only.
	Receive func(ctx context.Context, m Incoming) error
}

// face is what a server is for.
type face string

const (
	faceSubmission face = "submission"
	faceMX         face = "mx"
)

// Server is one face of the SMTP server. It may serve several listeners.
type Server struct {
	o       Options
	face    face
	metrics *metrics
	memory  memory
	guesses guesses

	ctx context.Context // of the functions in o; ends when Shutdown cuts off
	cut context.CancelCauseFunc

	mu        sync.Mutex
	draining  bool
	listeners map[net.Listener]bool
	sessions  map[*session]bool
	perClient map[netip.Prefix]int
	running   sync.WaitGroup // of connections
}

// NewSubmission makes the face for those who log in. On a listener whose
// connections are *tls.Conn it speaks TLS from the start (465), otherwise it
// offers STARTTLS (587). Options.Authenticate and Options.Submit are needed.
//
// MAIL FROM is read and forgotten: the return path is ours to choose.
func NewSubmission(o Options) *Server { return newServer(faceSubmission, o) }

// NewMX makes the face for everybody. Options.Accepts and Options.Receive are
// needed.
func NewMX(o Options) *Server { return newServer(faceMX, o) }

func newServer(f face, o Options) *Server {
	o.Limits = o.Limits.withDefaults()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = o.Log.With("room", "smtpd", "face", string(f))
	s := &Server{
		o: o, face: f, metrics: newMetrics(f, o.Registerer),
		listeners: map[net.Listener]bool{}, sessions: map[*session]bool{}, perClient: map[netip.Prefix]int{},
	}
	s.memory.left.Store(o.Limits.MaxMemory)
	s.ctx, s.cut = context.WithCancelCause(context.Background())
	return s
}

// errCut is the cause when Shutdown runs out of patience.
var errCut = errors.New("smtpd: shutting down")

// Serve accepts connections until Shutdown; it returns nil then, and an error
// when the listener fails. It closes the listener.
func (s *Server) Serve(l net.Listener) error {
	defer func() { _ = l.Close() }()
	if !s.listen(l) {
		return nil
	}
	pause := time.Duration(0)
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			s.admit(conn)
		case s.isDraining():
			return nil
		case isPassing(err):
			// Too many open files, most likely: those of closing connections come
			// free again.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.o.Log.Error("accept failed; trying again", "err", err)
			select {
			case <-time.After(pause):
			case <-s.ctx.Done():
			}
		default:
			return fmt.Errorf("accept SMTP connections: %w", err)
		}
	}
}

// isPassing reports whether Accept may work again after err.
func isPassing(err error) bool {
	for _, passing := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}

// listen notes a listener for Shutdown; it says no when that came first.
func (s *Server) listen(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners[l] = true
	return !s.draining
}

func (s *Server) isDraining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

// admit serves a new connection in a goroutine of its own, or turns it away.
func (s *Server) admit(conn net.Conn) {
	var remote netip.Addr
	if ap, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		remote = ap.Addr().Unmap().WithZone("")
	}
	from := client(remote)
	ss := newSession(s, conn, remote)
	s.mu.Lock()
	var full *reply
	switch {
	case s.draining:
		full = &replyShutdown
	case len(s.sessions) >= s.o.Limits.MaxConnections:
		full = &replyFull
		s.metrics.connections.WithLabelValues("full").Inc()
	case s.perClient[from] >= s.o.Limits.MaxPerIP:
		full = &replyFullForIP
		s.metrics.connections.WithLabelValues("full_for_ip").Inc()
	default:
		s.sessions[ss] = true
		s.perClient[from]++
		s.running.Add(1)
	}
	s.mu.Unlock()
	if full != nil {
		turnAway(conn, *full)
		return
	}
	s.metrics.connections.WithLabelValues("served").Inc()
	s.metrics.open.Inc()
	go func() {
		defer s.leave(ss, from)
		s.serve(ss)
	}()
}

// turnAway tells a client why it is not served, if that costs no time: a TLS
// client would want a handshake first.
func turnAway(conn net.Conn, r reply) {
	if _, ok := conn.(*tls.Conn); !ok {
		_ = conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		_, _ = conn.Write([]byte(r.line()))
	}
	_ = conn.Close()
}

// leave forgets a connection that is over.
func (s *Server) leave(ss *session, from netip.Prefix) {
	s.mu.Lock()
	delete(s.sessions, ss)
	if s.perClient[from]--; s.perClient[from] == 0 {
		delete(s.perClient, from)
	}
	s.mu.Unlock()
	s.metrics.open.Dec()
	s.running.Done()
}

// serve runs one session. A panic in it is a fault of ours, and ends nothing
// but this connection.
func (s *Server) serve(ss *session) {
	defer func() {
		if p := recover(); p != nil {
			s.metrics.panics.Inc()
			s.o.Log.Error("connection panicked", "err", p, "stack", string(debug.Stack()))
			ss.end(replyCrash)
		}
		ss.close()
	}()
	ss.run(s.ctx)
}

// Shutdown stops listening, tells idle clients to come back later, lets
// commands and messages under way finish, and returns when all are gone. When
// ctx ends first it cuts the rest off and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.draining = true
	for l := range s.listeners {
		_ = l.Close()
	}
	for ss := range s.sessions {
		ss.drain()
	}
	s.mu.Unlock()
	gone := make(chan struct{})
	go func() {
		s.running.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		s.cut(errCut)
		return nil
	case <-ctx.Done():
	}
	s.cut(errCut)
	s.mu.Lock()
	for ss := range s.sessions {
		ss.cut()
	}
	s.mu.Unlock()
	<-gone
	return ctx.Err()
}
