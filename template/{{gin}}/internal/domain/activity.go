package domain

import "time"

// Activity is an entry of the activity log: who did what, when. The log is a read model, made from events and nothing
// else.
type Activity struct {
	// Key is the key of the event that it was made from: one event makes one entry, however often it arrives.
	Key string
	// ID is the id of that event.
	ID   string
	Type string
	// UserID is whom it is about; empty if nobody is known.
	UserID string
	// By is the user who did it; empty for the service itself, and for somebody who is not signed in.
	By   string
	Time time.Time
}
