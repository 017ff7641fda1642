package authdns_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/myodai/myodai"
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

// database is a source of zones that can go away.
type database struct {
	mu      sync.Mutex
	serial  uint32
	records []myodai.Record
	fault   error
	reads   int // of records
}

func (d *database) set(serial uint32, records []myodai.Record, fault error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.serial, d.records, d.fault = serial, records, fault
}

func (d *database) ZoneSerial(context.Context) (uint32, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.serial, d.fault
}

func (d *database) Records(context.Context) ([]myodai.Record, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reads++
	return d.records, d.fault
}

func serves(t *testing.T, s *authdns.Server, want uint32) {
	t.Helper()
	if got, ok := s.Serial(); !ok || got != want {
		t.Errorf("Serial = %d, %v; want %d", got, ok, want)
	}
}

// start runs s within a synctest bubble until the test ends.
func start(t *testing.T, s *authdns.Server) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
	})
	synctest.Wait()
}

func TestRunFollowsTheSerial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &database{serial: 7, records: records(t, zoneText)}
		s := authdns.New(authdns.Options{Zone: origin, Source: db})
		start(t, s)
		serves(t, s, 7)
		time.Sleep(5 * time.Second)
		if db.reads != 1 {
			t.Errorf("records were read %d times while the serial stood, want once", db.reads)
		}
		db.set(8, records(t, zoneText), nil)
		time.Sleep(time.Second)
		synctest.Wait()
		serves(t, s, 8)
		db.set(9, records(t, zoneText), nil)
		s.Wake()
		s.Wake()
		synctest.Wait()
		serves(t, s, 9)
	})
}

// Promise P26: with the database away, or a zone in it that is none, the old
// one is served.
func TestSourceFailing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		registry := prometheus.NewRegistry()
		db := &database{serial: 7, records: records(t, zoneText)}
		s := authdns.New(authdns.Options{Zone: origin, Source: db, Log: slog.New(slog.NewTextHandler(&log, nil)), Registerer: registry})
		start(t, s)
		db.set(8, nil, errors.New("connection refused"))
		time.Sleep(time.Minute)
		synctest.Wait()
		serves(t, s, 7)
		if n := strings.Count(log.String(), "\n"); n < 1 || n > 7 {
			t.Errorf("%d lines were logged in a minute of failing each second, want one in ten seconds:\n%s", n, &log)
		}
		db.set(8, records(t, zoneText)[1:], nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		serves(t, s, 7)
		db.set(8, records(t, zoneText), nil)
		time.Sleep(time.Second)
		synctest.Wait()
		serves(t, s, 8)
		want := "# HELP myodai_authdns_zone_serial Serial number of the zone being served.\n" +
			"# TYPE myodai_authdns_zone_serial gauge\nmyodai_authdns_zone_serial 8\n"
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "myodai_authdns_zone_serial"); err != nil {
			t.Error(err)
		}
	})
}

// Promise P26: a restart without the database serves what was served before.
func TestRestartFromSnapshot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "zone.json")
	synctest.Test(t, func(t *testing.T) {
		s := authdns.New(authdns.Options{Zone: origin, Source: &database{serial: 7, records: records(t, zoneText)}, SnapshotFile: file})
		start(t, s)
	})
	synctest.Test(t, func(t *testing.T) {
		away := &database{fault: errors.New("connection refused")}
		s := authdns.New(authdns.Options{Zone: origin, Source: away, SnapshotFile: file})
		start(t, s)
		serves(t, s, 7)
		l := newPipes()
		go s.ServeTCP(l)
		conn := l.dial()
		if got := told(exchange(t, conn, question("s1-aaaaaaaa.abc.dkim.plat.example.", dns.TypeTXT))); !strings.Contains(got, "p=abc") {
			t.Errorf("answer from the snapshot = %s", got)
		}
		conn.Close()
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
	// The records also follow the configuration, so the same serial number is no
	// reason to keep those of the snapshot.
	synctest.Test(t, func(t *testing.T) {
		db := &database{serial: 7, records: records(t, zoneText)}
		s := authdns.New(authdns.Options{Zone: origin, Source: db, SnapshotFile: file})
		start(t, s)
		if db.reads != 1 {
			t.Errorf("records were read %d times after a restart, want once", db.reads)
		}
	})
	left, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*.tmp"))
	if err != nil || len(left) != 0 {
		t.Errorf("temporary files left = %v, %v", left, err)
	}
}

func TestSnapshotThatIsNoneIsNotUsed(t *testing.T) {
	for name, text := range map[string]string{
		"cut": `{"zone":"plat.example","serial":7,"rec`, "of another zone": `{"zone":"other.example","serial":7,"records":[]}`,
		"no zone": `{"zone":"plat.example","serial":7,"records":[]}`, "empty": "",
	} {
		file := filepath.Join(t.TempDir(), "zone.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			s := authdns.New(authdns.Options{Zone: origin, SnapshotFile: file})
			start(t, s)
			if serial, ok := s.Serial(); ok {
				t.Errorf("%s: Serial = %d, want no zone", name, serial)
			}
		})
	}
}

func TestSnapshotIsWrittenWhenItCanBe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	file := filepath.Join(dir, "zone.json")
	synctest.Test(t, func(t *testing.T) {
		s := authdns.New(authdns.Options{Zone: origin, Source: &database{serial: 7, records: records(t, zoneText)}, SnapshotFile: file})
		start(t, s)
		serves(t, s, 7)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if _, err := os.Stat(file); err != nil {
			t.Errorf("snapshot: %v, want it to be there", err)
		}
	})
}

func TestLoadKeepsTheOldZone(t *testing.T) {
	s := authdns.New(authdns.Options{Zone: origin})
	if err := s.Load(records(t, zoneText), 7); err != nil {
		t.Fatal(err)
	}
	if err := s.Load(records(t, zoneText)[1:], 8); err == nil {
		t.Error("Load without SOA = nil, want an error")
	}
	serves(t, s, 7)
}

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
			for {
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
			if n, err := conn.Read(make([]byte, 1)); err == nil {
				t.Errorf("%s: connection %d read %d, want it closed", tt.name, i, n)
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
