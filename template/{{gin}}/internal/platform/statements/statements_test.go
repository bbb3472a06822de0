package statements_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"service/internal/platform/logs"
	"service/internal/platform/metrics"
	"service/internal/platform/statements"
	"service/internal/settings"
)

func TestSlowStatementsAreTold(t *testing.T) {
	var written bytes.Buffer
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(logs.New(settings.Settings{Environment: "production"}, &written))
	timer := statements.NewTimer(metrics.New(), 100*time.Millisecond)

	timer.Record(t.Context(), "SELECT", func() string { t.Error("nobody asks for it"); return "" }, 100*time.Millisecond)
	timer.Record(t.Context(), "SELECT", func() string { return strings.Repeat("é", 2000) }, 101*time.Millisecond)

	line := written.String()
	if strings.Count(line, "\n") != 1 || !strings.Contains(line, `"duration_ms":101`) || strings.Count(line, "é") != 1000 {
		t.Errorf("found %s", line)
	}
}
