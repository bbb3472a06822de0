package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"service/internal/platform/metrics"
)

func TestWhatIsCountedIsShown(t *testing.T) {
	found := metrics.New()
	found.Requests.WithLabelValues("GET", "/livez", "200").Inc()
	found.RequestDuration.WithLabelValues("GET", "/livez").Observe(0.002)
	found.StatementDuration.WithLabelValues("SELECT").Observe(0.0001)
	found.CacheRequests.WithLabelValues("find", "hit").Inc()
	found.OutboxEvents.Set(3)
	found.EventsPublished.WithLabelValues("user.created").Add(2)
	found.EventsConsumed.WithLabelValues("user.created", "handled").Inc()
	found.EventLag.Observe(7)
	found.CountConnections(func() float64 { return 4 }, func() float64 { return 5 })

	recorder := httptest.NewRecorder()
	found.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))

	for _, line := range []string{
		`http_requests_total{method="GET",route="/livez",status="200"} 1`,
		`http_request_duration_seconds_bucket{method="GET",route="/livez",le="0.0025"} 1`,
		`db_statement_duration_seconds_bucket{operation="SELECT",le="0.0005"} 1`,
		`cache_requests_total{function="find",result="hit"} 1`,
		`outbox_events 3`,
		`events_published_total{type="user.created"} 2`,
		`events_consumed_total{result="handled",type="user.created"} 1`,
		`event_lag_seconds_bucket{le="10"} 1`,
		`db_pool_connections{state="in_use"} 4`,
		`db_pool_connections{state="idle"} 5`,
	} {
		if !strings.Contains(recorder.Body.String(), line+"\n") {
			t.Errorf("%s is not there", line)
		}
	}
}

func TestTwoSetsDoNotMix(t *testing.T) {
	one, other := metrics.New(), metrics.New()
	one.OutboxEvents.Set(1)
	recorder := httptest.NewRecorder()
	other.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if !strings.Contains(recorder.Body.String(), "outbox_events 0\n") {
		t.Error("they do")
	}
}
