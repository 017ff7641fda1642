package resolver

import (
	"context"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// maxStreams is how many connections are kept, of all servers together.
const maxStreams = 256

// streams keeps TCP connections, one to a server, which probes and lookups share.
type streams struct {
	dial    Dial
	timeout time.Duration

	mu   sync.Mutex
	kept map[string]*opening // by address
}

// opening is a connection that is there, or on its way.
type opening struct {
	done   chan struct{} // closed when stream or err is set
	stream *stream
	err    error
}

// usable reports whether it is worth waiting for.
func (o *opening) usable() bool {
	select {
	case <-o.done:
		return o.err == nil && o.stream.usable()
	default:
		return true
	}
}

// open makes sure that there is a connection to the server, or one on its way.
// It outlives the query that first wanted it.
func (p *streams) open(ctx context.Context, address string) *opening {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.kept[address]; o != nil && o.usable() {
		return o
	}
	if len(p.kept) >= maxStreams {
		p.makeRoom()
	}
	o := &opening{done: make(chan struct{})}
	p.kept[address] = o
	go p.connect(context.WithoutCancel(ctx), address, o)
	return o
}

// connect opens a connection, reads from it, and drops it when it ends.
func (p *streams) connect(ctx context.Context, address string, o *opening) {
	o.stream, o.err = openStream(ctx, p.dial, address, p.timeout)
	close(o.done)
	if o.err == nil {
		p.mu.Lock()
		dropped := p.kept[address] != o
		p.mu.Unlock()
		if dropped {
			o.stream.retire()
		}
		o.stream.read()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept[address] == o {
		delete(p.kept, address)
	}
}

// makeRoom lets go of any one connection; p.mu is held.
func (p *streams) makeRoom() {
	for address := range p.kept {
		p.drop(address)
		return
	}
}

// drop lets go of a connection; p.mu is held.
func (p *streams) drop(address string) {
	o := p.kept[address]
	delete(p.kept, address)
	select {
	case <-o.done:
		if o.err == nil {
			o.stream.retire()
		}
	default: // connect sees it
	}
}

// closeAll lets go of every connection.
func (p *streams) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for address := range p.kept {
		p.drop(address)
	}
}

// exchange sends m over the kept connection, and when that ends first, once more
// over one of its own: some servers close after the first answer.
func (p *streams) exchange(ctx context.Context, address string, m *dns.Msg) (*dns.Msg, int, error) {
	o := p.open(ctx, address)
	select {
	case <-o.done:
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	if o.err != nil {
		return nil, 0, o.err
	}
	if reply, size, err := o.stream.exchange(ctx, m); err == nil || isTimeout(err) || ctx.Err() != nil {
		return reply, size, err
	}
	own, err := openStream(ctx, p.dial, address, p.timeout)
	if err != nil {
		return nil, 0, err
	}
	defer own.close()
	go own.read()
	return own.exchange(ctx, m)
}
