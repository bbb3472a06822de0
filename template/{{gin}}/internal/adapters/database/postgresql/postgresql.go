// Package postgresql is PostgreSQL, by pgx.
package postgresql

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"io"
	"io/fs"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun/dialect/pgdialect"

	"service/internal/about"
	"service/internal/adapters/database/sql"
	"service/internal/platform/doorbell"
	"service/internal/platform/metrics"
	"service/internal/platform/workers"
	"service/internal/ports"
	"service/internal/settings"
)

const connectTimeout = 5 * time.Second

//go:embed migrations/*.sql
var files embed.FS

// Connect makes the database of the settings; it connects when it is first used.
func Connect(ctx context.Context, settings settings.Settings, metrics *metrics.Metrics) (ports.Database, error) {
	config, err := configOf(settings)
	if err != nil {
		return nil, err
	}
	// Nobody gets a connection that the server has ended in the meantime.
	ping := stdlib.OptionShouldPing(shouldPing)
	most := settings.DatabasePoolSize + settings.DatabasePoolOverflow
	pool := sql.Open(stdlib.OpenDB(*config, ping), pgdialect.New(), most, settings, metrics)
	sql.CountConnections(metrics, pool)
	bell := doorbell.New()
	listener := workers.Start(context.WithoutCancel(ctx), workers.Worker{
		Name: "listener",
		Run:  func(ctx context.Context) error { return listen(ctx, config, bell) },
	})
	return sql.New(sql.Options{
		Reader:   pool,
		Writer:   pool,
		Failures: failures,
		Doorbell: bell,
		Stop:     listener.Stop,
	}), nil
}

// Migrate brings the database to the newest revision.
func Migrate(ctx context.Context, settings settings.Settings) error {
	return withPool(settings, func(pool *stdsql.DB) error { return migrations().Up(ctx, pool) })
}

// IsMigrated tells whether it is there.
func IsMigrated(ctx context.Context, settings settings.Settings) (isMigrated bool, err error) {
	err = withPool(settings, func(pool *stdsql.DB) error {
		isMigrated, err = migrations().IsCurrent(ctx, pool)
		return err
	})
	return isMigrated, err
}

func withPool(settings settings.Settings, work func(*stdsql.DB) error) error {
	config, err := configOf(settings)
	if err != nil {
		return err
	}
	pool := stdlib.OpenDB(*config)
	return errors.Join(work(pool), pool.Close())
}

func migrations() sql.Migrations {
	found, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // It is embedded.
	}
	return sql.Migrations{
		Dialect:  goose.DialectPostgres,
		Files:    found,
		Options:  []goose.ProviderOption{goose.WithSessionLocker(migrationLock{})},
		Failures: failures,
	}
}

// migrationLock lets two instances that migrate at the same time do it one after the other; the second finds nothing to
// do.
type migrationLock struct{}

func (migrationLock) SessionLock(ctx context.Context, connection *stdsql.Conn) error {
	_, err := connection.ExecContext(ctx, "SELECT pg_advisory_lock(5701)")
	return err
}

func (migrationLock) SessionUnlock(ctx context.Context, connection *stdsql.Conn) error {
	_, err := connection.ExecContext(ctx, "SELECT pg_advisory_unlock(5701)")
	return err
}

// listen rings when any instance stores an event, of which a trigger notifies. It returns when the connection is lost.
func listen(ctx context.Context, config *pgx.ConnConfig, bell *doorbell.Doorbell) error {
	own := config.Copy()
	delete(own.RuntimeParams, "application_name") // By which the connections of the pool are told from it.
	connection, err := pgx.ConnectConfig(ctx, own)
	if err != nil {
		return err
	}
	defer connection.Close(context.WithoutCancel(ctx))
	if _, err := connection.Exec(ctx, "LISTEN outbox"); err != nil {
		return err
	}
	for {
		bell.Ring() // At first for what came while nobody listened.
		if _, err := connection.WaitForNotification(ctx); err != nil {
			return err
		}
	}
}

func configOf(from settings.Settings) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(from.DatabaseURL)
	if err != nil { // Without the reason: it may hold a password.
		return nil, settings.Wrong("DATABASE_URL", "cannot be read")
	}
	config.ConnectTimeout = connectTimeout
	config.RuntimeParams["application_name"] = about.Name
	// bun writes the values into each statement, so no two of them are alike, and to prepare them would be in vain.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	return config, nil
}

const constraintViolated = "23"

// notServing are the classes of SQLSTATE that tell of the server rather than of the statement: it lets nobody in, shuts
// down, …
var notServing = map[string]bool{"08": true, "28": true, "3D": true, "53": true, "57": true, "58": true}

var failures = sql.Failures{
	IsConflict: func(err error) bool { return classOf(err) == constraintViolated },
	IsDown: func(err error) bool {
		if class := classOf(err); class != "" {
			return notServing[class]
		}
		return isLost(err)
	},
}

func classOf(err error) string {
	if found, isOurs := errors.AsType[*pgconn.PgError](err); isOurs {
		return found.Code[:2]
	}
	return ""
}

// isLost tells whether a connection could not be made, or broke.
func isLost(err error) bool {
	_, isNetwork := errors.AsType[net.Error](err)
	_, isConnecting := errors.AsType[*pgconn.ConnectError](err)
	return isNetwork || isConnecting || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, stdsql.ErrConnDone)
}
