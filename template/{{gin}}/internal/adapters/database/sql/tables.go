package sql

import (
	"time"

	"github.com/uptrace/bun"
)

// The rows of the tables that migrations/ makes.

type userRow struct {
	bun.BaseModel `bun:"table:users"`

	ID                  string    `bun:"id,pk"`
	Email               string    `bun:"email"`
	Name                string    `bun:"name"`
	Role                string    `bun:"role"`
	PasswordHash        string    `bun:"password_hash"`
	CreatedAt           time.Time `bun:"created_at"`
	Version             int       `bun:"version"`
	Generation          int       `bun:"generation"`
	CreationKey         string    `bun:"creation_key,nullzero"`
	CreationFingerprint string    `bun:"creation_fingerprint,nullzero"`
}

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions"`

	ID         string    `bun:"id,pk"`
	UserID     string    `bun:"user_id"`
	Generation int       `bun:"generation"`
	SecretHash string    `bun:"secret_hash"`
	ExpiresAt  time.Time `bun:"expires_at"`
}

// outboxRow holds an event that is still to be published. Of two events of one subject, the later one has the higher
// position, since it waited for a lock on the record.
type outboxRow struct {
	bun.BaseModel `bun:"table:outbox"`

	Position int64 `bun:"position,pk,autoincrement"`
	eventColumns
}

type inboxRow struct {
	bun.BaseModel `bun:"table:inbox"`

	Key string `bun:"key,pk"`
	eventColumns
}

type eventColumns struct {
	ID      string    `bun:"id"`
	Source  string    `bun:"source"`
	Type    string    `bun:"type"`
	Subject string    `bun:"subject"`
	Time    time.Time `bun:"time"`
	Data    eventData `bun:"data"`
	Trace   string    `bun:"trace,nullzero"`
}

type deadLetterRow struct {
	bun.BaseModel `bun:"table:dead_letters"`

	ID       string    `bun:"id,pk"`
	Body     []byte    `bun:"body"`
	Error    string    `bun:"error"`
	Attempts int       `bun:"attempts"`
	ParkedAt time.Time `bun:"parked_at"`
}

type activityRow struct {
	bun.BaseModel `bun:"table:activity"`

	Key    string    `bun:"key,pk"`
	ID     string    `bun:"id"`
	Type   string    `bun:"type"`
	UserID string    `bun:"user_id,nullzero"`
	By     string    `bun:"by,nullzero"`
	Time   time.Time `bun:"time"`
}

type leaseRow struct {
	bun.BaseModel `bun:"table:leases"`

	Name  string    `bun:"name,pk"`
	Owner string    `bun:"owner"`
	Until time.Time `bun:"until"`
}
