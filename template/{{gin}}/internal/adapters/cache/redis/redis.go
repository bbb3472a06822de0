// Package redis is a cache in Redis, which all instances share.
package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"service/internal/about"
	"service/internal/domain"
	"service/internal/ports"
	"service/internal/settings"
)

const (
	connections = 50

	// rest is how long the service does without the cache after a failure, so that not every request waits for it.
	rest = time.Second
)

var putWithLease = redis.NewScript(`
if redis.call('GET', KEYS[2]) == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    redis.call('DEL', KEYS[2])
end
`)

// Connect makes the cache of the settings; it connects when it is first used.
func Connect(settings settings.Settings) (ports.Cache, error) {
	options, err := redis.ParseURL(settings.RedisURL)
	if err != nil {
		return nil, wrongURL()
	}
	timeout := settings.CacheTimeoutSeconds.Duration()
	options.ClientName = about.Name
	// Who finds all connections in use waits for one, and does not take the cache for dead.
	options.PoolSize = connections
	options.PoolTimeout = timeout
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = timeout, timeout, timeout
	options.ContextTimeoutEnabled = true
	options.MaxRetries = 1 // Since a connection of the pool may be one to a server that is gone.
	options.DialerRetries = 1
	return &Cache{client: redis.NewClient(options), timeout: timeout}, nil
}

func wrongURL() error { // Without the text: it may hold a password.
	return settings.Wrong("REDIS_URL", "cannot be read")
}

// Cache is a client of Redis that gives up soon.
type Cache struct {
	client  *redis.Client
	timeout time.Duration
	// restsUntil is in nanoseconds of the system's time.
	restsUntil atomic.Int64
}

// Get answers nil if there is nothing.
func (c *Cache) Get(ctx context.Context, key string) ([]byte, error) {
	var found []byte
	err := c.call(ctx, func(ctx context.Context) (err error) {
		found, err = c.client.Get(ctx, valueKey(key)).Bytes()
		return err
	})
	return found, err
}

// Lease answers the right to compute a value.
func (c *Cache) Lease(ctx context.Context, key string, lifetime time.Duration) (string, error) {
	secret, isTaken := rand.Text(), false
	err := c.call(ctx, func(ctx context.Context) error {
		answer, err := c.client.SetArgs(ctx, leaseKey(key), secret, redis.SetArgs{Mode: "NX", TTL: lifetime}).Result()
		isTaken = answer == "OK"
		return err
	})
	if err != nil || !isTaken {
		return "", err
	}
	return secret, nil
}

// Put stores a value unless its lease has ended.
func (c *Cache) Put(ctx context.Context, key string, value []byte, lifetime time.Duration, lease string) error {
	return c.call(ctx, func(ctx context.Context) error {
		keys := []string{valueKey(key), leaseKey(key)}
		return putWithLease.Run(ctx, c.client, keys, lease, value, max(1, lifetime.Milliseconds())).Err()
	})
}

// Delete forgets a value, and ends its lease.
func (c *Cache) Delete(ctx context.Context, key string) error {
	return c.call(ctx, func(ctx context.Context) error {
		return c.client.Del(ctx, valueKey(key), leaseKey(key)).Err()
	})
}

// Ping asks Redis, whether the cache rests or not.
func (c *Cache) Ping(ctx context.Context) error { return c.client.Ping(ctx).Err() }

// Close disconnects.
func (c *Cache) Close() error { return c.client.Close() }

// call limits an operation in time, all in all: waiting for a connection, making it, asking, and all that once more.
func (c *Cache) call(ctx context.Context, operation func(context.Context) error) error {
	if time.Now().UnixNano() < c.restsUntil.Load() {
		return domain.ErrUnavailable.Because("The cache did not answer a moment ago.")
	}
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := operation(limited)
	if err == nil || errors.Is(err, redis.Nil) {
		return nil
	}
	if ctx.Err() != nil { // The caller has given up, which says nothing about the cache.
		return ctx.Err()
	}
	c.restsUntil.Store(time.Now().Add(rest).UnixNano())
	return domain.ErrUnavailable.From(err, "The cache does not answer.")
}

// valueKey has in braces what a Redis cluster places by, so that a value and its lease lie on one node.
func valueKey(key string) string { return about.Name + ":cache:{" + key + "}" }

func leaseKey(key string) string { return valueKey(key) + ":lease" }
