// Package brokertest has what every event bus promises, as tests for each of them.
package brokertest

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"service/internal/about"
	"service/internal/domain"
	"service/internal/platform/tracecontext"
	"service/internal/ports"
	"service/internal/testing/samples"
	"service/internal/testing/wait"
)

// The types of events that the tests publish and read.
const (
	One   = "one"
	Other = "other"
)

// moment is how long nothing may happen for a test to believe that nothing will.
const moment = 100 * time.Millisecond

// Open makes a bus that nobody but the test uses, which is closed at its end.
type Open func(t *testing.T, clock ports.Clock) ports.EventBus

// Bus tests what every bus promises.
func Bus(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, ports.EventBus){
		"it answers": answers,
		"what is published arrives whole and once":    arrivesOnce,
		"events of a subject arrive in their order":   arrivesInOrder,
		"an event can be published right away":        publishesRightAway,
		"many are handled at the same time":           handlesMany,
		"who stops reading finishes what has begun":   finishes,
		"who reads again goes on where it stopped":    goesOn,
		"an event with impossible data is refused":    refusesImpossible,
		"a message whose handler breaks is not taken": keepsUnhandled,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t, samples.NewClock(samples.Noon))) })
	}
}

func answers(t *testing.T, bus ports.EventBus) {
	if err := bus.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func arrivesOnce(t *testing.T, bus ports.EventBus) {
	whole := samples.NewEvent("ann", One)
	whole.Trace = samples.Trace
	whole.Data = map[string]any{"text": "é😀", "number": json.Number("1.50"), "nothing": nil}
	bare := samples.NewEvent("", Other)
	bare.Data = map[string]any{}
	reader := Read(t, bus, One, Other)
	publish(t, bus, whole, bare)
	wait.Until(t, "both are handled", func() bool { return reader.Finished() >= 2 })
	time.Sleep(moment)

	expectSame(t, byID(reader.Events(t)), byID([]domain.Event{whole, bare}))
}

func arrivesInOrder(t *testing.T, bus ports.EventBus) {
	var sent []domain.Event
	for range 50 {
		sent = append(sent, samples.NewEvent("ann", One), samples.NewEvent("bob", One))
	}
	reader := Read(t, bus, One, Other)
	for some := range slices.Chunk(sent, 25) {
		publish(t, bus, some...)
	}
	wait.Until(t, "all are there", func() bool { return reader.Finished() >= len(sent) })

	for _, subject := range []string{"ann", "bob"} {
		expectSame(t, idsOf(subject, reader.Events(t)), idsOf(subject, sent))
	}
}

func publishesRightAway(t *testing.T, bus ports.EventBus) {
	reader := Read(t, bus, One, Other)
	ctx := tracecontext.With(t.Context(), samples.Trace)
	if err := bus.PublishEvent(ctx, One, map[string]any{"a": json.Number("1")}, "ann"); err != nil {
		t.Fatal(err)
	}
	wait.Until(t, "it is there", func() bool { return reader.Finished() > 0 })

	found := reader.Events(t)
	expectSame(t, found, []domain.Event{{
		Source:  about.Source,
		ID:      found[0].ID,
		Type:    One,
		Subject: "ann",
		Time:    samples.Noon,
		Data:    map[string]any{"a": json.Number("1")},
		Trace:   samples.Trace,
	}})
}

func handlesMany(t *testing.T, bus ports.EventBus) {
	reader, published := heldReader(t, bus, 5)
	reader.LetGo()
	<-published
}

func finishes(t *testing.T, bus ports.EventBus) {
	reader, published := heldReader(t, bus, 3)
	stopped := inBackground(reader.Stop)
	time.Sleep(moment)
	reader.LetGo()
	<-stopped
	<-published

	if reader.Finished() != 3 {
		t.Errorf("%d are finished", reader.Finished())
	}
}

func goesOn(t *testing.T, bus ports.EventBus) {
	first, second := samples.NewEvent("ann", One), samples.NewEvent("ann", One)
	reader := Read(t, bus, One, Other)
	publish(t, bus, first)
	wait.Until(t, "it is handled", func() bool { return reader.Finished() > 0 })
	reader.Stop()
	again := Read(t, bus, One, Other)
	publish(t, bus, second)
	wait.Until(t, "the next one is handled", func() bool { return again.Finished() > 0 })
	time.Sleep(moment)

	expectSame(t, reader.Events(t), []domain.Event{first})
	expectSame(t, again.Events(t), []domain.Event{second})
}

func refusesImpossible(t *testing.T, bus ports.EventBus) {
	Read(t, bus, One, Other)
	event := samples.NewEvent("ann", One)
	event.Data = map[string]any{"function": func() {}}

	if err := bus.Publish(t.Context(), []domain.Event{event}); err == nil {
		t.Error("it is published")
	}
}

// keepsUnhandled: a bus delivers it again, or, without a broker behind it, says that it is not published.
func keepsUnhandled(t *testing.T, bus ports.EventBus) {
	reader := Read(t, bus, One, Other)
	reader.Fail()
	event := samples.NewEvent("ann", One)
	wait.Until(t, "it is published", func() bool { return bus.Publish(t.Context(), []domain.Event{event}) == nil })
	wait.Until(t, "it is handled", func() bool { return reader.Finished() > 0 })

	if reader.Begun() < 2 {
		t.Error("it came only once")
	}
}

func publish(t *testing.T, bus ports.EventBus, events ...domain.Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := bus.Publish(ctx, events); err != nil {
		t.Error(err)
	}
}

// heldReader finds so many events waiting, and begins with them all.
func heldReader(t *testing.T, bus ports.EventBus, count int) (reader *Reader, published <-chan struct{}) {
	t.Helper()
	first := Read(t, bus, One, Other) // Whoever was never read from need not keep anything.
	publish(t, bus, samples.NewEvent("ann", One))
	wait.Until(t, "it is handled", func() bool { return first.Finished() > 0 })
	first.Stop()
	published = inBackground(func() { publish(t, bus, manyEvents(count)...) })
	time.Sleep(moment)
	reader = ReadHeld(t, bus, One, Other)
	wait.Until(t, "all have begun", func() bool { return reader.Begun() >= count })
	return reader, published
}

// manyEvents are of one subject: Kafka keeps them in one partition, and delivers them together.
func manyEvents(count int) []domain.Event {
	events := make([]domain.Event, count)
	for i := range events {
		events[i] = samples.NewEvent("ann", One)
	}
	return events
}

func inBackground(work func()) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		work()
	}()
	return ended
}

func byID(events []domain.Event) []domain.Event {
	slices.SortFunc(events, func(one, other domain.Event) int { return strings.Compare(one.ID, other.ID) })
	return events
}

func idsOf(subject string, events []domain.Event) []string {
	return samples.IDs(slices.DeleteFunc(slices.Clone(events), func(event domain.Event) bool {
		return event.Subject != subject
	}))
}

func expectSame[Value any](t *testing.T, found, wanted Value) {
	t.Helper()
	if !reflect.DeepEqual(found, wanted) {
		t.Errorf("found %+v, wanted %+v", found, wanted)
	}
}
