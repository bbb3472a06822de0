package workers_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"service/internal/platform/workers"
)

var errNoLuck = errors.New("no luck")

func TestAWorkerThatBreaksOrEndsIsStartedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		starts := 0
		running := workers.Start(t.Context(), workers.Worker{Name: "a worker", Run: func(ctx context.Context) error {
			starts++
			switch starts {
			case 1:
				return errNoLuck
			case 2:
				panic("a mistake")
			case 3:
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}})
		time.Sleep(time.Minute)
		running.Stop()
		time.Sleep(time.Minute)

		if starts != 4 {
			t.Errorf("it was started %d times", starts)
		}
	})
}

func TestWorkersAreStoppedFromTheLastToTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stopped []string
		worker := func(name string) workers.Worker {
			return workers.Worker{Name: name, Run: func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(time.Second)
				stopped = append(stopped, name)
				return nil
			}}
		}
		running := workers.Start(t.Context(), worker("first"), worker("last"))
		synctest.Wait()
		running.Stop()

		if !slices.Equal(stopped, []string{"last", "first"}) {
			t.Errorf("they were stopped in the order %v", stopped)
		}
	})
}

func TestAWorkerThatDoesNotEndIsNotWaitedForForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		running := workers.Start(t.Context(), workers.Worker{Name: "a worker", Run: func(context.Context) error {
			time.Sleep(time.Hour)
			return nil
		}})
		synctest.Wait()
		began := time.Now()
		running.Stop()

		if waited := time.Since(began); waited > time.Minute {
			t.Errorf("it was waited for %s", waited)
		}
		time.Sleep(2 * time.Hour)
	})
}

func TestWhatHasBegunOutlivesItsContextForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		finishing, cancel := workers.Finishing(ctx)
		defer cancel()
		stop()
		began := time.Now()
		<-finishing.Done()

		if grace := time.Since(began); grace != workers.Grace {
			t.Errorf("it had %s", grace)
		}
	})
}

func TestWhatHasEndedNeedsNoContextAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		finishing, cancel := workers.Finishing(ctx)
		stop()
		synctest.Wait()
		cancel()

		if finishing.Err() == nil {
			t.Error("it goes on")
		}
	})
}

func TestSleepingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := workers.Sleep(ctx, time.Second); err != nil {
			t.Error(err)
		}
		if err := workers.Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("found the error %v", err)
		}
	})
}

func TestAPanicIsAnError(t *testing.T) {
	err := workers.Safely(func() error { panic("a mistake") })
	if err == nil || !strings.Contains(err.Error(), "a mistake") {
		t.Errorf("found the error %v", err)
	}
	if err := workers.Safely(func() error { return errNoLuck }); !errors.Is(err, errNoLuck) {
		t.Errorf("found the error %v", err)
	}
}
