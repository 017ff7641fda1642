package hygiene

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	audits *prometheus.CounterVec // by how they ended
	judged prometheus.Counter
}

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{
		audits: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "myodai_hygiene_audits_total",
			Help: "Audits before the first send, by how they ended.",
		}, []string{"state"}),
		judged: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "myodai_hygiene_addresses_total",
			Help: "Addresses that audits have judged.",
		}),
	}
	if r != nil {
		r.MustRegister(m.audits, m.judged)
	}
	return m
}
