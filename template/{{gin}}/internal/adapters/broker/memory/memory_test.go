package memory_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"service/internal/adapters/broker/memory"
	"service/internal/domain"
	"service/internal/ports"
	"service/internal/settings"
	"service/internal/testing/brokertest"
	"service/internal/testing/samples"
)

func TestItPromisesWhatAllBusesDo(t *testing.T) {
	brokertest.Bus(t, func(t *testing.T, clock ports.Clock) ports.EventBus {
		bus, err := memory.Connect(t.Context(), settings.Settings{}, clock)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = bus.Close() })
		return bus
	})
}

func TestAnEventIsPublishedWhenItHasBeenHandled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := memory.New(samples.NewClock(samples.Noon))
		published := make(chan error, 1)
		go func() {
			events := []domain.Event{samples.NewEvent("", "of.no.interest"), samples.NewEvent("", brokertest.One)}
			published <- bus.Publish(t.Context(), events)
		}()
		time.Sleep(time.Hour) // There is no reader.
		reader := brokertest.Read(t, bus, brokertest.One)
		reader.Hold()
		time.Sleep(time.Hour)
		if len(published) > 0 {
			t.Error("it is published before it was handled")
		}
		reader.LetGo()
		if err := <-published; err != nil {
			t.Error(err)
		}
		if reader.Finished() != 1 {
			t.Errorf("%d were handled", reader.Finished())
		}
	})
}

func TestWhoStopsDoesNotWaitForAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err := memory.New(samples.NewClock(samples.Noon)).Publish(ctx, []domain.Event{samples.Started("ann")})

		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("found the error %v", err)
		}
	})
}
