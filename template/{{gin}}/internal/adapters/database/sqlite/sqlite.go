// Package sqlite is SQLite: a file, and nothing to install.
package sqlite

import (
	"context"
	stdsql "database/sql"
	"embed"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"service/internal/adapters/database/sql"
	"service/internal/platform/doorbell"
	"service/internal/platform/metrics"
	"service/internal/ports"
	"service/internal/settings"
)

// lockMilliseconds is how long a writer waits for its turn.
const lockMilliseconds = "10000"

//go:embed migrations/*.sql
var files embed.FS

// Connect opens the database of the settings: for readers, who do not wait for anybody, and for the one writer.
func Connect(_ context.Context, settings settings.Settings, metrics *metrics.Metrics) (ports.Database, error) {
	reading, writing, err := open(settings)
	if err != nil {
		return nil, err
	}
	most := settings.DatabasePoolSize + settings.DatabasePoolOverflow
	reader := sql.Open(reading, newDialect(), most, settings, metrics)
	writer := sql.Open(writing, newDialect(), 1, settings, metrics)
	sql.CountConnections(metrics, reader, writer)
	return sql.New(sql.Options{
		Reader:   reader,
		Writer:   writer,
		Failures: failures,
		Doorbell: doorbell.New(),
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
	reading, writing, err := open(settings)
	if err != nil {
		return err
	}
	return errors.Join(work(writing), reading.Close(), writing.Close())
}

func migrations() sql.Migrations {
	found, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // It is embedded.
	}
	return sql.Migrations{Dialect: goose.DialectSQLite3, Files: found, Failures: failures}
}

// open makes a pool for readers and one for the writer. They connect when they are first used.
func open(settings settings.Settings) (reading, writing *stdsql.DB, err error) {
	path, err := pathOf(settings.DatabaseURL)
	if err != nil {
		return nil, nil, err
	}
	_ = os.MkdirAll(filepath.Dir(path), 0o777) // What is wrong, the first connection tells.
	// Readers and the writer do not wait for each other; a commit survives a crash of the process.
	pragmas := []string{
		"busy_timeout(" + lockMilliseconds + ")", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(ON)",
	}
	if reading, err = openFile(path, url.Values{"_pragma": append(pragmas, "query_only(ON)")}); err != nil {
		return nil, nil, err
	}
	// A writer takes its turn when it begins; one that becomes a writer later would fail.
	writing, err = openFile(path, url.Values{"_pragma": pragmas, "_txlock": {"immediate"}})
	return reading, writing, err
}

func openFile(path string, parameters url.Values) (*stdsql.DB, error) {
	address := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: parameters.Encode()}
	return stdsql.Open("sqlite", address.String())
}

// pathOf is the path of a URL with three slashes, or four for one that begins at the root.
func pathOf(address string) (string, error) {
	path, isFile := strings.CutPrefix(address, "sqlite:///")
	path, _, _ = strings.Cut(path, "?")
	if !isFile || path == "" || path == ":memory:" { // In memory each connection would have a database of its own.
		return "", settings.Wrong("DATABASE_URL", "must name a file, such as sqlite:///service.db")
	}
	return path, nil
}

// dialect writes times as texts whose order is their order in time: in UTC, to the microsecond.
type dialect struct{ *sqlitedialect.Dialect }

func newDialect() dialect { return dialect{sqlitedialect.New()} }

// AppendTime overrides bun's, which leaves out zeros at the end.
func (dialect) AppendTime(written []byte, moment time.Time) []byte {
	return moment.UTC().AppendFormat(written, "'2006-01-02 15:04:05.000000'")
}

// failures are told apart by SQLite's codes, the lower eight bits of which are the kind.
var failures = sql.Failures{
	IsConflict: func(err error) bool { return kindOf(err) == codes.SQLITE_CONSTRAINT },
	IsDown: func(err error) bool {
		switch kindOf(err) {
		case codes.SQLITE_BUSY, codes.SQLITE_LOCKED, codes.SQLITE_CANTOPEN, codes.SQLITE_NOTADB, codes.SQLITE_CORRUPT,
			codes.SQLITE_IOERR, codes.SQLITE_READONLY, codes.SQLITE_FULL, codes.SQLITE_PERM, codes.SQLITE_NOMEM:
			return true
		}
		return false
	},
}

func kindOf(err error) int {
	if found, isOurs := errors.AsType[*driver.Error](err); isOurs {
		return found.Code() & 0xff
	}
	return codes.SQLITE_OK
}
