package consumer

import (
	"context"
	"sync"
)

// turns let work of one name be done one after the other, in the order in which the turns were taken.
type turns struct {
	mutex sync.Mutex
	last  map[string]chan struct{}
}

type turn struct {
	turns *turns
	name  string
	// before is closed when the turn before this one ends; nil if there is none.
	before <-chan struct{}
	ended  chan struct{}
}

// take is for who will wait for the turn, and end it in any case.
func (t *turns) take(name string) turn {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.last == nil {
		t.last = map[string]chan struct{}{}
	}
	taken := turn{turns: t, name: name, before: t.last[name], ended: make(chan struct{})}
	t.last[name] = taken.ended
	return taken
}

func (t turn) wait(ctx context.Context) error {
	if t.before != nil {
		select {
		case <-t.before:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

func (t turn) end() {
	t.turns.mutex.Lock()
	defer t.turns.mutex.Unlock()
	if t.turns.last[t.name] == t.ended {
		delete(t.turns.last, t.name)
	}
	close(t.ended)
}
