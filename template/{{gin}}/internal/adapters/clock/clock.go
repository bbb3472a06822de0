// Package clock has the time, from the operating system.
package clock

import "time"

// System is the system's clock.
type System struct{}

// Now is the time in UTC, to the millisecond.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
