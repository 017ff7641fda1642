package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/myodai/myodai/internal/resolver/dnstest"
)

// Addresses of documentation networks stand for servers elsewhere; the egress
// map says where on loopback they really are.
const (
	platformAddress = "192.0.2.1"
	hostAddress     = "198.51.100.53" // of the root and of the tenant's DNS host
	receiverAddress = "198.51.100.25"
)

// service is a server that runs in this process, with the command line at hand.
type service struct {
	t    *testing.T
	cfg  config
	log  *lines
	stop func() error // ends Run and says how it ended
	url  string
	host *dnstest.Server // the root, example. and acme.example.
	key  string          // of the tenant, for the command line

	metrics, submission, mx string // where the doors are
}

// lines collects what is logged.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// testConfig is a whole configuration that touches nothing but loopback and a
// temporary directory.
func testConfig(t *testing.T) config {
	t.Helper()
	c := defaultConfig()
	c.Data = t.TempDir()
	c.Zone, c.Hostname = "plat.example", "mail.plat.example"
	c.Addresses = []netip.Addr{netip.MustParseAddr(platformAddress)}
	any := []string{"127.0.0.1:0"}
	c.ListenAPI, c.ListenMetrics, c.ListenDNS, c.ListenMX = any, any, any, any
	c.ListenSubmission, c.ListenSubmissions = any, any
	c.ListenTrack, c.ListenTrackTLS = any, any
	c.RootHints = []string{hostAddress}
	c.AllowEgress = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24")}
	c.EgressMap = map[netip.AddrPort]netip.AddrPort{}
	return c
}

// send makes connections to an address of the documentation go elsewhere.
func (c config) send(from, to string) {
	c.EgressMap[netip.MustParseAddrPort(from)] = netip.MustParseAddrPort(to)
}

// startService runs a server with a DNS of its own around it.
func startService(t *testing.T, cfg config) *service {
	t.Helper()
	s := &service{t: t, cfg: cfg, log: &lines{}}
	s.host = dnstest.Start(t, dnstest.Zones{
		".": "@ NS a.root.\na.root. A " + hostAddress + "\nexample. NS ns.host.example.\nns.host.example. A " + hostAddress + "\n",
		"example.": "@ NS ns.host\nns.host A " + hostAddress + "\nacme NS ns.host\nplat NS ns1.plat\nns1.plat A " + platformAddress +
			"\nreceiver MX 10 mx.receiver\nmx.receiver A " + receiverAddress + "\n",
		"acme.example.": "@ SOA ns.host.example. hostmaster 1 3600 600 86400 1\n@ NS ns.host.example.\n",
	})
	cfg.send(hostAddress+":53", s.host.Addr())
	server, err := newServer(cfg, slog.New(slog.NewTextHandler(s.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if dns := server.addresses("listen_dns"); len(dns) > 0 {
		cfg.send(platformAddress+":53", dns[0].String())
	}
	s.url = "http://" + server.addresses("listen_api")[0].String()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	s.metrics = "http://" + server.addresses("listen_metrics")[0].String()
	s.submission = server.addresses("listen_submission")[0].String()
	s.mx = server.addresses("listen_mx")[0].String()
	return s
}

// result is what a run of the command line left.
type result struct {
	status   int
	out, err string
}

// cli runs the command line against the service, with the tenant's key.
func (s *service) cli(args ...string) result { return s.pipe("", args...) }

// pipe is cli with something on standard input.
func (s *service) pipe(in string, args ...string) result {
	s.t.Helper()
	return command(s.t.Context(), strings.NewReader(in),
		[]string{"MYODAI_SERVER=" + s.url, "MYODAI_KEY=" + s.key, "MYODAI_DATA=" + s.cfg.Data}, args...)
}

// must is cli for commands that have to succeed, and decodes their JSON.
func (s *service) must(into any, args ...string) {
	s.t.Helper()
	r := s.cli(append(args, "--json")...)
	if r.status != exitOK {
		s.t.Fatalf("myodai %s = %d\n%s%s", strings.Join(args, " "), r.status, r.out, r.err)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(r.out), into); err != nil {
		s.t.Fatalf("myodai %s: %v in %s", strings.Join(args, " "), err, r.out)
	}
}

// command runs the command line in this process.
func command(ctx context.Context, in io.Reader, environ []string, args ...string) result {
	var out, err bytes.Buffer
	status := run(ctx, &cli{in: in, out: &out, err: &err, environ: environ}, args)
	return result{status, out.String(), err.String()}
}

// eventually polls a condition until it holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for !holds() {
		if wait(ctx, 10*time.Millisecond) != nil {
			t.Fatalf("%s: not within ten seconds", what)
		}
	}
}
