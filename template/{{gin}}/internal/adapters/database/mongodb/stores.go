package mongodb

import (
	"context"
	"regexp"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"service/internal/domain"
)

// id is one as the service writes it: in lower case.
var id = regexp.MustCompile(`^[0-9a-f]{24}$`)

// alive is a document that has not been deleted.
var alive = bson.M{"$exists": false}

type userDocument struct {
	ID           bson.ObjectID     `bson:"_id"`
	Fields       userFields        `bson:",inline"`
	PasswordHash string            `bson:"password_hash"`
	Creation     *creationDocument `bson:"creation,omitempty"`
	Outbox       []eventDocument   `bson:"outbox"`
}

type userFields struct {
	Email      string    `bson:"email"`
	Name       string    `bson:"name"`
	Role       string    `bson:"role"`
	CreatedAt  time.Time `bson:"created_at"`
	Version    int32     `bson:"version"`
	Generation int32     `bson:"generation"`
}

type userChange struct {
	Fields       userFields `bson:",inline"`
	PasswordHash string     `bson:"password_hash,omitempty"`
}

type creationDocument struct {
	Key         string `bson:"key"`
	Fingerprint string `bson:"fingerprint"`
}

type sessionDocument struct {
	ID         string          `bson:"_id"`
	UserID     string          `bson:"user_id"`
	Generation int32           `bson:"generation"`
	SecretHash string          `bson:"secret_hash"`
	ExpiresAt  time.Time       `bson:"expires_at"`
	Outbox     []eventDocument `bson:"outbox"`
}

type userStore struct {
	collection *mongo.Collection
	sessions   sessionStore
	outbox     *outbox
}

func (s userStore) NextID() string { return bson.NewObjectID().Hex() }

func (s userStore) Get(ctx context.Context, userID string) (domain.User, error) {
	account, err := s.GetAccount(ctx, userID)
	return account.User, err
}

func (s userStore) GetAccount(ctx context.Context, userID string) (domain.Account, error) {
	key, err := keyOf(userID)
	if err != nil {
		return domain.Account{}, err
	}
	document, err := s.find(ctx, bson.M{"_id": key})
	return document.account(), err
}

func (s userStore) FindAccount(ctx context.Context, email string) (domain.Account, error) {
	document, err := s.find(ctx, bson.M{"email": email})
	return document.account(), err
}

func (s userStore) FindCreation(ctx context.Context, key string) (domain.User, domain.CreationKey, error) {
	document, err := s.find(ctx, bson.M{"creation.key": key})
	if err != nil {
		return domain.User{}, domain.CreationKey{}, err
	}
	return document.account().User, domain.CreationKey{Value: key, Fingerprint: document.Creation.Fingerprint}, nil
}

func (s userStore) Page(ctx context.Context, after *domain.Cursor, limit int) ([]domain.User, error) {
	query := bson.M{"deleted": alive}
	if after != nil {
		key, err := keyOf(after.ID)
		if err != nil {
			return nil, domain.InvalidCursor()
		}
		query["$or"] = behind("created_at", after.CreatedAt, key)
	}
	documents, err := find[userDocument](ctx, s.collection, query,
		options.Find().SetSort(newestFirst("created_at")).SetLimit(int64(limit)).SetProjection(withoutEvents))
	found := make([]domain.User, len(documents))
	for i, document := range documents {
		found[i] = document.account().User
	}
	return found, err
}

func (s userStore) Add(
	ctx context.Context, user domain.User, passwordHash string, event domain.Event, key *domain.CreationKey,
) error {
	first, err := s.outbox.document(event)
	if err != nil {
		return err
	}
	objectID, err := keyOf(user.ID)
	if err != nil {
		return err
	}
	document := userDocument{
		ID: objectID, Fields: fieldsOf(user), PasswordHash: passwordHash, Outbox: []eventDocument{first},
	}
	if key != nil {
		document.Creation = &creationDocument{key.Value, key.Fingerprint}
	}
	_, err = s.collection.InsertOne(ctx, document)
	return emailTaken(err)
}

func (s userStore) Replace(
	ctx context.Context, user domain.User, event domain.Event, passwordHash string,
) (bool, error) {
	change := userChange{Fields: fieldsOf(user), PasswordHash: passwordHash}
	isReplaced, err := s.update(ctx, user.ID, user.Version-1, bson.M{"$set": change}, event)
	return isReplaced, emailTaken(err)
}

func (s userStore) Rehash(ctx context.Context, account domain.Account, oldHash string) error {
	key, err := keyOf(account.User.ID)
	if err != nil {
		return err
	}
	_, err = s.collection.UpdateOne(ctx,
		bson.M{"_id": key, "password_hash": oldHash},
		bson.M{"$set": bson.M{"password_hash": account.PasswordHash}})
	return err
}

func (s userStore) Delete(ctx context.Context, user domain.User, event domain.Event) (bool, error) {
	isDeleted, err := s.update(ctx, user.ID, user.Version, bson.M{
		"$set": bson.M{"deleted": true},
		// Others may have these now, although the document stays until its events are published.
		"$unset": bson.M{"email": "", "creation": ""},
	}, event)
	if err != nil || !isDeleted {
		return false, err
	}
	// Without their user they are good for nothing, should this be interrupted.
	return true, s.sessions.deleteAll(ctx, bson.M{"user_id": user.ID})
}

// update changes a user of this version, and stores the event. It tells whether there was one.
func (s userStore) update(
	ctx context.Context, userID string, version int, change bson.M, event domain.Event,
) (bool, error) {
	key, err := keyOf(userID)
	if err != nil {
		return false, err
	}
	another, err := s.outbox.document(event)
	if err != nil {
		return false, err
	}
	change["$push"] = bson.M{"outbox": another}
	// In this order, so that the log of slow commands has one line for all of them.
	query := bson.D{{Key: "_id", Value: key}, {Key: "version", Value: int32(version)}, {Key: "deleted", Value: alive}}
	result, err := s.collection.UpdateOne(ctx, query, change)
	return err == nil && result.MatchedCount == 1, err
}

func (s userStore) find(ctx context.Context, query bson.M) (userDocument, error) {
	query["deleted"] = alive
	var document userDocument
	err := s.collection.FindOne(ctx, query, options.FindOne().SetProjection(withoutEvents)).Decode(&document)
	return document, orNotFound(err)
}

type sessionStore struct {
	collection *mongo.Collection
	outbox     *outbox
}

func (s sessionStore) Add(ctx context.Context, session domain.Session, event domain.Event) error {
	first, err := s.outbox.document(event)
	if err != nil {
		return err
	}
	_, err = s.collection.InsertOne(ctx, sessionDocument{
		ID:         session.ID,
		UserID:     session.UserID,
		Generation: int32(session.Generation),
		SecretHash: session.SecretHash,
		ExpiresAt:  session.ExpiresAt,
		Outbox:     []eventDocument{first},
	})
	return err
}

func (s sessionStore) Get(ctx context.Context, sessionID string) (domain.Session, error) {
	var document sessionDocument
	err := s.collection.FindOne(ctx,
		bson.M{"_id": sessionID, "deleted": alive}, options.FindOne().SetProjection(withoutEvents)).Decode(&document)
	if err != nil {
		return domain.Session{}, orNotFound(err)
	}
	return domain.Session{
		ID:         document.ID,
		UserID:     document.UserID,
		Generation: int(document.Generation),
		SecretHash: document.SecretHash,
		ExpiresAt:  document.ExpiresAt,
	}, nil
}

func (s sessionStore) Rotate(
	ctx context.Context, session domain.Session, secretHash string, expiresAt time.Time,
) (bool, error) {
	result, err := s.collection.UpdateOne(ctx,
		bson.M{"_id": session.ID, "secret_hash": session.SecretHash, "deleted": alive},
		bson.M{"$set": bson.M{"secret_hash": secretHash, "expires_at": expiresAt}})
	return err == nil && result.MatchedCount == 1, err
}

func (s sessionStore) Delete(ctx context.Context, sessionID string) error {
	return s.deleteAll(ctx, bson.M{"_id": sessionID})
}

func (s sessionStore) DeleteExpired(ctx context.Context, userID string, now time.Time) error {
	return s.deleteAll(ctx, bson.M{"user_id": userID, "expires_at": bson.M{"$lte": now}})
}

// deleteAll deletes those of a query; the ones with events left go when these are published.
func (s sessionStore) deleteAll(ctx context.Context, query bson.M) error {
	if _, err := s.collection.UpdateMany(ctx, query, bson.M{"$set": bson.M{"deleted": true}}); err != nil {
		return err
	}
	query["outbox"] = bson.A{}
	_, err := s.collection.DeleteMany(ctx, query)
	return err
}

var withoutEvents = bson.M{"outbox": false}

func (d userDocument) account() domain.Account {
	return domain.Account{
		User: domain.User{
			ID:         d.ID.Hex(),
			Email:      d.Fields.Email,
			Name:       d.Fields.Name,
			Role:       domain.Role(d.Fields.Role),
			CreatedAt:  d.Fields.CreatedAt,
			Version:    int(d.Fields.Version),
			Generation: int(d.Fields.Generation),
		},
		PasswordHash: d.PasswordHash,
	}
}

func fieldsOf(user domain.User) userFields {
	return userFields{
		Email:      user.Email,
		Name:       user.Name,
		Role:       string(user.Role),
		CreatedAt:  user.CreatedAt,
		Version:    int32(user.Version),
		Generation: int32(user.Generation),
	}
}

// keyOf is the id of a user in the database, or domain.ErrNotFound if this is none.
func keyOf(userID string) (bson.ObjectID, error) {
	if !id.MatchString(userID) {
		return bson.ObjectID{}, domain.ErrNotFound
	}
	return bson.ObjectIDFromHex(userID)
}

func emailTaken(err error) error {
	if mongo.IsDuplicateKeyError(err) {
		return domain.ErrEmailTaken.From(err, "Another user has this e-mail address.")
	}
	return err
}
