// Package memorydatabase keeps events in memory, for tests of what works with any database. It holds neither users nor
// sessions.
package memorydatabase

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"service/internal/domain"
	"service/internal/platform/doorbell"
	"service/internal/ports"
)

// Database is the database port. Fail, if it is there, is asked first whatever is done, and may answer an error.
type Database struct {
	Fail func() error

	// lock is a channel, since testing/synctest does not wait for a mutex.
	lock     chan struct{}
	state    state
	doorbell *doorbell.Doorbell
}

// New makes an empty database.
func New() *Database {
	return &Database{lock: make(chan struct{}, 1), state: state{}.clone(), doorbell: doorbell.New()}
}

type state struct {
	outbox      []domain.Event
	inbox       map[string]domain.Event
	deadLetters []domain.DeadLetter
	activity    map[string]domain.Activity
	leases      map[string]lease
}

type lease struct {
	owner string
	until time.Time
}

func (s state) clone() state {
	clone := state{
		outbox:      slices.Clone(s.outbox),
		inbox:       map[string]domain.Event{},
		deadLetters: slices.Clone(s.deadLetters),
		activity:    map[string]domain.Activity{},
		leases:      map[string]lease{},
	}
	maps.Copy(clone.inbox, s.inbox)
	maps.Copy(clone.activity, s.activity)
	maps.Copy(clone.leases, s.leases)
	return clone
}

// Read gives the work a copy of everything.
func (d *Database) Read(_ context.Context, work func(ports.Stores) error) error {
	return d.work(false, func(stores ports.Stores, _ *state) error { return work(stores) })
}

// Transaction keeps what the work changes.
func (d *Database) Transaction(_ context.Context, work func(ports.Stores) error) error {
	return d.work(true, func(stores ports.Stores, _ *state) error { return work(stores) })
}

// HandleOnce carries out a handler unless the event is in the inbox.
func (d *Database) HandleOnce(
	ctx context.Context, event domain.Event, handle ports.EventHandler,
) (isNew bool, err error) {
	err = d.work(true, func(stores ports.Stores, state *state) error {
		if _, isKnown := state.inbox[event.Key()]; isKnown {
			return nil
		}
		isNew = true
		state.inbox[event.Key()] = event
		return handle(ctx, event, stores)
	})
	return isNew && err == nil, err
}

// WaitForEvents returns when there may be a new event.
func (d *Database) WaitForEvents(ctx context.Context, limit time.Duration) {
	d.doorbell.Wait(ctx, limit)
}

// Ping finds it there always.
func (d *Database) Ping(context.Context) error { return nil }

// Close has nothing to close.
func (d *Database) Close() error { return nil }

// work does some work on a copy, which takes the place of the original if it is to be kept.
func (d *Database) work(isKept bool, work func(ports.Stores, *state) error) error {
	d.lock <- struct{}{}
	defer func() { <-d.lock }()
	if d.Fail != nil {
		if err := d.Fail(); err != nil {
			return err
		}
	}
	changed := d.state.clone()
	err := work(ports.Stores{
		Outbox:      outbox{&changed},
		Inbox:       inbox{&changed},
		DeadLetters: deadLetters{&changed},
		Activity:    activity{&changed},
		Leases:      leases{&changed},
	}, &changed)
	if err != nil || !isKept {
		return err
	}
	if len(changed.outbox) > len(d.state.outbox) {
		d.doorbell.Ring()
	}
	d.state = changed
	return nil
}

type outbox struct{ *state }

func (o outbox) Add(_ context.Context, event domain.Event) error {
	o.outbox = append(o.outbox, event)
	return nil
}

func (o outbox) Pending(_ context.Context, limit int) ([]domain.Event, error) {
	return o.outbox[:min(len(o.outbox), limit)], nil
}

func (o outbox) Remove(_ context.Context, events []domain.Event) error {
	o.outbox = slices.DeleteFunc(o.outbox, func(event domain.Event) bool {
		return slices.ContainsFunc(events, func(other domain.Event) bool { return other.ID == event.ID })
	})
	return nil
}

type inbox struct{ *state }

func (i inbox) Page(_ context.Context, after string, types []string, limit int) ([]domain.Event, error) {
	var events []domain.Event
	for _, key := range slices.Sorted(maps.Keys(i.inbox)) {
		if event := i.inbox[key]; key > after && slices.Contains(types, event.Type) && len(events) < limit {
			events = append(events, event)
		}
	}
	return events, nil
}

type deadLetters struct{ *state }

func (d deadLetters) Add(_ context.Context, letter domain.DeadLetter) error {
	d.deadLetters = append(d.deadLetters, letter)
	slices.SortStableFunc(d.deadLetters, func(one, other domain.DeadLetter) int {
		return one.ParkedAt.Compare(other.ParkedAt)
	})
	return nil
}

func (d deadLetters) Get(_ context.Context, letterID string) (domain.DeadLetter, error) {
	for _, letter := range d.deadLetters {
		if letter.ID == letterID {
			return letter, nil
		}
	}
	return domain.DeadLetter{}, domain.ErrNotFound
}

func (d deadLetters) List(_ context.Context, limit int) ([]domain.DeadLetter, error) {
	return d.deadLetters[:min(len(d.deadLetters), limit)], nil
}

func (d deadLetters) Remove(_ context.Context, letterID string) error {
	d.deadLetters = slices.DeleteFunc(d.deadLetters, func(letter domain.DeadLetter) bool {
		return letter.ID == letterID
	})
	return nil
}

type activity struct{ *state }

func (a activity) Put(_ context.Context, entry domain.Activity) error {
	a.activity[entry.Key] = entry
	return nil
}

func (a activity) Page(
	_ context.Context, userID string, after *domain.Cursor, limit int,
) ([]domain.Activity, error) {
	var entries []domain.Activity
	for _, entry := range slices.SortedFunc(maps.Values(a.activity), newestFirst) {
		isBehind := after == nil || newestFirst(domain.Activity{Time: after.CreatedAt, Key: after.ID}, entry) < 0
		if isBehind && (userID == "" || entry.UserID == userID) && len(entries) < limit {
			entries = append(entries, entry)
		}
	}
	return entries, nil
}

func (a activity) DiscardUnfounded(context.Context) error {
	maps.DeleteFunc(a.activity, func(key string, _ domain.Activity) bool {
		_, hasEvent := a.inbox[key]
		return !hasEvent
	})
	return nil
}

type leases struct{ *state }

func (l leases) Take(_ context.Context, name, owner string, now, until time.Time) (bool, error) {
	current, isTaken := l.leases[name]
	if isTaken && current.owner != owner && current.until.After(now) {
		return false, nil
	}
	l.leases[name] = lease{owner, until}
	return true, nil
}

func (l leases) GiveBack(_ context.Context, name, owner string) error {
	if l.leases[name].owner == owner {
		delete(l.leases, name)
	}
	return nil
}

func newestFirst(one, other domain.Activity) int {
	return cmp.Or(other.Time.Compare(one.Time), cmp.Compare(other.Key, one.Key))
}
