package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/demo"
)

// storyTime is the longest the story may take.
const storyTime = time.Minute

func (c *cli) demoCommand() *cobra.Command {
	exit := false
	cmd := &cobra.Command{
		Use: "demo", Short: "Play the main job on this machine alone",
		Long: `Play the main job on this machine alone, without root and without other software: the
service, a small DNS host with a tenant's zone, and a receiving mail server that
checks SPF, DKIM and DMARC by itself, all on loopback, with a database in a
temporary directory. When the story is told, everything stays up until Ctrl-C.`,
		Example: `  myodai demo
  myodai demo --exit    # end when the story is told, with status 0 or 1`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return c.demo(ctx, exit)
		},
	}
	cmd.Flags().BoolVar(&exit, "exit", false, "end when the story is told")
	return cmd
}

// demo sets the stage, tells the story, and stays.
func (c *cli) demo(ctx context.Context, exit bool) error {
	stage, err := setStage()
	if err != nil {
		return err
	}
	defer stage.close()
	ctx, cancel := context.WithCancel(ctx)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return stage.server.Run(ctx) })
	g.Go(func() error { return stage.receiver.Serve(ctx, stage.mx) })
	g.Go(func() error {
		defer cancel()
		if err := c.tell(ctx, stage); err != nil || exit {
			return err
		}
		c.stay(stage)
		<-ctx.Done()
		return nil
	})
	return g.Wait()
}

// stage is everything the story needs.
type stage struct {
	dir      string
	space    *demo.Space
	server   *server
	receiver *demo.Receiver
	mx       net.Listener // of the receiver
	mail     chan demo.Received
}

func setStage() (_ *stage, err error) {
	s := &stage{mail: make(chan demo.Received, 100)}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "myodai-demo-"); err != nil {
		return nil, fmt.Errorf("make a directory for the demo: %w", err)
	}
	if s.space, err = demo.OpenSpace(); err != nil {
		return nil, fmt.Errorf("open the name space: %w", err)
	}
	if s.mx, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("open the receiver: %w", err)
	}
	cfg, err := s.config()
	if err != nil {
		return nil, err
	}
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	if s.server, err = newServer(cfg, quiet); err != nil {
		return nil, err
	}
	s.receiver = &demo.Receiver{Lookup: s.server.cache.Lookup, Mail: s.mail, Log: quiet, Name: demo.ReceiverHost}
	return s, nil
}

// config is that of a service whose Internet is the demo's name space.
func (s *stage) config() (config, error) {
	cfg := defaultConfig()
	cfg.Data = s.dir
	cfg.Zone, cfg.Hostname, cfg.NameServers = demo.Zone, demo.MailHost, []myodai.Name{demo.NameServer}
	cfg.Addresses = []netip.Addr{netip.MustParseAddr(demo.PlatformAddress)}
	const anywhere = "127.0.0.1:0"
	cfg.ListenAPI, cfg.ListenMetrics, cfg.ListenMX = []string{anywhere}, []string{anywhere}, []string{anywhere}
	cfg.ListenSubmission, cfg.ListenSubmissions = []string{anywhere}, []string{anywhere}
	cfg.ListenTrack, cfg.ListenTrackTLS = []string{anywhere}, []string{anywhere}
	dns, err := freePort()
	if err != nil {
		return config{}, err
	}
	cfg.ListenDNS = []string{dns.String()}
	cfg.RootHints = []string{demo.HostAddress}
	cfg.AllowEgress = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("127.0.0.0/8")}
	at := func(ip string, port uint16) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(ip), port) }
	cfg.EgressMap = map[netip.AddrPort]netip.AddrPort{
		at(demo.HostAddress, 53):     netip.MustParseAddrPort(s.space.Address()),
		at(demo.PlatformAddress, 53): dns,
		at(demo.ReceiverAddress, 25): netip.MustParseAddrPort(s.mx.Addr().String()),
	}
	return cfg, nil
}

// freePort finds a port for our DNS server before it listens: the others have to
// be told where it will be.
func freePort() (netip.AddrPort, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return netip.MustParseAddrPort(l.Addr().String()), nil
}

func (s *stage) close() {
	if s.mx != nil {
		_ = s.mx.Close() // closed before when it served
	}
	if s.space != nil {
		_ = s.space.Close()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// api is a client of the demo's service.
func (s *stage) api(key string) *client {
	return &client{server: "http://" + s.address("listen_api"), key: key, http: http.Client{Timeout: storyTime}}
}

func (s *stage) address(door string) string { return s.server.addresses(door)[0].String() }

func (s *stage) operatorKey() (string, error) {
	key, err := os.ReadFile(s.server.path(operatorKeyFile))
	return strings.TrimSpace(string(key)), err
}

// stay says what there is to try.
func (c *cli) stay(s *stage) {
	space := netip.MustParseAddrPort(s.space.Address())
	dns := netip.MustParseAddrPort(s.address("listen_dns"))
	c.say(`
It all stays up until Ctrl-C:

  API            http://%s  (openapi.json describes it)
  Submission     %s with STARTTLS, %s with TLS
  Our zone       dig @127.0.0.1 -p %d %s SOA
  The DNS host   dig @127.0.0.1 -p %d %s NS
  Metrics        http://%s/metrics
  Data           %s

  export MYODAI_SERVER=http://%s MYODAI_DATA=%s
  myodai tenant list`,
		s.address("listen_api"), s.address("listen_submission"), s.address("listen_submissions"),
		dns.Port(), demo.Zone, space.Port(), demo.Tenant, s.address("listen_metrics"), s.dir,
		s.address("listen_api"), strconv.Quote(s.dir))
}
