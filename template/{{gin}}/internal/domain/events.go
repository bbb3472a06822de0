package domain

import (
	"errors"
	"time"
)

// The types of events: what has happened, named in the past tense. Their form on the wire, and the form of their data,
// are described in contract/asyncapi.yaml.
const (
	UserCreated    = "user.created"
	UserUpdated    = "user.updated"
	UserDeleted    = "user.deleted"
	SessionStarted = "session.started"
	SessionRefused = "session.refused"
)

// ErrInvalidEvent says that this is no event, or that its data is not what its type promises. Trying again does not
// help.
var ErrInvalidEvent = errors.New("invalid event")

// Event is something that has happened. It never changes afterwards.
type Event struct {
	// Source is the service in which it happened.
	Source string
	// ID is unique within its source.
	ID   string
	Type string
	// Subject is the id of the user it is about, or empty. Events of one subject are published in the order in which
	// they happened.
	Subject string
	Time    time.Time
	Data    map[string]any
	// Trace is the W3C trace context (traceparent) of what caused it, or empty.
	Trace string
}

// Key names the event among those of all sources, in 32 characters.
func (e Event) Key() string { return NameBasedID(NamespaceURL, e.Source+"#"+e.ID) }

// DeadLetter is a message that could not be handled, put aside for somebody to look at.
type DeadLetter struct {
	// ID has 32 characters.
	ID string
	// Body is the message as it came, whatever it is.
	Body     []byte
	Error    string
	Attempts int
	ParkedAt time.Time
}
