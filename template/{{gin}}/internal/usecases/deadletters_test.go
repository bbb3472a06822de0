package usecases_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"service/internal/domain"
	"service/internal/platform/cloudevents"
	"service/internal/platform/consumer"
	"service/internal/platform/metrics"
	"service/internal/ports"
	"service/internal/testing/memorydatabase"
	"service/internal/testing/samples"
	"service/internal/usecases"
)

const garbage = "garbage"

func newBox() (*usecases.DeadLetterBox, *memorydatabase.Database) {
	database := memorydatabase.New()
	handlers := map[string]ports.EventHandler{domain.SessionStarted: usecases.LogActivity}
	consumer := consumer.New(database, handlers, samples.NewClock(samples.Noon), metrics.New(), 1)
	return usecases.NewDeadLetterBox(database, consumer), database
}

func park(t *testing.T, database ports.Database, id, body string) {
	t.Helper()
	letter := domain.DeadLetter{ID: id, Body: []byte(body), Error: "no luck", Attempts: 5, ParkedAt: samples.Noon}
	change(t, database, func(stores ports.Stores) error { return stores.DeadLetters.Add(t.Context(), letter) })
}

func good(t *testing.T) string {
	t.Helper()
	body, err := cloudevents.Encode(samples.Started("ann"))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func parked(t *testing.T, box *usecases.DeadLetterBox) []string {
	t.Helper()
	letters, err := box.List(t.Context(), 10)
	if err != nil {
		t.Error(err)
	}
	var ids []string
	for _, letter := range letters {
		ids = append(ids, letter.ID)
	}
	return ids
}

func TestWhatCanBeHandledNowIsGoneAndWhatCannotIsParkedAnew(t *testing.T) {
	box, database := newBox()
	park(t, database, "good", good(t))
	park(t, database, "bad", garbage)
	count, err := box.ReplayAll(t.Context())
	if err != nil || count != 2 {
		t.Errorf("replayed %d, %v", count, err)
	}

	letters, err := box.List(t.Context(), 10)
	if err != nil || len(letters) != 1 || letters[0].ID == "bad" || string(letters[0].Body) != garbage ||
		!strings.HasPrefix(letters[0].Error, "invalid event: ") {
		t.Errorf("parked are %+v, %v", letters, err)
	}
	if found := entries(t, database, "ann"); len(found) != 1 {
		t.Errorf("the log has %v", found)
	}
}

func TestSomeCanBeReplayed(t *testing.T) {
	box, database := newBox()
	park(t, database, "one", good(t))
	park(t, database, "other", garbage)
	count, err := box.Replay(t.Context(), "one")
	if err != nil || count != 1 {
		t.Errorf("replayed %d, %v", count, err)
	}

	if ids := parked(t, box); !slices.Equal(ids, []string{"other"}) {
		t.Errorf("parked are %v", ids)
	}
	letter, err := box.Get(t.Context(), "other")
	if err != nil || letter.Error != "no luck" || letter.Attempts != 5 {
		t.Errorf("found %+v, %v", letter, err)
	}
}

func TestWhatIsNotParkedCannotBeReplayed(t *testing.T) {
	box, database := newBox()
	park(t, database, "one", good(t))
	_, err := box.Replay(t.Context(), "one", "unknown")

	if !errors.Is(err, domain.ErrNotFound) || !strings.Contains(err.Error(), "There is no parked message unknown.") {
		t.Errorf("found the error %v", err)
	}
	if ids := parked(t, box); !slices.Equal(ids, []string{"one"}) {
		t.Errorf("parked are %v", ids)
	}
}

func TestReplayingThatIsInterruptedKeepsWhatIsLeft(t *testing.T) {
	box, database := newBox()
	park(t, database, "one", good(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	count, err := box.Replay(ctx, "one")

	if !errors.Is(err, context.Canceled) || count != 0 {
		t.Errorf("replayed %d, %v", count, err)
	}
	if ids := parked(t, box); !slices.Equal(ids, []string{"one"}) {
		t.Errorf("parked are %v", ids)
	}
}

func TestADatabaseThatIsDownKeepsDeadLetters(t *testing.T) {
	for _, failing := range []int{1, 3} { // While they are listed, and while the one that was handled is removed.
		box, database := newBox()
		park(t, database, "one", good(t))
		calls := 0
		database.Fail = func() error {
			if calls++; calls == failing {
				return domain.ErrUnavailable
			}
			return nil
		}
		if _, err := box.ReplayAll(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("found the error %v", err)
		}
		if ids := parked(t, box); !slices.Equal(ids, []string{"one"}) {
			t.Errorf("parked are %v", ids)
		}
	}
}
