// Package mongodb is MongoDB, by its own driver. Each operation changes one document, which MongoDB does as a whole or
// not at all.
package mongodb

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"service/internal/about"
	"service/internal/platform/metrics"
	"service/internal/platform/statements"
	"service/internal/ports"
	"service/internal/settings"
)

const (
	defaultName     = "app"
	selectionLimit  = 5 * time.Second
	disconnectLimit = time.Second
)

// Connect makes the database of the settings; it connects when it is first used.
func Connect(_ context.Context, settings settings.Settings, metrics *metrics.Metrics) (ports.Database, error) {
	client, err := newClient(settings, metrics)
	if err != nil {
		return nil, err
	}
	return newDatabase(client.Database(nameOf(settings.DatabaseURL)), settings), nil
}

// Migrate makes the indexes; there is no schema to migrate.
func Migrate(ctx context.Context, settings settings.Settings) error {
	return withDatabase(ctx, settings, func(database *mongo.Database) error {
		for _, each := range indexes() {
			if _, err := database.Collection(each.collection).Indexes().CreateMany(ctx, each.models()); err != nil {
				return err
			}
		}
		return nil
	})
}

// IsMigrated tells whether all indexes are there.
func IsMigrated(ctx context.Context, settings settings.Settings) (isMigrated bool, err error) {
	err = withDatabase(ctx, settings, func(database *mongo.Database) error {
		for _, each := range indexes() {
			found, err := database.Collection(each.collection).Indexes().ListSpecifications(ctx)
			if err != nil {
				return err
			}
			if !each.areAmong(found) {
				return nil
			}
		}
		isMigrated = true
		return nil
	})
	return isMigrated, err
}

// withDatabase does some work with a client of its own.
func withDatabase(ctx context.Context, settings settings.Settings, work func(*mongo.Database) error) error {
	client, err := newClient(settings, metrics.New())
	if err != nil {
		return err
	}
	defer disconnect(client)
	return explained(ctx, work(client.Database(nameOf(settings.DatabaseURL))))
}

func newClient(from settings.Settings, metrics *metrics.Metrics) (*mongo.Client, error) {
	timer := statements.NewTimer(metrics, from.SlowQueryMilliseconds.Duration())
	client, err := mongo.Connect(options.Client().
		ApplyURI(from.DatabaseURL).
		SetAppName(about.Name).
		SetMaxPoolSize(uint64(from.DatabasePoolSize)).
		SetServerSelectionTimeout(selectionLimit).
		SetMonitor(timeCommands(timer)).
		SetPoolMonitor(countConnections(metrics)))
	if _, isUnknownHost := errors.AsType[*net.DNSError](err); isUnknownHost {
		return nil, doesNotAnswer(err)
	}
	if err != nil {
		return nil, settings.Wrong("DATABASE_URL", "cannot be read") // Without the text: it may hold a password.
	}
	return client, nil
}

func disconnect(client *mongo.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), disconnectLimit)
	defer cancel()
	return client.Disconnect(ctx)
}

// nameOf is the database that a URL names.
func nameOf(url string) string {
	_, address, _ := strings.Cut(url, "://")
	_, path, _ := strings.Cut(address, "/")
	name, _, _ := strings.Cut(path, "?")
	if name == "" {
		return defaultName
	}
	return name
}

type collectionIndexes struct {
	collection string
	indexes    []index
}

type index struct {
	name     string
	keys     bson.D
	isUnique bool
	// isSparse leaves out documents without the field.
	isSparse bool
}

func indexes() []collectionIndexes {
	all := []collectionIndexes{
		{users, []index{
			// Sparse, since what was deleted and has events left has no e-mail any more.
			{name: "email", keys: bson.D{{Key: "email", Value: 1}}, isUnique: true, isSparse: true},
			{name: "creation_key", keys: bson.D{{Key: "creation.key", Value: 1}}, isUnique: true, isSparse: true},
			{name: "created_at", keys: newestFirst("created_at")},
		}},
		{sessions, []index{{name: "user_id", keys: bson.D{{Key: "user_id", Value: 1}}}}},
		{activity, []index{
			{name: "time", keys: newestFirst("time")},
			{name: "user_id", keys: append(bson.D{{Key: "user_id", Value: 1}}, newestFirst("time")...)},
		}},
		{deadLetters, []index{{name: "parked_at", keys: bson.D{{Key: "parked_at", Value: 1}}}}},
	}
	for _, collection := range eventful {
		all = append(all, collectionIndexes{collection, []index{
			{name: "outbox_time", keys: bson.D{{Key: "outbox.time", Value: 1}}, isSparse: true},
			{name: "outbox_id", keys: bson.D{{Key: "outbox.id", Value: 1}}, isSparse: true},
			{name: "deleted", keys: bson.D{{Key: "deleted", Value: 1}}, isSparse: true},
		}})
	}
	return all
}

func newestFirst(field string) bson.D {
	return bson.D{{Key: field, Value: -1}, {Key: "_id", Value: -1}}
}

func (c collectionIndexes) models() []mongo.IndexModel {
	models := make([]mongo.IndexModel, len(c.indexes))
	for i, each := range c.indexes {
		named := options.Index().SetName(each.name)
		if each.isUnique {
			named.SetUnique(true)
		}
		if each.isSparse {
			named.SetSparse(true)
		}
		models[i] = mongo.IndexModel{Keys: each.keys, Options: named}
	}
	return models
}

func (c collectionIndexes) areAmong(found []mongo.IndexSpecification) bool {
	for _, each := range c.indexes {
		isThere := slices.ContainsFunc(found, func(specification mongo.IndexSpecification) bool {
			return specification.Name == each.name
		})
		if !isThere {
			return false
		}
	}
	return true
}
