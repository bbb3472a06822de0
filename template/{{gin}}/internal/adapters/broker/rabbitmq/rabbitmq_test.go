package rabbitmq_test

import (
	"errors"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"service/internal/about"
	"service/internal/adapters/broker/rabbitmq"
	"service/internal/domain"
	"service/internal/platform/cloudevents"
	"service/internal/ports"
	"service/internal/testing/brokertest"
	"service/internal/testing/configured"
	"service/internal/testing/proxy"
	"service/internal/testing/samples"
	"service/internal/testing/wait"
)

const moment = 100 * time.Millisecond

func TestItPromisesWhatAllBusesDo(t *testing.T) {
	brokertest.Bus(t, func(t *testing.T, clock ports.Clock) ports.EventBus {
		settings := configured.Settings(t)
		settings.EventsExchange = newExchange(t)
		bus, err := rabbitmq.Connect(t.Context(), settings, clock)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = bus.Close() })
		return bus
	})
}

func TestWithoutAnExchangeEachTypeHasAQueueThatKeepsEvents(t *testing.T) {
	one, other := newType(t), newType(t)
	bus := newBus(t, configured.Settings(t).BrokerURL, "")
	events := []domain.Event{samples.NewEvent("", one), samples.NewEvent("", other), samples.NewEvent("", one)}
	publish(t, bus, events...)
	reader := brokertest.Read(t, bus, one)
	wait.Until(t, "one type is read", func() bool { return reader.Finished() >= 2 })
	reader.Stop()
	again := brokertest.Read(t, bus, one, other)
	wait.Until(t, "the other one is read", func() bool { return again.Finished() >= 1 })
	time.Sleep(moment)

	if len(reader.Bodies()) != 2 || !reader.Has(t, events[0]) || !reader.Has(t, events[2]) {
		t.Errorf("read %v", reader.Events(t))
	}
	if len(again.Bodies()) != 1 || !again.Has(t, events[1]) {
		t.Errorf("read %v", again.Events(t))
	}
}

func TestAMessageHasThePropertiesOfTheContract(t *testing.T) {
	eventType := newType(t)
	event := samples.NewEvent("", eventType)
	publish(t, newBus(t, configured.Settings(t).BrokerURL, ""), event)
	message, isThere, err := newChannel(t).Get(eventType, true)

	if err != nil || !isThere || message.ContentType != cloudevents.ContentType || message.DeliveryMode != amqp.Persistent ||
		message.MessageId != event.ID || message.Type != eventType {
		t.Errorf("found %+v, %v", message, err)
	}
}

func TestTwoReadersShareWhatComes(t *testing.T) {
	eventType := newType(t)
	bus := newBus(t, configured.Settings(t).BrokerURL, "")
	readers := []*brokertest.Reader{brokertest.Read(t, bus, eventType), brokertest.Read(t, bus, eventType)}
	time.Sleep(2 * moment)
	for range 20 {
		publish(t, bus, samples.NewEvent("", eventType))
	}
	wait.Until(t, "all are read", func() bool { return readers[0].Finished()+readers[1].Finished() >= 20 })

	if readers[0].Finished() == 0 || readers[1].Finished() == 0 || readers[0].Finished()+readers[1].Finished() > 20 {
		t.Errorf("they read %d and %d", readers[0].Finished(), readers[1].Finished())
	}
}

func TestItGoesOnAfterItsConnectionsWereLost(t *testing.T) {
	eventType := newType(t)
	between, url := proxy.To(t, configured.Settings(t).BrokerURL)
	bus := newBus(t, url, "")
	reader := brokertest.Read(t, bus, eventType)
	for range 3 {
		event := samples.NewEvent("", eventType)
		wait.Until(t, "it is published", func() bool { return bus.Publish(t.Context(), []domain.Event{event}) == nil })
		wait.Until(t, "it is read", func() bool { return reader.Has(t, event) })
		between.Cut()
	}
}

func TestAMessageWhoseConnectionWasLostComesAgain(t *testing.T) {
	eventType := newType(t)
	between, url := proxy.To(t, configured.Settings(t).BrokerURL)
	reader := brokertest.Read(t, newBus(t, url, ""), eventType)
	reader.Hold()
	publish(t, newBus(t, configured.Settings(t).BrokerURL, ""), samples.NewEvent("", eventType))
	wait.Until(t, "it is handled", func() bool { return reader.Begun() == 1 })
	between.Cut()
	reader.LetGo()
	wait.Until(t, "it is handled again", func() bool { return reader.Begun() == 2 })
}

func TestAQueueThatWasDeletedIsMadeAnew(t *testing.T) {
	eventType := newType(t)
	bus := newBus(t, configured.Settings(t).BrokerURL, "")
	reader := brokertest.Read(t, bus, eventType)
	publish(t, bus, samples.NewEvent("", eventType))
	wait.Until(t, "it is read", func() bool { return reader.Finished() == 1 })
	deleteQueue(t, eventType)
	event := samples.NewEvent("", eventType)
	wait.Until(t, "another one is published", func() bool {
		return bus.Publish(t.Context(), []domain.Event{event}) == nil
	})
	wait.Until(t, "it is read too", func() bool { return reader.Has(t, event) })
}

func TestAnEventThatNoQueueIsThereForIsNotTakenForPublished(t *testing.T) {
	eventType := newType(t)
	bus := newBus(t, configured.Settings(t).BrokerURL, "")
	publish(t, bus, samples.NewEvent("", eventType))
	deleteQueue(t, eventType)
	err := bus.Publish(t.Context(), []domain.Event{samples.NewEvent("", eventType)})

	if !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("found the error %v", err)
	}
	publish(t, bus, samples.NewEvent("", eventType))
}

func TestThroughAnExchangeAServiceReadsTheTypesThatItHandles(t *testing.T) {
	bus := newBus(t, configured.Settings(t).BrokerURL, newExchange(t))
	publish(t, bus, samples.NewEvent("", brokertest.One)) // There is no reader yet, and never was one.
	reader := brokertest.Read(t, bus, brokertest.One)
	time.Sleep(moment) // So that it wants to read.
	wanted := samples.NewEvent("", brokertest.One)
	publish(t, bus, samples.NewEvent("", brokertest.Other), wanted)
	wait.Until(t, "it is read", func() bool { return reader.Finished() > 0 })
	time.Sleep(moment)

	if len(reader.Bodies()) != 1 || !reader.Has(t, wanted) {
		t.Errorf("read %v", reader.Events(t))
	}
}

func TestManyEventsCanBePublishedAtOnce(t *testing.T) {
	eventType := newType(t)
	events := make([]domain.Event, 1200)
	for i := range events {
		events[i] = samples.NewEvent("", eventType)
	}
	bus := newBus(t, configured.Settings(t).BrokerURL, "")
	publish(t, bus, events...)
	deleteQueue(t, eventType)

	if err := bus.Publish(t.Context(), events); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("found the error %v", err)
	}
}

func TestABrokerThatIsNotThereIsUnavailable(t *testing.T) {
	bus := newBus(t, "amqp://127.0.0.1:1/", "")

	if err := bus.Publish(t.Context(), []domain.Event{samples.Started("ann")}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("found the error %v", err)
	}
	if err := bus.Ping(t.Context()); err == nil {
		t.Error("it answers")
	}
}

func newBus(t *testing.T, url, exchange string) *rabbitmq.Bus {
	t.Helper()
	bus := rabbitmq.New(url, exchange, samples.NewClock(samples.Noon))
	t.Cleanup(func() { _ = bus.Close() })
	return bus
}

// newExchange is the name of one that goes when the test ends, with the service's queue.
func newExchange(t *testing.T) string {
	t.Helper()
	exchange := "tests-" + domain.NewID().Hex()
	channel := newChannel(t)
	t.Cleanup(func() {
		_, _ = channel.QueueDelete(about.Name+"."+exchange, false, false, false)
		_ = channel.ExchangeDelete(exchange, false, false)
	})
	return exchange
}

// newType is one that nobody else knows; its queue goes when the test ends.
func newType(t *testing.T) string {
	t.Helper()
	eventType := "tests." + domain.NewID().Hex()
	t.Cleanup(func() { deleteQueue(t, eventType) })
	return eventType
}

func deleteQueue(t *testing.T, name string) {
	t.Helper()
	if _, err := newChannel(t).QueueDelete(name, false, false, false); err != nil {
		t.Error(err)
	}
}

// newChannel is one beside those of the bus.
func newChannel(t *testing.T) *amqp.Channel {
	t.Helper()
	connection, err := amqp.Dial(configured.Settings(t).BrokerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	channel, err := connection.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return channel
}

func publish(t *testing.T, bus ports.EventBus, events ...domain.Event) {
	t.Helper()
	if err := bus.Publish(t.Context(), events); err != nil {
		t.Error(err)
	}
}
