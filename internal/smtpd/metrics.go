package smtpd

import "github.com/prometheus/client_golang/prometheus"

// metrics are what operators see of one face.
type metrics struct {
	connections *prometheus.CounterVec // by what became of them at the door
	open        prometheus.Gauge
	messages    *prometheus.CounterVec // by the first digit of the reply to their end
	logins      *prometheus.CounterVec // by outcome
	panics      prometheus.Counter
}

// newMetrics makes the metrics of a face and registers them; r may be nil.
func newMetrics(f face, r prometheus.Registerer) *metrics {
	labels := prometheus.Labels{"face": string(f)}
	m := &metrics{
		connections: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "myodai_smtpd_connections_total", ConstLabels: labels,
			Help: "Connections by what became of them at the door: served, full or full_for_ip.",
		}, []string{"result"}),
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "myodai_smtpd_connections", ConstLabels: labels,
			Help: "Connections open now.",
		}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "myodai_smtpd_messages_total", ConstLabels: labels,
			Help: "Messages by the reply they got: 2xx accepted, 4xx come again, 5xx refused.",
		}, []string{"reply"}),
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "myodai_smtpd_logins_total", ConstLabels: labels,
			Help: "Logins by outcome: ok, failed, limited or fault.",
		}, []string{"outcome"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "myodai_smtpd_panics_total", ConstLabels: labels,
			Help: "Connections that ended in a panic of ours.",
		}),
	}
	if r != nil {
		r.MustRegister(m.connections, m.open, m.messages, m.logins, m.panics)
	}
	return m
}
