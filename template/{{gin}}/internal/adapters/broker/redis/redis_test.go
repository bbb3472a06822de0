package redis_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"service/internal/about"
	"service/internal/adapters/broker/redis"
	"service/internal/domain"
	"service/internal/platform/cloudevents"
	"service/internal/ports"
	"service/internal/settings"
	"service/internal/testing/brokertest"
	"service/internal/testing/configured"
	"service/internal/testing/proxy"
	"service/internal/testing/samples"
	"service/internal/testing/wait"
)

const claimAfter = 100 * time.Millisecond

func TestItPromisesWhatAllBusesDo(t *testing.T) {
	brokertest.Bus(t, func(t *testing.T, clock ports.Clock) ports.EventBus {
		settings := configured.Settings(t)
		settings.EventsStream = newStream(t)
		bus, err := redis.Connect(t.Context(), settings, clock)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = bus.Close() })
		return bus
	})
}

func TestWhatAnotherInstanceLeftUndoneIsTakenOver(t *testing.T) {
	stream, client := newStream(t), newClient(t)
	bus := newBus(t, configured.Settings(t).BrokerURL, stream)
	event := samples.NewEvent("ann", brokertest.One)
	publish(t, bus, event)
	check(t, client.XGroupCreate(t.Context(), stream, about.Name, "0").Err())
	check(t, client.XReadGroup(t.Context(), &goredis.XReadGroupArgs{
		Group: about.Name, Consumer: "who was killed", Streams: []string{stream, ">"},
	}).Err())
	reader := brokertest.Read(t, bus, brokertest.One)
	wait.Until(t, "it is handled", func() bool { return reader.Finished() > 0 })
	time.Sleep(3 * claimAfter)

	if len(reader.Bodies()) != 1 || !reader.Has(t, event) {
		t.Errorf("read %v", reader.Events(t))
	}
}

func TestAnEntryOfSomebodyElseIsHandedOnAsItIs(t *testing.T) {
	stream, client := newStream(t), newClient(t)
	for _, values := range [][]any{{"event", []byte{0xff}, "more", "1"}, {"unknown", "1"}} {
		check(t, client.XAdd(t.Context(), &goredis.XAddArgs{Stream: stream, Values: values}).Err())
	}
	reader := brokertest.Read(t, newBus(t, configured.Settings(t).BrokerURL, stream), brokertest.One)
	wait.Until(t, "both are handled", func() bool { return reader.Finished() >= 2 })

	if bodies := reader.Bodies(); !slices.Equal(bodies[0], []byte{0xff}) || len(bodies[1]) > 0 {
		t.Errorf("read %v", bodies)
	}
}

func TestWhoOnlyWantsToKnowAtOnceSubscribes(t *testing.T) {
	stream := newStream(t)
	subscription := newClient(t).Subscribe(t.Context(), stream+":"+brokertest.One)
	defer subscription.Close()
	_, err := subscription.Receive(t.Context()) // It has subscribed.
	check(t, err)
	event := samples.NewEvent("ann", brokertest.One)
	publish(t, newBus(t, configured.Settings(t).BrokerURL, stream), samples.NewEvent("ann", brokertest.Other), event)
	message, err := subscription.ReceiveMessage(t.Context())
	check(t, err)
	heard, err := cloudevents.Decode([]byte(message.Payload))

	if err != nil || heard.ID != event.ID {
		t.Errorf("heard %+v, %v", heard, err)
	}
}

func TestItGoesOnAfterItsConnectionsWereLost(t *testing.T) {
	between, url := proxy.To(t, configured.Settings(t).BrokerURL)
	bus := newBus(t, url, newStream(t))
	reader := brokertest.Read(t, bus, brokertest.One)
	for range 3 {
		event := samples.NewEvent("ann", brokertest.One)
		wait.Until(t, "it is published", func() bool { return bus.Publish(t.Context(), []domain.Event{event}) == nil })
		wait.Until(t, "it is read", func() bool { return reader.Has(t, event) })
		between.Cut()
	}
}

func TestAStreamThatWasDeletedIsMadeAnew(t *testing.T) {
	stream := newStream(t)
	bus := newBus(t, configured.Settings(t).BrokerURL, stream)
	reader := brokertest.Read(t, bus, brokertest.One)
	publish(t, bus, samples.NewEvent("ann", brokertest.One))
	wait.Until(t, "it is read", func() bool { return reader.Finished() == 1 })
	check(t, newClient(t).Del(t.Context(), stream).Err())
	publish(t, bus, samples.NewEvent("ann", brokertest.One))
	wait.Until(t, "the next one is read", func() bool { return reader.Finished() == 2 })
}

func TestABrokerThatIsNotThereIsUnavailable(t *testing.T) {
	bus := newBus(t, "redis://127.0.0.1:1/0", "nowhere")

	if err := bus.Publish(t.Context(), []domain.Event{samples.Started("ann")}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("found the error %v", err)
	}
	if err := bus.Ping(t.Context()); err == nil {
		t.Error("it answers")
	}
}

func TestAURLThatCannotBeReadIsAMistakeInTheSettingsAndIsNotShown(t *testing.T) {
	_, err := redis.New("redis://ann:secret@host:secret/0", "stream", samples.NewClock(samples.Noon))

	if !errors.Is(err, settings.ErrInvalid) || strings.Contains(err.Error(), "secret") {
		t.Errorf("found the error %v", err)
	}
}

func newBus(t *testing.T, url, stream string) *redis.Bus {
	t.Helper()
	bus, err := redis.New(url, stream, samples.NewClock(samples.Noon))
	check(t, err)
	bus.ClaimAfter(claimAfter)
	t.Cleanup(func() { _ = bus.Close() })
	return bus
}

// newStream is the name of one that goes when the test ends.
func newStream(t *testing.T) string {
	t.Helper()
	stream, client := "tests-"+domain.NewID().Hex(), newClient(t)
	t.Cleanup(func() { _ = client.Del(context.Background(), stream).Err() })
	return stream
}

// newClient is one beside that of the bus.
func newClient(t *testing.T) *goredis.Client {
	t.Helper()
	options, err := goredis.ParseURL(configured.Settings(t).BrokerURL)
	check(t, err)
	client := goredis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func publish(t *testing.T, bus ports.EventBus, events ...domain.Event) {
	t.Helper()
	check(t, bus.Publish(t.Context(), events))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
