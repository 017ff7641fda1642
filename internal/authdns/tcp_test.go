package authdns_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/myodai/myodai/internal/authdns"
)

// pipes is a listener within the test: clients dial it without a network, so
// that time can be the test's own.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }
func (p *pipes) dial() net.Conn {
	near, far := net.Pipe()
	p.conns <- far
	return near
}

// exchange asks one question on a TCP connection.
func exchange(t testing.TB, conn io.ReadWriter, q *dns.Msg) *dns.Msg {
	t.Helper()
	packet := packed(t, q)
	framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...)
	if _, err := conn.Write(framed); err != nil {
		t.Fatal(err)
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		t.Fatal(err)
	}
	response := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, response); err != nil {
		t.Fatal(err)
	}
	reply := new(dns.Msg)
	if err := reply.Unpack(response); err != nil {
		t.Fatal(err)
	}
	return reply
}

// Threat T50: a client that says nothing, or says it slowly, is gone after two
// seconds, and a client that never ends after thirty.
func TestSlowClientsAreCutOff(t *testing.T) {
	packet := packed(t, question("mail.plat.example.", dns.TypeA))
	framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...)
	for _, tt := range []struct {
		name string
		talk func(conn net.Conn) // until it is cut off
		want time.Duration
	}{
		{"silent", func(conn net.Conn) { io.Copy(io.Discard, conn) }, 2 * time.Second},
		{"an octet a second", func(conn net.Conn) {
			for i := 0; ; i++ {
				if _, err := conn.Write(framed[i : i+1]); err != nil {
					return
				}
				time.Sleep(900 * time.Millisecond)
			}
		}, 2 * time.Second},
		{"does not read the answer", func(conn net.Conn) {
			conn.Write(framed)
			time.Sleep(3 * time.Second)
			io.Copy(io.Discard, conn)
		}, 3 * time.Second},
		{"a question a second", func(conn net.Conn) {
			buf := make([]byte, 512)
			for range 60 {
				if _, err := conn.Write(framed); err != nil {
					return
				}
				if _, err := conn.Read(buf); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}, 30 * time.Second},
		{"a message that is too long", func(conn net.Conn) {
			conn.Write([]byte{0xff, 0xff})
			io.Copy(io.Discard, conn)
		}, 0},
		{"what is no question", func(conn net.Conn) {
			conn.Write([]byte{0, 2, 1, 2})
			io.Copy(io.Discard, conn)
		}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := authdns.New(authdns.Options{Zone: origin})
			if err := s.Load(records(t, zoneText), 7); err != nil {
				t.Fatal(err)
			}
			l := newPipes()
			go s.ServeTCP(l)
			began := time.Now()
			conn := l.dial()
			tt.talk(conn)
			if took := time.Since(began); took < tt.want || took > tt.want+time.Second {
				t.Errorf("%s: cut off after %v, want %v", tt.name, took, tt.want)
			}
			conn.Close()
			if err := s.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// Threat T50: one address cannot take all connections, and all together cannot
// take more than we have.
func TestConnectionsAreCounted(t *testing.T) {
	for _, tt := range []struct {
		name string
		o    authdns.Options
	}{
		{"per address", authdns.Options{Zone: origin, MaxTCPPerIP: 3}},
		{"in all", authdns.Options{Zone: origin, MaxTCP: 3}},
	} {
		s := authdns.New(tt.o)
		if err := s.Load(records(t, zoneText), 7); err != nil {
			t.Fatal(err)
		}
		_, tcp := listen(t, s)
		var open []net.Conn
		for i := range 4 {
			conn, err := net.Dial("tcp", tcp)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if i < 3 {
				exchange(t, conn, question("mail.plat.example.", dns.TypeA))
				open = append(open, conn)
				continue
			}
			// At once, and not only when it has been idle.
			if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: connection %d: %v, want it closed", tt.name, i, err)
			}
		}
		open[0].Close()
		until(t, func() bool {
			conn, err := net.Dial("tcp", tcp)
			if err != nil {
				return false
			}
			defer conn.Close()
			reply, _, err := (&dns.Client{Net: "tcp"}).ExchangeWithConn(question("mail.plat.example.", dns.TypeA), &dns.Conn{Conn: conn})
			return err == nil && len(reply.Answer) == 1
		})
	}
}
