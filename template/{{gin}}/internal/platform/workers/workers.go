// Package workers runs what goes on beside the requests, for as long as the service runs.
package workers

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

const (
	// Grace is how long what has begun may take when it is told to stop.
	Grace = 5 * time.Second

	rest = time.Second
)

// Worker is something that runs until its context is done, and is started again should it break.
type Worker struct {
	Name string
	Run  func(ctx context.Context) error
}

// Running are workers that have been started.
type Running struct {
	started []started
}

type started struct {
	name  string
	stop  context.CancelFunc
	ended chan struct{}
}

// Start starts workers, in their order.
func Start(ctx context.Context, workers ...Worker) *Running {
	running := &Running{}
	for _, worker := range workers {
		ctx, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			keepRunning(ctx, worker)
		}()
		running.started = append(running.started, started{worker.Name, stop, ended})
	}
	return running
}

// Stop stops the workers from the last to the first: each may finish what it has begun, unless that takes too long.
func (r *Running) Stop() {
	for i := len(r.started) - 1; i >= 0; i-- {
		worker := r.started[i]
		worker.stop()
		select {
		case <-worker.ended:
		case <-time.After(2 * Grace): // It has been interrupted long ago, and does not care.
			slog.Error("a worker does not stop", "worker", worker.name)
		}
	}
}

// Finishing is the context for work that has begun: it outlives the given one by a while, but not for ever.
func Finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	finishing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unlink := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(Grace, cancel)
		context.AfterFunc(finishing, func() { timer.Stop() })
	})
	return finishing, func() {
		unlink()
		cancel()
	}
}

// Sleep waits for a while; it answers an error when the context is done before.
func Sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-time.After(duration):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Safely does some work, and makes a panic of it an error: one bad message must not bring the service down again and
// again.
func Safely(work func() error) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v\n%s", reason, debug.Stack())
		}
	}()
	return work()
}

func keepRunning(ctx context.Context, worker Worker) {
	for ctx.Err() == nil {
		err := Safely(func() error { return worker.Run(ctx) })
		if err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "worker broke", "worker", worker.Name, "error", err)
		}
		_ = Sleep(ctx, rest)
	}
}
