package track

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// How long a connection may take, whoever answers on it (T73).
const (
	headTime   = 5 * time.Second  // the handshake, and the head of a request
	answerTime = 15 * time.Second // a request with its body, and an answer
	idleTime   = time.Minute      // between two requests
)

// front takes connections in and answers on them what nearly everybody comes
// for: a link or a picture, asked for in plain HTTP/1.1 and by itself. Whatever
// else is asked, in whatever form, it hands over to net/http together with what
// was read of it, and the connection stays there. So it understands little, and
// never has to say no (docs/decisions/0012-redirects-without-net-http.md).
type front struct {
	reply func(to []byte, q asked) (answer []byte, ok bool) // ok is false for what is to be handed over
	rest  *http.Server
	log   *slog.Logger
	back  handover
	begin sync.Once // rest serves from then on

	closing   atomic.Bool
	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	conns     map[net.Conn]struct{} // those that are not handed over
	serving   sync.WaitGroup        // conns
}

func newFront(reply func([]byte, asked) ([]byte, bool), rest *http.Server, log *slog.Logger) *front {
	return &front{
		reply: reply, rest: rest, log: log, back: handover{conns: make(chan net.Conn), closed: make(chan struct{})},
		listeners: map[net.Listener]struct{}{}, conns: map[net.Conn]struct{}{},
	}
}

// serve answers at a listener until shutdown, and returns nil then.
func (f *front) serve(l net.Listener) error {
	f.mu.Lock()
	f.listeners[l] = struct{}{}
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.listeners, l)
		_ = l.Close() // it may be closed
	}()
	f.begin.Do(func() { go func() { _ = f.rest.Serve(&f.back) }() }) // ends with shutdown, and not before
	for pause := time.Duration(0); !f.closing.Load(); {
		conn, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			f.enter(conn)
		case f.closing.Load():
		case isPassing(err):
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			f.log.Warn("accept a connection", "err", err)
			time.Sleep(pause)
		default:
			return err
		}
	}
	return nil
}

// isPassing reports whether accepting works again when others have left.
func isPassing(err error) bool {
	for _, scarce := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, scarce) {
			return true
		}
	}
	return false
}

// enter begins to answer on a connection.
func (f *front) enter(conn net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closing.Load() {
		_ = conn.Close() // nobody has asked anything yet
		return
	}
	f.conns[conn] = struct{}{}
	f.serving.Go(func() { f.attend(conn) })
}

// attend answers on a connection until it is closed or handed over.
func (f *front) attend(conn net.Conn) {
	over := false
	defer func() {
		if fault := recover(); fault != nil {
			f.log.Error("a connection was given up", "fault", fault)
		}
		if !over {
			_ = conn.Close() // nobody is there to be told
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.conns, conn)
	}()
	read, ok := f.converse(conn)
	if ok {
		over = f.back.hand(conn, read)
	}
}

// shutdown stops listening, lets everybody have the answer that is under way, and
// closes. When ctx ends first it cuts them off.
func (f *front) shutdown(ctx context.Context) error {
	f.mu.Lock()
	f.closing.Store(true)
	for l := range f.listeners {
		_ = l.Close() // it may be closed
	}
	for conn := range f.conns {
		_ = conn.SetReadDeadline(time.Unix(1, 0)) // who asks nothing now asks nothing more
	}
	f.mu.Unlock()
	left := make(chan struct{})
	go func() { f.serving.Wait(); close(left) }()
	select {
	case <-left:
	case <-ctx.Done():
		f.mu.Lock()
		for conn := range f.conns {
			_ = conn.Close() // nothing is left to be done about it
		}
		f.mu.Unlock()
	}
	err := f.rest.Shutdown(ctx)
	_ = f.back.Close()
	if err != nil {
		_ = f.rest.Close() // nothing is left to be done about it
	}
	return err
}

// handover is the listener by which net/http gets connections.
type handover struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// hand gives a connection away, and what was read of it; it returns false when
// nobody takes it any more.
func (h *handover) hand(conn net.Conn, read []byte) bool {
	if len(read) > 0 {
		conn = &reread{Conn: conn, read: read}
	}
	select {
	case h.conns <- conn:
		return true
	case <-h.closed:
		return false
	}
}

func (h *handover) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *handover) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// Addr says nothing: each connection has an address of its own.
func (h *handover) Addr() net.Addr { return &net.TCPAddr{} }

// reread is a connection on which something was read already.
type reread struct {
	net.Conn
	read []byte
}

func (r *reread) Read(b []byte) (int, error) {
	if len(r.read) == 0 {
		return r.Conn.Read(b)
	}
	n := copy(b, r.read)
	r.read = r.read[n:]
	return n, nil
}

// handshake makes one if there is one to be made, and reports whether HTTP/2 was
// agreed on.
func handshake(conn net.Conn) (h2 bool, err error) {
	secure, ok := conn.(*tls.Conn)
	if !ok {
		return false, nil
	}
	if err := conn.SetDeadline(time.Now().Add(headTime)); err != nil {
		return false, err
	}
	if err := secure.Handshake(); err != nil {
		return false, err
	}
	return secure.ConnectionState().NegotiatedProtocol == "h2", nil
}
