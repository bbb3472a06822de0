// Package sql keeps everything in SQL tables, by bun; the packages beside it say what is different about each database.
package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"service/internal/domain"
	"service/internal/platform/doorbell"
	"service/internal/platform/metrics"
	"service/internal/ports"
)

// Failures tells errors of the driver apart.
type Failures struct {
	// IsConflict tells whether a statement broke a constraint, such as one that values are unique.
	IsConflict func(error) bool
	// IsDown tells whether the server or the connection to it is at fault, and not the statement.
	IsDown func(error) bool
}

// Options are what a Database is made of.
type Options struct {
	// Reader is for statements of their own, Writer for transactions; they may be the same.
	Reader, Writer *Pool
	Failures       Failures
	// Doorbell rings when there is a new event in the outbox.
	Doorbell *doorbell.Doorbell
	// Stop ends what runs besides; it may be nil.
	Stop func()
}

// Database is the database port.
type Database struct {
	Options

	reading ports.Stores
}

// New makes a database.
func New(options Options) *Database {
	database := &Database{Options: options}
	database.reading, _ = database.stores(options.Reader)
	return database
}

// Read gives the work stores for reading.
func (d *Database) Read(ctx context.Context, work func(ports.Stores) error) error {
	if err := d.Reader.gate.Enter(ctx); err != nil {
		return err
	}
	defer d.Reader.gate.Leave()
	return d.explained(ctx, work(d.reading))
}

// Transaction gives the work stores for one unit.
func (d *Database) Transaction(ctx context.Context, work func(ports.Stores) error) error {
	return d.transaction(ctx, func(stores ports.Stores, _ inbox) error { return work(stores) })
}

// HandleOnce carries out a handler unless the event is in the inbox.
func (d *Database) HandleOnce(ctx context.Context, event domain.Event, handle ports.EventHandler) (isNew bool, err error) {
	err = d.transaction(ctx, func(stores ports.Stores, inbox inbox) error {
		// The inbox first: whoever else has the same event under way waits there for the end of this transaction.
		if isNew, err = inbox.add(ctx, event); err != nil || !isNew {
			return err
		}
		return handle(ctx, event, stores)
	})
	return isNew && err == nil, err
}

// WaitForEvents returns when there may be a new event.
func (d *Database) WaitForEvents(ctx context.Context, limit time.Duration) {
	d.Doorbell.Wait(ctx, limit)
}

// Ping asks the database for nothing.
func (d *Database) Ping(ctx context.Context) error {
	if err := d.Reader.gate.Enter(ctx); err != nil {
		return err
	}
	defer d.Reader.gate.Leave()
	_, err := d.Reader.ExecContext(ctx, "SELECT 1")
	return d.explained(ctx, err)
}

// Close ends all connections.
func (d *Database) Close() error {
	if d.Stop != nil {
		d.Stop()
	}
	return errors.Join(d.Reader.Close(), d.Writer.Close())
}

func (d *Database) transaction(ctx context.Context, work func(ports.Stores, inbox) error) error {
	if err := d.Writer.gate.Enter(ctx); err != nil {
		return err
	}
	defer d.Writer.gate.Leave()
	var outbox *outbox
	err := d.Writer.RunInTx(ctx, nil, func(_ context.Context, begun bun.Tx) error {
		var stores ports.Stores
		stores, outbox = d.stores(transaction{begun, d.Writer})
		return work(stores, inbox{begun})
	})
	if err != nil {
		return d.explained(ctx, err)
	}
	if outbox.hasNew {
		d.Doorbell.Ring()
	}
	return nil
}

// connection is the pool, or a transaction.
type connection interface {
	bun.IDB
	query(ctx context.Context, text string, values ...any) (*stdsql.Rows, error)
}

func (d *Database) stores(connection connection) (ports.Stores, *outbox) {
	outbox := &outbox{database: connection}
	return ports.Stores{
		Users:       &userStore{connection, outbox, d.Failures},
		Sessions:    &sessionStore{connection, outbox, d.Failures},
		Outbox:      outbox,
		Inbox:       inbox{connection},
		DeadLetters: deadLetters{connection},
		Activity:    activityStore{connection},
		Leases:      leases{connection},
	}, outbox
}

// explained says whether the database is at fault.
func (d *Database) explained(ctx context.Context, err error) error {
	isOwn := errors.Is(err, domain.ErrUnavailable) || ctx.Err() != nil
	if err == nil || isOwn || !(errors.Is(err, context.DeadlineExceeded) || d.Failures.IsDown(err)) {
		return err
	}
	return DoesNotAnswer(err)
}

// DoesNotAnswer is the error of a database that is not there.
func DoesNotAnswer(cause error) error {
	return domain.ErrUnavailable.From(cause, "The database does not answer.")
}

// CountConnections shows how many connections of some pools there are.
func CountConnections(metrics *metrics.Metrics, pools ...*Pool) {
	sum := func(count func(stdsql.DBStats) int) func() float64 {
		return func() (total float64) {
			for _, pool := range pools {
				total += float64(count(pool.Stats()))
			}
			return total
		}
	}
	metrics.CountConnections(
		sum(func(stats stdsql.DBStats) int { return stats.InUse }),
		sum(func(stats stdsql.DBStats) int { return stats.Idle }),
	)
}
