// Package tracecontext carries the W3C trace context of a request along, to the events that it causes and to those who
// handle them.
package tracecontext

import (
	"context"
	"regexp"
)

var traceparent = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)

type contextKey struct{}

// With answers a context that carries a trace context; none if it is not well-formed.
func With(ctx context.Context, text string) context.Context {
	if found := WellFormed(text); found != From(ctx) {
		return context.WithValue(ctx, contextKey{}, found)
	}
	return ctx
}

// From is the trace context of what is going on, or empty.
func From(ctx context.Context) string {
	found, _ := ctx.Value(contextKey{}).(string)
	return found
}

// WellFormed is the same text if it is a trace context at all, and empty if not: it comes from anybody.
func WellFormed(text string) string {
	if !traceparent.MatchString(text) {
		return ""
	}
	return text
}
