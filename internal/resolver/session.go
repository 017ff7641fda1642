package resolver

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/miekg/dns"
)

// maxOctets bounds what one probe or lookup takes in. A full budget of ordinary
// answers fits; hostile zones do not fill the memory or the store with it (T36).
const maxOctets = 1 << 20

// session is one probe or lookup: what it may still spend, and its TCP
// connections, one to a server.
type session struct {
	client *client
	spent  atomic.Int64
	octets atomic.Int64

	mu      sync.Mutex
	streams map[string]*lazyStream // nil when closed
}

// lazyStream is a connection that several queries wait for together.
type lazyStream struct {
	opened sync.Once
	stream *stream
	err    error
}

func (c *client) session() *session {
	return &session{client: c, streams: map[string]*lazyStream{}}
}

// spend takes one query off the budget.
func (s *session) spend() error {
	if s.octets.Load() > maxOctets {
		return errVolume
	}
	if s.spent.Add(1) > int64(s.client.o.Budget) {
		return errBudget
	}
	return nil
}

// exhausted says why nothing more can be asked; nil when it can.
func (s *session) exhausted() error {
	switch {
	case s.octets.Load() > maxOctets:
		return errVolume
	case s.spent.Load() >= int64(s.client.o.Budget):
		return errBudget
	}
	return nil
}

// connect is the session's TCP connection to a server, opened when it is first
// wanted.
func (s *session) connect(ctx context.Context, address string) (*stream, error) {
	s.mu.Lock()
	lazy := s.streams[address]
	if lazy == nil {
		if s.streams == nil {
			s.mu.Unlock()
			return nil, context.Canceled
		}
		lazy = new(lazyStream)
		s.streams[address] = lazy
	}
	s.mu.Unlock()
	lazy.opened.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, s.client.o.Timeout)
		defer cancel()
		lazy.stream, lazy.err = openStream(ctx, s.client.o.Dial, address)
	})
	return lazy.stream, lazy.err
}

// overTCP sends m over the session's connection, and when that ends first, once
// more over one of its own: some servers close after the first answer.
func (s *session) overTCP(ctx context.Context, address string, m *dns.Msg) (*dns.Msg, int, error) {
	if shared, err := s.connect(ctx, address); err == nil {
		if reply, size, err := shared.exchange(ctx, m); err == nil || ctx.Err() != nil {
			return reply, size, err
		}
	}
	if ctx.Err() != nil {
		return nil, 0, ctx.Err()
	}
	own, err := openStream(ctx, s.client.o.Dial, address)
	if err != nil {
		return nil, 0, err
	}
	defer own.close()
	return own.exchange(ctx, m)
}

// close ends all connections. The context of the queries must have ended, so that
// none is being opened for long.
func (s *session) close() {
	s.mu.Lock()
	streams := s.streams
	s.streams = nil
	s.mu.Unlock()
	for _, lazy := range streams {
		lazy.opened.Do(func() { lazy.err = context.Canceled })
		if lazy.stream != nil {
			lazy.stream.close()
		}
	}
}
