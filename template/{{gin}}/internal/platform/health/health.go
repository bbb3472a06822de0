// Package health tells whether the service can do its work: it asks everything that the service depends on.
package health

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// patience is shorter than the usual time-out of a probe, so that the answer names the dependency that hangs.
const patience = 2 * time.Second

// Dependency is something that the service needs.
type Dependency struct {
	Name string
	// Ping answers an error if it does not answer.
	Ping func(ctx context.Context) error
	// Required says whether the service cannot do without it.
	Required bool
}

// Health is what a dependency said.
type Health struct {
	Dependency

	IsUp bool
}

// Check asks all dependencies at once. It answers what they said, in their order, and whether all that are required are
// up.
func Check(ctx context.Context, dependencies []Dependency) (found []Health, isReady bool) {
	found = make([]Health, len(dependencies))
	var asking sync.WaitGroup
	for i, dependency := range dependencies {
		asking.Go(func() { found[i] = Health{dependency, isUp(ctx, dependency)} })
	}
	asking.Wait()
	isReady = true
	for _, each := range found {
		isReady = isReady && (each.IsUp || !each.Required)
	}
	return found, isReady
}

func isUp(ctx context.Context, dependency Dependency) bool {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer := make(chan error, 1)
	go func() { answer <- dependency.Ping(limited) }()
	var err error
	select {
	case err = <-answer:
	case <-limited.Done(): // It is not waited for: what hangs may be slow to break off too.
		err = limited.Err()
	}
	if err != nil {
		slog.WarnContext(ctx, "dependency is down", "dependency", dependency.Name, "error", err)
	}
	return err == nil
}
