package logs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"service/internal/about"
	"service/internal/platform/logs"
	"service/internal/settings"
)

func TestLinesForMachines(t *testing.T) {
	var written bytes.Buffer
	log := logs.New(settings.Settings{Environment: "production", LogLevel: "warning"}, &written)
	ctx := logs.With(logs.With(t.Context(), slog.String("request_id", "r1")), slog.Int("attempt", 2))

	log.InfoContext(ctx, "too little")
	log.With("more", true).WithGroup("group").WarnContext(ctx, "it is slow", "error", errors.New("é"))

	var line map[string]any
	if err := json.Unmarshal(written.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, written.String())
	}
	stamp, _ := line["timestamp"].(string)
	if _, err := time.Parse(time.RFC3339Nano, stamp); err != nil || !strings.HasSuffix(stamp, "Z") {
		t.Errorf("found the time %s", stamp)
	}
	expected := map[string]any{"event": "it is slow", "level": "warning", "service": about.Name, "more": true}
	for name, value := range expected {
		if line[name] != value {
			t.Errorf("%s is %v", name, line[name])
		}
	}
	group, _ := line["group"].(map[string]any)
	if group["request_id"] != "r1" || group["attempt"] != 2.0 || group["error"] != "é" {
		t.Errorf("found the group %v", group)
	}
}

func TestLinesForPeople(t *testing.T) {
	for level, expected := range map[string]int{"debug": 4, "info": 3, "warning": 2, "error": 1} {
		var written bytes.Buffer
		log := logs.New(settings.Settings{LogLevel: level}, &written)
		ctx := logs.With(t.Context(), slog.String("request_id", "r1"))
		log.DebugContext(ctx, "said")
		log.InfoContext(ctx, "said")
		log.WarnContext(ctx, "said")
		log.ErrorContext(ctx, "said")
		if found := strings.Count(written.String(), "msg=said request_id=r1\n"); found != expected {
			t.Errorf("%s: found %d lines: %s", level, found, written.String())
		}
	}
}

func TestMilliseconds(t *testing.T) {
	if found := logs.Milliseconds(1_260 * time.Microsecond); found != 1.3 {
		t.Errorf("found %v", found)
	}
}
