// Package gate lets so many in at the same time; the others wait, but not for ever.
package gate

import (
	"context"
	"time"

	"service/internal/domain"
)

// Gate has a place for each connection to a database.
type Gate struct {
	places   chan struct{}
	patience time.Duration
}

// New makes a gate with so many places, at which nobody waits for longer than that.
func New(places int, patience time.Duration) *Gate {
	return &Gate{places: make(chan struct{}, places), patience: patience}
}

// Enter takes a place, which Leave gives back. It fails with domain.ErrUnavailable when patience is at an end, and with
// the context's error when that is done before.
func (g *Gate) Enter(ctx context.Context) error {
	select { // Without a timer, as is usual.
	case g.places <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(g.patience)
	defer timer.Stop()
	select {
	case g.places <- struct{}{}:
		return nil
	case <-timer.C:
		return domain.ErrUnavailable.Because("All connections to the database are in use.")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Leave lets the next one in.
func (g *Gate) Leave() { <-g.places }
