package sql

import (
	"context"
	stdsql "database/sql"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Migrations are the files that bring a database from one revision to the next and back, by goose.
type Migrations struct {
	Dialect goose.Dialect
	Files   fs.FS
	// Options are what else goose is told, such as how instances that migrate at the same time do it one after the other.
	Options []goose.ProviderOption
	// Failures tells whether the database is at fault.
	Failures Failures
}

// Up applies what has not been applied yet.
func (m Migrations) Up(ctx context.Context, pool *stdsql.DB) error {
	return m.with(pool, func(provider *goose.Provider) error {
		_, err := provider.Up(ctx)
		return err
	})
}

// Down takes all of them back.
func (m Migrations) Down(ctx context.Context, pool *stdsql.DB) error {
	return m.with(pool, func(provider *goose.Provider) error {
		_, err := provider.DownTo(ctx, 0)
		return err
	})
}

// IsCurrent tells whether every migration has been applied. One that this release does not know yet does no harm.
func (m Migrations) IsCurrent(ctx context.Context, pool *stdsql.DB) (isCurrent bool, err error) {
	err = m.with(pool, func(provider *goose.Provider) error {
		current, newest, err := provider.GetVersions(ctx)
		isCurrent = current >= newest
		return err
	})
	return isCurrent, err
}

func (m Migrations) with(pool *stdsql.DB, work func(*goose.Provider) error) error {
	provider, err := goose.NewProvider(m.Dialect, pool, m.Files, m.Options...)
	if err == nil {
		err = work(provider)
	}
	if err != nil && m.Failures.IsDown(err) {
		return DoesNotAnswer(err)
	}
	return err
}
