package queue

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/shaping"
)

// Store is what the queue needs of the store.
type Store interface {
	// ClaimDeliveries leases up to max deliveries that are due, longest due first,
	// to owner until the given time. Their attempts are counted with it (P09).
	ClaimDeliveries(ctx context.Context, owner string, max int, now, until time.Time) ([]myodai.Delivery, error)
	// FinishDeliveries writes the results of attempts in one transaction, except
	// for those whose lease is not owner's anymore, which it returns.
	FinishDeliveries(ctx context.Context, owner string, list []myodai.Finished) (lost []myodai.DeliveryID, err error)
	// ReleaseDeliveries gives deliveries back that were claimed and not attempted.
	ReleaseDeliveries(ctx context.Context, owner string, ids []myodai.DeliveryID) error
	// ClaimCrashed is ClaimDeliveries for what lived through so many crashes in a
	// row; owner never holds more than max of it.
	ClaimCrashed(ctx context.Context, owner string, crashes, max int, now, until time.Time) ([]myodai.Delivery, error)
	// Heartbeat says that owner, of the node with the given name, is alive until the
	// given time, and takes the leases of those whose time was over at now, and of who
	// had the name before. What crashed too often is put aside with an event.
	Heartbeat(ctx context.Context, name, owner string, now, until time.Time, quarantined func(myodai.Delivery) myodai.Event) error
	// Sending is the message with what entitles it to be sent, as that is now or was a
	// second ago.
	Sending(ctx context.Context, message myodai.MessageID) (myodai.Sending, error)
	// Body is the message in wire form; signed tells whether its signatures are
	// included already.
	Body(ctx context.Context, tenant myodai.TenantID, message myodai.MessageID) (octets []byte, signed bool, err error)
	// Queue sums up what waits; tenant "" means everybody's.
	Queue(ctx context.Context, tenant myodai.TenantID, now time.Time) ([]myodai.QueueLine, error)
}

// Agent attempts deliveries. It tells each outcome through Job.Settled as soon
// as it stands, and returns one per item; an outcome without a Kind means that
// no server can have taken the item.
type Agent interface {
	Attempt(ctx context.Context, job myodai.Job) []myodai.Outcome
}

// Options is what a Queue works with. Store, Backlog and Agent must be given, and
// Sign where mail is accepted unsigned.
type Options struct {
	Store   Store
	Backlog Backlog
	Agent   Agent
	// Site finds the site that mail for a domain goes to; nil means that each domain
	// is one.
	Site func(context.Context, myodai.Name, myodai.Route) myodai.Site
	// Rules are the rules that count now; nil means the default ones, for ever.
	Rules func() *shaping.Rules
	// Sites keeps what is known of sites, for people to see; nil means nobody does.
	Sites Sites
	// Sign makes the signatures of a message that was accepted unsigned, as they stand
	// before it.
	Sign func(ctx context.Context, s myodai.Sending, message []byte) (signatures []byte, err error)
	// Node is the name of this node, which it has again after a restart and no other
	// process has: what it held before is due again at once. "" is nobody's name;
	// then that takes half a minute.
	Node string
	// Owner is what this run of the node is called in leases: its name, a dot, and
	// what was not used before; "" makes one up for a node without a name.
	Owner string
	// Sessions bounds jobs at a time; 0 means 1000. A session is a socket and some
	// ten KiB, and many of them wait for slow servers.
	Sessions int
	// JobSize bounds the deliveries of one job; 0 means 100.
	JobSize int
	// Claimed bounds the deliveries that are leased and wait; 0 means 10,000.
	Claimed int
	// MaxAttempt is the longest the agent takes for one job; 0 means 20 minutes.
	MaxAttempt time.Duration
	// Lease is how long claimed work is ours; 0 means half as long again as
	// MaxAttempt. It must be longer than MaxAttempt.
	Lease time.Duration
	// Poll is how often the store is asked for what has become due; 0 means every
	// second. Wake does not wait for it.
	Poll time.Duration
	// Grace is how long jobs may go on after Run was told to end; 0 means 25
	// seconds, which leaves five for writing within the thirty of P15.
	Grace time.Duration
	// Believes reports whether mail may be given up by what the clock says; nil means
	// always.
	Believes func() bool
	// Random makes ids and jitter; nil means crypto/rand.Reader.
	Random io.Reader
	// Log is told of faults; nil means nobody is.
	Log *slog.Logger
	// Registerer takes the metrics; nil means there are none.
	Registerer prometheus.Registerer
}

// withDefaults fills in what was not given.
func (o Options) withDefaults() Options {
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Owner == "" {
		o.Owner = "queue-" + hex.EncodeToString(draw(o.Random, 8))
	}
	o.Sessions = orElse(o.Sessions, 1000)
	if o.Site == nil {
		o.Site = func(_ context.Context, domain myodai.Name, _ myodai.Route) myodai.Site { return myodai.SiteOf(domain) }
	}
	if o.Rules == nil {
		rules := shaping.Default()
		o.Rules = func() *shaping.Rules { return rules }
	}
	if o.Believes == nil {
		o.Believes = func() bool { return true }
	}
	o.JobSize = orElse(o.JobSize, 100)
	o.Claimed = orElse(o.Claimed, 10_000)
	o.MaxAttempt = orElse(o.MaxAttempt, 20*time.Minute)
	o.Lease = orElse(o.Lease, o.MaxAttempt*3/2)
	o.Poll = orElse(o.Poll, time.Second)
	o.Grace = orElse(o.Grace, 25*time.Second)
	return o
}

func orElse[T int | time.Duration](value, otherwise T) T {
	if value <= 0 {
		return otherwise
	}
	return value
}

// draw reads n octets from random, which must not fail.
func draw(random io.Reader, n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(random, b); err != nil {
		panic("queue: no randomness: " + err.Error())
	}
	return b
}

// Queue works off deliveries. Make one with New, and Run it once.
type Queue struct {
	with    Options // completed
	metrics *metrics
	wake    chan struct{}
	hand    *hand
	records chan myodai.Finished // from jobs to the one writer
	signals chan signal          // from jobs to the loop
}

// New makes a queue. It does nothing until Run. Metrics that are registered
// already make it panic.
func New(o Options) *Queue {
	o = o.withDefaults()
	return &Queue{
		with: o, metrics: newMetrics(o.Registerer),
		wake: make(chan struct{}, 1), hand: newHand(), records: make(chan myodai.Finished, batchSize), signals: make(chan signal, 64),
	}
}

// Wake makes the queue look for due deliveries now. It never blocks, and may be
// called before and after Run.
func (q *Queue) Wake() {
	select {
	case q.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}

// chance is a number for Jitter.
func (q *Queue) chance() uint64 { return binary.BigEndian.Uint64(draw(q.with.Random, 8)) }
