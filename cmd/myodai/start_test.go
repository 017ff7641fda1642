package main

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// begin makes a server and gives it back at once.
func begin(t *testing.T, cfg config) error {
	t.Helper()
	s, err := newServer(cfg, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err == nil {
		s.Close()
	}
	return err
}

func TestFirstStart(t *testing.T) {
	cfg := testConfig(t)
	if err := begin(t, cfg); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"master.key", "operator.key", "self-signed.key"} {
		info, err := os.Stat(filepath.Join(cfg.Data, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want it for nobody else", name, info, err)
		}
	}
	before, err := os.ReadFile(filepath.Join(cfg.Data, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := begin(t, cfg); err != nil {
		t.Errorf("the second start: %v", err)
	}
	if after, _ := os.ReadFile(filepath.Join(cfg.Data, "master.key")); string(after) != string(before) {
		t.Error("the master key changed")
	}
}

// What would lose keys, mail or names is refused before anything is served.
func TestRefusesToStart(t *testing.T) {
	for _, tt := range []struct {
		name   string
		spoil  func(t *testing.T, cfg *config)
		says   string
		status int
	}{
		{"the master key is gone (P28)", func(t *testing.T, cfg *config) {
			remove(t, filepath.Join(cfg.Data, "master.key"))
		}, "put it back", exitUsage},
		{"the master key is another", func(t *testing.T, cfg *config) {
			write(t, filepath.Join(cfg.Data, "master.key"), strings.Repeat("ab", 32), 0o600)
		}, "not the one this database was sealed with", exitRefused},
		{"the master key is cut short", func(t *testing.T, cfg *config) {
			write(t, filepath.Join(cfg.Data, "master.key"), "abcd", 0o600)
		}, "64 hexadecimal digits", exitUsage},
		{"others can read the master key", func(t *testing.T, cfg *config) {
			if err := os.Chmod(filepath.Join(cfg.Data, "master.key"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "chmod 600", exitUsage},
		{"the zone is another", func(_ *testing.T, cfg *config) { cfg.Zone = "other.example" }, "serves the zone plat.example", exitUsage},
		{"no zone", func(_ *testing.T, cfg *config) { cfg.Zone = "" }, "say which zone", exitUsage},
		{"no certificate at the path", func(_ *testing.T, cfg *config) {
			cfg.TLSCert, cfg.TLSKey = "missing.crt", "missing.key"
		}, "missing.crt", exitUsage},
		{"a port that is taken", func(t *testing.T, cfg *config) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			cfg.ListenMX = []string{l.Addr().String()}
		}, "listen_mx: cannot listen", exitUsage},
		{"the database is no directory", func(_ *testing.T, cfg *config) {
			cfg.Database = filepath.Join(cfg.Data, "master.key", "x.db")
		}, "", exitFault},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := testConfig(t)
			if err := begin(t, cfg); err != nil {
				t.Fatal(err)
			}
			tt.spoil(t, &cfg)
			err := begin(t, cfg)
			if err == nil || !strings.Contains(err.Error(), tt.says) || exitStatus(err) != tt.status {
				t.Errorf("err = %v with status %d, want %q with %d", err, exitStatus(err), tt.says, tt.status)
			}
		})
	}
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// A shut door is shut, and the rest runs.
func TestShutDoors(t *testing.T) {
	cfg := testConfig(t)
	cfg.ListenMX, cfg.ListenSubmissions, cfg.ListenMetrics = nil, nil, nil
	s, err := newServer(cfg, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, key := range listenKeys {
		if got, want := len(s.addresses(key)), len(cfg.listeners()[key]); got != want {
			t.Errorf("%s: open at %d places, want %d", key, got, want)
		}
	}
}

// The system's choice of a port is the same for UDP and TCP.
func TestDNSDoorIsOnePort(t *testing.T) {
	s, err := newServer(testConfig(t), slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	udp, tcp := s.doors.packets["listen_dns"][0].LocalAddr(), s.addresses("listen_dns")[0]
	if udp.String() != tcp.String() {
		t.Errorf("UDP at %s, TCP at %s", udp, tcp)
	}
}

// A renewed certificate is used without a restart, and a broken one is not.
func TestCertificateIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		pair := &certificate{cert: filepath.Join(dir, "crt"), key: filepath.Join(dir, "key")}
		renew := func(age time.Duration) {
			t.Helper()
			_ = os.Remove(pair.cert)
			if err := selfSign(pair.cert, pair.key, "mail.plat.example", time.Now().Add(-age)); err != nil {
				t.Fatal(err)
			}
			at := time.Now().Add(-age)
			if err := os.Chtimes(pair.cert, at, at); err != nil {
				t.Fatal(err)
			}
		}
		serial := func() string {
			t.Helper()
			c, err := pair.get(&tls.ClientHelloInfo{})
			if err != nil {
				t.Fatal(err)
			}
			return c.Leaf.SerialNumber.String()
		}
		renew(time.Hour)
		if err := pair.load(time.Now()); err != nil {
			t.Fatal(err)
		}
		first := serial()
		renew(0)
		if serial() != first {
			t.Error("the files are looked at for every connection")
		}
		time.Sleep(certificateLook)
		second := serial()
		if second == first {
			t.Error("the renewed certificate is not used")
		}
		write(t, pair.cert, "half a certif", 0o600)
		time.Sleep(certificateLook)
		if serial() != second {
			t.Error("a broken certificate is used")
		}
	})
}

func TestSelfSignedCertificateIsRenewed(t *testing.T) {
	dir := t.TempDir()
	crt, key := filepath.Join(dir, "crt"), filepath.Join(dir, "key")
	now := time.Now()
	sign := func(at time.Time) string {
		t.Helper()
		if err := selfSign(crt, key, "mail.plat.example", at); err != nil {
			t.Fatal(err)
		}
		pair, err := tls.LoadX509KeyPair(crt, key)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf.SerialNumber.String()
	}
	first := sign(now)
	if sign(now.AddDate(0, 10, 0)) != first {
		t.Error("made anew with two months to go")
	}
	if sign(now.AddDate(0, 11, 5)) == first {
		t.Error("kept in its last month")
	}
	if err := selfSign(crt, key, "other.plat.example", now.AddDate(0, 11, 5)); err != nil {
		t.Fatal(err)
	}
	if pair, err := tls.LoadX509KeyPair(crt, key); err != nil || pair.Leaf.VerifyHostname("other.plat.example") != nil {
		t.Errorf("kept for another host: %v", err)
	}
}
