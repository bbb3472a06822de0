package consumer_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"service/internal/domain"
	"service/internal/platform/cloudevents"
	"service/internal/platform/consumer"
	"service/internal/platform/metrics"
	"service/internal/platform/tracecontext"
	"service/internal/ports"
	"service/internal/testing/memorydatabase"
	"service/internal/testing/samples"
)

const (
	kind     = "a.kind"
	attempts = 3
	atATime  = 8
)

var errNoLuck = errors.New("no luck")

// bench is a consumer with a handler whose luck can be set.
type bench struct {
	*consumer.Consumer

	database *memorydatabase.Database
	metrics  *metrics.Metrics

	mutex   sync.Mutex
	handled []string
	traces  []string
	times   []time.Time
	errs    []error
}

func newBench() *bench {
	made := &bench{database: memorydatabase.New(), metrics: metrics.New()}
	handlers := map[string]ports.EventHandler{kind: made.handleEvent}
	clock := samples.NewClock(samples.Noon.Add(2 * time.Second))
	made.Consumer = consumer.New(made.database, handlers, clock, made.metrics, attempts)
	return made
}

func (b *bench) handleEvent(ctx context.Context, event domain.Event, _ ports.Stores) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.traces = append(b.traces, tracecontext.From(ctx))
	b.times = append(b.times, time.Now())
	if len(b.errs) > 0 {
		err := b.errs[0]
		b.errs = b.errs[1:]
		if err != nil {
			return err
		}
		panic("a mistake")
	}
	b.handled = append(b.handled, event.ID)
	return nil
}

func (b *bench) handle(t *testing.T, bodies ...[]byte) {
	t.Helper()
	for _, body := range bodies {
		if err := b.Handle(t.Context(), body); err != nil {
			t.Error(err)
		}
	}
}

func (b *bench) parked(t *testing.T) (letters []domain.DeadLetter) {
	t.Helper()
	err := b.database.Read(t.Context(), func(stores ports.Stores) (err error) {
		letters, err = stores.DeadLetters.List(t.Context(), 10)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return letters
}

func (b *bench) expectHandled(t *testing.T, ids ...string) {
	t.Helper()
	if !slices.Equal(b.handled, ids) {
		t.Errorf("handled %v, and not %v", b.handled, ids)
	}
}

func (b *bench) expectCount(t *testing.T, eventType, result string, count float64) {
	t.Helper()
	if found := testutil.ToFloat64(b.metrics.EventsConsumed.WithLabelValues(eventType, result)); found != count {
		t.Errorf("%v %s events of type %s, and not %v", found, result, eventType, count)
	}
}

// failAtFirst lets the database be down for so many calls.
func (b *bench) failAtFirst(times int) {
	b.database.Fail = func() error {
		times--
		if times >= 0 {
			return domain.ErrUnavailable.Because("The database is down.")
		}
		return nil
	}
}

func unlucky(times int) []error { return slices.Repeat([]error{errNoLuck}, times) }

func bodyOf(id, subject string) []byte { return bodyOfType(id, subject, kind) }

func bodyOfType(id, subject, eventType string) []byte {
	event := samples.NewEvent(subject, eventType)
	event.ID, event.Trace = id, samples.Trace
	body, err := cloudevents.Encode(event)
	if err != nil {
		panic(err)
	}
	return body
}

func TestAnEventIsHandledAndItsDuplicateIsNot(t *testing.T) {
	bench := newBench()
	bench.handle(t, bodyOf("1", "ann"), bodyOf("2", "ann"), bodyOf("1", "ann"))

	bench.expectHandled(t, "1", "2")
	bench.expectCount(t, kind, "handled", 2)
	bench.expectCount(t, kind, "duplicate", 1)
	if sum := histogramSum(t, bench.metrics); math.Abs(sum-6) > 1e-9 {
		t.Errorf("the lag is %v in sum", sum)
	}
}

func TestAnEventIsHandledInTheTraceContextOfWhatCausedIt(t *testing.T) {
	bench := newBench()
	bench.handle(t, bodyOf("1", "ann"))

	if !slices.Equal(bench.traces, []string{samples.Trace}) {
		t.Errorf("the traces are %v", bench.traces)
	}
}

func TestAnEventOfATypeWithoutAHandlerIsIgnored(t *testing.T) {
	bench := newBench()
	bench.handle(t, bodyOfType("1", "ann", "another.kind"))

	bench.expectHandled(t)
	bench.expectCount(t, "unknown", "ignored", 1)
	if letters := bench.parked(t); len(letters) > 0 {
		t.Errorf("parked %v", letters)
	}
}

func TestAHandlerThatFailsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := newBench()
		bench.errs = unlucky(attempts - 1)
		bench.handle(t, bodyOf("1", "ann"))

		bench.expectHandled(t, "1")
		bench.expectCount(t, kind, "handled", 1)
		for i, least := range []time.Duration{50 * time.Millisecond, 100 * time.Millisecond} {
			if waited := bench.times[i+1].Sub(bench.times[i]); waited < least || waited > 2*least {
				t.Errorf("it waited for %s before attempt %d", waited, i+2)
			}
		}
	})
}

func TestAHandlerThatFailsTooOftenHasItsMessageParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := newBench()
		bench.errs = slices.Repeat([]error{errors.New("no \x00 luck \xff")}, attempts)
		body := bodyOf("1", "ann")
		bench.handle(t, body, bodyOf("2", "ann"))

		bench.expectHandled(t, "2")
		bench.expectCount(t, "unknown", "parked", 1)
		letters := bench.parked(t)
		if len(letters) != 1 || letters[0].Attempts != attempts || string(letters[0].Body) != string(body) ||
			letters[0].Error != `no \0 luck ` || letters[0].ParkedAt != samples.Noon.Add(2*time.Second) {
			t.Errorf("parked %+v", letters)
		}
	})
}

func TestAHandlerThatPanicsIsOneThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := newBench()
		bench.errs = slices.Repeat([]error{nil}, attempts)
		bench.handle(t, bodyOf("1", "ann"))

		letters := bench.parked(t)
		if len(letters) != 1 || !strings.HasPrefix(letters[0].Error, "panic: a mistake") {
			t.Errorf("parked %+v", letters)
		}
	})
}

func TestALongErrorIsShortened(t *testing.T) {
	bench := newBench()
	bench.errs = []error{fmt.Errorf("%w: %s", domain.ErrInvalidEvent, strings.Repeat("é", 10_000))}
	bench.handle(t, bodyOf("1", "ann"))

	if letters := bench.parked(t); len(letters) != 1 || len(letters[0].Error) > 10_000 {
		t.Error("it is not")
	}
}

func TestWhoStopsDoesNotWaitForAnotherAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := newBench()
		bench.errs = unlucky(1)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		err := bench.Handle(ctx, bodyOf("1", "ann"))

		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("found the error %v", err)
		}
		bench.expectHandled(t)
		if letters := bench.parked(t); len(letters) > 0 {
			t.Errorf("parked %v", letters)
		}
	})
}

func TestWhatIsNoEventIsParkedAtOnce(t *testing.T) {
	bench := newBench()
	bench.handle(t, []byte("\x00 garbage \xff"))

	letters := bench.parked(t)
	if len(letters) != 1 || letters[0].Attempts != 1 || string(letters[0].Body) != "\x00 garbage \xff" ||
		!strings.HasPrefix(letters[0].Error, "invalid event: not a CloudEvent") {
		t.Errorf("parked %+v", letters)
	}
}

func TestDataThatBreakTheirPromiseAreParkedAtOnce(t *testing.T) {
	bench := newBench()
	bench.errs = []error{fmt.Errorf("%w: data.user_id: is missing", domain.ErrInvalidEvent), errNoLuck}
	bench.handle(t, bodyOf("1", "ann"))

	letters := bench.parked(t)
	if len(letters) != 1 || letters[0].Attempts != 1 || letters[0].Error != "invalid event: data.user_id: is missing" {
		t.Errorf("parked %+v", letters)
	}
}

func TestADatabaseThatIsDownIsNoFaultOfAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := newBench()
		bench.failAtFirst(20 * attempts)
		bench.errs = unlucky(attempts - 1)
		bench.handle(t, bodyOf("1", "ann"))

		bench.expectHandled(t, "1")
		if letters := bench.parked(t); len(letters) > 0 {
			t.Errorf("parked %v", letters)
		}
	})
}

func TestADatabaseThatIsDownDoesNotKeepGarbageFromBeingParkedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := newBench()
		bench.failAtFirst(2 * attempts)
		bench.handle(t, []byte("garbage"))

		if letters := bench.parked(t); len(letters) != 1 {
			t.Errorf("parked %v", letters)
		}
	})
}

func TestWhoStopsDoesNotWaitForTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := newBench()
		bench.failAtFirst(math.MaxInt)
		for _, body := range [][]byte{bodyOf("1", "ann"), []byte("garbage")} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if err := bench.Handle(ctx, body); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("found the error %v", err)
			}
			cancel()
		}
	})
}

func TestEventsOfOneSubjectTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := newBench()
		bench.errs = unlucky(attempts - 1) // The first one keeps its turn until it is done.
		var expected []string
		var works []func(context.Context) error
		for number := range 50 {
			expected = append(expected, fmt.Sprint(number))
			works = append(works, bench.Receive(bodyOf(fmt.Sprint(number), "ann")))
		}
		var underWay sync.WaitGroup
		for _, work := range slices.Backward(works) { // They may begin in any order.
			underWay.Go(func() {
				if err := work(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		underWay.Wait()

		bench.expectHandled(t, expected...)
	})
}

func TestWhoStopsDoesNotWaitForATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := newBench()
		first, second, third := bench.Receive(bodyOf("1", "ann")), bench.Receive(bodyOf("2", "ann")), bench.Receive(bodyOf("3", "ann"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := second(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("found the error %v", err)
		}
		for _, work := range []func(context.Context) error{first, third} {
			if err := work(t.Context()); err != nil {
				t.Error(err)
			}
		}

		bench.expectHandled(t, "1", "3")
	})
}

// crowded lets handlers wait in it, and counts them.
type crowded struct {
	ports.Database

	mutex sync.Mutex
	count int
	goOn  chan struct{}
}

func (c *crowded) HandleOnce(ctx context.Context, event domain.Event, handle ports.EventHandler) (bool, error) {
	c.mutex.Lock()
	c.count++
	c.mutex.Unlock()
	<-c.goOn
	return true, handle(ctx, event, ports.Stores{})
}

func TestEventsOfManySubjectsDoNotWaitForEachOtherUpToALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bench := newBench()
		database := &crowded{Database: bench.database, goOn: make(chan struct{})}
		handlers := map[string]ports.EventHandler{kind: bench.handleEvent}
		many := consumer.New(database, handlers, samples.NewClock(samples.Noon), bench.metrics, attempts)
		ctx, stop := context.WithCancel(t.Context())
		var underWay sync.WaitGroup
		for number := range atATime + 2 {
			work := many.Receive(bodyOf(fmt.Sprint(number), fmt.Sprintf("user %d", number)))
			underWay.Go(func() { _ = work(ctx) })
		}
		synctest.Wait()
		if database.count != atATime {
			t.Errorf("%d are handled at a time", database.count)
		}
		stop() // Those that wait give up.
		synctest.Wait()
		close(database.goOn)
		underWay.Wait()

		if len(bench.handled) != atATime {
			t.Errorf("%d were handled", len(bench.handled))
		}
	})
}

func histogramSum(t *testing.T, metrics *metrics.Metrics) float64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "event_lag_seconds" {
			return family.GetMetric()[0].GetHistogram().GetSampleSum()
		}
	}
	t.Fatal("there is no lag")
	return 0
}
