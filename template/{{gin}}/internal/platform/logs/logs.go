// Package logs writes structured logs: JSON lines in production, text for people in development.
//
// Everything goes to standard error, and carries the request id of the request that caused it.
package logs

import (
	"context"
	"io"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"service/internal/about"
	"service/internal/settings"
)

type contextKey struct{}

// With answers a context whose log lines carry these attributes too.
func With(ctx context.Context, attributes ...slog.Attr) context.Context {
	return context.WithValue(ctx, contextKey{}, append(slices.Clip(attributesOf(ctx)), attributes...))
}

// Milliseconds is how durations are logged: as a number with one decimal.
func Milliseconds(duration time.Duration) float64 {
	return math.Round(float64(duration)/float64(time.Millisecond)*10) / 10
}

// New makes the logger that the settings ask for.
func New(settings settings.Settings, writer io.Writer) *slog.Logger {
	level := levels[settings.LogLevel]
	if !settings.InProduction() {
		return slog.New(&handler{slog.NewTextHandler(writer, &slog.HandlerOptions{Level: level})})
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: named}
	return slog.New(&handler{slog.NewJSONHandler(writer, options)}).With("service", about.Name)
}

var levels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warning": slog.LevelWarn, "error": slog.LevelError,
}

// handler adds what the context carries.
type handler struct{ slog.Handler }

func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	record.AddAttrs(attributesOf(ctx)...)
	return h.Handler.Handle(ctx, record)
}

func (h *handler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return &handler{h.Handler.WithAttrs(attributes)}
}

func (h *handler) WithGroup(name string) slog.Handler { return &handler{h.Handler.WithGroup(name)} }

func attributesOf(ctx context.Context) []slog.Attr {
	found, _ := ctx.Value(contextKey{}).([]slog.Attr)
	return found
}

// named gives what slog writes by itself the names that this service's logs have in every language.
func named(groups []string, attribute slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return attribute
	}
	switch attribute.Key {
	case slog.MessageKey:
		attribute.Key = "event"
	case slog.LevelKey:
		level := strings.ToLower(attribute.Value.String())
		if level == "warn" {
			level = "warning"
		}
		attribute.Value = slog.StringValue(level)
	case slog.TimeKey:
		attribute = slog.Time("timestamp", attribute.Value.Time().UTC().Truncate(time.Microsecond))
	}
	return attribute
}
