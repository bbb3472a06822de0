package brokertest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"service/internal/domain"
	"service/internal/platform/cloudevents"
	"service/internal/ports"
)

var errNoLuck = errors.New("no luck")

// Reader consumes, and keeps what has come.
type Reader struct {
	stop  context.CancelFunc
	ended chan struct{}

	mutex    sync.Mutex
	bodies   [][]byte
	begun    int
	finished int
	isToFail bool
	goOn     chan struct{}
}

// Read reads these types of events until the test ends, or the reader is stopped.
func Read(t *testing.T, bus ports.EventBus, types ...string) *Reader {
	reader := ReadHeld(t, bus, types...)
	reader.LetGo()
	return reader
}

// ReadHeld is Read, and Hold from the beginning.
func ReadHeld(t *testing.T, bus ports.EventBus, types ...string) *Reader {
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	reader := &Reader{stop: stop, ended: make(chan struct{}), goOn: make(chan struct{})}
	go func() {
		defer close(reader.ended)
		if err := bus.Consume(ctx, types, reader.receive); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(reader.Stop)
	return reader
}

// Hold lets nothing be finished from now on, until LetGo.
func (r *Reader) Hold() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.goOn = make(chan struct{})
}

// LetGo ends Hold.
func (r *Reader) LetGo() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	close(r.goOn)
}

// Fail lets the next one fail.
func (r *Reader) Fail() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.isToFail = true
}

// Stop returns when it does not read any more.
func (r *Reader) Stop() {
	r.stop()
	<-r.ended
}

// Bodies are the messages as they came.
func (r *Reader) Bodies() [][]byte {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.Clone(r.bodies)
}

// Events are what the messages say.
func (r *Reader) Events(t *testing.T) []domain.Event {
	t.Helper()
	var events []domain.Event
	for _, body := range r.Bodies() {
		event, err := cloudevents.Decode(body)
		if err != nil {
			t.Error(err)
		}
		events = append(events, event)
	}
	return events
}

// Has tells whether an event has come.
func (r *Reader) Has(t *testing.T, event domain.Event) bool {
	t.Helper()
	return slices.ContainsFunc(r.Events(t), func(found domain.Event) bool { return found.ID == event.ID })
}

// Begun is how many are being handled, or have been.
func (r *Reader) Begun() int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.begun
}

// Finished is how many have been handled.
func (r *Reader) Finished() int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.finished
}

func (r *Reader) receive(body []byte) func(context.Context) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.bodies = append(r.bodies, body)
	return r.handle
}

func (r *Reader) handle(ctx context.Context) error {
	r.mutex.Lock()
	r.begun++
	goOn, isToFail := r.goOn, r.isToFail
	r.isToFail = false
	r.mutex.Unlock()
	if isToFail {
		return errNoLuck
	}
	select {
	case <-goOn:
	case <-ctx.Done():
		return ctx.Err()
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.finished++
	return nil
}
