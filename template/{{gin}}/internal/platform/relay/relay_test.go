package relay_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"service/internal/domain"
	"service/internal/platform/cloudevents"
	"service/internal/platform/consumer"
	"service/internal/platform/metrics"
	"service/internal/platform/relay"
	"service/internal/ports"
	"service/internal/testing/memorydatabase"
	"service/internal/testing/samples"
	"service/internal/usecases"
)

var errKilled = errors.New("killed")

// systemClock is the one of the bubble that a test runs in.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now().UTC() }

// recordingBus keeps what is published. Before that it asks fail, and afterwards kill, if there are any.
type recordingBus struct {
	ports.EventBus

	fail, kill func() error
	takes      time.Duration

	mutex     sync.Mutex
	calls     int
	published []domain.Event
}

func (b *recordingBus) Publish(_ context.Context, events []domain.Event) error {
	b.mutex.Lock()
	b.calls++
	b.mutex.Unlock()
	time.Sleep(b.takes)
	if b.fail != nil {
		if err := b.fail(); err != nil {
			return err
		}
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.published = append(b.published, events...)
	if b.kill != nil {
		return b.kill()
	}
	return nil
}

func (b *recordingBus) all() []domain.Event {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return slices.Clone(b.published)
}

func (b *recordingBus) count() int {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.calls
}

// bench is a database whose outbox a relay publishes.
type bench struct {
	database *memorydatabase.Database
	bus      *recordingBus
	metrics  *metrics.Metrics
}

func newBench() *bench {
	return &bench{memorydatabase.New(), &recordingBus{}, metrics.New()}
}

// start runs a relay, and answers what stops it.
func (b *bench) start(t *testing.T) (stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- relay.New(b.database, b.bus, systemClock{}, b.metrics).Run(ctx) }()
	return func() error {
		cancel()
		return <-ended
	}
}

func (b *bench) add(t *testing.T, events ...domain.Event) {
	t.Helper()
	for _, event := range events {
		err := b.database.Transaction(t.Context(), func(stores ports.Stores) error {
			return stores.Outbox.Add(t.Context(), event)
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func (b *bench) pending(t *testing.T) (events []domain.Event) {
	t.Helper()
	err := b.database.Read(t.Context(), func(stores ports.Stores) (err error) {
		events, err = stores.Outbox.Pending(t.Context(), math.MaxInt32)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return events
}

func (b *bench) take(t *testing.T, owner string) (isTaken bool) {
	t.Helper()
	now := time.Now()
	err := b.database.Transaction(t.Context(), func(stores ports.Stores) (err error) {
		isTaken, err = stores.Leases.Take(t.Context(), "relay", owner, now, now.Add(5*time.Second))
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return isTaken
}

func eventsOf(count int) []domain.Event {
	events := make([]domain.Event, count)
	for i := range events {
		events[i] = samples.Started(fmt.Sprintf("user %d", i%3))
	}
	return events
}

func expectIDs(t *testing.T, found, wanted []domain.Event) {
	t.Helper()
	if !slices.Equal(samples.IDs(found), samples.IDs(wanted)) {
		t.Errorf("found %v, wanted %v", samples.IDs(found), samples.IDs(wanted))
	}
}

// pass lets time go by, and everybody do what they then do.
func pass(duration time.Duration) {
	time.Sleep(duration)
	synctest.Wait()
}

func inABubble(t *testing.T, test func(t *testing.T, bench *bench)) {
	synctest.Test(t, func(t *testing.T) { test(t, newBench()) })
}

func TestEventsArePublishedInOrderAndRemoved(t *testing.T) {
	inABubble(t, func(t *testing.T, bench *bench) {
		events := eventsOf(1200)
		bench.add(t, events[:1100]...)
		stop := bench.start(t)
		synctest.Wait()
		bench.add(t, events[1100:]...)
		synctest.Wait() // Without that any time goes by: it hears of new events at once.
		expectIDs(t, bench.bus.all(), events)
		if err := stop(); err != nil {
			t.Error(err)
		}

		expectIDs(t, bench.pending(t), nil)
		if count := testutil.ToFloat64(bench.metrics.EventsPublished.WithLabelValues(domain.SessionStarted)); count != 1200 {
			t.Errorf("%v were published", count)
		}
		if bench.bus.count() < 3 {
			t.Errorf("it took %d batches only", bench.bus.count())
		}
	})
}

func TestOfTwoRelaysOnePublishes(t *testing.T) {
	inABubble(t, func(t *testing.T, one *bench) {
		other := &bench{one.database, &recordingBus{}, metrics.New()}
		events := eventsOf(40)
		for _, each := range []*bench{one, other} {
			defer each.start(t)()
		}
		for _, event := range events {
			one.add(t, event)
			pass(time.Second)
		}

		published := append(one.bus.all(), other.bus.all()...)
		expectIDs(t, published, events)
		if len(one.bus.all()) > 0 && len(other.bus.all()) > 0 {
			t.Error("both have published")
		}
	})
}

func TestNothingIsRemovedWhileTheBusFails(t *testing.T) {
	inABubble(t, func(t *testing.T, bench *bench) {
		events := eventsOf(3)
		var isDown atomic.Bool
		isDown.Store(true)
		bench.bus.fail = func() error {
			if isDown.Load() {
				return domain.ErrUnavailable.Because("The broker does not answer.")
			}
			return nil
		}
		bench.add(t, events...)
		defer bench.start(t)()
		pass(time.Minute)
		if bench.bus.count() < 2 {
			t.Error("it does not try again")
		}
		expectIDs(t, bench.pending(t), events)
		if waiting := testutil.ToFloat64(bench.metrics.OutboxEvents); waiting != 3 {
			t.Errorf("%v events wait", waiting)
		}
		isDown.Store(false)
		pass(10 * time.Second)

		expectIDs(t, bench.bus.all(), events)
		if waiting := testutil.ToFloat64(bench.metrics.OutboxEvents); waiting != 0 {
			t.Errorf("%v events wait", waiting)
		}
	})
}

func TestADatabaseThatIsDownIsWaitedFor(t *testing.T) {
	inABubble(t, func(t *testing.T, bench *bench) {
		events := eventsOf(3)
		bench.add(t, events...)
		calls := 0
		bench.database.Fail = func() error {
			if calls++; calls < 10 {
				return domain.ErrUnavailable.Because("The database does not answer.")
			}
			return nil
		}
		defer bench.start(t)()
		pass(time.Minute)

		expectIDs(t, bench.bus.all(), events)
	})
}

func TestAnEndBetweenPublishingAndRemovingMakesADuplicateWithoutASecondEffect(t *testing.T) {
	inABubble(t, func(t *testing.T, bench *bench) {
		event := samples.Started("ann")
		bench.bus.kill = func() error { return errKilled }
		bench.add(t, event)
		stop := bench.start(t)
		synctest.Wait()
		if err := stop(); !errors.Is(err, errKilled) {
			t.Errorf("found the error %v", err)
		}
		expectIDs(t, bench.pending(t), []domain.Event{event})
		bench.bus.kill = nil
		defer bench.start(t)()
		synctest.Wait()

		expectIDs(t, bench.bus.all(), []domain.Event{event, event})
		handlers := map[string]ports.EventHandler{event.Type: usecases.LogActivity}
		consumer := consumer.New(bench.database, handlers, systemClock{}, bench.metrics, 1)
		for _, each := range bench.bus.all() {
			body, err := cloudevents.Encode(each)
			if err != nil {
				t.Fatal(err)
			}
			if err := consumer.Handle(t.Context(), body); err != nil {
				t.Error(err)
			}
		}
		duplicates := testutil.ToFloat64(bench.metrics.EventsConsumed.WithLabelValues(event.Type, "duplicate"))
		if duplicates != 1 {
			t.Errorf("%v duplicates", duplicates)
		}
	})
}

func TestAnotherOneTakesOverWhenTheLeaseHasRunOut(t *testing.T) {
	inABubble(t, func(t *testing.T, bench *bench) {
		bench.take(t, "who was killed")
		bench.add(t, eventsOf(1)...)
		defer bench.start(t)()
		pass(4 * time.Second)
		expectIDs(t, bench.bus.all(), nil)
		pass(3 * time.Second)

		if len(bench.bus.all()) != 1 {
			t.Error("nobody takes over")
		}
	})
}

func TestWhoStopsFinishesWhatHasBegunAndLetsOthersGoOnAtOnce(t *testing.T) {
	inABubble(t, func(t *testing.T, bench *bench) {
		bench.bus.takes = 2 * time.Second
		events := eventsOf(3)
		bench.add(t, events...)
		stop := bench.start(t)
		pass(time.Second)
		if bench.take(t, "another") {
			t.Error("it has no lease")
		}
		if err := stop(); err != nil {
			t.Error(err)
		}

		expectIDs(t, bench.bus.all(), events)
		expectIDs(t, bench.pending(t), nil)
		if !bench.take(t, "another") {
			t.Error("it keeps the lease")
		}
	})
}

func TestWhoCannotGiveTheLeaseBackStopsAllTheSame(t *testing.T) {
	inABubble(t, func(t *testing.T, bench *bench) {
		stop := bench.start(t)
		synctest.Wait()
		bench.database.Fail = func() error { return domain.ErrUnavailable.Because("The database does not answer.") }

		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatIsNoFaultOfTheDatabaseBreaksIt(t *testing.T) {
	inABubble(t, func(t *testing.T, bench *bench) {
		for number := range 3 { // At the lease, at the outbox, and behind the bus.
			bench.add(t, eventsOf(1)...)
			calls := 0
			bench.database.Fail = func() error {
				if calls++; calls == number+1 {
					return errKilled
				}
				return nil
			}
			stop := bench.start(t)
			synctest.Wait()
			if err := stop(); !errors.Is(err, errKilled) {
				t.Errorf("found the error %v", err)
			}
			bench.database.Fail = nil
		}
	})
}
