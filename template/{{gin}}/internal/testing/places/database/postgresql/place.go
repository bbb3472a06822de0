// Package postgresql has a place of the test's own.
package postgresql

import (
	"context"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"

	"service/internal/domain"
	"service/internal/settings"
)

// Own has another database on the same server, which is dropped when the test ends.
func Own(t *testing.T, settings settings.Settings) settings.Settings {
	t.Helper()
	address, err := url.Parse(settings.DatabaseURL)
	if err != nil {
		t.Fatal("DATABASE_URL cannot be read")
	}
	name := "tests_" + domain.NewID().Hex()
	execute(t, settings.DatabaseURL, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, settings.DatabaseURL, "DROP DATABASE "+name+" WITH (FORCE)") })
	address.Path = "/" + name
	own := settings
	own.DatabaseURL = address.String()
	return own
}

func execute(t *testing.T, url, statement string) {
	t.Helper()
	ctx := context.Background() // The test's own has ended when it cleans up.
	connection, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(ctx)
	if _, err := connection.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}
