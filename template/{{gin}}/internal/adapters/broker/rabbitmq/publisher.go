package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"slices"

	amqp "github.com/rabbitmq/amqp091-go"

	"service/internal/domain"
	"service/internal/platform/cloudevents"
)

// batch is how many messages may wait for their confirmation at the same time.
const batch = 500

var errRefused = errors.New("the broker did not take a message")

type message struct {
	eventType string
	content   amqp.Publishing
}

func messagesOf(events []domain.Event) ([]message, error) {
	messages := make([]message, len(events))
	for i, event := range events {
		body, err := cloudevents.Encode(event)
		if err != nil {
			return nil, err
		}
		messages[i] = message{event.Type, amqp.Publishing{
			ContentType:  cloudevents.ContentType,
			DeliveryMode: amqp.Persistent,
			MessageId:    event.ID,
			Type:         event.Type,
			Body:         body,
		}}
	}
	return messages, nil
}

// publisher publishes on a channel of its own.
type publisher struct {
	connection *amqp.Connection
	channel    *amqp.Channel
	route      *route
	// declared are the queues that are known to be there.
	declared map[string]bool
	// returned are messages that came back, since there was no queue for them. They come before their confirmation.
	returned chan amqp.Return
}

func newPublisher(connection *amqp.Connection, channel *amqp.Channel, route *route) (*publisher, error) {
	if err := channel.Confirm(false); err != nil {
		closeSoon(connection)
		return nil, err
	}
	return &publisher{
		connection: connection,
		channel:    channel,
		route:      route,
		declared:   map[string]bool{},
		returned:   channel.NotifyReturn(make(chan amqp.Return, batch)),
	}, nil
}

func (p *publisher) close() { closeSoon(p.connection) }

// publish returns when all are confirmed. They are sent in this order.
func (p *publisher) publish(ctx context.Context, messages []message) error {
	if err := p.prepare(ctx, messages); err != nil {
		return err
	}
	for some := range slices.Chunk(messages, batch) {
		if err := p.publishBatch(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes sure that the messages have somewhere to go.
func (p *publisher) prepare(ctx context.Context, messages []message) error {
	if p.route.exchange != "" {
		if err := p.route.waitForReader(ctx); err != nil {
			return err
		}
		return p.route.declareExchange(p.channel)
	}
	for _, each := range messages {
		if p.declared[each.eventType] {
			continue
		}
		if err := declareQueue(p.channel, each.eventType); err != nil {
			return err
		}
		p.declared[each.eventType] = true
	}
	return nil
}

func (p *publisher) publishBatch(ctx context.Context, messages []message) error {
	confirmations := make([]*amqp.DeferredConfirmation, len(messages))
	for i, each := range messages {
		// Through the default exchange it has to reach its queue; a topic need not interest anybody.
		isMandatory := p.route.exchange == ""
		confirmation, err := p.channel.PublishWithDeferredConfirmWithContext(
			ctx, p.route.exchange, each.eventType, isMandatory, false, each.content)
		if err != nil {
			return err
		}
		confirmations[i] = confirmation
	}
	for _, each := range confirmations {
		isTaken, err := each.WaitContext(ctx)
		if err != nil {
			return err
		}
		if !isTaken {
			return errRefused
		}
	}
	select {
	case lost := <-p.returned:
		return fmt.Errorf("%w: there is no queue %s", errRefused, lost.RoutingKey)
	default:
		return nil
	}
}
