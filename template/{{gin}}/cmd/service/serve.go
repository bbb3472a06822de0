package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"service/internal/api/rest"
	"service/internal/domain"
	"service/internal/platform/metrics"
	"service/internal/platform/workers"
	"service/internal/settings"
	"service/internal/wiring"
)

const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute

	// gcPercent is twice Go's default. What lives is a few megabytes, so that garbage would be collected dozens of times
	// a second under load; this takes as much memory again, and saves a sixth of the processor time.
	gcPercent = 200
)

type serve struct{}

// Run serves until the context is done; then it finishes what is under way.
func (serve) Run(ctx context.Context) error {
	settings, err := prepared()
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if err := requireMigrations(ctx, settings); errors.Is(err, domain.ErrUnavailable) {
		// Until the database is back, /readyz tells that it is down.
		slog.WarnContext(ctx, "the database does not answer yet", "error", err)
	} else if err != nil {
		return err
	}
	metrics := metrics.New()
	service, err := wiring.Build(context.WithoutCancel(ctx), settings, metrics)
	if err != nil {
		return err
	}
	if err := errors.Join(serveRequests(ctx, settings, service, metrics), service.Close()); err != nil {
		return err
	}
	slog.InfoContext(ctx, "stopped")
	return nil
}

func serveRequests(
	ctx context.Context, settings settings.Settings, service *wiring.Service, metrics *metrics.Metrics,
) error {
	listener, err := net.Listen("tcp", net.JoinHostPort(settings.Host, strconv.Itoa(settings.Port)))
	if err != nil {
		return fail("%w", err)
	}
	server := &http.Server{
		Handler: rest.New(rest.Service{
			Users:        service.Users,
			Sessions:     service.Sessions,
			Activity:     service.Activity,
			Dependencies: service.Dependencies,
			Metrics:      metrics,
		}),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	running := workers.Start(context.WithoutCancel(ctx), service.Workers...)
	defer running.Stop()
	broken := make(chan error, 1)
	go func() { broken <- server.Serve(listener) }()
	slog.InfoContext(ctx, "serving", "url", "http://"+listener.Addr().String(), "docs", "/docs")
	select {
	case err := <-broken:
		return err
	case <-ctx.Done():
	}
	drain(server, settings.ShutdownSeconds.Duration())
	return nil
}

// drain takes no more requests, and waits until those under way are answered; longer than that, they are broken off.
func drain(server *http.Server, patience time.Duration) {
	limited, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		slog.Warn("requests are broken off", "error", err)
		_ = server.Close() // There is nothing more to be done.
	}
}
