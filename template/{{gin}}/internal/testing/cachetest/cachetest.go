// Package cachetest has what every cache promises, as tests for each of them.
package cachetest

import (
	"sync"
	"testing"
	"time"

	"service/internal/domain"
	"service/internal/ports"
	"service/internal/testing/wait"
)

const (
	moment = 50 * time.Millisecond
	long   = time.Minute
)

// Cache tests them.
func Cache(t *testing.T, cache ports.Cache) {
	for name, test := range map[string]func(*testing.T, ports.Cache, string){
		"what is put is found":                 isFound,
		"a value expires":                      expires,
		"one of many gets the lease":           leaseGoesToOne,
		"a lease runs out":                     leaseRunsOut,
		"a value is put under its lease only":  needsLease,
		"a deletion ends the lease":            deletionEndsLease,
		"a deletion of nothing does no harm":   deletesNothing,
		"the value may be any bytes":           isTransparent,
		"putting a value gives the lease back": givesLeaseBack,
	} {
		t.Run(name, func(t *testing.T) { test(t, cache, domain.NewID().Hex()) })
	}
	t.Run("it answers", func(t *testing.T) {
		if err := cache.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func isFound(t *testing.T, cache ports.Cache, key string) {
	expect(t, cache, key, "")
	put(t, cache, key, "value", long)
	expect(t, cache, key, "value")
	put(t, cache, key, "another", long)
	expect(t, cache, key, "another")
}

func expires(t *testing.T, cache ports.Cache, key string) {
	put(t, cache, key, "value", moment)
	time.Sleep(2 * moment)
	expect(t, cache, key, "")
}

func leaseGoesToOne(t *testing.T, cache ports.Cache, key string) {
	leases := make([]string, 8)
	var leasing sync.WaitGroup
	for i := range leases {
		leasing.Go(func() { leases[i], _ = cache.Lease(t.Context(), key, long) })
	}
	leasing.Wait()
	count := 0
	for _, lease := range leases {
		if lease != "" {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d got it", count)
	}
}

func leaseRunsOut(t *testing.T, cache ports.Cache, key string) {
	lease(t, cache, key, moment)
	wait.Until(t, "there is another lease", func() bool {
		next, err := cache.Lease(t.Context(), key, long)
		return err == nil && next != ""
	})
}

func needsLease(t *testing.T, cache ports.Cache, key string) {
	own := lease(t, cache, key, long)
	try(t, cache.Put(t.Context(), key, []byte("other's"), long, "another"))
	expect(t, cache, key, "")
	try(t, cache.Put(t.Context(), key, []byte("own"), long, own))
	expect(t, cache, key, "own")
	try(t, cache.Put(t.Context(), key, []byte("once more"), long, own))
	expect(t, cache, key, "own")
}

func deletionEndsLease(t *testing.T, cache ports.Cache, key string) {
	put(t, cache, key, "old", long)
	own := lease(t, cache, key, long)
	try(t, cache.Delete(t.Context(), key))
	expect(t, cache, key, "")
	try(t, cache.Put(t.Context(), key, []byte("outdated"), long, own))
	expect(t, cache, key, "")
	put(t, cache, key, "new", long)
	expect(t, cache, key, "new")
}

func deletesNothing(t *testing.T, cache ports.Cache, key string) {
	try(t, cache.Delete(t.Context(), key))
	expect(t, cache, key, "")
}

func isTransparent(t *testing.T, cache ports.Cache, key string) {
	put(t, cache, key+" é😀{}", "\x00\xff\r\n é😀", long)
	expect(t, cache, key+" é😀{}", "\x00\xff\r\n é😀")
}

func givesLeaseBack(t *testing.T, cache ports.Cache, key string) {
	put(t, cache, key, "value", long)
	if lease(t, cache, key, long) == "" {
		t.Error("it is still taken")
	}
}

func lease(t *testing.T, cache ports.Cache, key string, lifetime time.Duration) string {
	t.Helper()
	lease, err := cache.Lease(t.Context(), key, lifetime)
	try(t, err)
	return lease
}

func put(t *testing.T, cache ports.Cache, key, value string, lifetime time.Duration) {
	t.Helper()
	try(t, cache.Put(t.Context(), key, []byte(value), lifetime, lease(t, cache, key, long)))
}

func expect(t *testing.T, cache ports.Cache, key, value string) {
	t.Helper()
	found, err := cache.Get(t.Context(), key)
	try(t, err)
	if string(found) != value {
		t.Errorf("found %q instead of %q", found, value)
	}
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
