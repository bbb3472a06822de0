package caching_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"service/internal/domain"
	"service/internal/platform/caching"
	"service/internal/platform/metrics"
)

const ttl = time.Minute

var errBroken = errors.New("it is broken")

// cache is one in memory, which may be down.
type cache struct {
	mutex  sync.Mutex
	values map[string][]byte
	leases map[string]string
	isDown atomic.Bool
}

func newCache() *cache { return &cache{values: map[string][]byte{}, leases: map[string]string{}} }

func (c *cache) enter() error {
	if c.isDown.Load() {
		return domain.ErrUnavailable.Because("The cache is down.")
	}
	c.mutex.Lock()
	return nil
}

func (c *cache) Get(_ context.Context, key string) ([]byte, error) {
	if err := c.enter(); err != nil {
		return nil, err
	}
	defer c.mutex.Unlock()
	return c.values[key], nil
}

func (c *cache) Lease(_ context.Context, key string, _ time.Duration) (string, error) {
	if err := c.enter(); err != nil {
		return "", err
	}
	defer c.mutex.Unlock()
	if c.leases[key] != "" {
		return "", nil
	}
	c.leases[key] = domain.NewID().Hex()
	return c.leases[key], nil
}

func (c *cache) Put(_ context.Context, key string, value []byte, _ time.Duration, lease string) error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.mutex.Unlock()
	if c.leases[key] == lease {
		c.values[key] = value
		delete(c.leases, key)
	}
	return nil
}

func (c *cache) Delete(_ context.Context, key string) error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.mutex.Unlock()
	delete(c.values, key)
	delete(c.leases, key)
	return nil
}

func (c *cache) Ping(context.Context) error { return nil }

func (c *cache) Close() error { return nil }

// squares counts how often it computes.
type squares struct {
	calls   atomic.Int32
	compute func(ctx context.Context, number int) (int, error)
}

func (s *squares) of(ctx context.Context, number int) (int, error) {
	s.calls.Add(1)
	if s.compute != nil {
		return s.compute(ctx, number)
	}
	return number * number, nil
}

func cached(cache *cache, squares *squares) (*caching.CachedFunction[int, int], *metrics.Metrics) {
	metrics := metrics.New()
	return caching.CacheResult(caching.NewCacheManager(cache, metrics), "squares", ttl, squares.of), metrics
}

func TestAResultIsComputedOnce(t *testing.T) {
	squares := &squares{}
	function, metrics := cached(newCache(), squares)
	for range 3 {
		expect(t, function, 3, 9)
	}
	expect(t, function, 4, 16)
	if squares.calls.Load() != 2 {
		t.Errorf("computed %d times", squares.calls.Load())
	}
	for result, expected := range map[string]float64{"hit": 2, "miss": 2, "unavailable": 0} {
		if found := testutil.ToFloat64(metrics.CacheRequests.WithLabelValues("squares", result)); found != expected {
			t.Errorf("%s: counted %v", result, found)
		}
	}
}

func TestManyWhoAskAtOnceShareOneComputation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		squares := &squares{compute: func(_ context.Context, number int) (int, error) {
			time.Sleep(time.Second)
			return number * number, nil
		}}
		function, _ := cached(newCache(), squares)
		var asking sync.WaitGroup
		for range 50 {
			asking.Go(func() { expect(t, function, 3, 9) })
		}
		asking.Wait()
		if squares.calls.Load() != 1 {
			t.Errorf("computed %d times", squares.calls.Load())
		}
	})
}

func TestProcessesShareOneComputation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		squares, cache := &squares{compute: func(_ context.Context, number int) (int, error) {
			time.Sleep(time.Second)
			return number * number, nil
		}}, newCache()
		var asking sync.WaitGroup
		for range 5 {
			function, _ := cached(cache, squares)
			asking.Go(func() { expect(t, function, 3, 9) })
		}
		asking.Wait()
		if squares.calls.Load() != 1 {
			t.Errorf("computed %d times", squares.calls.Load())
		}
	})
}

func TestNobodyWaitsForEverForAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		squares, cache := &squares{}, newCache()
		function, _ := cached(cache, squares)
		expect(t, function, 3, 9)
		for key := range cache.values {
			_, _ = cache.Lease(t.Context(), key, ttl) // By somebody who dies.
			delete(cache.values, key)
		}
		began := time.Now()
		expect(t, function, 3, 9)
		if waited := time.Since(began); waited != 10*time.Second {
			t.Errorf("it took %v", waited)
		}
	})
}

func TestWhoGivesUpDoesNotTakeTheResultAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		squares := &squares{compute: func(ctx context.Context, number int) (int, error) {
			select {
			case <-time.After(time.Second):
				return number * number, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}}
		function, _ := cached(newCache(), squares)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := function.Call(ctx, 3); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("found the error %v", err)
		}
		expect(t, function, 3, 9)
		if squares.calls.Load() != 1 {
			t.Errorf("computed %d times", squares.calls.Load())
		}
	})
}

func TestAnInvalidatedResultIsComputedAnew(t *testing.T) {
	squares := &squares{}
	function, _ := cached(newCache(), squares)
	expect(t, function, 3, 9)
	invalidate(t, function, 3)
	expect(t, function, 3, 9)
	if squares.calls.Load() != 2 {
		t.Errorf("computed %d times", squares.calls.Load())
	}
}

func TestAComputationThatWasUnderWayIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := atomic.Int32{}
		squares := &squares{compute: func(context.Context, int) (int, error) {
			read := int(answer.Load())
			time.Sleep(time.Second)
			return read, nil
		}}
		function, _ := cached(newCache(), squares)
		var asking sync.WaitGroup
		asking.Go(func() { expect(t, function, 3, 0) })
		synctest.Wait()
		answer.Store(9)
		invalidate(t, function, 3)
		expect(t, function, 3, 9)
		asking.Wait()
		expect(t, function, 3, 9)
	})
}

func TestErrorsAreNotKept(t *testing.T) {
	squares := &squares{compute: func(context.Context, int) (int, error) { return 0, errBroken }}
	function, _ := cached(newCache(), squares)
	for range 2 {
		if _, err := function.Call(t.Context(), 3); !errors.Is(err, errBroken) {
			t.Errorf("found the error %v", err)
		}
	}
	squares.compute = nil
	expect(t, function, 3, 9)
	if squares.calls.Load() != 3 {
		t.Errorf("computed %d times", squares.calls.Load())
	}
}

func TestAPanicIsAnErrorAndTheNextOneMayTry(t *testing.T) {
	squares := &squares{compute: func(context.Context, int) (int, error) { panic("no luck") }}
	function, _ := cached(newCache(), squares)
	if _, err := function.Call(t.Context(), 3); err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("found the error %v", err)
	}
	squares.compute = nil
	expect(t, function, 3, 9)
}

func TestWithoutTheCacheTheFunctionSimplyRuns(t *testing.T) {
	squares, cache := &squares{}, newCache()
	function, metrics := cached(cache, squares)
	cache.isDown.Store(true)
	for range 2 {
		expect(t, function, 3, 9)
	}
	if found := testutil.ToFloat64(metrics.CacheRequests.WithLabelValues("squares", "unavailable")); found != 2 {
		t.Errorf("counted %v", found)
	}
	squares.compute = func(context.Context, int) (int, error) {
		cache.isDown.Store(true)
		return 9, nil
	}
	cache.isDown.Store(false)
	expect(t, function, 3, 9)
}

func TestWhatIsOwedIsDeletedBeforeAnythingIsRead(t *testing.T) {
	squares, cache := &squares{}, newCache()
	function, _ := cached(cache, squares)
	expect(t, function, 3, 9)
	cache.isDown.Store(true)
	invalidate(t, function, 3)
	squares.compute = func(context.Context, int) (int, error) { return 10, nil }
	expect(t, function, 3, 10)
	cache.isDown.Store(false)
	expect(t, function, 3, 10)
}

func TestWhatCannotBeReadIsComputedAnew(t *testing.T) {
	squares, cache := &squares{}, newCache()
	function, _ := cached(cache, squares)
	expect(t, function, 3, 9)
	for key := range cache.values {
		if !strings.HasPrefix(key, "squares:") || len(key) != len("squares:")+64 {
			t.Errorf("found the key %s", key)
		}
		cache.values[key] = []byte(`{"of": "another release"}`)
	}
	expect(t, function, 3, 9)
	if squares.calls.Load() != 2 {
		t.Errorf("computed %d times", squares.calls.Load())
	}
}

func TestWhatCannotBeWrittenIsTold(t *testing.T) {
	manager := caching.NewCacheManager(newCache(), metrics.New())
	function := caching.CacheResult(manager, "odd", ttl, func(context.Context, chan int) (int, error) { return 0, nil })
	if _, err := function.Call(t.Context(), nil); err == nil {
		t.Error("the argument is taken")
	}
	if err := function.Invalidate(t.Context(), nil); err == nil {
		t.Error("the argument is taken")
	}
	other := caching.CacheResult(manager, "odd too", ttl, func(context.Context, int) (chan int, error) { return make(chan int), nil })
	if _, err := other.Call(t.Context(), 1); err == nil {
		t.Error("the result is taken")
	}
}

func expect(t *testing.T, function *caching.CachedFunction[int, int], argument, expected int) {
	t.Helper()
	if found, err := function.Call(t.Context(), argument); err != nil || found != expected {
		t.Errorf("found %d and the error %v", found, err)
	}
}

func invalidate(t *testing.T, function *caching.CachedFunction[int, int], argument int) {
	t.Helper()
	if err := function.Invalidate(t.Context(), argument); err != nil {
		t.Error(err)
	}
}
