// Package memory is a cache in the memory of the process: for one instance only, since no other one sees its deletions.
package memory

import (
	"container/list"
	"context"
	"crypto/rand"
	"sync"
	"time"

	"service/internal/ports"
	"service/internal/settings"
)

// Connect makes the cache of the settings.
func Connect(settings settings.Settings) (ports.Cache, error) {
	return New(settings.CacheMaxEntries), nil
}

// Cache keeps the values that were used last.
type Cache struct {
	maxEntries int

	mutex  sync.Mutex
	byAge  *list.List // Of *entry, the one that was used last in front.
	values map[string]*list.Element
	leases map[string]lease
}

type entry struct {
	key       string
	value     []byte
	expiresAt time.Time
}

type lease struct {
	secret    string
	expiresAt time.Time
}

// New makes a cache of at most so many values.
func New(maxEntries int) *Cache {
	return &Cache{
		maxEntries: maxEntries,
		byAge:      list.New(),
		values:     map[string]*list.Element{},
		leases:     map[string]lease{},
	}
}

// Get answers nil if there is nothing.
func (c *Cache) Get(_ context.Context, key string) ([]byte, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	element, isThere := c.values[key]
	if !isThere {
		return nil, nil
	}
	found := element.Value.(*entry)
	if !time.Now().Before(found.expiresAt) {
		c.remove(key)
		return nil, nil
	}
	c.byAge.MoveToFront(element)
	return found.value, nil
}

// Lease answers the right to compute a value.
func (c *Cache) Lease(_ context.Context, key string, lifetime time.Duration) (string, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	now := time.Now()
	if now.Before(c.leases[key].expiresAt) {
		return "", nil
	}
	taken := lease{secret: rand.Text(), expiresAt: now.Add(lifetime)}
	c.leases[key] = taken
	return taken.secret, nil
}

// Put stores a value unless its lease has ended.
func (c *Cache) Put(_ context.Context, key string, value []byte, lifetime time.Duration, lease string) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if held, isThere := c.leases[key]; !isThere || held.secret != lease {
		return nil
	}
	delete(c.leases, key)
	c.remove(key)
	c.values[key] = c.byAge.PushFront(&entry{key: key, value: value, expiresAt: time.Now().Add(lifetime)})
	if len(c.values) > c.maxEntries {
		c.remove(c.byAge.Back().Value.(*entry).key)
	}
	return nil
}

// Delete forgets a value, and ends its lease.
func (c *Cache) Delete(_ context.Context, key string) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.leases, key)
	c.remove(key)
	return nil
}

// Ping answers nil: it is always there.
func (c *Cache) Ping(context.Context) error { return nil }

// Close has nothing to close.
func (c *Cache) Close() error { return nil }

func (c *Cache) remove(key string) {
	if element, isThere := c.values[key]; isThere {
		c.byAge.Remove(element)
		delete(c.values, key)
	}
}
