package broker_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"service/internal/adapters/broker"
	"service/internal/domain"
)

var errNoLuck = errors.New("no luck")

func TestConsumingBeginsAnewWheneverItBreaksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		starts := 0
		err := broker.Reconnecting(ctx, func(context.Context) error {
			if starts++; starts == 3 {
				stop()
			}
			if starts == 2 {
				return nil
			}
			return errNoLuck
		})

		if err != nil || starts != 3 {
			t.Errorf("it was started %d times, and ended with %v", starts, err)
		}
	})
}

func TestAPublicationThatFailsOrTakesTooLongIsUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if err := broker.Confirming(t.Context(), func(context.Context) error { return nil }); err != nil {
			t.Error(err)
		}
		err := broker.Confirming(t.Context(), func(context.Context) error { return errNoLuck })
		if !errors.Is(err, domain.ErrUnavailable) || !errors.Is(err, errNoLuck) {
			t.Errorf("found the error %v", err)
		}
		began := time.Now()
		err = broker.Confirming(t.Context(), func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		if !errors.Is(err, domain.ErrUnavailable) || time.Since(began) != 30*time.Second {
			t.Errorf("found the error %v", err)
		}
	})
}

func TestWhatFailsDoesNotKeepTheRestFromBeingHandled(t *testing.T) {
	var received []string
	handled := make(chan string, 2)
	wrong := broker.HandleAll(t.Context(), [][]byte{[]byte("bad"), []byte("good")}, func(body []byte) func(context.Context) error {
		received = append(received, string(body))
		return func(context.Context) error {
			if string(body) == "bad" {
				return errNoLuck
			}
			handled <- string(body)
			return nil
		}
	})

	if len(wrong) != 2 || !errors.Is(wrong[0], errNoLuck) || wrong[1] != nil || <-handled != "good" || received[0] != "bad" {
		t.Errorf("found the errors %v", wrong)
	}
}
