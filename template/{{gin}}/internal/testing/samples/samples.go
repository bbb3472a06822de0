// Package samples has events and clocks for the tests.
package samples

import (
	"sync"
	"time"

	"service/internal/domain"
)

// Trace is a W3C trace context.
const Trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// Noon is when everything happens in the tests.
var Noon = time.Date(2026, time.February, 3, 12, 0, 0, 123_000_000, time.UTC)

// NewEvent is an event that the activity log can be made of.
func NewEvent(subject, eventType string) domain.Event {
	var userID any
	if subject != "" {
		userID = subject
	}
	return domain.Event{
		Source:  "/tests",
		ID:      domain.NewID().String(),
		Type:    eventType,
		Subject: subject,
		Time:    Noon,
		Data:    map[string]any{"user_id": userID, "by": userID},
	}
}

// Started is an event about somebody who has signed in.
func Started(subject string) domain.Event { return NewEvent(subject, domain.SessionStarted) }

// IDs are those of some events.
func IDs(events []domain.Event) []string {
	ids := make([]string, len(events))
	for i, event := range events {
		ids[i] = event.ID
	}
	return ids
}

// Clock stands still, and is moved by hand.
type Clock struct {
	mutex sync.Mutex
	now   time.Time
}

// NewClock makes a clock.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now is where it stands.
func (c *Clock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

// Move lets it go on.
func (c *Clock) Move(duration time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.now = c.now.Add(duration)
}
