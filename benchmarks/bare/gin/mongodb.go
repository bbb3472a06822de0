package main

import (
	"context"
	"net/url"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

type mongoUsers struct{ users *mongo.Collection }

type document struct {
	ID         bson.ObjectID `bson:"_id"`
	Email      string        `bson:"email"`
	Name       string        `bson:"name"`
	Role       string        `bson:"role"`
	CreatedAt  time.Time     `bson:"created_at"`
	Generation int           `bson:"generation"`
}

func (d document) user() user {
	return user{d.ID.Hex(), d.Email, d.Name, d.Role, d.CreatedAt, d.Generation}
}

func open(address string) users {
	parsed, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(address).SetMaxPoolSize(50))
	if err != nil {
		panic(err)
	}
	return mongoUsers{client.Database(strings.Trim(parsed.Path, "/")).Collection("users")}
}

func (u mongoUsers) find(ctx context.Context, id string) (user, error) {
	key, err := bson.ObjectIDFromHex(id)
	if err != nil {
		return user{}, err
	}
	var found document
	err = u.users.FindOne(ctx, bson.D{{Key: "_id", Value: key}}).Decode(&found)
	return found.user(), err
}

func (u mongoUsers) list(ctx context.Context) ([]user, error) {
	order := bson.D{{Key: "created_at", Value: -1}, {Key: "_id", Value: -1}}
	cursor, err := u.users.Find(ctx, bson.D{}, options.Find().SetSort(order).SetLimit(51))
	if err != nil {
		return nil, err
	}
	var found []document
	if err := cursor.All(ctx, &found); err != nil {
		return nil, err
	}
	all := make([]user, len(found))
	for number, each := range found {
		all[number] = each.user()
	}
	return all, nil
}
