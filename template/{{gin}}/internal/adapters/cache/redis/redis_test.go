package redis_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"service/internal/adapters/cache/redis"
	"service/internal/domain"
	"service/internal/ports"
	"service/internal/settings"
	"service/internal/testing/cachetest"
	"service/internal/testing/configured"
)

func TestItPromisesWhatAllCachesDo(t *testing.T) {
	cachetest.Cache(t, connect(t, configured.Settings(t)))
}

func TestAURLThatCannotBeReadIsNotShown(t *testing.T) {
	_, err := redis.Connect(settings.Settings{RedisURL: "redis://ann:secret@host:port/0"})
	if !errors.Is(err, settings.ErrInvalid) || err.Error() != "REDIS_URL: cannot be read" {
		t.Errorf("found the error %v", err)
	}
}

func TestWhenNobodyIsThereItIsToldAtOnceForAWhile(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // It takes connections, and says nothing.
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	cache := connect(t, settings.Settings{
		RedisURL: "redis://" + silent.Addr().String() + "/0", CacheTimeoutSeconds: 0.05,
	})

	began := time.Now()
	_, first := cache.Get(t.Context(), "key")
	waited := time.Since(began)
	began = time.Now()
	second := cache.Delete(t.Context(), "key")

	for _, err := range []error{first, second} {
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("found the error %v", err)
		}
	}
	if waited > time.Second || time.Since(began) > 10*time.Millisecond {
		t.Errorf("it took %v, and then %v", waited, time.Since(began))
	}
}

func TestWhoGivesUpSaysNothingAboutTheCache(t *testing.T) {
	cache := connect(t, configured.Settings(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := cache.Lease(ctx, "key", time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("found the error %v", err)
	}
	if _, err := cache.Get(t.Context(), "key"); err != nil {
		t.Errorf("found the error %v", err)
	}
}

func connect(t *testing.T, settings settings.Settings) ports.Cache {
	t.Helper()
	cache, err := redis.Connect(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cache.Close() })
	return cache
}
