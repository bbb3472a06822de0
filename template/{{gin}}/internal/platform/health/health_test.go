package health_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"service/internal/platform/health"
)

func up(context.Context) error { return nil }

func down(context.Context) error { return errors.New("it is down") }

func TestReadiness(t *testing.T) {
	for name, test := range map[string]struct {
		dependencies []health.Dependency
		isReady      bool
	}{
		"nothing is needed":            {nil, true},
		"all are up":                   {[]health.Dependency{{"one", up, true}, {"other", up, false}}, true},
		"one is down that is required": {[]health.Dependency{{"one", up, true}, {"other", down, true}}, false},
		"one is down that is not":      {[]health.Dependency{{"one", down, false}, {"other", up, true}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			found, isReady := health.Check(t.Context(), test.dependencies)
			if isReady != test.isReady || len(found) != len(test.dependencies) {
				t.Errorf("found %v, %v", found, isReady)
			}
			for i, each := range found {
				isUp := test.dependencies[i].Ping(t.Context()) == nil
				if each.Name != test.dependencies[i].Name || each.IsUp != isUp {
					t.Errorf("found %v", each)
				}
			}
		})
	}
}

func TestWhatHangsIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		released := make(chan struct{})
		hanging := func(context.Context) error { <-released; return nil }
		began := time.Now()
		found, isReady := health.Check(t.Context(), []health.Dependency{{"one", hanging, true}, {"other", up, true}})
		if isReady || found[0].IsUp || !found[1].IsUp || time.Since(began) != 2*time.Second {
			t.Errorf("found %v, %v after %v", found, isReady, time.Since(began))
		}
		close(released)
	})
}
