package acme

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	orders   *prometheus.CounterVec
	unknown  prometheus.Counter
	held     prometheus.Gauge
	expiring prometheus.Gauge
}

// newMetrics makes the counters; those of a nil Registerer count for nobody.
func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		orders: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "myodai_acme_orders_total", Help: "Orders of certificates, by what they came to: issued or failed.",
		}, []string{"outcome"}),
		unknown: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "myodai_acme_unknown_names_total", Help: "TLS handshakes for names without a certificate, which were refused.",
		}),
		held: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "myodai_acme_certificates", Help: "Certificates that are held.",
		}),
		expiring: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "myodai_acme_certificates_expiring", Help: "Certificates that end within a fortnight, or a quarter of their life, and were not renewed.",
		}),
	}
	for _, outcome := range []string{"issued", "failed"} {
		m.orders.WithLabelValues(outcome)
	}
	if r != nil {
		r.MustRegister(m.orders, m.unknown, m.held, m.expiring)
	}
	return m
}
