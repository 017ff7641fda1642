package main

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/acme"
	"github.com/myodai/myodai/internal/api"
	"github.com/myodai/myodai/internal/authdns"
	"github.com/myodai/myodai/internal/console"
	"github.com/myodai/myodai/internal/delivery"
	"github.com/myodai/myodai/internal/diagnose"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/egress"
	"github.com/myodai/myodai/internal/handoff"
	"github.com/myodai/myodai/internal/hygiene"
	"github.com/myodai/myodai/internal/inbound"
	"github.com/myodai/myodai/internal/plan"
	"github.com/myodai/myodai/internal/queue"
	"github.com/myodai/myodai/internal/resolver"
	"github.com/myodai/myodai/internal/senders"
	"github.com/myodai/myodai/internal/smtpd"
	"github.com/myodai/myodai/internal/store"
	"github.com/myodai/myodai/internal/submission"
	"github.com/myodai/myodai/internal/track"
	"github.com/myodai/myodai/internal/webhook"
)

// server is every room, put together, with its doors already open: who starts
// one knows at once whether it can listen, and where.
type server struct {
	cfg  config
	site plan.Site
	log  *slog.Logger

	store      *store.Store
	prober     *resolver.Prober
	cache      *resolver.Cache
	access     *access.Service
	domains    *domains.Service
	handover   *domains.Handover
	tracking   *domains.Tracking
	acme       *acme.Service
	submission *submission.Engine
	notifier   *submission.Notifier
	hygiene    *hygiene.Service
	senders    *senders.Service
	queue      *queue.Queue
	inbound    *inbound.Service
	webhooks   *webhook.Service
	console    *console.Server
	track      *track.Server
	api        *api.Server
	dns        *authdns.Server
	submitters *smtpd.Server
	mx         *smtpd.Server
	tls        *tls.Config
	signing    int // signatures at a time; 0 for as many as processors
	registry   *prometheus.Registry
	doors      *doors
	faults     *faults
	clock      *clock
	node       *node
}

// openTimeout bounds what is done before anything is served.
const openTimeout = time.Minute

// newServer builds everything from a configuration: it opens the database and
// brings it up to date, makes what is made once, and listens. Nothing is served
// before Run. Without Run, Close gives everything back.
func newServer(cfg config, log *slog.Logger) (_ *server, err error) {
	cfg.complete()
	if err := cfg.validate(); err != nil {
		return nil, usageError{err}
	}
	kept := newFaults()
	log = kept.log(log)
	s := &server{cfg: cfg, log: log, faults: kept, clock: newClock(log.With("room", "clock")), registry: prometheus.NewRegistry(), site: cfg.site()}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if s.node, err = openNode(cfg.Data); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	master, _, err := s.openStore(ctx)
	if err != nil {
		return nil, err
	}
	s.access = access.New(access.Options{
		Store: s.store, People: s.store, Random: rand.Reader, BaseURL: cfg.BaseURL, Platform: cfg.ServiceName,
		Outward: s.outward(), Log: log.With("room", "access"),
		Send: func(ctx context.Context, m myodai.OwnMail) (myodai.MessageID, error) {
			return s.submission.SendOwn(ctx, m)
		},
	})
	if err := s.firstStart(ctx); err != nil {
		return nil, err
	}
	if err := s.buildRooms(master); err != nil {
		return nil, err
	}
	return s, s.openDoors()
}

// openStore opens and migrates the database under the master key, and says
// which steps that took.
func (s *server) openStore(ctx context.Context) (master [32]byte, applied []string, err error) {
	if err := os.MkdirAll(s.cfg.Data, 0o700); err != nil {
		return master, nil, fmt.Errorf("make the data directory: %w", err)
	}
	master, fresh, err := readMasterKey(s.cfg.KeyFile)
	if err != nil {
		return master, nil, err
	}
	s.store, err = store.Open(ctx, store.Options{
		URL: s.cfg.Database, Key: master, Log: s.log.With("room", "store"), Accelerate: s.fasterRSA(),
	})
	if refusal, ok := errors.AsType[*myodai.Error](err); ok && refusal.Field == "key" && fresh {
		return master, nil, usage("key_file: %s is missing, and the database was sealed with the key that was in it; put it back", s.cfg.KeyFile)
	}
	if err != nil {
		return master, nil, err
	}
	if fresh {
		// Before anything is sealed with it: a key that is lost after that takes
		// every private key with it.
		if err := writeSecret(s.cfg.KeyFile, fmt.Sprintf("%x", master)); err != nil {
			return master, nil, fmt.Errorf("write master key: %w", err)
		}
		s.log.Info("made the master key; keep a copy of it apart from the database", "file", s.cfg.KeyFile)
	}
	if applied, err = s.store.Migrate(ctx); err != nil {
		return master, nil, err
	}
	return master, applied, nil
}

// buildRooms makes every room out of those below it.
func (s *server) buildRooms(master [32]byte) error {
	cfg, log := s.cfg, s.log
	returnKey, err := hkdf.Key(sha256.New, master[:], nil, "myodai return path", 32)
	if err != nil {
		return fmt.Errorf("derive the key of return paths: %w", err)
	}
	certificate, err := openCertificate(cfg)
	if err != nil {
		return err
	}
	s.buildResolvers()
	s.dns = authdns.New(authdns.Options{
		Zone: cfg.Zone, Source: zoneSource{s.store, s.site, cfg.connect()}, SnapshotFile: s.path("zone.snapshot"),
		Log: log, Registerer: s.registry,
	})
	s.domains = domains.New(domains.Options{
		Store: s.store, Prober: s.prober, Registry: s.newRegistry(), Site: s.site, DefaultShape: cfg.DefaultShape, Ed25519: cfg.Ed25519,
		Issuers: cfg.CADomains, Random: rand.Reader, Log: log, Wake: s.dns.Wake, Notify: s.notify, Believes: s.clock.believed,
	})
	s.handover = s.newHandover()
	if err := s.buildTracking(); err != nil {
		return err
	}
	if err := s.buildTrack(master, certificate); err != nil {
		return err
	}
	rules, err := openShaping(cfg, log.With("room", "queue"))
	if err != nil {
		return err
	}
	routes := s.newRoutes()
	s.queue = queue.New(queue.Options{
		Store: s.store, Node: s.node.name, Owner: s.node.owner, Backlog: s.store, Agent: routes, Site: routes.Site, Rules: rules.current, Sites: s.store, Believes: s.clock.believed, Log: log.With("room", "queue"), Registerer: s.registry,
		Sign: func(ctx context.Context, m myodai.Sending, message []byte) ([]byte, error) {
			return s.submission.Sign(ctx, m, message)
		},
	})
	s.store.HandTo(s.queue)
	s.submission = submission.New(submission.Options{
		Store: s.store, Suppressions: s.store, Holds: s.store, Addresses: s.store, Routes: slices.Sorted(maps.Keys(cfg.Routes)),
		Random: rand.Reader, ReturnKey: [32]byte(returnKey), MailHost: cfg.Hostname, Links: s.track, Log: log.With("room", "submission"), Wake: s.queue.Wake, Waits: s.queue.Waits, Reckon: s.clock.reckon,
		Signing: s.signing, Cosign: cfg.Cosign, Own: submission.Mailbox{Name: cfg.ServiceName, Address: cfg.NotifyFrom},
	})
	s.notifier = submission.NewNotifier(s.submission, s.store, log)
	if s.hygiene, err = s.newHygiene(); err != nil {
		return err
	}
	s.senders = senders.New(senders.Options{
		Store: s.store, Owner: s.submission.Owner, Lookup: s.cache.Lookup, Send: s.submission.SendOwn,
		Zone: cfg.Zone, Platform: cfg.ServiceName, BaseURL: cfg.BaseURL, Random: rand.Reader, Log: log.With("room", "senders"),
	})
	s.inbound = inbound.New(inbound.Options{
		Store: s.store, Random: rand.Reader, ReturnKey: [32]byte(returnKey), Zone: cfg.Zone, MailHost: cfg.Hostname,
		Postmaster: postmaster{dir: s.path("postmaster")}.keep, Unsubscribes: s.track, Registerer: s.registry,
	})
	s.webhooks = webhook.New(webhook.Options{
		Store: s.store, Owner: s.node.owner, Dial: s.dialer(nil).DialContext, Insecure: cfg.WebhookInsecure, Log: log, Disabled: s.tellDisabled, Believes: s.clock.believed,
	})
	if s.console, err = s.newConsole(master); err != nil {
		return err
	}
	s.api = api.New(api.Options{
		Store: s.store, Access: s.access, Domains: s.domains, Handover: s.handover, Tracking: s.tracking, Submission: s.submission, Webhooks: s.webhooks,
		Senders: s.senders, Hygiene: s.hygiene, Random: rand.Reader,
		Log: log, Registerer: s.registry, Version: version(), BaseURL: cfg.BaseURL, Routes: slices.Sorted(maps.Keys(cfg.Routes)), Wake: s.queue.Wake, Pages: s.console,
		Proxies: cfg.TrustedProxies,
	})
	s.tls = &tls.Config{GetCertificate: s.certificate(certificate.get), MinVersion: tls.VersionTLS12}
	s.buildMailServers()
	return nil
}

// newHygiene makes what audits addresses. They are spooled in the data directory
// while that takes.
func (s *server) newHygiene() (*hygiene.Service, error) {
	dir := s.path("audits")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of audits: %w", err)
	}
	return hygiene.New(hygiene.Options{
		Store: s.store, Lookup: s.cache.Lookup, Random: rand.Reader, Dir: dir, Log: s.log, Registerer: s.registry,
	}), nil
}

// newConsole makes the pages. What browsers keep for us is sealed under a key of
// its own.
func (s *server) newConsole(master [32]byte) (*console.Server, error) {
	key, err := hkdf.Key(sha256.New, master[:], nil, "myodai console", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the key of the console: %w", err)
	}
	return console.New(console.Options{
		Store: s.store, Domains: s.domains, Handover: s.handover, Tracking: s.tracking, Senders: s.senders, Submission: s.submission,
		Webhooks: s.webhooks, Access: s.access, Hygiene: s.hygiene, Random: rand.Reader, Key: [32]byte(key), Log: s.log,
		BaseURL: s.cfg.BaseURL, Platform: s.cfg.ServiceName, Lookup: s.cache.Lookup, Wake: s.queue.Wake, Routes: slices.Sorted(maps.Keys(s.cfg.Routes)),
		Settings: s.cfg.shown(),
	})
}

// What one check may cost: queries enough for every place where a record may
// have gone by mistake, and time enough for servers that answer at the last
// moment.
const (
	checkBudget = 1000
	checkTime   = 30 * time.Second
)

// buildResolvers makes what asks DNS. Servers the operator named may have
// addresses that are forbidden otherwise; each asker may reach its own.
func (s *server) buildResolvers() {
	cfg := s.cfg
	recursives := cfg.recursives()
	s.prober = resolver.NewProber(resolver.Options{
		RootHints: cfg.RootHints, Port: cfg.DNSPort, Recursives: recursives,
		Probes: diagnose.MaxProbes, Budget: checkBudget, Deadline: checkTime,
		Dial: s.dialer(append(slices.Clone(cfg.RootHints), recursives...)).DialContext,
	})
	s.cache = resolver.NewCache(resolver.Options{
		RootHints: cfg.RootHints, Port: cfg.DNSPort, Servers: cfg.Resolvers,
		Dial: s.dialer(append(slices.Clone(cfg.RootHints), cfg.Resolvers...)).DialContext,
	})
}

// dialer is a way out that also leads to the given servers, "ip" or "ip:port".
func (s *server) dialer(servers []string) *egress.Dialer {
	allow := slices.Clone(s.cfg.AllowEgress)
	for _, server := range servers {
		ip, err := netip.ParseAddr(server)
		if err != nil {
			at, err := netip.ParseAddrPort(server)
			if err != nil {
				continue // a host name: judged by the address it has
			}
			ip = at.Addr()
		}
		allow = append(allow, netip.PrefixFrom(ip, ip.BitLen()))
	}
	return egress.New(egress.Options{Allow: allow, Map: s.cfg.EgressMap, Log: s.log.With("room", "egress")})
}

// newAgent makes what delivers by a smarthost, or without one to the recipients'
// own servers.
func (s *server) newAgent(by smarthost) *delivery.Agent {
	o := delivery.Options{
		Lookup: s.cache.Lookup, Hostname: s.cfg.Hostname, Port: s.cfg.SMTPPort, Log: s.log.With("room", "delivery"),
		Validates: s.cfg.validates(),
	}
	var servers []string
	if by.Host != "" {
		o.Smarthost = &by.Smarthost
		servers = []string{by.Host}
	}
	out := s.dialer(servers)
	o.Dial, o.DialFrom = out.DialContext, out.DialFrom
	return delivery.NewAgent(o)
}

func (s *server) buildMailServers() {
	log := s.log
	s.submitters = smtpd.NewSubmission(smtpd.Options{
		Hostname: s.cfg.Hostname, TLS: s.tls, Log: log, Registerer: s.registry, Authenticate: s.access.Login,
		Submit: func(ctx context.Context, c myodai.Credential, e smtpd.Envelope, raw []byte) (myodai.MessageID, error) {
			result, err := s.submission.Submit(ctx, submission.Request{
				Credential: c, Recipients: e.Recipients, Raw: raw, Terms: e.Terms, Each: e.Each,
			})
			return result.Message.ID, err
		},
	})
	s.mx = smtpd.NewMX(smtpd.Options{
		Hostname: s.cfg.Hostname, TLS: s.tls, Log: log, Registerer: s.registry, Accepts: s.inbound.Accepts,
		Receive: func(ctx context.Context, m smtpd.Incoming) error {
			for _, recipient := range m.Recipients {
				if err := s.inbound.Receive(ctx, recipient, m.Remote.String(), m.Raw); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// zoneSource is our zone as the store has it now.
type zoneSource struct {
	store   *store.Store
	site    plan.Site
	connect handoff.Service // whose keys stand in it
}

func (z zoneSource) ZoneSerial(ctx context.Context) (uint32, error) { return z.store.ZoneSerial(ctx) }

func (z zoneSource) Records(ctx context.Context) ([]myodai.Record, error) {
	published, err := z.store.PublishedDomains(ctx)
	if err != nil {
		return nil, err
	}
	platform, err := z.store.PlatformKeys(ctx)
	if err != nil {
		return nil, err
	}
	tracking, err := z.store.PublishedTracking(ctx)
	if err != nil {
		return nil, err
	}
	challenges, err := z.store.Challenges(ctx)
	if err != nil {
		return nil, err
	}
	links, err := z.store.LinkKeys(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := domains.LinkKeyRecords(z.connect, links)
	if err != nil {
		return nil, err
	}
	return slices.Concat(plan.Zone(z.site, published, platform), plan.TrackingZone(z.site, tracking, challenges), keys), nil
}

// addresses lists where a door, such as listen_api, is open.
func (s *server) addresses(key string) []net.Addr { return s.doors.addresses(key) }
