package authdns_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/authdns"
)

// listen serves s on loopback over UDP and TCP until the test ends.
func listen(t *testing.T, s *authdns.Server) (udp, tcp string) {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 2)
	go func() { ended <- s.ServeUDP(pc) }()
	go func() { ended <- s.ServeTCP(l) }()
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown = %v", err)
		}
		for range 2 {
			if err := <-ended; err != nil {
				t.Errorf("Serve = %v, want nil after Shutdown", err)
			}
		}
	})
	return pc.LocalAddr().String(), l.Addr().String()
}

func TestServe(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := authdns.New(authdns.Options{Zone: origin, Registerer: registry})
	udp, tcp := listen(t, s)
	ask := func(network, address string) string {
		t.Helper()
		reply, _, err := (&dns.Client{Net: network}).Exchange(question("mail.plat.example.", dns.TypeA), address)
		if err != nil {
			t.Fatal(err)
		}
		return told(reply)
	}
	if got := ask("udp", udp); got != "SERVFAIL\n" {
		t.Errorf("without a zone = %s, want SERVFAIL", got)
	}
	if err := s.Load(records(t, zoneText), 7); err != nil {
		t.Fatal(err)
	}
	const want = "NOERROR aa\nmail.plat.example. 3600 IN A 192.0.2.2\n"
	if got := ask("udp", udp); got != want {
		t.Errorf("UDP = %s, want %s", got, want)
	}
	if got := ask("tcp", tcp); got != want {
		t.Errorf("TCP = %s, want %s", got, want)
	}
	// Several questions on one connection (RFC 7766 §6.2.1).
	conn, err := net.Dial("tcp", tcp)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 3 {
		if got := told(exchange(t, conn, question("mail.plat.example.", dns.TypeA))); got != want {
			t.Errorf("TCP again = %s, want %s", got, want)
		}
	}
}

// Threat T51: names that strangers make up are nowhere in metrics and logs.
func TestFloodOfNamesLeavesNothing(t *testing.T) {
	var log bytes.Buffer
	registry := prometheus.NewRegistry()
	s := authdns.New(authdns.Options{Zone: origin, Rate: -1, Registerer: registry, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err := s.Load(records(t, zoneText), 7); err != nil {
		t.Fatal(err)
	}
	udp, _ := listen(t, s)
	conn, err := net.Dial("udp", udp)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	buf := make([]byte, 4096)
	for i := range 500 {
		if _, err := conn.Write(packed(t, question(fmt.Sprintf("flood-%d.plat.example.", i), uint16(i%300)))); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(buf); err != nil {
			t.Fatal(err)
		}
	}
	if log.Len() > 0 {
		t.Errorf("logged %d octets, want none", log.Len())
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := 0
	for _, f := range families {
		series += len(f.GetMetric())
	}
	if series > 20 {
		t.Errorf("%d time series after the flood, want few", series)
	}
}

// Threat T49: past the limit less comes out than went in, and nobody who can
// use TCP is shut out.
func TestLimitedNetworkGetsLessThanItSends(t *testing.T) {
	s := authdns.New(authdns.Options{Zone: origin, Rate: 1})
	if err := s.Load(records(t, zoneText), 7); err != nil {
		t.Fatal(err)
	}
	udp, tcp := listen(t, s)
	conn, err := net.Dial("udp", udp)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	packet := packed(t, question("plat.example.", dns.TypeNS).SetEdns0(1232, true))
	in, out, cut := 0, 0, 0
	buf := make([]byte, 4096)
	for range 200 {
		if _, err := conn.Write(packet); err != nil {
			t.Fatal(err)
		}
		in += len(packet)
		if err := conn.SetReadDeadline(time.Now().Add(2 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if n, err := conn.Read(buf); err == nil {
			out += n
			if buf[2]&2 != 0 {
				cut++
			}
		}
	}
	if out > in || cut < 20 {
		t.Errorf("%d octets out for %d in, %d cut; want at most as many out, and many cut", out, in, cut)
	}
	if reply, _, err := (&dns.Client{Net: "tcp"}).Exchange(question("plat.example.", dns.TypeNS), tcp); err != nil || len(reply.Answer) != 2 {
		t.Errorf("over TCP = %v, %v; want an answer", reply, err)
	}
}

// until polls for what another goroutine will do soon.
func until(t *testing.T, done func() bool) {
	t.Helper()
	deadline := time.After(5 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatal("it did not happen within 5 s")
		case <-tick.C:
		}
	}
}

// Promise P26: while the zone changes hundreds of times, every answer is the old
// or the new one as a whole, and serial numbers never go back.
func TestReloadUnderQuestions(t *testing.T) {
	s := authdns.New(authdns.Options{Zone: origin, Rate: -1})
	version := func(n uint32) []myodai.Record {
		list := records(t, zoneText)
		for i := range 2 { // both texts of one version, in one set
			list = append(list, myodai.Record{Name: "v.plat.example", Type: "TXT", TTL: 60, Data: fmt.Sprintf("%d %d", n, i)})
		}
		return list
	}
	if err := s.Load(version(0), 0); err != nil {
		t.Fatal(err)
	}
	udp, _ := listen(t, s)
	var loaded atomic.Uint32
	var askers sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		askers.Go(func() {
			conn, err := dns.Dial("udp", udp)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			last := uint32(0)
			for {
				select {
				case <-stop:
					return
				default:
				}
				least := loaded.Load()
				reply, _, err := (&dns.Client{}).ExchangeWithConn(question("v.plat.example.", dns.TypeTXT), conn)
				if err != nil || len(reply.Answer) != 2 {
					t.Errorf("reply = %v, %v", reply, err)
					return
				}
				var n, i, n2, i2 uint32
				fmt.Sscan(reply.Answer[0].(*dns.TXT).Txt[0], &n, &i)
				fmt.Sscan(reply.Answer[1].(*dns.TXT).Txt[0], &n2, &i2)
				if n != n2 || i == i2 || n < least || n < last {
					t.Errorf("versions %d and %d after %d, %d was loaded before asking", n, n2, last, least)
					return
				}
				last = n
			}
		})
	}
	for n := range uint32(300) {
		if err := s.Load(version(n), n); err != nil {
			t.Error(err)
		}
		loaded.Store(n)
	}
	close(stop)
	askers.Wait()
}
