// Package kafka carries events in one Kafka topic, keyed by subject, with a consumer group for each service and topic.
package kafka

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"service/internal/about"
	"service/internal/adapters/broker"
	"service/internal/domain"
	"service/internal/platform/cloudevents"
	"service/internal/platform/workers"
	"service/internal/ports"
	"service/internal/settings"
)

const (
	// partitions of a topic that does not exist yet: so many instances can share the work.
	partitions = 6

	brokersDefault = -1
	batch          = 200

	// sessionLimit is the time after which the others of a group take over from an instance that has died.
	sessionLimit = 10 * time.Second

	dialLimit   = 5 * time.Second
	metadataAge = 500 * time.Millisecond
)

// Connect makes the bus of the settings; it connects when it is first used.
func Connect(_ context.Context, settings settings.Settings, clock ports.Clock) (ports.EventBus, error) {
	return New(settings.BrokerURL, settings.EventsTopic, clock), nil
}

// Bus is a bus on a topic.
type Bus struct {
	servers []string
	topic   string
	clock   ports.Clock

	// oneAtATime keeps the order of what is published.
	oneAtATime sync.Mutex
	producer   *kgo.Client
}

// New makes a bus.
func New(url, topic string, clock ports.Clock) *Bus {
	return &Bus{servers: strings.Split(strings.TrimPrefix(url, "kafka://"), ","), topic: topic, clock: clock}
}

// PublishEvent publishes an event of now.
func (b *Bus) PublishEvent(ctx context.Context, eventType string, data map[string]any, subject string) error {
	return b.Publish(ctx, []domain.Event{broker.NewEvent(ctx, b.clock, eventType, data, subject)})
}

// Publish returns when all replicas have the events.
func (b *Bus) Publish(ctx context.Context, events []domain.Event) error {
	bodies, err := cloudevents.EncodeAll(events)
	if err != nil {
		return err
	}
	records := make([]*kgo.Record, len(events))
	for i, event := range events {
		records[i] = &kgo.Record{Topic: b.topic, Key: keyOf(event), Value: bodies[i]}
	}
	b.oneAtATime.Lock()
	defer b.oneAtATime.Unlock()
	err = broker.Confirming(ctx, func(ctx context.Context) error { return b.produce(ctx, records) })
	if err != nil {
		b.closeProducer() // It may go on trying; the next one starts afresh.
	}
	return err
}

// Consume gives receive all types of events, which are in one topic.
func (b *Bus) Consume(ctx context.Context, _ []string, receive ports.Receive) error {
	return broker.Reconnecting(ctx, func(ctx context.Context) error { return b.consume(ctx, receive) })
}

// Ping asks a broker whether it is there.
func (b *Bus) Ping(ctx context.Context) error {
	client, err := b.newClient()
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Ping(ctx)
}

// Close closes the connections.
func (b *Bus) Close() error {
	b.oneAtATime.Lock()
	defer b.oneAtATime.Unlock()
	b.closeProducer()
	return nil
}

func (b *Bus) produce(ctx context.Context, records []*kgo.Record) error {
	if b.producer == nil {
		// By default it waits for all replicas, is idempotent, and chooses the partition of a key as Java's client does.
		producer, err := b.newClient(kgo.ProducerBatchCompression(kgo.NoCompression())) // Not every client can read all.
		if err != nil {
			return err
		}
		b.producer = producer
		if err := b.createTopic(ctx, producer); err != nil {
			return err
		}
	}
	results := make(chan error, len(records))
	for _, record := range records {
		b.producer.Produce(ctx, record, func(_ *kgo.Record, err error) { results <- err })
	}
	for range records {
		select {
		case err := <-results:
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (b *Bus) closeProducer() {
	if b.producer != nil {
		b.producer.Close()
		b.producer = nil
	}
}

func (b *Bus) consume(ctx context.Context, receive ports.Receive) error {
	client, err := b.newClient(
		kgo.ConsumerGroup(about.Name+"."+b.topic),
		kgo.ConsumeTopics(b.topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.SessionTimeout(sessionLimit),
		kgo.RebalanceTimeout(sessionLimit),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := b.createTopic(ctx, client); err != nil {
		return err
	}
	for {
		fetches := client.PollRecords(ctx, batch)
		if ctx.Err() != nil {
			return nil
		}
		if err := fetches.Err(); err != nil {
			return err
		}
		if err := handle(ctx, client, fetches.Records(), receive); err != nil {
			return err
		}
	}
}

func (b *Bus) newClient(options ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append(options,
		kgo.SeedBrokers(b.servers...),
		kgo.ClientID(about.Name),
		kgo.DialTimeout(dialLimit),
		kgo.MetadataMinAge(metadataAge),
	)...)
}

func (b *Bus) createTopic(ctx context.Context, client *kgo.Client) error {
	_, err := kadm.NewClient(client).CreateTopic(ctx, partitions, brokersDefault, nil, b.topic)
	if errors.Is(err, kerr.TopicAlreadyExists) {
		return nil
	}
	return err
}

func handle(ctx context.Context, client *kgo.Client, records []*kgo.Record, receive ports.Receive) error {
	ctx, cancel := workers.Finishing(ctx)
	defer cancel()
	bodies := make([][]byte, len(records))
	for i, record := range records {
		bodies[i] = record.Value
	}
	if err := errors.Join(broker.HandleAll(ctx, bodies, receive)...); err != nil {
		return err
	}
	if err := client.CommitRecords(ctx, records...); err != nil {
		// Other instances come and go: whoever has these partitions now gets the messages again, and knows them.
		slog.DebugContext(ctx, "the consumer group is being rearranged", "error", err)
	}
	return nil
}

// keyOf lets the events of a subject keep their order; it is none where there is no subject.
func keyOf(event domain.Event) []byte {
	if event.Subject == "" {
		return nil
	}
	return []byte(event.Subject)
}
