package api

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what operators see of the API. Labels are the patterns of the
// routes and statuses: neither grows, and neither names anybody (T79).
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	bodies   prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "myodai_api_requests_total", Help: "API requests by route and HTTP status.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "myodai_api_request_seconds", Help: "How long API requests took, by route.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 8), // 1 ms to 16 s
		}, []string{"route"}),
		bodies: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "myodai_api_body_memory_bytes", Help: "Memory reserved for large request bodies now.",
		}),
	}
	if r != nil {
		r.MustRegister(m.requests, m.seconds, m.bodies)
	}
	return m
}

func (m metrics) observe(route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}
