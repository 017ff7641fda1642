package smtptest

import (
	"io"
	"net"
	"net/netip"
	"testing"
)

// Tarpit is a server that takes connections and says nothing.
type Tarpit struct{ listener *listener }

// NewTarpit starts a tarpit.
func NewTarpit(t testing.TB) *Tarpit {
	t.Helper()
	return &Tarpit{listen(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })}
}

// Addr is where the tarpit listens.
func (p *Tarpit) Addr() netip.AddrPort { return p.listener.addr() }

// Connections counts those that were opened.
func (p *Tarpit) Connections() int { return p.listener.connections() }
