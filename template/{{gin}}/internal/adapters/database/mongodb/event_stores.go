package mongodb

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"service/internal/domain"
	"service/internal/platform/cloudevents"
)

// The stores that have to do with events.
//
// An event waits in the document of what it tells of, in the field outbox: so it is there exactly if the change is. A
// document that has been deleted stays, without anything but its events, until they are published.

// The collections. An incident is an event that comes with nothing else.
const (
	users       = "users"
	sessions    = "sessions"
	incidents   = "incidents"
	inboxEvents = "inbox"
	deadLetters = "dead_letters"
	activity    = "activity"
	leases      = "leases"
)

// eventful are the collections whose documents hold events.
var eventful = []string{users, sessions, incidents}

// eventDocument holds the event's data as text: what other services send may hold names and numbers that BSON does not
// know.
type eventDocument struct {
	Source  string    `bson:"source"`
	ID      string    `bson:"id"`
	Type    string    `bson:"type"`
	Subject string    `bson:"subject"`
	Time    time.Time `bson:"time"`
	Data    string    `bson:"data"`
	Trace   *string   `bson:"trace"`
}

type eventfulDocument struct {
	Outbox []eventDocument `bson:"outbox"`
}

type inboxDocument struct {
	Key   string        `bson:"_id"`
	Event eventDocument `bson:",inline"`
}

type deadLetterDocument struct {
	ID       string    `bson:"_id"`
	Body     []byte    `bson:"body"`
	Error    string    `bson:"error"`
	Attempts int32     `bson:"attempts"`
	ParkedAt time.Time `bson:"parked_at"`
}

type activityDocument struct {
	Key    string    `bson:"_id"`
	ID     string    `bson:"id"`
	Type   string    `bson:"type"`
	UserID *string   `bson:"user_id"`
	By     *string   `bson:"by"`
	Time   time.Time `bson:"time"`
}

type outbox struct {
	database *mongo.Database
	// hasNew tells that somebody should hear of an event.
	hasNew bool
}

func (o *outbox) Add(ctx context.Context, event domain.Event) error {
	document, err := o.document(event)
	if err != nil {
		return err
	}
	_, err = o.database.Collection(incidents).InsertOne(ctx, bson.M{"deleted": true, "outbox": bson.A{document}})
	return err
}

// document is what is to be stored, or pushed to what has been stored.
func (o *outbox) document(event domain.Event) (eventDocument, error) {
	o.hasNew = true
	return documentOf(event)
}

func (o *outbox) Pending(ctx context.Context, limit int) ([]domain.Event, error) {
	var found []pendingEvent
	for _, collection := range eventful {
		some, err := o.pendingIn(ctx, collection, limit)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	slices.SortStableFunc(found, func(one, other pendingEvent) int { return one.since.Compare(other.since) })
	events := make([]domain.Event, min(len(found), limit))
	for i := range events {
		events[i] = found[i].event
	}
	return events, nil
}

func (o *outbox) Remove(ctx context.Context, events []domain.Event) error {
	ids := make([]string, len(events))
	for i, event := range events {
		ids[i] = event.ID
	}
	among := bson.M{"$in": ids}
	for _, name := range eventful {
		collection := o.database.Collection(name)
		pull := bson.M{"$pull": bson.M{"outbox": bson.M{"id": among}}}
		if _, err := collection.UpdateMany(ctx, bson.M{"outbox.id": among}, pull); err != nil {
			return err
		}
		if _, err := collection.DeleteMany(ctx, bson.M{"deleted": true, "outbox": bson.A{}}); err != nil {
			return err
		}
	}
	return nil
}

type pendingEvent struct {
	since time.Time
	event domain.Event
}

func (o *outbox) pendingIn(ctx context.Context, collection string, limit int) ([]pendingEvent, error) {
	documents, err := find[eventfulDocument](ctx, o.database.Collection(collection),
		bson.M{"outbox.time": bson.M{"$exists": true}},
		options.Find().
			SetProjection(bson.M{"outbox": true}).SetSort(bson.M{"outbox.time": 1}).SetLimit(int64(limit)))
	if err != nil {
		return nil, err
	}
	var found []pendingEvent
	for _, document := range documents {
		// Those of one document stay in their order, even if the clocks of two instances do not agree.
		var latest time.Time
		for _, each := range document.Outbox {
			event, err := each.event()
			if err != nil {
				return nil, err
			}
			latest = slices.MaxFunc([]time.Time{latest, event.Time}, time.Time.Compare)
			found = append(found, pendingEvent{latest, event})
		}
	}
	return found, nil
}

type inbox struct{ collection *mongo.Collection }

func (i inbox) has(ctx context.Context, event domain.Event) (bool, error) {
	return i.hasKey(ctx, event.Key())
}

func (i inbox) hasKey(ctx context.Context, key string) (bool, error) {
	count, err := i.collection.CountDocuments(ctx, bson.M{"_id": key}, options.Count().SetLimit(1))
	return count > 0, err
}

// add tells whether the event is new.
func (i inbox) add(ctx context.Context, event domain.Event) (bool, error) {
	document, err := documentOf(event)
	if err != nil {
		return false, err
	}
	_, err = i.collection.InsertOne(ctx, inboxDocument{event.Key(), document})
	return isNew(err)
}

func (i inbox) Page(ctx context.Context, after string, types []string, limit int) ([]domain.Event, error) {
	documents, err := find[inboxDocument](ctx, i.collection,
		bson.M{"_id": bson.M{"$gt": after}, "type": bson.M{"$in": types}},
		options.Find().SetSort(bson.M{"_id": 1}).SetLimit(int64(limit)))
	if err != nil {
		return nil, err
	}
	events := make([]domain.Event, len(documents))
	for i, document := range documents {
		if events[i], err = document.Event.event(); err != nil {
			return nil, err
		}
	}
	return events, nil
}

type deadLetterStore struct{ collection *mongo.Collection }

func (d deadLetterStore) Add(ctx context.Context, letter domain.DeadLetter) error {
	_, err := d.collection.InsertOne(ctx, deadLetterDocument{
		ID:       letter.ID,
		Body:     append([]byte{}, letter.Body...), // An empty one is no null.
		Error:    letter.Error,
		Attempts: int32(letter.Attempts),
		ParkedAt: letter.ParkedAt,
	})
	return err
}

func (d deadLetterStore) Get(ctx context.Context, letterID string) (domain.DeadLetter, error) {
	var document deadLetterDocument
	err := orNotFound(d.collection.FindOne(ctx, bson.M{"_id": letterID}).Decode(&document))
	return document.letter(), err
}

func (d deadLetterStore) List(ctx context.Context, limit int) ([]domain.DeadLetter, error) {
	documents, err := find[deadLetterDocument](ctx, d.collection, bson.M{},
		options.Find().SetSort(bson.D{{Key: "parked_at", Value: 1}, {Key: "_id", Value: 1}}).SetLimit(int64(limit)))
	return all(documents, deadLetterDocument.letter), err
}

func (d deadLetterStore) Remove(ctx context.Context, letterID string) error {
	_, err := d.collection.DeleteOne(ctx, bson.M{"_id": letterID})
	return err
}

type activityStore struct {
	collection *mongo.Collection
	inbox      inbox
}

func (a activityStore) Put(ctx context.Context, entry domain.Activity) error {
	_, err := a.collection.ReplaceOne(ctx, bson.M{"_id": entry.Key}, activityDocument{
		Key:    entry.Key,
		ID:     entry.ID,
		Type:   entry.Type,
		UserID: orNull(entry.UserID),
		By:     orNull(entry.By),
		Time:   entry.Time,
	}, options.Replace().SetUpsert(true))
	return err
}

func (a activityStore) Page(
	ctx context.Context, userID string, after *domain.Cursor, limit int,
) ([]domain.Activity, error) {
	query := bson.M{}
	if userID != "" {
		query["user_id"] = userID
	}
	if after != nil {
		query["$or"] = behind("time", after.CreatedAt, after.ID)
	}
	documents, err := find[activityDocument](ctx, a.collection, query,
		options.Find().SetSort(newestFirst("time")).SetLimit(int64(limit)))
	return all(documents, activityDocument.entry), err
}

func (a activityStore) DiscardUnfounded(ctx context.Context) error {
	cursor, err := a.collection.Find(ctx, bson.M{}, options.Find().SetProjection(bson.M{"_id": true}))
	if err != nil {
		return err
	}
	defer cursor.Close(ctx)
	for cursor.Next(ctx) {
		key := cursor.Current.Lookup("_id").StringValue()
		isFounded, err := a.inbox.hasKey(ctx, key)
		if err == nil && !isFounded {
			_, err = a.collection.DeleteOne(ctx, bson.M{"_id": key})
		}
		if err != nil {
			return err
		}
	}
	return cursor.Err()
}

type leaseStore struct{ collection *mongo.Collection }

func (l leaseStore) Take(ctx context.Context, name, owner string, now, until time.Time) (bool, error) {
	isFree := bson.M{"_id": name, "$or": bson.A{bson.M{"owner": owner}, bson.M{"until": bson.M{"$lte": now}}}}
	// If it is there and not free, this tries to make a second one.
	_, err := l.collection.UpdateOne(ctx, isFree,
		bson.M{"$set": bson.M{"owner": owner, "until": until}}, options.UpdateOne().SetUpsert(true))
	return isNew(err)
}

func (l leaseStore) GiveBack(ctx context.Context, name, owner string) error {
	_, err := l.collection.DeleteOne(ctx, bson.M{"_id": name, "owner": owner})
	return err
}

func documentOf(event domain.Event) (eventDocument, error) {
	data, err := cloudevents.EncodeData(event.Data)
	return eventDocument{
		Source:  event.Source,
		ID:      event.ID,
		Type:    event.Type,
		Subject: event.Subject,
		Time:    event.Time,
		Data:    string(data),
		Trace:   orNull(event.Trace),
	}, err
}

func (d eventDocument) event() (domain.Event, error) {
	data, err := cloudevents.DecodeData([]byte(d.Data))
	return domain.Event{
		Source:  d.Source,
		ID:      d.ID,
		Type:    d.Type,
		Subject: d.Subject,
		Time:    d.Time,
		Data:    data,
		Trace:   orEmpty(d.Trace),
	}, err
}

func (d deadLetterDocument) letter() domain.DeadLetter {
	return domain.DeadLetter{
		ID: d.ID, Body: d.Body, Error: d.Error, Attempts: int(d.Attempts), ParkedAt: d.ParkedAt,
	}
}

func (d activityDocument) entry() domain.Activity {
	return domain.Activity{
		Key: d.Key, ID: d.ID, Type: d.Type, UserID: orEmpty(d.UserID), By: orEmpty(d.By), Time: d.Time,
	}
}

// behind selects what comes after a position in a list that is newest first.
func behind(field string, moment time.Time, id any) bson.A {
	return bson.A{
		bson.M{field: bson.M{"$lt": moment}},
		bson.M{field: moment, "_id": bson.M{"$lt": id}},
	}
}

// find answers all documents of a query.
func find[Document any](
	ctx context.Context, collection *mongo.Collection, query bson.M, find *options.FindOptionsBuilder,
) (documents []Document, err error) {
	cursor, err := collection.Find(ctx, query, find)
	if err != nil {
		return nil, err
	}
	return documents, cursor.All(ctx, &documents)
}

// all is what becomes of each.
func all[From, To any](items []From, convert func(From) To) []To {
	converted := make([]To, len(items))
	for i, item := range items {
		converted[i] = convert(item)
	}
	return converted
}

// orNull is null for an empty text.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// orEmpty is an empty text for null.
func orEmpty(text *string) string {
	return *cmp.Or(text, new(string))
}
