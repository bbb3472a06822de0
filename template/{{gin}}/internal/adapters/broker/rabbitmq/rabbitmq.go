// Package rabbitmq carries events through RabbitMQ.
//
// By default an event goes through the default exchange, with its type as the routing key: into the queue of that name,
// from which each event goes to one of all consumers. With the setting EVENTS_EXCHANGE it goes through the topic exchange
// of that name, and every service has a queue of its own, which is named after both.
package rabbitmq

import (
	"context"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"service/internal/about"
	"service/internal/adapters/broker"
	"service/internal/domain"
	"service/internal/ports"
	"service/internal/settings"
)

const (
	connectLimit = 5 * time.Second
	closeLimit   = time.Second
)

// Connect makes the bus of the settings; it connects when it is first used.
func Connect(_ context.Context, settings settings.Settings, clock ports.Clock) (ports.EventBus, error) {
	return New(settings.BrokerURL, settings.EventsExchange, clock), nil
}

// Bus is a bus on a virtual host.
type Bus struct {
	url   string
	route *route
	clock ports.Clock

	// oneAtATime keeps the order of what is published.
	oneAtATime sync.Mutex
	publisher  *publisher
}

// New makes a bus on a topic exchange, or on the default one if that is empty.
func New(url, exchange string, clock ports.Clock) *Bus {
	return &Bus{url: url, route: newRoute(exchange), clock: clock}
}

// PublishEvent publishes an event of now.
func (b *Bus) PublishEvent(ctx context.Context, eventType string, data map[string]any, subject string) error {
	return b.Publish(ctx, []domain.Event{broker.NewEvent(ctx, b.clock, eventType, data, subject)})
}

// Publish returns when the broker has confirmed the events.
func (b *Bus) Publish(ctx context.Context, events []domain.Event) error {
	messages, err := messagesOf(events)
	if err != nil {
		return err
	}
	b.oneAtATime.Lock()
	defer b.oneAtATime.Unlock()
	err = broker.Confirming(ctx, func(ctx context.Context) error { return b.publish(ctx, messages) })
	if err != nil {
		b.closePublisher() // It may hang; the next one starts afresh.
	}
	return err
}

// Consume reads the queues of the types, or the service's own one.
func (b *Bus) Consume(ctx context.Context, types []string, receive ports.Receive) error {
	b.route.expectReader()
	return broker.Reconnecting(ctx, func(ctx context.Context) error { return b.consume(ctx, types, receive) })
}

// Ping opens a connection of its own.
func (b *Bus) Ping(context.Context) error {
	connection, channel, err := b.open()
	if err != nil {
		return err
	}
	_ = channel.Close()
	return connection.Close()
}

// Close closes the connection.
func (b *Bus) Close() error {
	b.oneAtATime.Lock()
	defer b.oneAtATime.Unlock()
	b.closePublisher()
	return nil
}

func (b *Bus) publish(ctx context.Context, messages []message) error {
	if b.publisher == nil || b.publisher.channel.IsClosed() {
		b.closePublisher()
		connection, channel, err := b.open()
		if err != nil {
			return err
		}
		b.publisher, err = newPublisher(connection, channel, b.route)
		if err != nil {
			return err
		}
	}
	// Writing to a connection that hangs ends when it is closed.
	defer context.AfterFunc(ctx, b.publisher.close)()
	return b.publisher.publish(ctx, messages)
}

func (b *Bus) closePublisher() {
	if b.publisher != nil {
		b.publisher.close()
		b.publisher = nil
	}
}

func (b *Bus) consume(ctx context.Context, types []string, receive ports.Receive) error {
	connection, channel, err := b.open()
	if err != nil {
		return err
	}
	defer closeSoon(connection)
	queues, err := b.route.declareQueues(channel, types)
	if err != nil {
		return err
	}
	reading := newReading(ctx, channel, receive)
	if err := reading.start(queues); err != nil {
		return err
	}
	b.route.hasReader()
	return reading.untilStopped()
}

func (b *Bus) open() (*amqp.Connection, *amqp.Channel, error) {
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName(about.Name)
	connection, err := amqp.DialConfig(b.url, amqp.Config{Dial: amqp.DefaultDial(connectLimit), Properties: properties})
	if err != nil {
		return nil, nil, err
	}
	channel, err := connection.Channel()
	if err != nil {
		closeSoon(connection)
		return nil, nil, err
	}
	return connection, channel, nil
}

// closeSoon closes a connection, which may be broken.
func closeSoon(connection *amqp.Connection) { _ = connection.CloseDeadline(time.Now().Add(closeLimit)) }
