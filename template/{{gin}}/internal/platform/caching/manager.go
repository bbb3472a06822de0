// Package caching keeps what functions return, in whichever cache was chosen.
package caching

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"service/internal/domain"
	"service/internal/platform/metrics"
	"service/internal/ports"
)

// leaseTime is how long a computation may take before somebody else may start it too.
const leaseTime = 10 * time.Second

// CacheManager stands between cached functions and the cache. When the cache is down, the functions simply run.
type CacheManager struct {
	cache     ports.Cache
	metrics   *metrics.Metrics
	leaseTime time.Duration

	mutex sync.Mutex
	owed  map[string]bool
}

// NewCacheManager makes a manager.
func NewCacheManager(cache ports.Cache, metrics *metrics.Metrics) *CacheManager {
	return &CacheManager{cache: cache, metrics: metrics, leaseTime: leaseTime, owed: map[string]bool{}}
}

// get answers domain.ErrUnavailable as well while a deletion of any key is still owed.
func (m *CacheManager) get(ctx context.Context, key string) ([]byte, error) {
	if err := m.pay(ctx); err != nil {
		return nil, err
	}
	return m.cache.Get(ctx, key)
}

func (m *CacheManager) lease(ctx context.Context, key string) (string, error) {
	return m.cache.Lease(ctx, key, m.leaseTime)
}

// delete deletes the key: now, or as soon as the cache is back and before anything is read from it here.
func (m *CacheManager) delete(ctx context.Context, key string) error {
	m.mutex.Lock()
	m.owed[key] = true
	m.mutex.Unlock()
	err := m.pay(ctx)
	if errors.Is(err, domain.ErrUnavailable) {
		slog.WarnContext(ctx, "cache is down, deletion is owed", "key", key)
		return nil
	}
	return err
}

// pay deletes what is owed. A caller who gives up does not leave a deletion undone.
func (m *CacheManager) pay(ctx context.Context) error {
	for _, key := range m.debts() {
		if err := m.cache.Delete(context.WithoutCancel(ctx), key); err != nil {
			return err
		}
		m.mutex.Lock()
		delete(m.owed, key)
		m.mutex.Unlock()
	}
	return nil
}

func (m *CacheManager) debts() []string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if len(m.owed) == 0 {
		return nil
	}
	keys := make([]string, 0, len(m.owed))
	for key := range m.owed {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func (m *CacheManager) count(function, result string) {
	m.metrics.CacheRequests.WithLabelValues(function, result).Inc()
}
