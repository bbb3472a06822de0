// Package broker has what the event buses share.
package broker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"service/internal/about"
	"service/internal/domain"
	"service/internal/platform/tracecontext"
	"service/internal/platform/workers"
	"service/internal/ports"
)

const (
	// publishLimit is how long the broker may take to confirm a batch.
	publishLimit = 30 * time.Second

	reconnectPause = 500 * time.Millisecond
)

// NewEvent is an event of this service that happens now.
func NewEvent(
	ctx context.Context, clock ports.Clock, eventType string, data map[string]any, subject string,
) domain.Event {
	return domain.Event{
		Source:  about.Source,
		ID:      domain.NewID().String(),
		Type:    eventType,
		Subject: subject,
		Time:    clock.Now(),
		Data:    data,
		Trace:   tracecontext.From(ctx),
	}
}

// Confirming does a publication, which either happens in time or fails with domain.ErrUnavailable.
func Confirming(ctx context.Context, publish func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, publishLimit)
	defer cancel()
	if err := publish(ctx); err != nil {
		return Unavailable(err)
	}
	return nil
}

// Unavailable says that a broker does not answer, and why.
func Unavailable(err error) error {
	return domain.ErrUnavailable.From(err, "The broker does not answer.")
}

// Reconnecting consumes until the context is done: anew whenever that breaks off, as it does when the broker is gone.
func Reconnecting(ctx context.Context, consume func(ctx context.Context) error) error {
	for ctx.Err() == nil {
		if err := consume(ctx); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "consuming events broke off, trying again", "error", err)
		}
		_ = workers.Sleep(ctx, reconnectPause)
	}
	return nil
}

// HandleAll hands messages over in their order, and handles them beside each other. It returns when all are done with:
// with what went wrong with each of them.
func HandleAll(ctx context.Context, bodies [][]byte, receive ports.Receive) []error {
	wrong := make([]error, len(bodies))
	var underWay sync.WaitGroup
	for i, body := range bodies {
		handle := receive(body)
		underWay.Go(func() { wrong[i] = handle(ctx) })
	}
	underWay.Wait()
	return wrong
}
