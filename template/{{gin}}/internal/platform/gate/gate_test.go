package gate_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"service/internal/domain"
	"service/internal/platform/gate"
)

func TestWhoFindsNoPlaceWaitsForOne(t *testing.T) {
	one := gate.New(1, time.Minute)
	if err := one.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	entered := make(chan error)
	go func() { entered <- one.Enter(t.Context()) }()
	select {
	case err := <-entered:
		t.Fatalf("two are in: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	one.Leave()
	if err := <-entered; err != nil {
		t.Error(err)
	}
}

func TestNobodyWaitsForEver(t *testing.T) {
	none := gate.New(0, time.Millisecond)
	if err := none.Enter(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("found %v", err)
	}
}

func TestWhoGoesAwayWaitsNoLonger(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := gate.New(0, time.Minute).Enter(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("found %v", err)
	}
}
