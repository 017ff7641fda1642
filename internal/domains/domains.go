// Package domains is the life of a domain: registered, checked on demand and on
// a schedule, verified, at risk, suspended, deleted; its keys rotated.
//
// It decides nothing about DNS itself: what to publish, and whether it is there,
// is package plan's; what to ask and what the mistake is, package diagnose's;
// what DNS says, the Prober's. A check holds no transaction open: a domain is
// leased, probed, and written back together with the events this gives rise to.
//
// A refusal is a *myodai.Error; anything else is our own fault.
package domains

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/plan"
)

// Store is what this engine keeps. See package store.
type Store interface {
	Claims
	Checks
}

// Claims are the domains and their keys.
type Claims interface {
	CreateDomain(ctx context.Context, d myodai.Domain, keys []myodai.NewKey, events ...myodai.Event) error
	Domain(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID) (myodai.Domain, error)
	UpdateDomain(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID,
		change func(myodai.Domain) (myodai.Domain, []myodai.Event, error)) (myodai.Domain, error)
	DeleteDomain(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID, now time.Time, events ...myodai.Event) error
	Keys(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID) ([]myodai.Key, error)
	UpdateKeys(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID,
		change func([]myodai.Key) (keep []myodai.Key, add []myodai.NewKey, events []myodai.Event, err error)) ([]myodai.Key, error)
}

// Checks are the looks at them.
type Checks interface {
	ClaimDomains(ctx context.Context, limit int, now, until time.Time) ([]myodai.Domain, error)
	RecordCheck(ctx context.Context, check myodai.Check,
		change func(myodai.Domain) (myodai.Domain, []myodai.Event, error)) (myodai.Domain, error)
	LastCheck(ctx context.Context, tenant myodai.TenantID, domain myodai.DomainID) (myodai.Check, error)
	// Background is what a check of the domain is judged with beside DNS.
	Background(ctx context.Context, d myodai.Domain) (myodai.Background, error)
}

// Prober asks DNS. See package resolver.
type Prober interface {
	// Probe asks what next returns, then what next returns when it has seen the
	// answers, until that is nothing.
	Probe(ctx context.Context, domain myodai.Name, next func(myodai.Observation) []myodai.Question) myodai.Observation
}

// Registry says what is known of a registrable domain. See package rdap.
type Registry interface {
	Registration(ctx context.Context, domain myodai.Name) myodai.Registration
}

// Options are what the engine needs.
type Options struct {
	Store        Store
	Prober       Prober
	Registry     Registry // nil asks nobody
	Site         plan.Site
	Issuers      []string     // names of our certificate authority in CAA records; nil means the usual one
	DefaultShape myodai.Shape // of new domains; "" means ShapeCNAME
	Ed25519      bool         // also make Ed25519 keys for new domains
	Random       io.Reader    // of tokens and keys; must not fail
	Log          *slog.Logger
	// Believes reports whether anything may be held against a domain by what the clock
	// says; nil means always.
	Believes func() bool
	// Notify writes to who sets a tenant's domains up; nil for nobody.
	Notify func(ctx context.Context, tenant myodai.TenantID, n Notice) error
	Wake   func() // called when our zone has changed; nil for nobody
}

// Service is the engine.
type Service struct {
	Options
	due bell // a domain has become due
}

// New returns the engine; Run makes it check.
func New(o Options) *Service {
	if o.DefaultShape == "" {
		o.DefaultShape = myodai.ShapeCNAME
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	if o.Believes == nil {
		o.Believes = func() bool { return true }
	}
	o.Log = o.Log.With("room", "domains")
	return &Service{Options: o, due: newBell()}
}

// Plan returns what the domain must publish.
func (s *Service) Plan(ctx context.Context, tenant myodai.TenantID, id myodai.DomainID) (plan.Plan, error) {
	d, err := s.Store.Domain(ctx, tenant, id)
	if err != nil {
		return plan.Plan{}, err
	}
	keys, err := s.Store.Keys(ctx, tenant, id)
	if err != nil {
		return plan.Plan{}, err
	}
	return plan.For(d, keys, s.Site), nil
}

func (s *Service) event(kind myodai.EventKind, d myodai.Domain, now time.Time, data map[string]any) myodai.Event {
	if data == nil {
		data = map[string]any{}
	}
	data["domain"] = string(d.Name)
	return myodai.Event{
		ID: myodai.NewID[myodai.EventID](now, s.Random), TenantID: d.TenantID, Kind: kind, At: now, DomainID: d.ID, Data: data,
	}
}
