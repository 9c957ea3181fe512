package metrics

import (
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is everything that the server counts. New makes one.
type Metrics struct {
	registry *prometheus.Registry
	catalog  []entry

	refusals, sessionEnds, connectionEnds *prometheus.CounterVec
	unreadable, faults                    *prometheus.CounterVec
	takeOvers                             *prometheus.CounterVec
	interruptions, reconnects             prometheus.Counter
	joins                                 *prometheus.HistogramVec
}

// entry describes a metric, for its documentation.
type entry struct {
	name, kind, help string
	labels           []string
}

// New returns the metrics of a server of that version.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.gauge("millrace_build_info", "Always 1; its labels say what runs.", "version", "go").
		WithLabelValues(version, runtime.Version()).Set(1)
	m.refusals = m.counter("millrace_refusals_total",
		"Tries to publish or play that were not let in, by the code of the refusal.", "role", "protocol", "code")
	m.sessionEnds = m.counter("millrace_session_ends_total",
		"Publishers and players that ended, by reason.", "role", "protocol", "reason")
	m.connectionEnds = m.counter("millrace_connection_ends_total",
		"Connections of RTMP that ended, by reason. Those with handshake never got through it.", "protocol", "reason")
	m.note(dropsName, "counter", dropsHelp, []string{"side", "reason", "protocol"})
	m.unreadable = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: dropsName, Help: dropsHelp, ConstLabels: prometheus.Labels{"side": "in", "reason": "unreadable"},
	}, []string{"protocol"})
	m.registry.MustRegister(m.unreadable)
	m.takeOvers = m.counter("millrace_take_overs_total",
		"Publishers in whose place another session came.", "protocol")
	m.interruptions = m.counter("millrace_interruptions_total",
		"How often a stream lost its publisher or its media, and its players began to wait.").WithLabelValues()
	m.reconnects = m.counter("millrace_reconnects_total",
		"How often a stream went on after an interruption.").WithLabelValues()
	m.faults = m.counter("millrace_stream_faults_total",
		"What publishers did wrong: clock-jump (timestamps jumped), long-gop (key frames too far apart), "+
			"fight (encoders change places on one stream).", "fault")
	m.joins = m.histogram("millrace_join_seconds",
		"Time from the moment that a play was let in to its first key frame.",
		[]float64{.001, .005, .02, .05, .1, .25, .5, 1, 2, 4, 8, 16}, "protocol")
	m.begin()
	return m
}

// What is dropped is counted in two places.
const (
	dropsName = "millrace_drops_total"
	dropsHelp = "Messages of publishers that could not be read (side in), and frames that players skipped because " +
		"they were too slow (side out)."
)

// begin makes the counters of what always can happen start at 0, so that the
// first time shows as a rise.
func (m *Metrics) begin() {
	for _, f := range faults {
		m.faults.WithLabelValues(f)
	}
	for _, protocol := range publisherProtocols {
		m.takeOvers.WithLabelValues(protocol)
		m.unreadable.WithLabelValues(protocol)
		m.connectionEnds.WithLabelValues(protocol, "handshake")
	}
	for _, protocol := range playerProtocols {
		m.joins.WithLabelValues(protocol)
	}
}

// Handler answers with the metrics as they are.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), ErrorHandling: promhttp.ContinueOnError,
		// One that asks in a loop must not keep the streams' locks busy.
		MaxRequestsInFlight: 4, Timeout: 10 * time.Second,
	})
}

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	m.note(name, "counter", help, labels)
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	m.note(name, "gauge", help, labels)
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	m.note(name, "histogram", help, labels)
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(v)
	return v
}

// describe makes the description of a metric whose value is read when somebody
// asks.
func (m *Metrics) describe(name, kind, help string, labels ...string) *prometheus.Desc {
	m.note(name, kind, help, labels)
	return prometheus.NewDesc(name, help, labels, nil)
}

func (m *Metrics) note(name, kind, help string, labels []string) {
	m.catalog = append(m.catalog, entry{name, kind, help, labels})
}
