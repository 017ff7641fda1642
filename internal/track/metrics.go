package track

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	answered       *prometheus.CounterVec
	clicks, opens  prometheus.Counter
	lost, drained  prometheus.Counter
	unsubscription prometheus.Counter
}

func newMetrics(r prometheus.Registerer, visits *spool) metrics {
	m := metrics{
		answered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "myodai_track_answers_total", Help: "Requests at tracking hosts that were answered, by what they were.",
		}, []string{"what"}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "myodai_track_visits_lost_total", Help: "Clicks and opens that were answered and could not be kept.",
		}),
		drained: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "myodai_track_visits_recorded_total", Help: "Clicks and opens brought into the store.",
		}),
	}
	m.clicks, m.opens = m.answered.WithLabelValues("click"), m.answered.WithLabelValues("open")
	m.unsubscription = m.answered.WithLabelValues("unsubscription")
	if r != nil {
		r.MustRegister(m.answered, m.lost, m.drained, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "myodai_track_spool_octets", Help: "Octets of clicks and opens that wait for the store.",
		}, func() float64 { return float64(visits.held()) }))
	}
	return m
}
