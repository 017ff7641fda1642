package inbound

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/myodai/myodai/internal/bounce"
)

type metrics struct {
	received *prometheus.CounterVec // by what it was and what it did
}

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{received: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "myodai_inbound_received_total",
		Help: "Mails taken in on port 25, by what they are and what they changed.",
	}, []string{"kind", "effect"})}
	if r != nil {
		r.MustRegister(m.received)
	}
	return m
}

// The labels beside those of bounce.Kind.
const (
	kindReport      bounce.Kind = "report"
	kindPostmaster  bounce.Kind = "postmaster"
	kindUnsubscribe bounce.Kind = "unsubscribe"

	effectNone       = "none"
	effectBounced    = "bounced"
	effectSuppressed = "suppressed"
	effectComplained = "complained"
)
