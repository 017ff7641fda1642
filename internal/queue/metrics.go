package queue

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// summaryInterval is how often the store is asked how much it holds. The answer
// takes a walk over everything that is queued.
const summaryInterval = time.Minute

// metrics is what the queue tells of itself. Nothing in it names a tenant, a
// domain or a recipient.
type metrics struct {
	attempts    *prometheus.CounterVec
	crashes     prometheus.Counter
	quarantined prometheus.Counter
	lost        prometheus.Counter
	sessions    prometheus.Gauge
	waiting     prometheus.Gauge
	queued      *prometheus.GaugeVec
	oldest      prometheus.Gauge
	wanted      bool // somebody reads them
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "myodai_queue_attempts_total", Help: "Attempts that are over, by the kind of their outcome.",
		}, []string{"outcome"}),
		crashes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "myodai_queue_crashes_total", Help: "Attempts that ended in a panic.",
		}),
		quarantined: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "myodai_queue_quarantined_total", Help: "Deliveries put aside because the process died at them.",
		}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "myodai_queue_leases_lost_total", Help: "Results that were not recorded because the lease had been taken over.",
		}),
		sessions: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "myodai_queue_in_flight", Help: "Jobs under way; each has one connection at a time.",
		}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "myodai_queue_due", Help: "Deliveries that are due, claimed by this node, and wait for a session.",
		}),
		queued: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "myodai_queue_deliveries", Help: "Deliveries that are not over, on all nodes, by state.",
		}, []string{"state"}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "myodai_queue_oldest_seconds", Help: "Age of the oldest delivery that is not over; 0 without any.",
		}),
		wanted: r != nil,
	}
	if r != nil {
		r.MustRegister(m.attempts, m.crashes, m.quarantined, m.lost, m.sessions, m.waiting, m.queued, m.oldest)
	}
	return m
}

// show notes what the loop sees.
func (m *metrics) show(l *lanes) {
	m.sessions.Set(float64(l.running))
	m.waiting.Set(float64(l.waiting))
}

// watch asks the store regularly how much it holds, until ctx ends.
func (m *metrics) watch(ctx context.Context, store Store, log *slog.Logger) {
	if !m.wanted {
		return
	}
	tick := time.NewTicker(summaryInterval)
	defer tick.Stop()
	for {
		m.sum(ctx, store, log)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (m *metrics) sum(ctx context.Context, store Store, log *slog.Logger) {
	now := time.Now()
	lines, err := store.Queue(ctx, "", now)
	if err != nil {
		if ctx.Err() == nil {
			log.ErrorContext(ctx, "sum up the queue", "err", err)
		}
		return
	}
	var accepted, deferred int
	var oldest time.Duration
	for _, line := range lines {
		accepted += line.Accepted
		deferred += line.Deferred
		oldest = max(oldest, now.Sub(line.OldestAt))
	}
	m.queued.WithLabelValues("accepted").Set(float64(accepted))
	m.queued.WithLabelValues("deferred").Set(float64(deferred))
	m.oldest.Set(oldest.Seconds())
}
