// Package statements times every statement that goes to the database.
package statements

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"service/internal/platform/logs"
	"service/internal/platform/metrics"
)

const longestLogged = 2000

// Timer feeds the histogram, and warns of slow statements: never with their parameters, which may be secrets.
type Timer struct {
	metrics *metrics.Metrics
	slow    time.Duration
}

// NewTimer makes a timer that warns of what takes longer than slow.
func NewTimer(metrics *metrics.Metrics, slow time.Duration) *Timer {
	return &Timer{metrics: metrics, slow: slow}
}

// Record notes that a statement was carried out. The operation is its kind, such as SELECT or find; text makes the
// statement with placeholders, and is asked for slow ones only.
func (t *Timer) Record(ctx context.Context, operation string, text func() string, took time.Duration) {
	t.metrics.StatementDuration.WithLabelValues(operation).Observe(took.Seconds())
	if took > t.slow {
		slog.WarnContext(ctx, "slow query", "statement", shortened(text()), "duration_ms", logs.Milliseconds(took))
	}
}

func shortened(text string) string {
	if len(text) <= longestLogged {
		return text
	}
	return strings.ToValidUTF8(text[:longestLogged], "")
}
