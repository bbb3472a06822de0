package usecases

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"service/internal/domain"
	"service/internal/ports"
)

const (
	rebuildBatch = 500
	longestID    = 64
)

var activityKey = regexp.MustCompile(`^[0-9a-f]{32}$`)

// Logged are the types of events that the activity log is made of.
func Logged() []string {
	return []string{
		domain.UserCreated, domain.UserUpdated, domain.UserDeleted, domain.SessionStarted, domain.SessionRefused,
	}
}

// LogActivity is the projection: one event, one entry. It answers domain.ErrInvalidEvent if the event's data are not
// what its type promises.
func LogActivity(ctx context.Context, event domain.Event, stores ports.Stores) error {
	entry, err := entryOf(event)
	if err != nil {
		return err
	}
	return stores.Activity.Put(ctx, entry)
}

// ActivityLog is filled from events, and read by admins and by users about themselves.
type ActivityLog struct {
	database ports.Database
}

// NewActivityLog makes an activity log.
func NewActivityLog(database ports.Database) *ActivityLog { return &ActivityLog{database} }

// Page answers a page of what happened, newest first; with a userID only what is about that user. The cursor is empty
// for the first page.
//
// It answers domain.ErrForbidden if the caller is no admin, and asks for more than about themselves.
func (l *ActivityLog) Page(
	ctx context.Context, caller domain.User, userID, cursor string, limit int,
) (domain.Page[domain.Activity], error) {
	if !caller.IsAdmin() && userID != caller.ID {
		return domain.Page[domain.Activity]{}, domain.ErrForbidden.Because(
			"Only admins may read about anybody but themselves.")
	}
	after, err := activityPosition(cursor)
	if err != nil {
		return domain.Page[domain.Activity]{}, err
	}
	var entries []domain.Activity
	err = l.database.Read(ctx, func(stores ports.Stores) error {
		entries, err = stores.Activity.Page(ctx, userID, after, limit+1)
		return err
	})
	return domain.PageOf(entries, limit, func(entry domain.Activity) domain.Cursor {
		return domain.Cursor{CreatedAt: entry.Time, ID: entry.Key}
	}), err
}

// Rebuild makes the log anew from all events that were ever handled, while the service runs. It answers from how many.
//
// Entries without an event go; each other one is replaced by what is made of its event now. Readers and the consumer
// may go on in the meantime.
func (l *ActivityLog) Rebuild(ctx context.Context) (int, error) {
	// First, since a database without transactions may have the entry of an event under way before the event.
	err := l.database.Transaction(ctx, func(stores ports.Stores) error { return stores.Activity.DiscardUnfounded(ctx) })
	if err != nil {
		return 0, err
	}
	count, after := 0, ""
	for {
		handled, err := l.handled(ctx, after)
		if err != nil || len(handled) == 0 {
			return count, err
		}
		for _, event := range handled {
			err := l.database.Transaction(ctx, func(stores ports.Stores) error { return LogActivity(ctx, event, stores) })
			if err != nil {
				return count, err
			}
		}
		count += len(handled)
		after = handled[len(handled)-1].Key()
	}
}

func (l *ActivityLog) handled(ctx context.Context, after string) (events []domain.Event, err error) {
	err = l.database.Read(ctx, func(stores ports.Stores) error {
		events, err = stores.Inbox.Page(ctx, after, Logged(), rebuildBatch)
		return err
	})
	return events, err
}

func activityPosition(cursor string) (*domain.Cursor, error) {
	if cursor == "" {
		return nil, nil
	}
	position, err := domain.DecodeCursor(cursor)
	if err != nil {
		return nil, err
	}
	if !activityKey.MatchString(position.ID) {
		return nil, domain.InvalidCursor()
	}
	return position, nil
}

// entryOf reads what an event has to say to be logged. Its sender may be another service.
func entryOf(event domain.Event) (domain.Activity, error) {
	userID, wrongUser := someID(event.Data, "user_id")
	by, wrongActor := someID(event.Data, "by")
	if wrong := strings.Trim(wrongUser+"; "+wrongActor, "; "); wrong != "" {
		return domain.Activity{}, fmt.Errorf("%w: %s", domain.ErrInvalidEvent, wrong)
	}
	return domain.Activity{
		Key: event.Key(), ID: event.ID, Type: event.Type, UserID: userID, By: by, Time: event.Time,
	}, nil
}

// someID answers an id, or an empty one for null; and what is wrong with it.
func someID(data map[string]any, name string) (id, wrong string) {
	value, isThere := data[name]
	if !isThere {
		return "", "data." + name + ": is missing"
	}
	if value == nil {
		return "", ""
	}
	id, isText := value.(string)
	if !isText || id == "" || utf8.RuneCountInString(id) > longestID || strings.ContainsFunc(id, unicode.IsControl) {
		return "", "data." + name + ": is no id"
	}
	return id, ""
}
