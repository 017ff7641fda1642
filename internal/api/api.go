package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"github.com/myodai/myodai/internal/access"
	"github.com/myodai/myodai/internal/domains"
	"github.com/myodai/myodai/internal/hygiene"
	"github.com/myodai/myodai/internal/senders"
	"github.com/myodai/myodai/internal/store"
	"github.com/myodai/myodai/internal/submission"
	"github.com/myodai/myodai/internal/webhook"
)

// Options are what a Server is made of. Store, Access, Domains, Handover,
// Tracking, Submission, Senders, Hygiene, Webhooks, Random and Log are needed.
type Options struct {
	Store      *store.Store
	Access     *access.Service
	Domains    *domains.Service
	Handover   *domains.Handover
	Tracking   *domains.Tracking
	Submission *submission.Engine
	Webhooks   *webhook.Service
	Hygiene    *hygiene.Service
	Senders    *senders.Service
	Random     io.Reader // of ids; must not fail
	Log        *slog.Logger
	Registerer prometheus.Registerer // nil: not registered
	Version    string                // of the program, for the OpenAPI document
	BaseURL    string                // where clients reach us, for the OpenAPI document; "" leaves it out
	Wake       func()                // called when deliveries were made due; nil for nobody
	MaxSize    int64                 // octets of a message; 0 means submission.DefaultMaxSize
	Routes     []string              // names of the smarthosts that classes may be sent by
	Limits     Limits
	Proxies    []netip.Prefix // whose word about where a request came from is believed
	Pages      http.Handler   // answers whatever is not the API's; nil for nobody
}

// Limits bound what clients can take. The zero value of each field means its
// default.
type Limits struct {
	AuthFailures Rate  // of one client address (IPv6: its /64); one in 3 s, 20 at once
	Checks       Rate  // on demand, of one domain; one in 10 s, 6 at once
	MaxMemory    int64 // octets of all large request bodies under way; 256 MiB
}

// Server answers the API.
type Server struct {
	o        Options
	log      *slog.Logger
	mux      *http.ServeMux
	api      huma.API
	http     *http.Server
	document document
	failures *limiter
	checks   *limiter
	memory   *semaphore.Weighted
	metrics  metrics
}

// New makes a server.
func New(o Options) *Server {
	if o.MaxSize == 0 {
		o.MaxSize = submission.DefaultMaxSize
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	if o.Limits.MaxMemory == 0 {
		o.Limits.MaxMemory = 256 << 20
	}
	s := &Server{
		o: o, log: o.Log.With("room", "api"), mux: http.NewServeMux(),
		failures: newLimiter(o.Limits.AuthFailures.or(Rate{Every: 3 * time.Second, Burst: 20})),
		checks:   newLimiter(o.Limits.Checks.or(Rate{Every: 10 * time.Second, Burst: 6})),
		memory:   semaphore.NewWeighted(o.Limits.MaxMemory),
		metrics:  newMetrics(o.Registerer),
	}
	s.api = humago.New(s.mux, humaConfig(o))
	s.registerTenants()
	s.registerCredentials()
	s.registerMembers()
	s.registerInvitations()
	s.registerOperators()
	s.registerAuditTrail()
	s.registerPolicy()
	s.registerSenders()
	s.registerRoutes()
	s.registerDomains()
	s.registerKeys()
	s.registerTracking()
	s.registerMessages()
	s.registerVisits()
	s.registerSuppressions()
	s.registerWebhooks()
	s.registerAudits()
	s.registerEvents()
	s.registerQueue()
	s.registerSites()
	s.registerHolds()
	s.registerQuarantine()
	s.document = newDocument(s.api.OpenAPI())
	s.document.serve(s.mux)
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second, // slow headers (T73)
		IdleTimeout:       2 * time.Minute,
		WriteTimeout:      2 * time.Minute, // longer than any check
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	return s
}

// Serve accepts connections until Shutdown; it returns nil then, and an error
// when the listener fails.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown stops listening and waits for requests under way. When ctx ends
// first it cuts them off and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		_ = s.http.Close() // nothing is left to be done about it
	}
	return err
}
