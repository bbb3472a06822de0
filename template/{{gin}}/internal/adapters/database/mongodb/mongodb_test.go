package mongodb_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"service/internal/adapters/database/mongodb"
	"service/internal/domain"
	"service/internal/platform/metrics"
	"service/internal/ports"
	"service/internal/settings"
	"service/internal/testing/configured"
	"service/internal/testing/databasetest"
	"service/internal/testing/proxy"
	"service/internal/testing/samples"
	"service/internal/usecases"
)

var collections = []string{"users", "sessions", "incidents"}

func TestItPromisesWhatAllDatabasesDoAboutEvents(t *testing.T) { databasetest.Events(t, open) }

func TestItPromisesWhatAllDatabasesDoAboutUsers(t *testing.T) { databasetest.Users(t, open) }

func TestWhatWasDeletedIsThereUntilItsEventsArePublished(t *testing.T) {
	settings := newSettings(t)
	database := connect(t, settings, metrics.New())
	ann := addUser(t, database, "ann")
	session := domain.Session{ID: "one", UserID: ann.ID, Generation: 1, SecretHash: "hash", ExpiresAt: samples.Noon}
	change(t, database, func(stores ports.Stores) error {
		return stores.Sessions.Add(t.Context(), session, samples.Started(ann.ID))
	})
	change(t, database, func(stores ports.Stores) error {
		isDeleted, err := stores.Users.Delete(t.Context(), ann, samples.Started(ann.ID))
		if !isDeleted {
			t.Error("it is not deleted")
		}
		return err
	})
	change(t, database, func(stores ports.Stores) error {
		return stores.Outbox.Add(t.Context(), samples.Started(""))
	})

	expectDocuments(t, settings, 1)
	var events []domain.Event
	change(t, database, func(stores ports.Stores) (err error) {
		users, err := stores.Users.Page(t.Context(), nil, 10)
		check(t, err)
		_, userErr := stores.Users.Get(t.Context(), ann.ID)
		_, sessionErr := stores.Sessions.Get(t.Context(), "one")
		if len(users) > 0 || !errors.Is(userErr, domain.ErrNotFound) || !errors.Is(sessionErr, domain.ErrNotFound) {
			t.Errorf("found %v, %v, %v", users, userErr, sessionErr)
		}
		events, err = stores.Outbox.Pending(t.Context(), 10)
		return err
	})
	if len(events) != 4 {
		t.Errorf("%d events are pending", len(events))
	}
	change(t, database, func(stores ports.Stores) error { return stores.Outbox.Remove(t.Context(), events) })
	expectDocuments(t, settings, 0)
}

func TestAnEntryThatComesBeforeItsEventIsNotLostWhenTheLogIsMadeAnew(t *testing.T) {
	database := connect(t, newSettings(t), metrics.New())
	hasEntry, mayGoOn, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		_, err := database.HandleOnce(t.Context(), samples.Started("ann"),
			func(ctx context.Context, event domain.Event, stores ports.Stores) error {
				defer func() { <-mayGoOn }()
				defer close(hasEntry)
				return usecases.LogActivity(ctx, event, stores)
			})
		if err != nil {
			t.Error(err)
		}
	}()
	<-hasEntry
	_, err := usecases.NewActivityLog(discarded{database, sync.OnceFunc(func() {
		close(mayGoOn)
		<-ended
	})}).Rebuild(t.Context())
	check(t, err)

	change(t, database, func(stores ports.Stores) error {
		entries, err := stores.Activity.Page(t.Context(), "", nil, 10)
		if len(entries) != 1 {
			t.Errorf("found %v", entries)
		}
		return err
	})
}

// discarded calls somebody after the first transaction, in which entries without an event are discarded.
type discarded struct {
	ports.Database

	then func()
}

func (d discarded) Transaction(ctx context.Context, work func(ports.Stores) error) error {
	err := d.Database.Transaction(ctx, work)
	d.then()
	return err
}

func TestTheIndexesAreMadeOnceAndMissedWhenOneIsNotThere(t *testing.T) {
	settings := newSettings(t)
	expectMigrated(t, settings, true)
	withDatabase(t, settings, func(database *mongo.Database) {
		check(t, database.Collection("activity").Indexes().DropOne(t.Context(), "time"))
	})
	expectMigrated(t, settings, false)
	withDatabase(t, settings, func(database *mongo.Database) {
		check(t, database.Collection("activity").Drop(t.Context()))
	})
	expectMigrated(t, settings, false)
	for range 2 {
		check(t, mongodb.Migrate(t.Context(), settings))
		expectMigrated(t, settings, true)
	}
}

func TestADatabaseThatIsNotThereIsUnavailable(t *testing.T) {
	nowhere := newSettings(t)
	nowhere.DatabaseURL = "mongodb://127.0.0.1:1/nowhere"
	database := connect(t, nowhere, metrics.New())
	wrong := make(chan error, 3)
	go func() { wrong <- database.Ping(t.Context()) }()
	go func() { wrong <- mongodb.Migrate(t.Context(), nowhere) }()
	go func() {
		_, err := mongodb.IsMigrated(t.Context(), nowhere)
		wrong <- err
	}()
	for range 3 {
		if err := <-wrong; !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("found the error %v", err)
		}
	}
}

func TestAServerThatLetsNobodyInIsUnavailable(t *testing.T) {
	nowhere := newSettings(t)
	nowhere.DatabaseURL = "mongodb+srv://nowhere.invalid/app"

	if _, err := mongodb.Connect(t.Context(), nowhere, metrics.New()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("found the error %v", err)
	}
}

func TestWhoseConnectionsAreCutIsToldThatTheDatabaseIsUnavailable(t *testing.T) {
	settings := newSettings(t)
	between, url := proxy.To(t, settings.DatabaseURL)
	settings.DatabaseURL = url
	database := connect(t, settings, metrics.New())
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 10 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if err := database.Ping(t.Context()); err != nil && !errors.Is(err, domain.ErrUnavailable) {
					t.Errorf("found the error %v", err)
				}
			}
		})
	}
	for range 100 {
		time.Sleep(5 * time.Millisecond)
		between.Cut()
	}
	stop()
	readers.Wait()
}

func TestWhoWaitsTooLongForAConnectionIsToldSo(t *testing.T) {
	settings := newSettings(t)
	settings.DatabasePoolSize, settings.DatabasePoolTimeoutSeconds = 1, 0.05
	database := connect(t, settings, metrics.New())
	isHeld, letGo, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		_ = database.Read(t.Context(), func(ports.Stores) error {
			close(isHeld)
			<-letGo
			return nil
		})
	}()
	<-isHeld
	err := database.Read(t.Context(), func(ports.Stores) error { return nil })
	if !errors.Is(err, domain.ErrUnavailable) || !strings.Contains(err.Error(), "All connections to the database are in use.") {
		t.Errorf("found the error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := database.Read(ctx, func(ports.Stores) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("found the error %v", err)
	}
	close(letGo)
	<-ended
	check(t, database.Read(t.Context(), func(ports.Stores) error { return nil }))
}

func TestConnectionsAndCommandsAreCounted(t *testing.T) {
	metrics := metrics.New()
	database := connect(t, newSettings(t), metrics)
	check(t, database.Ping(t.Context()))

	if idle := sample(t, metrics, "db_pool_connections", "idle"); idle != 1 {
		t.Errorf("%v connections are idle", idle)
	}
	if inUse := sample(t, metrics, "db_pool_connections", "in_use"); inUse != 0 {
		t.Errorf("%v connections are in use", inUse)
	}
	if count := sample(t, metrics, "db_statement_duration_seconds", "ping"); count != 1 {
		t.Errorf("%v commands are counted", count)
	}
	check(t, database.Close())
	if idle := sample(t, metrics, "db_pool_connections", "idle"); idle != 0 {
		t.Errorf("%v connections are idle", idle)
	}
}

func TestSlowCommandsAreLoggedWithoutTheirValues(t *testing.T) {
	settings := newSettings(t)
	settings.SlowQueryMilliseconds = 0
	database := connect(t, settings, metrics.New())
	logged := recordLogs(t)
	ann := addUser(t, database, "ann")
	change(t, database, func(stores ports.Stores) error {
		ann.Version++
		_, err := stores.Users.Replace(t.Context(), ann, samples.Started("ann"), "a secret")
		check(t, err)
		return stores.Outbox.Remove(t.Context(), []domain.Event{samples.Started("ann")})
	})

	for _, expected := range []string{
		"slow query", "insert users", "updates: [{q: {_id: ?,", "$pull: {outbox: {id: {$in: [?]}}}", "duration_ms=",
	} {
		if !strings.Contains(logged.String(), expected) {
			t.Errorf("%q is not logged", expected)
		}
	}
	for _, secret := range []string{"a secret", "ann@example.org", ann.ID} {
		if strings.Contains(logged.String(), secret) {
			t.Errorf("%q is logged", secret)
		}
	}
}

func TestAURLThatCannotBeReadIsAMistakeInTheSettingsAndIsNotShown(t *testing.T) {
	wrong := newSettings(t)
	wrong.DatabaseURL = "mongodb://ann:secret@127.0.0.1:secret/app"
	_, err := mongodb.Connect(t.Context(), wrong, metrics.New())

	if !errors.Is(err, settings.ErrInvalid) || err.Error() != "DATABASE_URL: cannot be read" {
		t.Errorf("found the error %v", err)
	}
}

func open(t *testing.T) ports.Database { return connect(t, newSettings(t), metrics.New()) }

// newSettings lead to a database with all indexes that goes when the test ends.
func newSettings(t *testing.T) settings.Settings {
	t.Helper()
	own := configured.Settings(t)
	address, err := url.Parse(own.DatabaseURL)
	check(t, err)
	address.Path = "/tests_" + domain.NewID().Hex()[:12]
	own.DatabaseURL = address.String()
	check(t, mongodb.Migrate(t.Context(), own))
	t.Cleanup(func() {
		withDatabase(t, own, func(database *mongo.Database) { check(t, database.Drop(context.Background())) })
	})
	return own
}

func connect(t *testing.T, settings settings.Settings, metrics *metrics.Metrics) ports.Database {
	t.Helper()
	database, err := mongodb.Connect(t.Context(), settings, metrics)
	check(t, err)
	t.Cleanup(func() { _ = database.Close() })
	return database
}

// withDatabase does some work with a client beside that of the service.
func withDatabase(t *testing.T, settings settings.Settings, work func(*mongo.Database)) {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(settings.DatabaseURL))
	check(t, err)
	defer func() { check(t, client.Disconnect(context.Background())) }()
	address, err := url.Parse(settings.DatabaseURL)
	check(t, err)
	work(client.Database(strings.TrimPrefix(address.Path, "/")))
}

func expectDocuments(t *testing.T, settings settings.Settings, expected int64) {
	t.Helper()
	withDatabase(t, settings, func(database *mongo.Database) {
		for _, collection := range collections {
			count, err := database.Collection(collection).CountDocuments(t.Context(), bson.M{})
			check(t, err)
			if count != expected {
				t.Errorf("%d documents in %s, and not %d", count, collection, expected)
			}
		}
	})
}

func expectMigrated(t *testing.T, settings settings.Settings, expected bool) {
	t.Helper()
	isMigrated, err := mongodb.IsMigrated(t.Context(), settings)
	check(t, err)
	if isMigrated != expected {
		t.Errorf("that it is migrated is %v", isMigrated)
	}
}

func addUser(t *testing.T, database ports.Database, name string) (user domain.User) {
	t.Helper()
	change(t, database, func(stores ports.Stores) error {
		user = domain.User{
			ID: stores.Users.NextID(), Email: name + "@example.org", Name: name, Role: domain.RoleUser,
			CreatedAt: samples.Noon, Version: 1, Generation: 1,
		}
		return stores.Users.Add(t.Context(), user, "hash", samples.Started(user.ID), nil)
	})
	return user
}

func change(t *testing.T, database ports.Database, work func(ports.Stores) error) {
	t.Helper()
	check(t, database.Transaction(t.Context(), work))
}

func sample(t *testing.T, metrics *metrics.Metrics, name, label string) float64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	check(t, err)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == name && metric.GetLabel()[0].GetValue() == label {
				return metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
			}
		}
	}
	t.Fatalf("there is no %s of %s", name, label)
	return 0
}

func recordLogs(t *testing.T) *strings.Builder {
	t.Helper()
	before, written := slog.Default(), &strings.Builder{}
	slog.SetDefault(slog.New(slog.NewTextHandler(written, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return written
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
