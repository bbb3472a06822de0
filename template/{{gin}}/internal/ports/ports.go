// Package ports says what the service needs from the outside world; adapters provide it.
//
// Only internal/wiring knows which adapter stands behind a port. Every method may answer domain.ErrUnavailable when the
// other side does not answer.
package ports

import (
	"context"
	"time"

	"service/internal/domain"
)

// Clock tells the time.
type Clock interface {
	// Now is the time in UTC, to the millisecond, which every database keeps exactly.
	Now() time.Time
}

// UserStore keeps users.
type UserStore interface {
	// NextID is an id for a new user, of the database's own kind.
	NextID() string

	// Get answers domain.ErrNotFound if there is no such user, or this is no id at all; the next ones do likewise.
	Get(ctx context.Context, userID string) (domain.User, error)

	GetAccount(ctx context.Context, userID string) (domain.Account, error)

	// FindAccount answers the account with this e-mail, given in lower case.
	FindAccount(ctx context.Context, email string) (domain.Account, error)

	// FindCreation answers the user that was created by the request of this key.
	FindCreation(ctx context.Context, key string) (domain.User, domain.CreationKey, error)

	// Page answers up to limit users from behind after on, newest first; from the newest on if after is nil.
	Page(ctx context.Context, after *domain.Cursor, limit int) ([]domain.User, error)

	// Add stores a new user, and the event with it; the key may be nil. It answers domain.ErrEmailTaken if another user
	// has this e-mail, or was created with this key.
	Add(ctx context.Context, user domain.User, passwordHash string, event domain.Event, key *domain.CreationKey) error

	// Replace stores the next version of a user, and the event with it; with an empty hash the password stays as it is.
	// It answers whether the stored version was user.Version - 1: if not, somebody else was faster; and
	// domain.ErrEmailTaken if another user has this e-mail.
	Replace(ctx context.Context, user domain.User, event domain.Event, passwordHash string) (bool, error)

	// Rehash stores an account's hash of the same password, unless its password has changed from oldHash.
	Rehash(ctx context.Context, account domain.Account, oldHash string) error

	// Delete deletes a user, and their sessions with them, and stores the event. It answers whether the stored version
	// was user.Version.
	Delete(ctx context.Context, user domain.User, event domain.Event) (bool, error)
}

// SessionStore keeps sessions.
type SessionStore interface {
	// Add stores a new session, and the event with it. It answers domain.ErrNotFound if its user was deleted in the
	// meantime; not every database notices.
	Add(ctx context.Context, session domain.Session, event domain.Event) error

	// Get answers domain.ErrNotFound if there is none.
	Get(ctx context.Context, sessionID string) (domain.Session, error)

	// Rotate gives a session its next secret. It answers whether its stored secret was still the one in session.
	Rotate(ctx context.Context, session domain.Session, secretHash string, expiresAt time.Time) (bool, error)

	Delete(ctx context.Context, sessionID string) error

	DeleteExpired(ctx context.Context, userID string, now time.Time) error
}

// Outbox keeps events that have happened, and are still to be published.
type Outbox interface {
	// Add stores an event that comes with no change of a record.
	Add(ctx context.Context, event domain.Event) error

	// Pending answers the oldest ones, those of one subject in the order in which they happened.
	Pending(ctx context.Context, limit int) ([]domain.Event, error)

	Remove(ctx context.Context, events []domain.Event) error
}

// Inbox keeps events that have been handled; Database.HandleOnce fills it.
type Inbox interface {
	// Page answers up to limit events of these types, in the order of their keys, from behind the key after on.
	Page(ctx context.Context, after string, types []string, limit int) ([]domain.Event, error)
}

// DeadLetters keeps messages that could not be handled.
type DeadLetters interface {
	Add(ctx context.Context, letter domain.DeadLetter) error

	// Get answers domain.ErrNotFound if there is none.
	Get(ctx context.Context, letterID string) (domain.DeadLetter, error)

	// List answers the oldest ones first.
	List(ctx context.Context, limit int) ([]domain.DeadLetter, error)

	Remove(ctx context.Context, letterID string) error
}

// ActivityStore keeps the activity log.
type ActivityStore interface {
	// Put stores an entry, in place of the one with the same key.
	Put(ctx context.Context, entry domain.Activity) error

	// Page answers up to limit entries from behind after on, newest first; of everybody if userID is empty.
	Page(ctx context.Context, userID string, after *domain.Cursor, limit int) ([]domain.Activity, error)

	// DiscardUnfounded removes the entries whose event is not in the inbox.
	DiscardUnfounded(ctx context.Context) error
}

// Leases says who of all instances does what only one may do at a time.
type Leases interface {
	// Take takes a lease that is free or has run out, or prolongs one's own. It answers false if somebody else has it.
	Take(ctx context.Context, name, owner string, now, until time.Time) (bool, error)

	GiveBack(ctx context.Context, name, owner string) error
}

// Stores are all of them, for one piece of work.
type Stores struct {
	Users       UserStore
	Sessions    SessionStore
	Outbox      Outbox
	Inbox       Inbox
	DeadLetters DeadLetters
	Activity    ActivityStore
	Leases      Leases
}

// EventHandler does what is to be done when an event arrives.
type EventHandler func(ctx context.Context, event domain.Event, stores Stores) error

// Database gives access to the stores.
type Database interface {
	// Read gives the work stores for reading, each statement on its own.
	Read(ctx context.Context, work func(Stores) error) error

	// Transaction gives the work stores for one unit: kept when the work answers nil, undone when it answers an error.
	//
	// Do one thing to one record in it. A database without transactions can keep that promise too.
	Transaction(ctx context.Context, work func(Stores) error) error

	// HandleOnce carries out a handler, unless the event is in the inbox, and puts it there: all of it or nothing. It
	// answers whether the event was new.
	//
	// A database without transactions carries it out first, so that it may happen twice if it is interrupted: there a
	// handler's effect must be the same the second time.
	HandleOnce(ctx context.Context, event domain.Event, handle EventHandler) (bool, error)

	// WaitForEvents returns when there may be a new event in the outbox, after that time, or when the context is done.
	WaitForEvents(ctx context.Context, limit time.Duration)

	Ping(ctx context.Context) error

	Close() error
}

// Cache keeps values by key, each with an expiry. It may lose what it holds, but never keeps what is outdated.
//
// Whoever finds nothing takes a lease before computing the value: only one caller gets it, and a value is stored only
// while its lease stands. Deleting a key ends its lease, so a value that was computed from older data never comes in
// after the deletion.
type Cache interface {
	// Get answers nil if there is nothing.
	Get(ctx context.Context, key string) ([]byte, error)

	// Lease answers the right to compute the value, for a time; an empty one if somebody else has it.
	Lease(ctx context.Context, key string, lifetime time.Duration) (string, error)

	// Put stores a value for a time, unless its lease has ended.
	Put(ctx context.Context, key string, value []byte, lifetime time.Duration, lease string) error

	Delete(ctx context.Context, key string) error

	Ping(ctx context.Context) error

	Close() error
}

// Receive takes a message over from a bus, which calls it with one after the other, in the order in which they came. It
// answers the work that handles the message: the bus does it beside that of others, and does it in any case.
type Receive func(body []byte) (handle func(ctx context.Context) error)

// EventBus carries events from service to service, each of them to one instance of every service that wants it.
//
// internal/adapters/broker has one for each broker; each of them connects by itself, again and again if need be.
type EventBus interface {
	// PublishEvent publishes an event right away, without the outbox: for what may get lost when the service is killed.
	// The subject may be empty.
	PublishEvent(ctx context.Context, eventType string, data map[string]any, subject string) error

	// Publish publishes events, those of one subject in this order; it returns when the broker has stored them all.
	Publish(ctx context.Context, events []domain.Event) error

	// Consume delivers messages until the context is done, many at a time; it returns when those under way are done with,
	// for which there is time left then.
	//
	// One is acknowledged when it has been handled, and delivered again if that never happens.
	Consume(ctx context.Context, types []string, receive Receive) error

	Ping(ctx context.Context) error

	Close() error
}
