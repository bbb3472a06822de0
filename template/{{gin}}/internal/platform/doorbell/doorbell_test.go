package doorbell_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"service/internal/platform/doorbell"
)

func TestItIsHeardOnceEvenByWhoComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bell := doorbell.New()
		bell.Ring()
		bell.Ring()

		if waited := waiting(t.Context(), bell, time.Minute); waited != 0 {
			t.Errorf("it was heard after %s", waited)
		}
		if waited := waiting(t.Context(), bell, time.Minute); waited != time.Minute {
			t.Errorf("it was heard again after %s", waited)
		}
	})
}

func TestWhoWaitsHearsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bell := doorbell.New()
		time.AfterFunc(time.Second, bell.Ring)

		if waited := waiting(t.Context(), bell, time.Minute); waited != time.Second {
			t.Errorf("it was heard after %s", waited)
		}
	})
}

func TestNobodyWaitsWhoIsToldToStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()

		if waited := waiting(ctx, doorbell.New(), time.Minute); waited != time.Second {
			t.Errorf("it was waited for %s", waited)
		}
	})
}

func waiting(ctx context.Context, bell *doorbell.Doorbell, limit time.Duration) time.Duration {
	began := time.Now()
	bell.Wait(ctx, limit)
	return time.Since(began)
}
