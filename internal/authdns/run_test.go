package authdns_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/authdns"
)

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
		"cut": `{"serial":7,"rec`, "no zone": `{"serial":7,"records":[]}`, "empty": "",
		"of another zone": `{"serial":7,"records":[{"name":"other.example","type":"A","ttl":60,"data":"192.0.2.1"}]}`,
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
