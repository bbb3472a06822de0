package memory_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"service/internal/adapters/cache/memory"
	"service/internal/settings"
	"service/internal/testing/cachetest"
)

func TestItPromisesWhatAllCachesDo(t *testing.T) {
	cache, err := memory.Connect(settings.Settings{CacheMaxEntries: 100})
	if err != nil {
		t.Fatal(err)
	}
	cachetest.Cache(t, cache)
	if err := cache.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhatWasNotUsedForLongestGoesFirst(t *testing.T) {
	ctx, cache := t.Context(), memory.New(3)
	put := func(key string) {
		lease, _ := cache.Lease(ctx, key, time.Minute)
		_ = cache.Put(ctx, key, []byte(key), time.Minute, lease)
	}
	for number := range 3 {
		put(fmt.Sprint(number))
	}
	_, _ = cache.Get(ctx, "0")
	put("3")

	for key, isThere := range map[string]bool{"0": true, "1": false, "2": true, "3": true} {
		if found, _ := cache.Get(ctx, key); (found != nil) != isThere {
			t.Errorf("found %q at %s", found, key)
		}
	}
}

func TestAValueIsThereUntilItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cache := t.Context(), memory.New(3)
		lease, _ := cache.Lease(ctx, "key", time.Minute)
		_ = cache.Put(ctx, "key", []byte("value"), time.Minute, lease)
		time.Sleep(time.Minute - time.Nanosecond)
		if found, _ := cache.Get(ctx, "key"); found == nil {
			t.Error("it is gone too early")
		}
		time.Sleep(time.Nanosecond)
		if found, _ := cache.Get(ctx, "key"); found != nil {
			t.Error("it is still there")
		}
	})
}
