// Package consumer handles the messages that a broker delivers: each event once, the failing ones again, the hopeless
// ones aside.
package consumer

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"service/internal/domain"
	"service/internal/platform/cloudevents"
	"service/internal/platform/logs"
	"service/internal/platform/metrics"
	"service/internal/platform/tracecontext"
	"service/internal/platform/workers"
	"service/internal/ports"
)

const (
	// atATime is how many handlers use the database at the same time: requests need its connections too.
	atATime = 8

	firstDelay   = 100 * time.Millisecond
	longestDelay = 5 * time.Second
	longestError = 10_000

	unknown = "unknown"
)

// Consumer is what a bus gives its messages to.
type Consumer struct {
	database ports.Database
	handlers map[string]ports.EventHandler
	clock    ports.Clock
	metrics  *metrics.Metrics
	attempts int
	turns    turns
	places   chan struct{}
}

// New makes a consumer with handlers by the types of events. A message whose handler has failed so many times is parked.
func New(
	database ports.Database, handlers map[string]ports.EventHandler, clock ports.Clock, metrics *metrics.Metrics,
	attempts int,
) *Consumer {
	return &Consumer{
		database: database,
		handlers: handlers,
		clock:    clock,
		metrics:  metrics,
		attempts: attempts,
		places:   make(chan struct{}, atATime),
	}
}

// Receive takes a message over, as ports.Receive has it. Events of one subject are handled one after the other, in the
// order in which they were received.
func (c *Consumer) Receive(body []byte) func(ctx context.Context) error {
	event, err := cloudevents.Decode(body)
	if err != nil {
		return func(ctx context.Context) error { return c.park(ctx, body, err, 1) }
	}
	handler, isKnown := c.handlers[event.Type]
	if !isKnown {
		c.metrics.EventsConsumed.WithLabelValues(unknown, "ignored").Inc()
		return func(context.Context) error { return nil }
	}
	turn := c.turns.take(event.Subject)
	return func(ctx context.Context) error {
		defer turn.end()
		if err := turn.wait(ctx); err != nil {
			return err
		}
		ctx = logs.With(ctx, slog.String("event_id", event.ID), slog.String("event_type", event.Type))
		return c.handle(tracecontext.With(ctx, event.Trace), event, handler, body)
	}
}

// Handle handles one message. It answers nil when the message is done with, and may be acknowledged: it has been handled
// or parked. When the context is done before, it is to be delivered again.
func (c *Consumer) Handle(ctx context.Context, body []byte) error { return c.Receive(body)(ctx) }

func (c *Consumer) handle(ctx context.Context, event domain.Event, handler ports.EventHandler, body []byte) error {
	for attempt := 1; ; attempt++ {
		isNew, err := c.handleOnce(ctx, event, handler)
		switch {
		case err == nil:
			c.count(event, isNew)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, domain.ErrInvalidEvent):
			return c.park(ctx, body, err, attempt)
		}
		slog.ErrorContext(ctx, "handler failed", "attempt", attempt, "error", err)
		if attempt >= c.attempts {
			return c.park(ctx, body, err, attempt)
		}
		if err := workers.Sleep(ctx, delay(attempt)); err != nil {
			return err
		}
	}
}

func (c *Consumer) handleOnce(ctx context.Context, event domain.Event, handler ports.EventHandler) (isNew bool, err error) {
	err = c.onceAvailable(ctx, func() error {
		select {
		case c.places <- struct{}{}:
			defer func() { <-c.places }()
		case <-ctx.Done():
			return ctx.Err()
		}
		isNew, err = c.database.HandleOnce(ctx, event, safely(handler))
		return err
	})
	return isNew, err
}

func (c *Consumer) park(ctx context.Context, body []byte, reason error, attempts int) error {
	letter := domain.DeadLetter{
		ID:       domain.NewID().Hex(),
		Body:     body,
		Error:    describe(reason),
		Attempts: attempts,
		ParkedAt: c.clock.Now(),
	}
	err := c.onceAvailable(ctx, func() error {
		return c.database.Transaction(ctx, func(stores ports.Stores) error { return stores.DeadLetters.Add(ctx, letter) })
	})
	if err != nil {
		return err
	}
	slog.ErrorContext(ctx, "message parked", "dead_letter", letter.ID, "error", letter.Error)
	c.metrics.EventsConsumed.WithLabelValues(unknown, "parked").Inc()
	return nil
}

// onceAvailable waits as long as it takes: that the database is down is no fault of the message.
func (c *Consumer) onceAvailable(ctx context.Context, action func() error) error {
	for attempt := 1; ; attempt++ {
		err := action()
		if !errors.Is(err, domain.ErrUnavailable) {
			return err
		}
		slog.WarnContext(ctx, "waiting to handle events", "error", err)
		if err := workers.Sleep(ctx, delay(attempt)); err != nil {
			return err
		}
	}
}

func (c *Consumer) count(event domain.Event, isNew bool) {
	result := "duplicate"
	if isNew {
		result = "handled"
	}
	c.metrics.EventsConsumed.WithLabelValues(event.Type, result).Inc()
	c.metrics.EventLag.Observe(c.clock.Now().Sub(event.Time).Seconds())
}

// safely makes a handler that panics one that fails.
func safely(handler ports.EventHandler) ports.EventHandler {
	return func(ctx context.Context, event domain.Event, stores ports.Stores) error {
		return workers.Safely(func() error { return handler(ctx, event, stores) })
	}
}

// describe puts an error in characters that every database keeps, or a message could not even be parked.
func describe(err error) string {
	text := strings.ReplaceAll(err.Error(), "\x00", `\0`)
	return strings.ToValidUTF8(text[:min(len(text), longestError)], "")
}

// delay doubles from attempt to attempt, with jitter, so that not all come back at once.
func delay(attempt int) time.Duration {
	longest := min(longestDelay, firstDelay<<min(attempt-1, 10))
	return longest/2 + rand.N(longest/2)
}
