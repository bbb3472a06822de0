package mongodb

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"service/internal/domain"
	"service/internal/platform/doorbell"
	"service/internal/platform/gate"
	"service/internal/ports"
	"service/internal/settings"
)

// Database is the database port.
type Database struct {
	database *mongo.Database
	doorbell *doorbell.Doorbell
	gate     *gate.Gate // With a place for each connection: each piece of work needs one at a time.
}

func newDatabase(database *mongo.Database, settings settings.Settings) *Database {
	return &Database{
		database: database,
		doorbell: doorbell.New(),
		gate:     gate.New(settings.DatabasePoolSize, settings.DatabasePoolTimeoutSeconds.Duration()),
	}
}

// Read gives the work stores for reading.
func (d *Database) Read(ctx context.Context, work func(ports.Stores) error) error {
	return d.withStores(ctx, func(stores ports.Stores, _ inbox) error { return work(stores) })
}

// Transaction gives the work stores for one unit. Nothing needs to be undone, since that does one thing to one document.
func (d *Database) Transaction(ctx context.Context, work func(ports.Stores) error) error {
	return d.Read(ctx, work)
}

// HandleOnce carries out a handler unless the event is in the inbox.
func (d *Database) HandleOnce(
	ctx context.Context, event domain.Event, handle ports.EventHandler,
) (isNew bool, err error) {
	err = d.withStores(ctx, func(stores ports.Stores, inbox inbox) error {
		isKnown, err := inbox.has(ctx, event)
		if err != nil || isKnown {
			return err
		}
		if err := handle(ctx, event, stores); err != nil {
			return err
		}
		isNew, err = inbox.add(ctx, event)
		return err
	})
	return isNew, err
}

// WaitForEvents returns when there may be a new event.
func (d *Database) WaitForEvents(ctx context.Context, limit time.Duration) {
	d.doorbell.Wait(ctx, limit)
}

// Ping asks the server whether it is there.
func (d *Database) Ping(ctx context.Context) error {
	return explained(ctx, d.database.Client().Ping(ctx, nil))
}

// Close ends all connections.
func (d *Database) Close() error { return disconnect(d.database.Client()) }

func (d *Database) withStores(ctx context.Context, work func(ports.Stores, inbox) error) error {
	if err := d.gate.Enter(ctx); err != nil {
		return err
	}
	defer d.gate.Leave()
	outbox := &outbox{database: d.database}
	inbox := inbox{d.database.Collection(inboxEvents)}
	sessions := sessionStore{d.database.Collection(sessions), outbox}
	err := work(ports.Stores{
		Users:       userStore{d.database.Collection(users), sessions, outbox},
		Sessions:    sessions,
		Outbox:      outbox,
		Inbox:       inbox,
		DeadLetters: deadLetterStore{d.database.Collection(deadLetters)},
		Activity:    activityStore{d.database.Collection(activity), inbox},
		Leases:      leaseStore{d.database.Collection(leases)},
	}, inbox)
	if outbox.hasNew { // Even if the work went wrong afterwards.
		d.doorbell.Ring()
	}
	return explained(ctx, err)
}
