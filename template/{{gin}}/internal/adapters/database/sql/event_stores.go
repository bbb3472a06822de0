package sql

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"service/internal/domain"
	"service/internal/platform/cloudevents"
)

// The stores that have to do with events.

type outbox struct {
	database bun.IDB
	// hasNew tells that somebody should hear of an event as soon as the transaction is kept.
	hasNew bool
}

func (o *outbox) Add(ctx context.Context, event domain.Event) error {
	o.hasNew = true
	return done(o.database.NewInsert().Model(&outboxRow{eventColumns: columnsOf(event)}).Returning("NULL").Exec(ctx))
}

func (o *outbox) Pending(ctx context.Context, limit int) ([]domain.Event, error) {
	var rows []outboxRow
	err := o.database.NewSelect().Model(&rows).Order("position").Limit(int64(limit)).Scan(ctx)
	return all(rows, func(row outboxRow) domain.Event { return row.event() }), err
}

func (o *outbox) Remove(ctx context.Context, events []domain.Event) error {
	ids := all(events, func(event domain.Event) string { return event.ID })
	return done(o.database.NewDelete().Model((*outboxRow)(nil)).Where("id IN (?)", bun.List(ids)).Exec(ctx))
}

type inbox struct{ database bun.IDB }

// add tells whether the event is new.
func (i inbox) add(ctx context.Context, event domain.Event) (bool, error) {
	row := &inboxRow{Key: event.Key(), eventColumns: columnsOf(event)}
	return hasChanged(i.database.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx))
}

func (i inbox) Page(ctx context.Context, after string, types []string, limit int) ([]domain.Event, error) {
	var rows []inboxRow
	err := i.database.NewSelect().Model(&rows).
		Where("key > ?", after).Where("type IN (?)", bun.List(types)).Order("key").Limit(int64(limit)).Scan(ctx)
	return all(rows, func(row inboxRow) domain.Event { return row.event() }), err
}

type deadLetters struct{ database bun.IDB }

func (d deadLetters) Add(ctx context.Context, letter domain.DeadLetter) error {
	return done(d.database.NewInsert().Model(&deadLetterRow{
		ID:       letter.ID,
		Body:     letter.Body,
		Error:    letter.Error,
		Attempts: letter.Attempts,
		ParkedAt: letter.ParkedAt,
	}).Exec(ctx))
}

func (d deadLetters) Get(ctx context.Context, letterID string) (domain.DeadLetter, error) {
	var row deadLetterRow
	err := d.database.NewSelect().Model(&row).Where("id = ?", letterID).Scan(ctx)
	if errors.Is(err, stdsql.ErrNoRows) {
		return domain.DeadLetter{}, domain.ErrNotFound
	}
	return row.letter(), err
}

func (d deadLetters) List(ctx context.Context, limit int) ([]domain.DeadLetter, error) {
	var rows []deadLetterRow
	err := d.database.NewSelect().Model(&rows).Order("parked_at", "id").Limit(int64(limit)).Scan(ctx)
	return all(rows, deadLetterRow.letter), err
}

func (d deadLetters) Remove(ctx context.Context, letterID string) error {
	return done(d.database.NewDelete().Model((*deadLetterRow)(nil)).Where("id = ?", letterID).Exec(ctx))
}

type activityStore struct{ database bun.IDB }

func (a activityStore) Put(ctx context.Context, entry domain.Activity) error {
	row := &activityRow{
		Key: entry.Key, ID: entry.ID, Type: entry.Type, UserID: entry.UserID, By: entry.By, Time: entry.Time,
	}
	return done(a.database.NewInsert().Model(row).On("CONFLICT (key) DO UPDATE").Exec(ctx))
}

func (a activityStore) Page(
	ctx context.Context, userID string, after *domain.Cursor, limit int,
) ([]domain.Activity, error) {
	if strings.Contains(userID, "\x00") { // Nobody's id has it, and not every database lets one ask.
		return nil, nil
	}
	var rows []activityRow
	query := a.database.NewSelect().Model(&rows).Order("time DESC", "key DESC").Limit(int64(limit))
	if userID != "" {
		query.Where("user_id = ?", userID)
	}
	if after != nil {
		query.Where("(time, key) < (?, ?)", after.CreatedAt, after.ID)
	}
	err := query.Scan(ctx)
	return all(rows, activityRow.entry), err
}

func (a activityStore) DiscardUnfounded(ctx context.Context) error {
	event := a.database.NewSelect().Model((*inboxRow)(nil)).ColumnExpr("1").Where("?TableAlias.key = activity_row.key")
	return done(a.database.NewDelete().Model((*activityRow)(nil)).Where("NOT EXISTS (?)", event).Exec(ctx))
}

type leases struct{ database bun.IDB }

func (l leases) Take(ctx context.Context, name, owner string, now, until time.Time) (bool, error) {
	return hasChanged(l.database.NewInsert().Model(&leaseRow{Name: name, Owner: owner, Until: until}).
		On("CONFLICT (name) DO UPDATE").
		Where("?TableAlias.owner = ?", owner).WhereOr("?TableAlias.until <= ?", now).
		Exec(ctx))
}

func (l leases) GiveBack(ctx context.Context, name, owner string) error {
	return done(l.database.NewDelete().Model((*leaseRow)(nil)).
		Where("name = ?", name).Where("owner = ?", owner).Exec(ctx))
}

func columnsOf(event domain.Event) eventColumns {
	return eventColumns{
		ID:      event.ID,
		Source:  event.Source,
		Type:    event.Type,
		Subject: event.Subject,
		Time:    event.Time,
		Data:    event.Data,
		Trace:   event.Trace,
	}
}

func (c eventColumns) event() domain.Event {
	return domain.Event{
		ID:      c.ID,
		Source:  c.Source,
		Type:    c.Type,
		Subject: c.Subject,
		Time:    c.Time.UTC(),
		Data:    c.Data,
		Trace:   c.Trace,
	}
}

func (r deadLetterRow) letter() domain.DeadLetter {
	return domain.DeadLetter{
		ID: r.ID, Body: r.Body, Error: r.Error, Attempts: r.Attempts, ParkedAt: r.ParkedAt.UTC(),
	}
}

func (r activityRow) entry() domain.Activity {
	return domain.Activity{Key: r.Key, ID: r.ID, Type: r.Type, UserID: r.UserID, By: r.By, Time: r.Time.UTC()}
}

// eventData is JSON in which numbers stay as they were written.
type eventData map[string]any

// Value is what goes into the database.
func (d eventData) Value() (driver.Value, error) {
	encoded, err := cloudevents.EncodeData(d)
	return string(encoded), err
}

// Scan reads what comes out of it.
func (d *eventData) Scan(source any) (err error) {
	switch encoded := source.(type) {
	case []byte:
		*d, err = cloudevents.DecodeData(encoded)
	case string:
		*d, err = cloudevents.DecodeData([]byte(encoded))
	default:
		err = fmt.Errorf("the data of an event cannot be a %T", source)
	}
	return err
}

// done is for statements of which only the failure matters.
func done(_ stdsql.Result, err error) error { return err }

// hasChanged tells whether a statement has changed anything.
func hasChanged(result stdsql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	count, err := result.RowsAffected()
	return count > 0, err
}

// all is what becomes of each.
func all[From, To any](items []From, convert func(From) To) []To {
	converted := make([]To, len(items))
	for i, item := range items {
		converted[i] = convert(item)
	}
	return converted
}
