package authdns

import (
	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/myodai/myodai"
)

// metrics have no labels that a stranger can choose: a flood of random names
// must fill nothing (T51).
type metrics struct {
	queries     *prometheus.CounterVec // by transport
	responses   *prometheus.CounterVec // by response code
	dropped     *prometheus.CounterVec // by reason
	failures    prometheus.Counter
	serial      prometheus.Gauge
	records     prometheus.Gauge
	connections prometheus.Gauge
}

// Why a question got no answer, or none it could use.
const (
	dropLimited     = "limited"
	dropCut         = "cut"
	dropMalformed   = "malformed"
	dropFault       = "fault"
	dropConnections = "connections"
)

func newMetrics(r prometheus.Registerer) *metrics {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "myodai_authdns_" + name, Help: help}, []string{label})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "myodai_authdns_" + name, Help: help})
	}
	m := &metrics{
		queries:   counter("queries_total", "Packets received, by transport.", "transport"),
		responses: counter("responses_total", "Responses sent, by response code.", "rcode"),
		dropped:   counter("dropped_total", "Packets and connections not answered, by reason.", "reason"),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "myodai_authdns_source_failures_total", Help: "Times the zone could not be read from its source.",
		}),
		serial:      gauge("zone_serial", "Serial number of the zone being served."),
		records:     gauge("zone_records", "Records in the zone being served."),
		connections: gauge("tcp_connections", "TCP connections open."),
	}
	if r != nil {
		r.MustRegister(m.queries, m.responses, m.dropped, m.failures, m.serial, m.records, m.connections)
	}
	return m
}

func (m *metrics) answered(rcode int) {
	name, ok := dns.RcodeToString[rcode]
	if rcode == dns.RcodeBadVers {
		name = "BADVERS" // the library knows the number under its other name
	}
	if ok {
		m.responses.WithLabelValues(name).Inc()
	}
}

func (m *metrics) asked(via myodai.Transport) { m.queries.WithLabelValues(string(via)).Inc() }
func (m *metrics) drop(reason string)         { m.dropped.WithLabelValues(reason).Inc() }
