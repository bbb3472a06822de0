// Package metrics has what the service counts and times, for Prometheus. Durations are in seconds.
package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var (
	fast = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
	slow = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800}
)

// Metrics is one set for one application, so that two of them in a process, as in tests, do not mix.
type Metrics struct {
	Registry *prometheus.Registry

	// Requests were answered, by method, route and status.
	Requests *prometheus.CounterVec
	// RequestDuration is by method and route.
	RequestDuration *prometheus.HistogramVec
	// StatementDuration is by operation.
	StatementDuration *prometheus.HistogramVec
	// CacheRequests are by function and result: hit, miss or unavailable.
	CacheRequests *prometheus.CounterVec

	OutboxEvents prometheus.Gauge
	// EventsPublished is by type.
	EventsPublished *prometheus.CounterVec
	// EventsConsumed is by type and result: handled, duplicate, ignored or parked.
	EventsConsumed *prometheus.CounterVec
	EventLag       prometheus.Histogram
}

// New makes a set.
func New() *Metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	newly := promauto.With(registry)
	return &Metrics{
		Registry: registry,
		Requests: newly.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "Requests that were answered.",
		}, []string{"method", "route", "status"}),
		RequestDuration: newly.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "From the first byte of a request to the last of its answer.",
			Buckets: fast,
		}, []string{"method", "route"}),
		StatementDuration: newly.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "db_statement_duration_seconds",
			Help:    "How long the database took for a statement.",
			Buckets: fast,
		}, []string{"operation"}),
		CacheRequests: newly.NewCounterVec(prometheus.CounterOpts{
			Name: "cache_requests_total",
			Help: "Calls of cached functions, by what the cache had to say: hit, miss or unavailable.",
		}, []string{"function", "result"}),
		OutboxEvents: newly.NewGauge(prometheus.GaugeOpts{
			Name: "outbox_events", Help: "Events that wait to be published, up to the size of a batch.",
		}),
		EventsPublished: newly.NewCounterVec(prometheus.CounterOpts{
			Name: "events_published_total", Help: "Events that the broker has confirmed.",
		}, []string{"type"}),
		EventsConsumed: newly.NewCounterVec(prometheus.CounterOpts{
			Name: "events_consumed_total",
			Help: "Messages that were done with: handled, duplicate, ignored or parked.",
		}, []string{"type", "result"}),
		EventLag: newly.NewHistogram(prometheus.HistogramOpts{
			Name:    "event_lag_seconds",
			Help:    "From when something happened until it was handled here.",
			Buckets: slow,
		}),
	}
}

// CountConnections asks for the number of connections to the database, in use and idle, whenever the metrics are read.
func (m *Metrics) CountConnections(inUse, idle func() float64) {
	for state, count := range map[string]func() float64{"in_use": inUse, "idle": idle} {
		m.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name:        "db_pool_connections",
			Help:        "Connections to the database.",
			ConstLabels: prometheus.Labels{"state": state},
		}, count))
	}
}

// Handler answers all of them in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{})
}
