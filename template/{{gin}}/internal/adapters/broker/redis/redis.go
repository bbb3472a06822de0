// Package redis carries events in a Redis stream with a consumer group for each service, so that nothing is lost as long
// as Redis keeps its data.
//
// Whoever only wants to know at once, and can do without what they miss, subscribes to the channel <stream>:<type>.
package redis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"service/internal/about"
	"service/internal/adapters/broker"
	"service/internal/domain"
	"service/internal/platform/cloudevents"
	"service/internal/platform/workers"
	"service/internal/ports"
	"service/internal/settings"
)

const (
	field = "event"

	// longestStream is how many entries are kept, roughly; older ones go.
	longestStream = 1_000_000

	batch   = 100
	block   = time.Second
	timeout = 5 * time.Second

	// claimAfter is the time after which another instance takes over what one has not handled.
	claimAfter = 10 * time.Second
)

// Connect makes the bus of the settings; it connects when it is first used.
func Connect(_ context.Context, settings settings.Settings, clock ports.Clock) (ports.EventBus, error) {
	return New(settings.BrokerURL, settings.EventsStream, clock)
}

// Bus is a bus on a stream.
type Bus struct {
	client     *redis.Client
	stream     string
	clock      ports.Clock
	claimAfter time.Duration
}

// New makes a bus.
func New(url, stream string, clock ports.Clock) (*Bus, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, settings.Wrong("BROKER_URL", "cannot be read") // Without the text: it may hold a password.
	}
	options.ClientName = about.Name
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = timeout, timeout, timeout
	options.ContextTimeoutEnabled = true
	options.DialerRetries = 1 // Whoever publishes or reads tries again.
	return &Bus{redis.NewClient(options), stream, clock, claimAfter}, nil
}

// PublishEvent publishes an event of now.
func (b *Bus) PublishEvent(ctx context.Context, eventType string, data map[string]any, subject string) error {
	return b.Publish(ctx, []domain.Event{broker.NewEvent(ctx, b.clock, eventType, data, subject)})
}

// Publish returns when Redis has taken the events.
func (b *Bus) Publish(ctx context.Context, events []domain.Event) error {
	bodies, err := cloudevents.EncodeAll(events)
	if err != nil {
		return err
	}
	return broker.Confirming(ctx, func(ctx context.Context) error {
		_, err := b.client.Pipelined(ctx, func(pipeline redis.Pipeliner) error {
			for i, body := range bodies {
				pipeline.XAdd(ctx, &redis.XAddArgs{
					Stream: b.stream, MaxLen: longestStream, Approx: true, Values: []any{field, body},
				})
				pipeline.Publish(ctx, b.stream+":"+events[i].Type, body)
			}
			return nil
		})
		return err
	})
}

// Consume gives receive all types of events, which are in one stream.
func (b *Bus) Consume(ctx context.Context, _ []string, receive ports.Receive) error {
	return broker.Reconnecting(ctx, func(ctx context.Context) error { return b.consume(ctx, receive) })
}

// Ping asks Redis whether it is there.
func (b *Bus) Ping(ctx context.Context) error { return b.client.Ping(ctx).Err() }

// Close closes the connections.
func (b *Bus) Close() error { return b.client.Close() }

func (b *Bus) consume(ctx context.Context, receive ports.Receive) error {
	if err := b.createGroup(ctx); err != nil {
		return err
	}
	name := newName()
	for ctx.Err() == nil {
		entries, err := b.claim(ctx, name)
		if err == nil && len(entries) == 0 {
			entries, err = b.read(ctx, name)
		}
		if err == nil {
			err = b.handle(ctx, entries, receive)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *Bus) createGroup(ctx context.Context) error {
	err := b.client.XGroupCreateMkStream(ctx, b.stream, about.Name, "0").Err()
	if err != nil && strings.HasPrefix(err.Error(), "BUSYGROUP") { // It is there already.
		return nil
	}
	return err
}

// claim takes what another instance has begun and not finished, or this one before it was interrupted.
func (b *Bus) claim(ctx context.Context, name string) ([]redis.XMessage, error) {
	entries, _, err := b.client.XAutoClaim(ctx, &redis.XAutoClaimArgs{
		Stream: b.stream, Group: about.Name, Consumer: name, MinIdle: b.claimAfter, Start: "0-0", Count: batch,
	}).Result()
	return entries, err
}

// read takes what is new, or nothing after a time.
func (b *Bus) read(ctx context.Context, name string) ([]redis.XMessage, error) {
	streams, err := b.client.XReadGroup(ctx, &redis.XReadGroupArgs{
		Streams: []string{b.stream, ">"}, Group: about.Name, Consumer: name, Count: batch, Block: block,
	}).Result()
	if errors.Is(err, redis.Nil) || len(streams) == 0 {
		return nil, ignoring(err, redis.Nil)
	}
	return streams[0].Messages, err
}

func (b *Bus) handle(ctx context.Context, entries []redis.XMessage, receive ports.Receive) error {
	if len(entries) == 0 {
		return nil
	}
	ctx, cancel := workers.Finishing(ctx)
	defer cancel()
	bodies := make([][]byte, len(entries))
	for i, entry := range entries {
		body, _ := entry.Values[field].(string) // Of somebody else, perhaps, who has no such field.
		bodies[i] = []byte(body)
	}
	wrong := broker.HandleAll(ctx, bodies, receive)
	var handled []string
	for i, entry := range entries {
		if wrong[i] == nil {
			handled = append(handled, entry.ID)
		}
	}
	if len(handled) > 0 {
		wrong = append(wrong, b.client.XAck(ctx, b.stream, about.Name, handled...).Err())
	}
	return errors.Join(wrong...)
}

// newName is a name for a member of the service's consumer group.
func newName() string {
	host, _ := os.Hostname() // Without it, the name is less telling.
	return fmt.Sprintf("%s-%s", host, domain.NewID().Hex()[:8])
}

func ignoring(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}
