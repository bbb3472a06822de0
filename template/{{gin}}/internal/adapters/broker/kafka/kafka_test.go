package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"service/internal/about"
	"service/internal/adapters/broker/kafka"
	"service/internal/domain"
	"service/internal/ports"
	"service/internal/testing/brokertest"
	"service/internal/testing/configured"
	"service/internal/testing/samples"
	"service/internal/testing/wait"
)

func TestItPromisesWhatAllBusesDo(t *testing.T) {
	brokertest.Bus(t, func(t *testing.T, clock ports.Clock) ports.EventBus {
		settings := configured.Settings(t)
		settings.EventsTopic = newTopic(t)
		bus, err := kafka.Connect(t.Context(), settings, clock)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = bus.Close() })
		return bus
	})
}

func TestWhatWasPublishedBeforeAnybodyReadIsNotLost(t *testing.T) {
	bus := newBus(t, newTopic(t))
	var events []domain.Event
	for number := range 20 {
		events = append(events, samples.NewEvent(fmt.Sprintf("user %d", number), brokertest.One))
	}
	publish(t, bus, events...)
	reader := brokertest.Read(t, bus, brokertest.One)
	wait.Until(t, "all are read", func() bool { return reader.Finished() >= 20 })

	for _, event := range events {
		if !reader.Has(t, event) {
			t.Errorf("%s is lost", event.Subject)
		}
	}
}

func TestWhatWasHandledDoesNotComeAgain(t *testing.T) {
	topic := newTopic(t)
	first, second := samples.NewEvent("ann", brokertest.One), samples.NewEvent("ann", brokertest.One)
	reader := brokertest.Read(t, newBus(t, topic), brokertest.One)
	publish(t, newBus(t, topic), first)
	wait.Until(t, "it is read", func() bool { return reader.Finished() >= 1 })
	reader.Stop()
	publish(t, newBus(t, topic), second)
	again := brokertest.Read(t, newBus(t, topic), brokertest.One)
	wait.Until(t, "the next one is read", func() bool { return again.Finished() >= 1 })

	if again.Has(t, first) || !again.Has(t, second) {
		t.Errorf("read %v", again.Events(t))
	}
}

func TestTheEventsOfASubjectAreInThePartitionThatAllClientsChooseForIt(t *testing.T) {
	topic := newTopic(t)
	// As Java's client has it, and aiokafka, of six.
	partitions := map[string]int32{"ann": 2, "bob": 0, "carl": 4, "é": 3}
	bus := newBus(t, topic)
	for subject := range partitions {
		publish(t, bus, samples.NewEvent(subject, brokertest.One))
	}
	client := newClient(t, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	found := map[string]int32{}
	for len(found) < len(partitions) {
		for _, record := range client.PollFetches(t.Context()).Records() {
			found[string(record.Key)] = record.Partition
		}
	}

	for subject, partition := range partitions {
		if found[subject] != partition {
			t.Errorf("the events of %s are in partition %d", subject, found[subject])
		}
	}
}

func TestATopicThatIsThereAlreadyIsTakenAsItIs(t *testing.T) {
	topic := newTopic(t)
	if _, err := kadm.NewClient(newClient(t)).CreateTopic(t.Context(), 1, 1, nil, topic); err != nil {
		t.Fatal(err)
	}
	bus := newBus(t, topic)
	publish(t, bus, samples.NewEvent("", brokertest.One), samples.NewEvent("ann", brokertest.One))
	reader := brokertest.Read(t, bus, brokertest.One)
	wait.Until(t, "both are read", func() bool { return reader.Finished() >= 2 })
}

func TestPublishingGoesOnAfterTheProducerWasClosed(t *testing.T) {
	bus := newBus(t, newTopic(t))
	publish(t, bus, samples.NewEvent("ann", brokertest.One))
	if err := bus.Close(); err != nil {
		t.Error(err)
	}
	publish(t, bus, samples.NewEvent("ann", brokertest.One))
}

func TestABrokerThatIsNotThereIsUnavailable(t *testing.T) {
	bus := kafka.New("kafka://127.0.0.1:1", "nowhere", samples.NewClock(samples.Noon))
	t.Cleanup(func() { _ = bus.Close() })

	if err := bus.Publish(t.Context(), []domain.Event{samples.Started("ann")}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("found the error %v", err)
	}
	if err := bus.Ping(t.Context()); err == nil {
		t.Error("it answers")
	}
}

func newBus(t *testing.T, topic string) *kafka.Bus {
	t.Helper()
	bus := kafka.New(configured.Settings(t).BrokerURL, topic, samples.NewClock(samples.Noon))
	t.Cleanup(func() { _ = bus.Close() })
	return bus
}

// newTopic is the name of one that goes when the test ends.
func newTopic(t *testing.T) string {
	t.Helper()
	topic := "tests-" + domain.NewID().Hex()
	admin := kadm.NewClient(newClient(t))
	t.Cleanup(func() {
		_, _ = admin.DeleteGroups(context.Background(), about.Name+"."+topic)
		_, _ = admin.DeleteTopics(context.Background(), topic)
	})
	return topic
}

// newClient is one beside those of the bus.
func newClient(t *testing.T, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	servers := strings.Split(strings.TrimPrefix(configured.Settings(t).BrokerURL, "kafka://"), ",")
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(servers...))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func publish(t *testing.T, bus ports.EventBus, events ...domain.Event) {
	t.Helper()
	if err := bus.Publish(t.Context(), events); err != nil {
		t.Error(err)
	}
}
