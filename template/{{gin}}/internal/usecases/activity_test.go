package usecases_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"service/internal/domain"
	"service/internal/ports"
	"service/internal/testing/memorydatabase"
	"service/internal/testing/samples"
	"service/internal/usecases"
)

var boss = domain.User{ID: "boss", Role: domain.RoleAdmin}

func TestAnEventBecomesAnEntry(t *testing.T) {
	for _, data := range []map[string]any{
		{"user_id": "ann", "by": nil},
		{"user_id": nil, "by": nil, "more": 1},
		{"user_id": strings.Repeat("é", 64), "by": "ann"},
	} {
		database := memorydatabase.New()
		event := samples.NewEvent("ann", domain.UserCreated)
		event.Data = data
		handleEvents(t, database, event)

		expectEntries(t, entries(t, database, ""), entryOf(event))
	}
}

func TestAnEventThatDoesNotSayWhoIsInvalid(t *testing.T) {
	for _, data := range []map[string]any{
		{},
		{"user_id": "ann"},
		{"by": "ann"},
		{"user_id": 1, "by": nil},
		{"user_id": "", "by": nil},
		{"user_id": strings.Repeat("a", 65), "by": nil},
		{"user_id": "a\x00b", "by": nil},
		{"user_id": "ann", "by": []any{"ann"}},
	} {
		database := memorydatabase.New()
		event := samples.Started("ann")
		event.Data = data
		_, err := database.HandleOnce(t.Context(), event, usecases.LogActivity)

		if !errors.Is(err, domain.ErrInvalidEvent) || !strings.HasPrefix(err.Error(), "invalid event: data.") {
			t.Errorf("%v: found the error %v", data, err)
		}
		expectEntries(t, entries(t, database, ""))
	}
}

func TestAPageOfTheLogIsForAdminsAndForUsersAboutThemselves(t *testing.T) {
	database := memorydatabase.New()
	log := usecases.NewActivityLog(database)
	events := numbered(3)
	handleEvents(t, database, events...)
	ann := domain.User{ID: events[1].Subject, Role: domain.RoleUser}

	for _, asked := range []struct {
		caller domain.User
		userID string
		found  []domain.Event
		err    error
	}{
		{boss, "", []domain.Event{events[2], events[1], events[0]}, nil},
		{boss, ann.ID, events[1:2], nil},
		{boss, "nobody", nil, nil},
		{ann, ann.ID, events[1:2], nil},
		{ann, "", nil, domain.ErrForbidden},
		{ann, "somebody else", nil, domain.ErrForbidden},
	} {
		page, err := log.Page(t.Context(), asked.caller, asked.userID, "", 10)
		if !errors.Is(err, asked.err) {
			t.Errorf("found the error %v, and not %v", err, asked.err)
		}
		expectEntries(t, page.Items, entriesOf(asked.found)...)
	}
}

func TestTheLogIsReadPageByPage(t *testing.T) {
	database := memorydatabase.New()
	log := usecases.NewActivityLog(database)
	events := numbered(7)
	handleEvents(t, database, events...)
	slices.Reverse(events)
	var found []domain.Activity
	for cursor, isFirst := "", true; cursor != "" || isFirst; isFirst = false {
		page, err := log.Page(t.Context(), boss, "", cursor, 3)
		if err != nil {
			t.Fatal(err)
		}
		found, cursor = append(found, page.Items...), page.NextCursor
	}

	expectEntries(t, found, entriesOf(events)...)
}

func TestACursorOfAnotherListIsRefused(t *testing.T) {
	log := usecases.NewActivityLog(memorydatabase.New())
	for _, cursor := range []string{"!", domain.Cursor{CreatedAt: samples.Noon, ID: "no key"}.Encode()} {
		if _, err := log.Page(t.Context(), boss, "", cursor, 3); !errors.Is(err, domain.ErrInvalidField) {
			t.Errorf("found the error %v", err)
		}
	}
}

func TestTheLogIsMadeAnewFromAllEvents(t *testing.T) {
	database := memorydatabase.New()
	events := numbered(1200)
	handleEvents(t, database, events...)
	_, err := database.HandleOnce(t.Context(), samples.NewEvent("ann", "another.type"),
		func(context.Context, domain.Event, ports.Stores) error { return nil })
	if err != nil {
		t.Error(err)
	}
	wrong := entryOf(events[3])
	wrong.UserID, wrong.Time = "somebody else", samples.Noon
	unfounded := wrong
	unfounded.Key = domain.NewID().Hex()
	for _, entry := range []domain.Activity{wrong, unfounded} {
		change(t, database, func(stores ports.Stores) error { return stores.Activity.Put(t.Context(), entry) })
	}
	count, err := usecases.NewActivityLog(database).Rebuild(t.Context())

	if err != nil || count != 1200 {
		t.Errorf("made from %d events, %v", count, err)
	}
	slices.Reverse(events)
	expectEntries(t, entries(t, database, ""), entriesOf(events)...)
}

func TestTheLogIsMadeAnewWhileEventsGoOnComing(t *testing.T) {
	database := memorydatabase.New()
	events := numbered(60)
	log := usecases.NewActivityLog(database)
	handleEvents(t, database, events[:20]...)
	var underWay sync.WaitGroup
	underWay.Go(func() { handleEvents(t, database, events[20:]...) })
	underWay.Go(func() {
		for range 10 {
			if _, err := log.Rebuild(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	underWay.Wait()

	slices.Reverse(events)
	expectEntries(t, entries(t, database, ""), entriesOf(events)...)
}

func TestADatabaseThatFailsIsTold(t *testing.T) {
	for number := range 3 { // While entries are discarded, events are read, and an entry is stored.
		database := memorydatabase.New()
		handleEvents(t, database, samples.Started("ann"))
		calls := 0
		database.Fail = func() error {
			if calls++; calls == number+1 {
				return domain.ErrUnavailable
			}
			return nil
		}
		if _, err := usecases.NewActivityLog(database).Rebuild(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("found the error %v", err)
		}
	}
}

// numbered are events about one user each, one second after the other.
func numbered(count int) []domain.Event {
	events := make([]domain.Event, count)
	for i := range events {
		events[i] = samples.Started(fmt.Sprintf("user %d", i))
		events[i].Time = samples.Noon.Add(time.Duration(i) * time.Second)
	}
	return events
}

func entryOf(event domain.Event) domain.Activity {
	userID, _ := event.Data["user_id"].(string)
	by, _ := event.Data["by"].(string)
	return domain.Activity{
		Key: event.Key(), ID: event.ID, Type: event.Type, UserID: userID, By: by, Time: event.Time,
	}
}

func entriesOf(events []domain.Event) []domain.Activity {
	entries := make([]domain.Activity, len(events))
	for i, event := range events {
		entries[i] = entryOf(event)
	}
	return entries
}

func handleEvents(t *testing.T, database ports.Database, events ...domain.Event) {
	t.Helper()
	for _, event := range events {
		if _, err := database.HandleOnce(t.Context(), event, usecases.LogActivity); err != nil {
			t.Error(err)
		}
	}
}

func entries(t *testing.T, database ports.Database, userID string) (entries []domain.Activity) {
	t.Helper()
	change(t, database, func(stores ports.Stores) (err error) {
		entries, err = stores.Activity.Page(t.Context(), userID, nil, 10_000)
		return err
	})
	return entries
}

func expectEntries(t *testing.T, found []domain.Activity, expected ...domain.Activity) {
	t.Helper()
	if len(found)+len(expected) > 0 && !reflect.DeepEqual(found, expected) {
		t.Errorf("found %v, and not %v", found, expected)
	}
}

func change(t *testing.T, database ports.Database, work func(ports.Stores) error) {
	t.Helper()
	if err := database.Transaction(t.Context(), work); err != nil {
		t.Error(err)
	}
}
