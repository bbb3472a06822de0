// Package memory carries events within the process: for one service that talks to itself. The outbox keeps what is not
// handled yet.
package memory

import (
	"context"
	"errors"
	"slices"
	"sync"

	"service/internal/adapters/broker"
	"service/internal/domain"
	"service/internal/platform/cloudevents"
	"service/internal/platform/workers"
	"service/internal/ports"
	"service/internal/settings"
)

// Connect makes the bus.
func Connect(_ context.Context, _ settings.Settings, clock ports.Clock) (ports.EventBus, error) {
	return New(clock), nil
}

// Bus is a bus within the process.
type Bus struct {
	clock ports.Clock

	mutex  sync.Mutex
	reader *reader
	// changed is closed when there is another reader.
	changed chan struct{}
}

// New makes a bus.
func New(clock ports.Clock) *Bus { return &Bus{clock: clock, changed: make(chan struct{})} }

type reader struct {
	types    []string
	receive  ports.Receive
	context  context.Context
	underWay sync.WaitGroup
}

// PublishEvent returns when the event has been handled.
func (b *Bus) PublishEvent(ctx context.Context, eventType string, data map[string]any, subject string) error {
	return b.Publish(ctx, []domain.Event{broker.NewEvent(ctx, b.clock, eventType, data, subject)})
}

// Publish returns when the events have been handled: there is no broker that would keep them in the meantime.
func (b *Bus) Publish(ctx context.Context, events []domain.Event) error {
	reader, err := b.waitForReader(ctx)
	if err != nil {
		return broker.Unavailable(err)
	}
	defer reader.underWay.Done()
	wanted := slices.DeleteFunc(slices.Clone(events), func(event domain.Event) bool {
		return !slices.Contains(reader.types, event.Type)
	})
	bodies, err := cloudevents.EncodeAll(wanted)
	if err != nil {
		return err
	}
	if err := errors.Join(broker.HandleAll(reader.context, bodies, reader.receive)...); err != nil {
		return broker.Unavailable(err)
	}
	return nil
}

// Consume takes the events that are published while it goes on.
func (b *Bus) Consume(ctx context.Context, types []string, receive ports.Receive) error {
	finishing, cancel := workers.Finishing(ctx)
	defer cancel()
	reader := &reader{types: types, receive: receive, context: finishing}
	b.setReader(reader)
	<-ctx.Done()
	b.setReader(nil)
	reader.underWay.Wait()
	return nil
}

// Ping finds it there always.
func (b *Bus) Ping(context.Context) error { return nil }

// Close has nothing to close.
func (b *Bus) Close() error { return nil }

func (b *Bus) setReader(reader *reader) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.reader = reader
	close(b.changed)
	b.changed = make(chan struct{})
}

// waitForReader answers a reader that waits for its caller to be done.
func (b *Bus) waitForReader(ctx context.Context) (*reader, error) {
	for {
		reader, changed := b.currentReader()
		if reader != nil {
			return reader, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (b *Bus) currentReader() (*reader, <-chan struct{}) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.reader != nil {
		b.reader.underWay.Add(1)
	}
	return b.reader, b.changed
}
