// Package doorbell lets one piece of work tell another that it has left something for it.
package doorbell

import (
	"context"
	"time"
)

// Doorbell is heard once for however often it was rung, even by who comes later.
type Doorbell struct {
	rung chan struct{}
}

// New makes a doorbell.
func New() *Doorbell { return &Doorbell{rung: make(chan struct{}, 1)} }

// Ring does not wait for anybody to come.
func (d *Doorbell) Ring() {
	select {
	case d.rung <- struct{}{}:
	default:
	}
}

// Wait returns when it has been rung since the last time, after that time, or when the context is done.
func (d *Doorbell) Wait(ctx context.Context, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case <-d.rung:
	case <-ctx.Done():
	}
}
