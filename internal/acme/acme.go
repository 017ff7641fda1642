package acme

import (
	"context"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// Store is what this room keeps. See package store.
type Store interface {
	Accounts
	ClaimCertificates(ctx context.Context, owner string, limit int, now, until time.Time) ([]myodai.WantedCertificate, error)
	RecordCertificate(ctx context.Context, owner string, id myodai.CertificateID, fresh *myodai.NewCertificate, now time.Time,
		change func(myodai.Certificate) (myodai.Certificate, []myodai.Event)) error
	AddChallenge(ctx context.Context, owner string, c myodai.Challenge) error
	Challenges(ctx context.Context) ([]myodai.Challenge, error)
	HeldCertificates(ctx context.Context) ([]myodai.ServedCertificate, error)
	ServedCertificate(ctx context.Context, id myodai.CertificateID) (myodai.ServedCertificate, error)
}

// Accounts are our accounts at certificate authorities.
type Accounts interface {
	ACMEAccount(ctx context.Context, directory string) (private []byte, err error)
	AddACMEAccount(ctx context.Context, directory string, private []byte, now time.Time) error
}

// Options are what a Service is made of. Store, Random and Log are needed.
type Options struct {
	Store Store
	Site  plan.Site

	Directory string         // URL of the authority's directory; "" makes no orders
	Contact   myodai.Address // told to the authority; zero for nobody
	EAB       EAB            // external account binding (RFC 8555 §7.3.4)
	Profile   string         // of certificates, where the authority offers several; "" for its default
	Roots     *x509.CertPool // that vouch for the authority's own server; nil for the system's

	// Dial connects to an address; Lookup finds those of a host.
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Visible reports whether every server of our zone shows a TXT record.
	Visible func(ctx context.Context, name myodai.Name, text string) bool
	Wake    func() // called when our zone has changed; nil for nobody
	// Warn tells the platform operator that a certificate is about to expire; nil
	// for nobody but the log.
	Warn func(ctx context.Context, c myodai.Certificate) error

	Owner      string    // of leases: this node
	Random     io.Reader // of keys and ids; must not fail
	Log        *slog.Logger
	Registerer prometheus.Registerer // nil: not registered
}

// EAB binds our account to one that the authority knows from elsewhere.
type EAB struct {
	KeyID string
	Key   string // HMAC key in base64url, as authorities hand it out
}

// Service keeps certificates.
type Service struct {
	o       Options
	log     *slog.Logger
	metrics *metrics
	web     *transport
	due     chan struct{}

	held  atomic.Pointer[map[myodai.Name]*heldCertificate]
	pages pages

	mu      sync.Mutex
	account *account // nil until it is known to the authority
}

// New makes a service; Run makes it work.
func New(o Options) *Service {
	if o.Wake == nil {
		o.Wake = func() {}
	}
	s := &Service{o: o, log: o.Log.With("room", "acme"), metrics: newMetrics(o.Registerer), due: make(chan struct{}, 1)}
	s.held.Store(&map[myodai.Name]*heldCertificate{})
	s.web = newTransport(o)
	return s
}

// Bounds of the loop.
const (
	maxOrders   = 4                // under way on this node
	orderTime   = 5 * time.Minute  // of one order
	leaseTime   = 10 * time.Minute // longer than any order
	pollPause   = time.Second
	reloadPause = 2 * time.Second
	faultsPause = 5 * time.Second
)

// Run orders and renews certificates when they are due and keeps those that are
// held in memory, until ctx ends. Any number of nodes may do so at once: each
// certificate is leased to one of them.
func (s *Service) Run(ctx context.Context) error {
	slots := make(chan struct{}, maxOrders)
	var orders sync.WaitGroup
	defer orders.Wait()
	var loaded time.Time
	for {
		pause := pollPause
		if now := time.Now(); now.Sub(loaded) >= reloadPause {
			if err := s.reload(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("read certificates, serving those of before", "err", err)
				pause = faultsPause
			}
			loaded = now
		}
		if err := s.workDue(ctx, slots, &orders); err != nil && ctx.Err() == nil {
			s.log.Error("claim certificates", "err", err)
			pause = faultsPause
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.due:
		case <-time.After(pause):
		}
	}
}

// Order makes Run look at once: a certificate may have become due.
func (s *Service) Order() {
	select {
	case s.due <- struct{}{}:
	default:
	}
}

// workDue begins with every certificate that is due, as far as there are slots.
func (s *Service) workDue(ctx context.Context, slots chan struct{}, orders *sync.WaitGroup) error {
	free := cap(slots) - len(slots)
	if free == 0 {
		return nil
	}
	now := time.Now()
	due, err := s.o.Store.ClaimCertificates(ctx, s.o.Owner, free, now, now.Add(leaseTime))
	if err != nil {
		return err
	}
	for _, w := range due {
		slots <- struct{}{}
		orders.Go(func() {
			defer func() { <-slots }()
			s.work(ctx, w)
			s.Order() // there may be more
		})
	}
	return nil
}
