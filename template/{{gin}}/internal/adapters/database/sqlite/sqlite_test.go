package sqlite_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"service/internal/adapters/database/sqlite"
	"service/internal/domain"
	"service/internal/platform/metrics"
	"service/internal/ports"
	"service/internal/settings"
	"service/internal/testing/configured"
	"service/internal/testing/databasetest"
	place "service/internal/testing/places/database/sqlite"
)

func TestItPromisesWhatAllDatabasesDo(t *testing.T) {
	databasetest.Users(t, open)
	databasetest.Events(t, open)
}

func TestASessionNeedsItsUser(t *testing.T) {
	database := open(t)
	err := database.Transaction(t.Context(), func(stores ports.Stores) error {
		session := domain.Session{ID: "session", UserID: stores.Users.NextID(), ExpiresAt: time.Now()}
		return stores.Sessions.Add(t.Context(), session, domain.Event{})
	})
	if !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("found the error %v", err)
	}
}

func TestWritersTakeTurns(t *testing.T) {
	database := open(t)
	var writing sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		writing.Go(func() {
			errs[i] = database.Transaction(t.Context(), func(stores ports.Stores) error {
				time.Sleep(time.Millisecond)
				return stores.Outbox.Add(t.Context(), domain.Event{ID: domain.NewID().String(), Time: time.Now()})
			})
		})
	}
	writing.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

func TestAReaderCannotWrite(t *testing.T) {
	err := open(t).Read(t.Context(), func(stores ports.Stores) error {
		return stores.Sessions.Delete(t.Context(), "session")
	})
	if err == nil {
		t.Error("it could")
	}
}

func TestItIsMigratedOnceItIsMigrated(t *testing.T) {
	settings := place.Own(t, configured.Settings(t))
	for _, expected := range []bool{false, true} {
		isMigrated, err := sqlite.IsMigrated(t.Context(), settings)
		if err != nil || isMigrated != expected {
			t.Errorf("found %v and the error %v", isMigrated, err)
		}
		if err := sqlite.Migrate(t.Context(), settings); err != nil {
			t.Error(err)
		}
	}
}

func TestAFileThatCannotBeIsNoDatabase(t *testing.T) {
	settings := configured.Settings(t)
	settings.DatabaseURL = "sqlite:////dev/null/service.db"
	if err := sqlite.Migrate(t.Context(), settings); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("found the error %v", err)
	}
	database, err := sqlite.Connect(t.Context(), settings, metrics.New())
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	if err := database.Ping(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("found the error %v", err)
	}
}

func TestTheURLNamesAFile(t *testing.T) {
	for url, isGood := range map[string]bool{
		"sqlite:///" + filepath.Join(t.TempDir(), "a b%?#.db"): true,
		"sqlite:///:memory:":  false,
		"sqlite:///":          false,
		"sqlite://service.db": false,
	} {
		from := configured.Settings(t)
		from.DatabaseURL = url
		database, err := sqlite.Connect(t.Context(), from, metrics.New())
		if isGood != (err == nil) || !isGood && !errors.Is(err, settings.ErrInvalid) {
			t.Errorf("%s: found the error %v", url, err)
		}
		if database != nil {
			_ = database.Close()
		}
	}
}

func open(t *testing.T) ports.Database {
	t.Helper()
	settings := place.Own(t, configured.Settings(t))
	if err := sqlite.Migrate(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	database, err := sqlite.Connect(t.Context(), settings, metrics.New())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Close() })
	return database
}
