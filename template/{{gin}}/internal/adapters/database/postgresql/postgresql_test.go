package postgresql_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"service/internal/adapters/database/postgresql"
	"service/internal/domain"
	"service/internal/platform/metrics"
	"service/internal/ports"
	"service/internal/settings"
	"service/internal/testing/configured"
	"service/internal/testing/databasetest"
	place "service/internal/testing/places/database/postgresql"
	"service/internal/testing/samples"
	"service/internal/testing/wait"
)

func TestItPromisesWhatAllDatabasesDo(t *testing.T) {
	databasetest.Users(t, open)
	databasetest.Events(t, open)
}

func TestASessionNeedsItsUser(t *testing.T) {
	err := open(t).Transaction(t.Context(), func(stores ports.Stores) error {
		session := domain.Session{ID: "session", UserID: stores.Users.NextID(), ExpiresAt: time.Now()}
		return stores.Sessions.Add(t.Context(), session, domain.Event{})
	})
	if !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("found the error %v", err)
	}
}

func TestAnotherInstanceHearsOfANewEvent(t *testing.T) {
	settings := migrated(t)
	one, other := connect(t, settings), connect(t, settings)
	heard := make(chan time.Duration)
	go func() {
		for {
			began := time.Now()
			other.WaitForEvents(t.Context(), 30*time.Second)
			select {
			case heard <- time.Since(began):
			case <-t.Context().Done():
				return
			}
		}
	}()
	<-heard // It listens, and looks what came before.
	err := one.Transaction(t.Context(), func(stores ports.Stores) error {
		return stores.Outbox.Add(t.Context(), samples.Started("ann"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if waited := <-heard; waited > 5*time.Second {
		t.Errorf("it took %v", waited)
	}
}

func TestConnectionsThatTheServerHasEndedAreNotUsed(t *testing.T) {
	settings := migrated(t)
	database := connect(t, settings)
	for range 2 { // Since a connection that was just used is trusted most.
		if err := database.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, settings, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "+
		"WHERE datname = current_database() AND pid <> pg_backend_pid()")
	if err := database.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWhoFindsAllConnectionsInUseIsTold(t *testing.T) {
	settings := migrated(t)
	settings.DatabasePoolSize, settings.DatabasePoolOverflow, settings.DatabasePoolTimeoutSeconds = 1, 0, 0.2
	database := connect(t, settings)
	err := database.Read(t.Context(), func(ports.Stores) error { return database.Ping(t.Context()) })
	explained, isExplained := errors.AsType[*domain.Error](err)
	if !isExplained || explained.Detail != "All connections to the database are in use." {
		t.Errorf("found the error %v", err)
	}
	if err := database.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAStatementThatTheServerBreaksOffIsNoBug(t *testing.T) {
	settings := migrated(t)
	database := connect(t, settings)
	err := database.Transaction(t.Context(), func(stores ports.Stores) error {
		execute(t, settings, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "+
			"WHERE datname = current_database() AND pid <> pg_backend_pid()")
		return stores.Outbox.Add(t.Context(), samples.Started("ann"))
	})
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("found the error %v", err)
	}
}

func TestItIsMigratedOnceItIsMigrated(t *testing.T) {
	settings := place.Own(t, configured.Settings(t))
	for _, expected := range []bool{false, true} {
		isMigrated, err := postgresql.IsMigrated(t.Context(), settings)
		if err != nil || isMigrated != expected {
			t.Errorf("found %v and the error %v", isMigrated, err)
		}
		if err := postgresql.Migrate(t.Context(), settings); err != nil {
			t.Error(err)
		}
	}
}

func TestADatabaseThatIsNotThereIsTold(t *testing.T) {
	settings := configured.Settings(t)
	settings.DatabaseURL = "postgresql://ann:secret@127.0.0.1:1/app"
	if err := postgresql.Migrate(t.Context(), settings); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("found the error %v", err)
	}
	database := connect(t, settings)
	err := database.Ping(t.Context())
	if !errors.Is(err, domain.ErrUnavailable) || strings.Contains(err.Error(), "secret") {
		t.Errorf("found the error %v", err)
	}
}

func TestAURLThatCannotBeReadIsNotShown(t *testing.T) {
	from := settings.Settings{DatabaseURL: "postgresql://ann:secret@host:port/app"}
	_, connecting := postgresql.Connect(t.Context(), from, metrics.New())
	migrating := postgresql.Migrate(t.Context(), from)
	for _, err := range []error{connecting, migrating} {
		if !errors.Is(err, settings.ErrInvalid) || err.Error() != "DATABASE_URL: cannot be read" {
			t.Errorf("found the error %v", err)
		}
	}
}

func TestTheListenerComesBack(t *testing.T) {
	settings := migrated(t)
	database := connect(t, settings)
	database.WaitForEvents(t.Context(), 5*time.Second)
	execute(t, settings, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN outbox'")
	wait.Until(t, "it listens again", func() bool {
		execute(t, settings, "NOTIFY outbox")
		began := time.Now()
		database.WaitForEvents(t.Context(), time.Second)
		return time.Since(began) < time.Second
	})
}

func open(t *testing.T) ports.Database {
	t.Helper()
	return connect(t, migrated(t))
}

func migrated(t *testing.T) settings.Settings {
	t.Helper()
	settings := place.Own(t, configured.Settings(t))
	if err := postgresql.Migrate(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	return settings
}

func connect(t *testing.T, settings settings.Settings) ports.Database {
	t.Helper()
	database, err := postgresql.Connect(t.Context(), settings, metrics.New())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Close() })
	return database
}

func execute(t *testing.T, settings settings.Settings, statement string) {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), settings.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(context.Background())
	if _, err := connection.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
