package resolver

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// A socket is used again because opening one costs more than a query, and given
// up soon because its port is half of what a forger has to guess.
const (
	socketUses = 64
	socketAge  = 5 * time.Second
	maxSockets = 512 // kept idle, of all servers together
)

// maxMismatches is how many answers that match nothing one exchange puts up
// with. A late duplicate or two is normal, more is somebody guessing (T15).
const maxMismatches = 16

// socket is a UDP socket connected to one server, used by one exchange at a
// time.
type socket struct {
	conn     net.Conn
	address  string
	openedAt time.Time
	uses     int
	out      [512]byte
	in       [4096]byte
}

// sockets keeps idle sockets by the address of their server.
type sockets struct {
	dial    Dial
	now     func() time.Time
	timeout time.Duration // of one exchange

	mu      sync.Mutex
	idle    map[string][]*socket
	kept    int
	sweptAt time.Time
}

func (p *sockets) get(ctx context.Context, address string) (*socket, error) {
	now := p.now()
	p.mu.Lock()
	if list := p.idle[address]; len(list) > 0 {
		s := list[len(list)-1]
		if now.Sub(s.openedAt) < socketAge {
			p.idle[address] = list[:len(list)-1]
			p.kept--
			p.mu.Unlock()
			return s, nil
		}
	}
	p.mu.Unlock()
	conn, err := p.dial(ctx, "udp", address)
	if err != nil {
		return nil, err
	}
	return &socket{conn: conn, address: address, openedAt: now}, nil
}

// put takes a socket back on which nothing is outstanding.
func (p *sockets) put(s *socket) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.sweptAt) > socketAge {
		p.sweep(now)
	}
	if s.uses++; s.uses >= socketUses || p.kept >= maxSockets || now.Sub(s.openedAt) >= socketAge {
		_ = s.conn.Close()
		return
	}
	p.idle[s.address] = append(p.idle[s.address], s)
	p.kept++
}

// sweep closes the sockets that are too old at the given time.
func (p *sockets) sweep(now time.Time) {
	p.sweptAt = now
	for address, list := range p.idle {
		young := list[:0]
		for _, s := range list {
			if now.Sub(s.openedAt) < socketAge {
				young = append(young, s)
				continue
			}
			_ = s.conn.Close()
			p.kept--
		}
		clear(list[len(young):])
		if p.idle[address] = young; len(young) == 0 {
			delete(p.idle, address)
		}
	}
}

// closeAll closes every idle socket.
func (p *sockets) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweep(p.now().Add(socketAge))
}

// exchange sends m and waits for the answer that matches.
func (p *sockets) exchange(ctx context.Context, address string, m *dns.Msg, exactCase bool) (reply *dns.Msg, size int, err error) {
	err = p.exchangeAll(ctx, address, []*dns.Msg{m}, exactCase, 1, func(_ int, got *dns.Msg, n int) { reply, size = got, n })
	return reply, size, err
}

// exchangeAll sends the messages, so many at a time, and hands over each answer
// that matches one, with the message's place in the list. An error is that of all
// which are not answered by then. A socket on which anything went wrong is not
// used again.
func (p *sockets) exchangeAll(ctx context.Context, address string, list []*dns.Msg, exactCase bool, window int, got func(i int, reply *dns.Msg, size int)) error {
	s, err := p.get(ctx, address)
	if err != nil {
		return err
	}
	end, _ := ctx.Deadline()
	c := conversation{socket: s, list: list, exactCase: exactCase, timeout: p.timeout, end: end}
	interrupt := context.AfterFunc(ctx, func() { _ = s.conn.SetDeadline(time.Unix(1, 0)) })
	err = c.hold(ctx, window, got)
	if interrupted := !interrupt(); interrupted || err != nil {
		_ = s.conn.Close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return err
	}
	p.put(s)
	return nil
}
