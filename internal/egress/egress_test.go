package egress_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/egress"
)

// T35, T58, F8: both ends of every forbidden range, and their public neighbors.
func TestClassify(t *testing.T) {
	for _, tt := range []struct{ name, forbidden, public string }{
		{"this network", "0.0.0.0 0.1.2.3 0.255.255.255", "1.0.0.0"},
		{"private 10", "10.0.0.0 10.255.255.255", "9.255.255.255 11.0.0.0"},
		{"carrier-grade NAT", "100.64.0.0 100.127.255.255", "100.63.255.255 100.128.0.0"},
		{"loopback", "127.0.0.0 127.0.0.1 127.255.255.255", "126.255.255.255 128.0.0.0"},
		{"link-local and metadata", "169.254.0.0 169.254.169.254 169.254.255.255", "169.253.255.255 169.255.0.0"},
		{"private 172", "172.16.0.0 172.31.255.255", "172.15.255.255 172.32.0.0"},
		{"protocol assignments", "192.0.0.0 192.0.0.170 192.0.0.255", "191.255.255.255 192.0.1.0"},
		{"documentation 1", "192.0.2.0 192.0.2.255", "192.0.1.255 192.0.3.0"},
		{"AS112 7535", "192.31.196.0 192.31.196.255", "192.31.195.255 192.31.197.0"},
		{"AMT", "192.52.193.0 192.52.193.255", "192.52.192.255 192.52.194.0"},
		{"6to4 relay", "192.88.99.0 192.88.99.255", "192.88.98.255 192.88.100.0"},
		{"private 192", "192.168.0.0 192.168.255.255", "192.167.255.255 192.169.0.0"},
		{"AS112 7534", "192.175.48.0 192.175.48.255", "192.175.47.255 192.175.49.0"},
		{"benchmarks", "198.18.0.0 198.19.255.255", "198.17.255.255 198.20.0.0"},
		{"documentation 2", "198.51.100.0 198.51.100.255", "198.51.99.255 198.51.101.0"},
		{"documentation 3", "203.0.113.0 203.0.113.255", "203.0.112.255 203.0.114.0"},
		{"multicast, reserved, broadcast", "224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.254 255.255.255.255", "223.255.255.255"},
		{"unspecified and loopback", ":: ::1", ""},
		{"IPv4-compatible", "::127.0.0.1 ::8.8.8.8", ""},
		{"IPv4-mapped", "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe", "::ffff:8.8.8.8"},
		{"IPv4-translated", "::ffff:0:7f00:1 ::ffff:0:808:808", ""},
		{"NAT64", "64:ff9b::7f00:1 64:ff9b::8.8.8.8 64:ff9b:1:: 64:ff9b:1:ffff::1", ""},
		{"discard and dummy", "100:: 100::ffff 100:0:0:1::1", ""},
		{"Teredo", "2001:: 2001:0:ffff::1", ""},
		{"protocol assignments 6", "2001:1::1 2001:2::1 2001:20::1 2001:1ff:ffff::1", "2001:200::1"},
		{"documentation 6", "2001:db8:: 2001:db8:ffff::1 3fff:: 3fff:fff::1", "2001:db7::1 2001:db9::1 3fff:1000::1"},
		{"6to4", "2002:: 2002:7f00:1:: 2002:808:808::1", "2003::1"},
		{"AS112 6", "2620:4f:8000::1", "2620:4f:8001::1"},
		{"segment routing", "5f00::1", ""},
		{"unique local", "fc00:: fd00:: fdff:ffff::1", ""},
		{"link-local 6", "fe80:: fe80::1 febf::1 fe80::1%eth0", ""},
		{"site-local", "fec0::1 feff::1", ""},
		{"multicast 6", "ff00:: ff02::1", ""},
		{"never assigned", "1fff::1 4000::1 8000::1 e000::1", "2000::1 2606:4700::1111"},
		{"with a zone", "2606:4700::1%eth0", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for s := range strings.FieldsSeq(tt.forbidden) {
				refusal, ok := errors.AsType[*myodai.Error](egress.Classify(netip.MustParseAddr(s)))
				if !ok || refusal.Code != myodai.CodeForbidden {
					t.Errorf("%s is let through", s)
				}
			}
			for s := range strings.FieldsSeq(tt.public) {
				if err := egress.Classify(netip.MustParseAddr(s)); err != nil {
					t.Errorf("%s: %v", s, err)
				}
			}
		})
	}
	if egress.Classify(netip.Addr{}) == nil {
		t.Error("the zero address is let through")
	}
}

// listen is a TCP listener on loopback, and what connects to it.
func listen(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return netip.MustParseAddrPort(l.Addr().String())
}

func forbidden(err error) bool {
	refusal, ok := errors.AsType[*myodai.Error](err)
	return ok && refusal.Code == myodai.CodeForbidden
}

func TestDialRefuses(t *testing.T) {
	at := listen(t)
	port := at.String()[strings.LastIndexByte(at.String(), ':'):]
	d := egress.New(egress.Options{})
	for _, address := range []string{
		"127.0.0.1" + port, "[::ffff:127.0.0.1]" + port, "[::127.0.0.1]" + port, "0.0.0.0" + port, "[::]" + port, "[::1]" + port,
		"localhost" + port, "localhost:smtp", "127.1" + port, "2130706433" + port, "0x7f000001" + port, "0177.0.0.1" + port,
		"127.0.0.1", "[fe80::1%lo]" + port, "", ":25", "@127.0.0.1" + port, " 127.0.0.1" + port,
	} {
		for _, network := range []string{"tcp", "udp", "tcp4", "tcp6"} {
			conn, err := d.DialContext(t.Context(), network, address)
			if !forbidden(err) {
				t.Errorf("%s %q: %v, %v", network, address, conn, err)
			}
		}
	}
	for _, network := range []string{"unix", "ip4:icmp", "unixgram", ""} {
		if _, err := d.DialContext(t.Context(), network, "8.8.8.8:53"); !forbidden(err) {
			t.Errorf("network %q: %v", network, err)
		}
	}
}

func TestAllowLetsThroughAndIsLogged(t *testing.T) {
	at := listen(t)
	var log bytes.Buffer
	d := egress.New(egress.Options{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		Log:   slog.New(slog.NewTextHandler(&log, nil)),
	})
	conn, err := d.DialContext(t.Context(), "tcp", "[::ffff:127.0.0.1]:"+strings.Split(at.String(), ":")[1])
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if _, err := d.DialContext(t.Context(), "tcp", "127.0.0.2:1"); !forbidden(err) {
		t.Errorf("beside the prefix: %v", err)
	}
	if !strings.Contains(log.String(), "127.0.0.1/32") {
		t.Errorf("log: %s", &log)
	}
}

func TestMapSendsElsewhereAfterTheJudgement(t *testing.T) {
	at := listen(t)
	d := egress.New(egress.Options{Map: map[netip.AddrPort]netip.AddrPort{
		netip.MustParseAddrPort("8.8.8.8:25"):  at,
		netip.MustParseAddrPort("10.0.0.1:25"): at,
	}})
	conn, err := d.DialContext(t.Context(), "tcp", "8.8.8.8:25")
	if err != nil {
		t.Fatal(err)
	}
	if conn.RemoteAddr().String() != at.String() {
		t.Errorf("connected to %s", conn.RemoteAddr())
	}
	_ = conn.Close()
	if _, err := d.DialContext(t.Context(), "tcp", "10.0.0.1:25"); !forbidden(err) {
		t.Errorf("a forbidden address is mapped: %v", err)
	}
	if _, err := d.DialContext(t.Context(), "tcp", at.String()); !forbidden(err) {
		t.Errorf("the target itself is let through: %v", err)
	}
}

func TestOtherFailuresAreThoseOfTheNetwork(t *testing.T) {
	d := egress.New(egress.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Timeout: time.Second})
	if _, err := d.DialContext(t.Context(), "tcp", "127.0.0.9:1"); err == nil || forbidden(err) {
		t.Errorf("a closed port: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.DialContext(ctx, "tcp", "127.0.0.1:1"); err == nil || forbidden(err) {
		t.Errorf("a canceled dial: %v", err)
	}
}

func FuzzDial(f *testing.F) {
	f.Add("127.0.0.1:25")
	f.Add("[::ffff:10.0.0.1]:25")
	f.Add("localhost:25")
	// A dialer that gives up at once: nothing is sent by what gets past.
	d := egress.New(egress.Options{Timeout: time.Nanosecond})
	f.Fuzz(func(t *testing.T, address string) {
		_, err := d.DialContext(t.Context(), "tcp", address)
		if err == nil {
			t.Fatal("connected")
		}
		if to, parsed := netip.ParseAddrPort(address); parsed != nil || egress.Classify(to.Addr()) != nil {
			if !forbidden(err) {
				t.Errorf("%q: %v", address, err)
			}
		}
	})
}
