package hygiene

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/myodai/myodai"
)

// Store is what hygiene may do to what survives a restart.
type Store interface {
	// CreateAudit adds an audit.
	CreateListAudit(ctx context.Context, a myodai.ListAudit, events ...myodai.Event) error
	// ChangeAudit reads an audit, and writes what change makes of it with the
	// events that change returns. change may be called more than once and must be
	// pure; its error is returned as it is, and nothing is written then.
	ChangeListAudit(ctx context.Context, tenant myodai.TenantID, id myodai.ListAuditID,
		change func(myodai.ListAudit) (myodai.ListAudit, []myodai.Event, error)) (myodai.ListAudit, error)
	// Audit reads an audit; CodeNotFound when there is none.
	ListAudit(ctx context.Context, tenant myodai.TenantID, id myodai.ListAuditID) (myodai.ListAudit, error)
	// AddAuditFindings adds findings to an audit.
	AddListAuditFindings(ctx context.Context, tenant myodai.TenantID, id myodai.ListAuditID, list []myodai.ListAuditFinding) error
	// AuditFindings lists findings, of one verdict or with "" of all.
	ListAuditFindings(ctx context.Context, tenant myodai.TenantID, id myodai.ListAuditID, verdict myodai.ListAuditVerdict, page myodai.Page) (
		list []myodai.ListAuditFinding, next string, err error)
	// AddSuppressions adds entries to the tenant's list, except for those whose
	// address is on it, and writes the events that tell makes of how many there
	// were.
	AddSuppressions(ctx context.Context, tenant myodai.TenantID, list []myodai.Suppression, tell func(added int) []myodai.Event) (added int, err error)
	// RemoveBatch takes what is left of a batch off the tenant's list.
	RemoveBatch(ctx context.Context, tenant myodai.TenantID, batch myodai.BatchID, at time.Time, by string,
		tell func(removed int) []myodai.Event) (removed int, err error)
}

// The limits that hold where Options says nothing.
const (
	DefaultMaxAddresses = 5_000_000
	DefaultMaxOctets    = 4 << 30
	DefaultJobs         = 2
)

// Options are what a Service is made of. Store, Lookup, Random and Dir are
// needed.
type Options struct {
	Store  Store
	Lookup Lookup
	Random io.Reader // of ids; must not fail
	Dir    string    // where addresses are spooled while they are judged

	MaxAddresses int   // of one audit; 0 means DefaultMaxAddresses
	MaxOctets    int64 // of one upload; 0 means DefaultMaxOctets
	Jobs         int   // audits at a time; 0 means DefaultJobs

	Log        *slog.Logger          // nil: faults are told in the audit alone
	Registerer prometheus.Registerer // nil: not registered
}

// Service makes audits. It is safe for concurrent use.
type Service struct {
	o       Options
	log     *slog.Logger
	metrics metrics
	slots   chan struct{}
	ctx     context.Context // of jobs, which outlive the requests that began them
	stop    context.CancelFunc
	jobs    sync.WaitGroup
	mu      sync.Mutex
	busy    map[myodai.TenantID]bool // has an audit under way here
}

// New makes a Service.
func New(o Options) *Service {
	if o.MaxAddresses == 0 {
		o.MaxAddresses = DefaultMaxAddresses
	}
	if o.MaxOctets == 0 {
		o.MaxOctets = DefaultMaxOctets
	}
	if o.Jobs == 0 {
		o.Jobs = DefaultJobs
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{
		o: o, log: o.Log.With("room", "hygiene"), metrics: newMetrics(o.Registerer),
		slots: make(chan struct{}, o.Jobs), busy: map[myodai.TenantID]bool{},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Run waits until ctx ends, and then for the audits under way, which fail: their
// addresses were spooled here and are not kept.
func (s *Service) Run(ctx context.Context) error {
	<-ctx.Done()
	s.stop()
	s.jobs.Wait()
	return nil
}

func (s *Service) event(tenant myodai.TenantID, kind myodai.EventKind, now time.Time, data map[string]any) myodai.Event {
	return myodai.Event{ID: myodai.NewID[myodai.EventID](now, s.o.Random), TenantID: tenant, Kind: kind, At: now, Data: data}
}
