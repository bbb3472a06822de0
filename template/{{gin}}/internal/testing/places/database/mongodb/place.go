// Package mongodb has a place of the test's own.
package mongodb

import (
	"context"
	"net/url"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

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
	address.Path = "/" + name
	settings.DatabaseURL = address.String()
	t.Cleanup(func() {
		ctx := context.Background() // The test's own has ended.
		client, err := mongo.Connect(options.Client().ApplyURI(settings.DatabaseURL))
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Database(name).Drop(ctx); err != nil {
			t.Error(err)
		}
		_ = client.Disconnect(ctx)
	})
	return settings
}
