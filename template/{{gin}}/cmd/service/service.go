package main

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"service/internal/platform/logs"
	"service/internal/platform/metrics"
	"service/internal/settings"
	"service/internal/wiring"
)

// prepared are the settings, with the logs as they ask for.
func prepared() (settings.Settings, error) {
	found, err := settings.Load()
	if err == nil {
		slog.SetDefault(logs.New(found, os.Stderr))
	}
	return found, err
}

// withService does some work with the service, connected.
func withService(ctx context.Context, settings settings.Settings, work func(*wiring.Service) error) error {
	service, err := wiring.Build(ctx, settings, metrics.New())
	if err != nil {
		return err
	}
	return errors.Join(work(service), service.Close())
}

func requireMigrations(ctx context.Context, settings settings.Settings) error {
	isMigrated, err := wiring.IsMigrated(ctx, settings)
	if err == nil && !isMigrated {
		err = fail("The database lacks migrations. Run `make migrate`.")
	}
	return err
}

type migrate struct{}

// Run brings the database to the newest revision.
func (migrate) Run(ctx context.Context, console console) error {
	settings, err := prepared()
	if err != nil {
		return err
	}
	if err := wiring.Migrate(ctx, settings); err != nil {
		return err
	}
	console.print("The database is at the newest revision.")
	return nil
}

type rebuild struct{}

// Run makes the activity log anew.
func (rebuild) Run(ctx context.Context, console console) error {
	settings, err := prepared()
	if err != nil {
		return err
	}
	return withService(ctx, settings, func(service *wiring.Service) error {
		count, err := service.Activity.Rebuild(ctx)
		if err == nil {
			console.print("The activity log was made anew from %d events.", count)
		}
		return err
	})
}
