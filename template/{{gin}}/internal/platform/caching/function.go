package caching

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"golang.org/x/sync/singleflight"

	"service/internal/domain"
)

// poll is how often to look whether another process has finished a computation.
const poll = 20 * time.Millisecond

// CachedFunction is a function whose results are kept. Whoever changes what it reads calls Invalidate afterwards.
type CachedFunction[Argument, Result any] struct {
	manager  *CacheManager
	name     string
	ttl      time.Duration
	compute  func(context.Context, Argument) (Result, error)
	underWay singleflight.Group
}

// CacheResult keeps the results of a function for a time. Its name is to be unlike that of any other function; its
// argument and its results must survive being written as JSON and read again. Errors are not kept.
func CacheResult[Argument, Result any](
	manager *CacheManager, name string, ttl time.Duration, compute func(context.Context, Argument) (Result, error),
) *CachedFunction[Argument, Result] {
	return &CachedFunction[Argument, Result]{manager: manager, name: name, ttl: ttl, compute: compute}
}

// Call answers the result that is kept, or computes it.
func (f *CachedFunction[Argument, Result]) Call(ctx context.Context, argument Argument) (Result, error) {
	key, err := f.key(argument)
	if err != nil {
		return *new(Result), err
	}
	found, err := f.manager.get(ctx, key)
	if errors.Is(err, domain.ErrUnavailable) {
		f.manager.count(f.name, "unavailable")
		return f.compute(ctx, argument)
	}
	if err != nil {
		return *new(Result), err
	}
	if found != nil {
		var result Result
		if json.Unmarshal(found, &result) == nil {
			f.manager.count(f.name, "hit")
			return result, nil
		}
		// Another release of the service has kept it, in another form.
		slog.WarnContext(ctx, "cached result cannot be read", "key", key)
		if err := f.manager.delete(ctx, key); err != nil {
			return result, err
		}
	}
	f.manager.count(f.name, "miss")
	return f.share(ctx, key, argument)
}

// Invalidate forgets the result for this argument. A computation that is under way is not kept.
func (f *CachedFunction[Argument, Result]) Invalidate(ctx context.Context, argument Argument) error {
	key, err := f.key(argument)
	if err != nil {
		return err
	}
	f.underWay.Forget(key)
	return f.manager.delete(ctx, key)
}

// key is the function's name and a digest of the argument.
func (f *CachedFunction[Argument, Result]) key(argument Argument) (string, error) {
	written, err := json.Marshal(argument)
	if err != nil {
		return "", fmt.Errorf("writing the argument of %s: %w", f.name, err)
	}
	digest := sha256.Sum256(written)
	return f.name + ":" + hex.EncodeToString(digest[:]), nil
}

// share computes once for all who wait in this process. A caller who gives up does not take the result away from the
// others.
func (f *CachedFunction[Argument, Result]) share(ctx context.Context, key string, argument Argument) (Result, error) {
	if err := ctx.Err(); err != nil {
		return *new(Result), err
	}
	shared := f.underWay.DoChan(key, func() (any, error) {
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.manager.leaseTime)
		defer cancel()
		return f.computeOnce(detached, key, argument)
	})
	select {
	case <-ctx.Done():
		return *new(Result), ctx.Err()
	case answer := <-shared:
		result, _ := answer.Val.(Result)
		return result, answer.Err
	}
}

// computeOnce computes once for all processes, as long as the cache is there to agree on who does it.
func (f *CachedFunction[Argument, Result]) computeOnce(
	ctx context.Context, key string, argument Argument,
) (result Result, err error) {
	defer func() {
		if broken := recover(); broken != nil { // In a goroutine of its own, where it would end the program.
			err = fmt.Errorf("computing %s: %v\n%s", f.name, broken, debug.Stack())
		}
	}()
	lease, found, err := f.takeTurns(ctx, key)
	switch {
	case errors.Is(err, domain.ErrUnavailable):
		return f.compute(ctx, argument)
	case err != nil:
		return result, err
	case found == nil:
		return f.computeAndKeep(ctx, key, argument, lease)
	case json.Unmarshal(found, &result) == nil:
		return result, nil
	default: // Of another release, perhaps.
		return f.compute(ctx, argument)
	}
}

func (f *CachedFunction[Argument, Result]) computeAndKeep(
	ctx context.Context, key string, argument Argument, lease string,
) (result Result, err error) {
	isComputed := false
	defer func() {
		if !isComputed { // The next one may try.
			err = errors.Join(err, f.manager.delete(ctx, key))
		}
	}()
	if result, err = f.compute(ctx, argument); err != nil {
		return result, err
	}
	isComputed = true
	written, err := json.Marshal(result)
	if err != nil {
		return result, fmt.Errorf("writing a result of %s: %w", f.name, err)
	}
	err = f.manager.cache.Put(ctx, key, written, f.ttl, lease)
	if errors.Is(err, domain.ErrUnavailable) {
		slog.DebugContext(ctx, "cache is down, result not kept", "key", key)
		err = nil
	}
	return result, err
}

// takeTurns answers the lease to compute the result, or what another process has computed in the meantime.
func (f *CachedFunction[Argument, Result]) takeTurns(ctx context.Context, key string) (string, []byte, error) {
	for hasWaited := false; ; hasWaited = true {
		lease, err := f.manager.lease(ctx, key)
		if err != nil {
			return "", nil, err
		}
		if lease != "" && !hasWaited {
			return lease, nil, nil
		}
		found, err := f.manager.get(ctx, key)
		if err != nil {
			return "", nil, err
		}
		if found != nil && lease != "" {
			// It came in between the last look and the lease, which is given back by keeping it once more.
			err = f.manager.cache.Put(ctx, key, found, f.ttl, lease)
		}
		if found != nil || lease != "" {
			return lease, found, err
		}
		select {
		case <-ctx.Done():
			return "", nil, domain.ErrUnavailable.Because("Nobody else has come to an end in time.")
		case <-time.After(poll):
		}
	}
}
