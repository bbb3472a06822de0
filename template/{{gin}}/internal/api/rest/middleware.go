package rest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"service/internal/domain"
	"service/internal/platform/logs"
	"service/internal/platform/metrics"
	"service/internal/platform/tracecontext"
)

// largestBody is in bytes; many times what any request here needs.
const largestBody = 1024 * 1024

var tooLarge = fmt.Sprintf("The body must not be larger than %d bytes.", largestBody)

var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

var (
	// forMachines are asked every few seconds, and logged at the level debug.
	forMachines = []string{"/livez", "/readyz", "/metrics"}
	// methods are those that the metrics tell apart: of those that callers can invent there is no end.
	methods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
)

type requestIDKey struct{}

func requestIDOf(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// aroundRequests goes around every request: request id, trace context, a limit, log line, metrics, and an answer when
// something breaks.
func aroundRequests(metrics *metrics.Metrics) gin.HandlerFunc {
	return func(c *gin.Context) {
		started := time.Now()
		id := c.GetHeader("X-Request-ID")
		if !requestIDForm.MatchString(id) {
			id = domain.NewID().Hex()
		}
		ctx := context.WithValue(c.Request.Context(), requestIDKey{}, id)
		ctx = tracecontext.With(logs.With(ctx, slog.String("request_id", id)), c.GetHeader("traceparent"))
		c.Request = c.Request.WithContext(ctx)
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, largestBody)
		c.Header("X-Request-ID", id)
		defer func() { record(metrics, c, time.Since(started)) }()
		defer func() {
			if reason := recover(); reason != nil {
				recoverFrom(c, reason)
			}
		}()
		c.Next()
	}
}

func record(metrics *metrics.Metrics, c *gin.Context, took time.Duration) {
	method, route, status := c.Request.Method, routeOf(c), c.Writer.Status()
	label := method
	if !slices.Contains(methods, method) {
		label = "other"
	}
	metrics.Requests.WithLabelValues(label, route, strconv.Itoa(status)).Inc()
	metrics.RequestDuration.WithLabelValues(label, route).Observe(took.Seconds())
	level := slog.LevelInfo
	if slices.Contains(forMachines, route) {
		level = slog.LevelDebug
	}
	// Without the query, which may hold what is nobody's business.
	slog.LogAttrs(c.Request.Context(), level, "request",
		slog.String("method", method),
		slog.String("path", c.Request.URL.Path),
		slog.Int("status", status),
		slog.Float64("duration_ms", logs.Milliseconds(took)))
}

// routeOf is the path with its parameters' names: never the path itself, of which there is no end.
func routeOf(c *gin.Context) string {
	if c.FullPath() == "" {
		return "unknown"
	}
	parts := strings.Split(c.FullPath(), "/")
	for i, part := range parts {
		if name, isParameter := strings.CutPrefix(part, ":"); isParameter {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}
