// Package relay publishes what the outbox holds: at least once, and in order for each subject.
package relay

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"service/internal/domain"
	"service/internal/platform/metrics"
	"service/internal/platform/workers"
	"service/internal/ports"
)

const (
	lease = "relay"
	// leaseLifetime is how long the others wait until they take over from an instance that has died.
	leaseLifetime = 5 * time.Second

	poll  = time.Second
	batch = 500
)

// Relay publishes events. Of all instances, one does so at a time: the one that holds the lease.
type Relay struct {
	database ports.Database
	bus      ports.EventBus
	clock    ports.Clock
	metrics  *metrics.Metrics
	owner    string
}

// New makes a relay.
func New(database ports.Database, bus ports.EventBus, clock ports.Clock, metrics *metrics.Metrics) *Relay {
	return &Relay{database, bus, clock, metrics, domain.NewID().Hex()}
}

// Run goes on until the context is done. It then finishes what it has begun, with the database and with the broker.
func (r *Relay) Run(ctx context.Context) error {
	defer r.letOthers(ctx)
	for ctx.Err() == nil {
		count, err := r.publishBatch(ctx)
		switch {
		case errors.Is(err, domain.ErrUnavailable):
			slog.WarnContext(ctx, "waiting to publish events", "error", err)
			_ = workers.Sleep(ctx, poll)
		case err != nil:
			return err
		case count == 0:
			r.database.WaitForEvents(ctx, poll)
		}
	}
	return nil
}

func (r *Relay) publishBatch(ctx context.Context) (int, error) {
	ctx, cancel := workers.Finishing(ctx)
	defer cancel()
	isOurs, err := r.takeLease(ctx)
	if err != nil || !isOurs {
		return 0, err
	}
	events, err := r.pending(ctx)
	if err != nil {
		return 0, err
	}
	r.metrics.OutboxEvents.Set(float64(len(events)))
	if len(events) == 0 {
		return 0, nil
	}
	if err := r.bus.Publish(ctx, events); err != nil {
		return 0, err
	}
	err = r.database.Transaction(ctx, func(stores ports.Stores) error { return stores.Outbox.Remove(ctx, events) })
	if err != nil {
		return 0, err
	}
	for _, event := range events {
		r.metrics.EventsPublished.WithLabelValues(event.Type).Inc()
	}
	return len(events), nil
}

func (r *Relay) takeLease(ctx context.Context) (isOurs bool, err error) {
	now := r.clock.Now()
	err = r.database.Transaction(ctx, func(stores ports.Stores) error {
		isOurs, err = stores.Leases.Take(ctx, lease, r.owner, now, now.Add(leaseLifetime))
		return err
	})
	return isOurs, err
}

func (r *Relay) pending(ctx context.Context) (events []domain.Event, err error) {
	err = r.database.Read(ctx, func(stores ports.Stores) error {
		events, err = stores.Outbox.Pending(ctx, batch)
		return err
	})
	return events, err
}

func (r *Relay) letOthers(ctx context.Context) {
	ctx, cancel := workers.Finishing(ctx)
	defer cancel()
	err := r.database.Transaction(ctx, func(stores ports.Stores) error {
		return stores.Leases.GiveBack(ctx, lease, r.owner)
	})
	if err != nil {
		slog.DebugContext(ctx, "the lease of the relay runs out by itself", "error", err)
	}
}
