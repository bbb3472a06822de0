// Package databasetest has what every database promises, as tests for each of them.
package databasetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"service/internal/domain"
	"service/internal/ports"
	"service/internal/testing/samples"
)

var errNoLuck = errors.New("no luck")

// Open makes a database that nobody but the test uses, empty, and closed at its end.
type Open func(t *testing.T) ports.Database

// Events tests what has to do with events.
func Events(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, ports.Database){
		"the outbox keeps an event as it was stored":       outboxKeepsEvents,
		"the outbox hands out the oldest events first":     outboxIsInOrder,
		"the outbox has no event of what was undone":       outboxIsTransactional,
		"who waits hears of a new event":                   waitingEnds,
		"nobody waits who is told to stop":                 waitingStops,
		"an event is handled once":                         handledOnce,
		"an event that comes many times at once is so too": handledOnceAtOnce,
		"an event whose handler failed is not known":       failureIsForgotten,
		"the inbox is read page by page":                   inboxPages,
		"dead letters stay until they are removed":         deadLettersStay,
		"dead letters are listed oldest first":             deadLettersInOrder,
		"activity has one entry of each key":               activityIsReplaced,
		"activity is newest first":                         activityPages,
		"activity without an event can be discarded":       activityIsDiscarded,
		"a lease is one owner's until it runs out":         leaseRunsOut,
		"a lease is given back by its owner":               leaseIsGivenBack,
		"a lease goes to one of many":                      leaseOfMany,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func outboxKeepsEvents(t *testing.T, database ports.Database) {
	one := samples.Started("ann")
	one.Trace = samples.Trace
	one.Data = map[string]any{
		"text":   "é😀\x00<&>",
		"list":   []any{json.Number("1"), json.Number("2.50"), nil, true},
		"nested": map[string]any{"a": map[string]any{"b": ""}},
		"large":  json.Number("1180591620717411303424"),
		"$set":   map[string]any{"a.b": json.Number("1")},
	}
	other := samples.Started("")
	other.Time = samples.Noon.Add(time.Second)
	addEvents(t, database, one, other)

	equal(t, pending(t, database, 10), []domain.Event{one, other})
	removeEvents(t, database, one)
	equal(t, pending(t, database, 10), []domain.Event{other})
	removeEvents(t, database, one, other)
	equal(t, len(pending(t, database, 10)), 0)
}

func outboxIsInOrder(t *testing.T, database ports.Database) {
	var events []domain.Event
	for number := range 9 {
		event := samples.Started(fmt.Sprintf("user %d", number%3))
		event.Time = samples.Noon.Add(time.Duration(number) * time.Millisecond)
		events = append(events, event)
	}
	addEvents(t, database, events...)

	equal(t, pending(t, database, 4), events[:4])
}

func outboxIsTransactional(t *testing.T, database ports.Database) {
	ctx := t.Context()
	err := database.Transaction(ctx, func(stores ports.Stores) error { return errNoLuck })
	isError(t, err, errNoLuck)
	equal(t, len(pending(t, database, 10)), 0)
}

func waitingEnds(t *testing.T, database ports.Database) {
	database.WaitForEvents(t.Context(), 10*time.Millisecond)
	ended := make(chan struct{})
	go func() {
		database.WaitForEvents(t.Context(), time.Minute)
		close(ended)
	}()
	time.Sleep(10 * time.Millisecond)
	addEvents(t, database, samples.Started("ann"))
	within(t, ended)
}

func waitingStops(t *testing.T, database ports.Database) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		database.WaitForEvents(ctx, time.Minute)
		close(ended)
	}()
	within(t, ended)
}

func handledOnce(t *testing.T, database ports.Database) {
	event := samples.Started("ann")
	elsewhere := event
	elsewhere.Source = "/elsewhere"

	equal(t, handle(t, database, event), true)
	equal(t, handle(t, database, event), false)
	equal(t, handle(t, database, elsewhere), true)
}

func handledOnceAtOnce(t *testing.T, database ports.Database) {
	event, entry := samples.Started("ann"), newEntry("ann", samples.Noon)
	var count atomic.Int32
	atOnce(10, func(int) {
		isNew, err := database.HandleOnce(t.Context(), event,
			func(ctx context.Context, _ domain.Event, stores ports.Stores) error {
				return stores.Activity.Put(ctx, entry)
			})
		if err != nil {
			t.Error(err)
		}
		if isNew {
			count.Add(1)
		}
	})

	equal(t, count.Load(), 1)
	equal(t, activity(t, database, "", nil, 10), []domain.Activity{entry})
}

func failureIsForgotten(t *testing.T, database ports.Database) {
	event := samples.Started("ann")
	isNew, err := database.HandleOnce(t.Context(), event,
		func(context.Context, domain.Event, ports.Stores) error { return errNoLuck })
	isError(t, err, errNoLuck)
	equal(t, isNew, false)

	equal(t, len(inbox(t, database, "", []string{event.Type}, 10)), 0)
	equal(t, handle(t, database, event), true)
}

func inboxPages(t *testing.T, database ports.Database) {
	var events []domain.Event
	for number := range 5 {
		event := samples.Started(fmt.Sprintf("user %d", number))
		event.Data = map[string]any{"number": json.Number(fmt.Sprint(number))}
		events = append(events, event)
		handle(t, database, event)
	}
	handle(t, database, samples.NewEvent("somebody", "another.type"))
	slices.SortFunc(events, func(one, other domain.Event) int { return strings.Compare(one.Key(), other.Key()) })

	types := []string{domain.SessionStarted}
	equal(t, inbox(t, database, "", types, 10), events)
	equal(t, inbox(t, database, events[1].Key(), types, 2), events[2:4])
	equal(t, len(inbox(t, database, "", append(types, "another.type"), 10)), 6)
}

func deadLettersStay(t *testing.T, database ports.Database) {
	ctx := t.Context()
	letter := newLetter(samples.Noon)
	letter.Body = []byte{0x00, 0xff, 0x20, 0x41}
	empty := newLetter(samples.Noon.Add(time.Second))
	empty.Body = []byte{}
	addLetters(t, database, letter, empty)

	read(t, database, func(stores ports.Stores) error {
		for _, wanted := range []domain.DeadLetter{letter, empty} {
			found, err := stores.DeadLetters.Get(ctx, wanted.ID)
			equal(t, string(found.Body), string(wanted.Body))
			found.Body = wanted.Body
			equal(t, found, wanted)
			equal(t, err, nil)
		}
		_, err := stores.DeadLetters.Get(ctx, "unknown")
		isError(t, err, domain.ErrNotFound)
		return nil
	})
	for _, id := range []string{letter.ID, empty.ID, "unknown"} {
		change(t, database, func(stores ports.Stores) error { return stores.DeadLetters.Remove(ctx, id) })
	}
	equal(t, len(letters(t, database, 10)), 0)
}

func deadLettersInOrder(t *testing.T, database ports.Database) {
	last, first, second := newLetter(later(2)), newLetter(later(0)), newLetter(later(1))
	addLetters(t, database, last, first, second)

	equal(t, letters(t, database, 10), []string{first.ID, second.ID, last.ID})
	equal(t, letters(t, database, 1), []string{first.ID})
}

func activityIsReplaced(t *testing.T, database ports.Database) {
	entry := newEntry("ann", samples.Noon)
	following := entry
	following.UserID, following.By, following.Time = "", "admin", later(1)
	putEntries(t, database, entry, following)

	equal(t, activity(t, database, "", nil, 10), []domain.Activity{following})
}

func activityPages(t *testing.T, database ports.Database) {
	var entries, ofAnn []domain.Activity
	for number := range 9 {
		entries = append(entries, newEntry([]string{"ann", "bob"}[number%2], later(number/3)))
	}
	putEntries(t, database, entries...)
	slices.SortFunc(entries, func(one, other domain.Activity) int {
		if order := other.Time.Compare(one.Time); order != 0 {
			return order
		}
		return strings.Compare(other.Key, one.Key)
	})
	for _, entry := range entries {
		if entry.UserID == "ann" {
			ofAnn = append(ofAnn, entry)
		}
	}

	equal(t, activity(t, database, "", nil, 10), entries)
	for i, entry := range entries {
		behind := activity(t, database, "", positionOf(entry), 4)
		equal(t, keys(behind), keys(entries[i+1:min(i+5, len(entries))]))
	}
	equal(t, activity(t, database, "ann", nil, 10), ofAnn)
	equal(t, activity(t, database, "ann", positionOf(ofAnn[0]), 2), ofAnn[1:3])
	for _, nobody := range []string{"carl", "\x00", "é"} {
		equal(t, len(activity(t, database, nobody, nil, 10)), 0)
	}
}

func activityIsDiscarded(t *testing.T, database ports.Database) {
	event := samples.Started("ann")
	founded, unfounded := newEntry("ann", samples.Noon), newEntry("ann", samples.Noon)
	founded.Key = event.Key()
	putEntries(t, database, founded, unfounded)
	handle(t, database, event)
	change(t, database, func(stores ports.Stores) error { return stores.Activity.DiscardUnfounded(t.Context()) })

	equal(t, activity(t, database, "", nil, 10), []domain.Activity{founded})
}

func leaseRunsOut(t *testing.T, database ports.Database) {
	for _, step := range []struct {
		name, owner string
		after       time.Duration
		isTaken     bool
	}{
		{"relay", "one", 0, true},
		{"relay", "other", 999 * time.Millisecond, false},
		{"relay", "one", 500 * time.Millisecond, true},
		{"relay", "other", time.Second, false},
		{"relay", "other", 1500 * time.Millisecond, true},
		{"relay", "one", 1500 * time.Millisecond, false},
		{"another", "one", 0, true},
	} {
		equal(t, take(t, database, step.name, step.owner, samples.Noon.Add(step.after)), step.isTaken)
	}
}

func leaseIsGivenBack(t *testing.T, database ports.Database) {
	giveBack := func(owner string) {
		change(t, database, func(stores ports.Stores) error {
			return stores.Leases.GiveBack(t.Context(), "relay", owner)
		})
	}
	take(t, database, "relay", "one", samples.Noon)
	giveBack("other")
	equal(t, take(t, database, "relay", "third", samples.Noon), false)
	giveBack("one")
	equal(t, take(t, database, "relay", "third", samples.Noon), true)
}

func leaseOfMany(t *testing.T, database ports.Database) {
	for _, moment := range []time.Time{samples.Noon, later(1)} { // A new one, and one that has run out.
		var count atomic.Int32
		atOnce(5, func(number int) {
			if take(t, database, "relay", fmt.Sprintf("%d at %s", number, moment), moment) {
				count.Add(1)
			}
		})
		equal(t, count.Load(), 1)
	}
}

func read(t *testing.T, database ports.Database, work func(ports.Stores) error) {
	t.Helper()
	if err := database.Read(t.Context(), work); err != nil {
		t.Error(err)
	}
}

func change(t *testing.T, database ports.Database, work func(ports.Stores) error) {
	t.Helper()
	if err := database.Transaction(t.Context(), work); err != nil {
		t.Error(err)
	}
}

func addEvents(t *testing.T, database ports.Database, events ...domain.Event) {
	t.Helper()
	for _, event := range events {
		change(t, database, func(stores ports.Stores) error { return stores.Outbox.Add(t.Context(), event) })
	}
}

func removeEvents(t *testing.T, database ports.Database, events ...domain.Event) {
	t.Helper()
	change(t, database, func(stores ports.Stores) error { return stores.Outbox.Remove(t.Context(), events) })
}

func pending(t *testing.T, database ports.Database, limit int) (events []domain.Event) {
	t.Helper()
	read(t, database, func(stores ports.Stores) (err error) {
		events, err = stores.Outbox.Pending(t.Context(), limit)
		return err
	})
	return events
}

// handle is as by a handler that has nothing to do.
func handle(t *testing.T, database ports.Database, event domain.Event) bool {
	t.Helper()
	isNew, err := database.HandleOnce(t.Context(), event,
		func(context.Context, domain.Event, ports.Stores) error { return nil })
	equal(t, err, nil)
	return isNew
}

func inbox(t *testing.T, database ports.Database, after string, types []string, limit int) (events []domain.Event) {
	t.Helper()
	read(t, database, func(stores ports.Stores) (err error) {
		events, err = stores.Inbox.Page(t.Context(), after, types, limit)
		return err
	})
	return events
}

func newLetter(parkedAt time.Time) domain.DeadLetter {
	return domain.DeadLetter{
		ID: domain.NewID().Hex(), Body: []byte("body"), Error: "no luck", Attempts: 5, ParkedAt: parkedAt,
	}
}

func addLetters(t *testing.T, database ports.Database, letters ...domain.DeadLetter) {
	t.Helper()
	for _, letter := range letters {
		change(t, database, func(stores ports.Stores) error { return stores.DeadLetters.Add(t.Context(), letter) })
	}
}

func letters(t *testing.T, database ports.Database, limit int) (ids []string) {
	t.Helper()
	read(t, database, func(stores ports.Stores) error {
		letters, err := stores.DeadLetters.List(t.Context(), limit)
		for _, letter := range letters {
			ids = append(ids, letter.ID)
		}
		return err
	})
	return ids
}

func newEntry(userID string, moment time.Time) domain.Activity {
	return domain.Activity{
		Key: domain.NewID().Hex(), ID: "1", Type: domain.UserCreated, UserID: userID, Time: moment,
	}
}

func putEntries(t *testing.T, database ports.Database, entries ...domain.Activity) {
	t.Helper()
	for _, entry := range entries {
		change(t, database, func(stores ports.Stores) error { return stores.Activity.Put(t.Context(), entry) })
	}
}

func activity(
	t *testing.T, database ports.Database, userID string, after *domain.Cursor, limit int,
) (entries []domain.Activity) {
	t.Helper()
	read(t, database, func(stores ports.Stores) (err error) {
		entries, err = stores.Activity.Page(t.Context(), userID, after, limit)
		return err
	})
	return entries
}

func keys(entries []domain.Activity) []string {
	keys := make([]string, len(entries))
	for i, entry := range entries {
		keys[i] = entry.Key
	}
	return keys
}

func positionOf(entry domain.Activity) *domain.Cursor {
	return &domain.Cursor{CreatedAt: entry.Time, ID: entry.Key}
}

func take(t *testing.T, database ports.Database, name, owner string, now time.Time) (isTaken bool) {
	t.Helper()
	change(t, database, func(stores ports.Stores) (err error) {
		isTaken, err = stores.Leases.Take(t.Context(), name, owner, now, now.Add(time.Second))
		return err
	})
	return isTaken
}

func later(seconds int) time.Time { return samples.Noon.Add(time.Duration(seconds) * time.Second) }

// atOnce does something many times at once.
func atOnce(times int, work func(number int)) {
	var underWay sync.WaitGroup
	for number := range times {
		underWay.Go(func() { work(number) })
	}
	underWay.Wait()
}

func within(t *testing.T, ended <-chan struct{}) {
	t.Helper()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("it does not end")
	}
}

func equal[Value any](t *testing.T, found, wanted Value) {
	t.Helper()
	if !reflect.DeepEqual(found, wanted) {
		t.Errorf("found %+v, wanted %+v", found, wanted)
	}
}

func isError(t *testing.T, found, wanted error) {
	t.Helper()
	if !errors.Is(found, wanted) {
		t.Errorf("found the error %v, wanted %v", found, wanted)
	}
}
