// Package redis has a place of the test's own.
package redis

import (
	"testing"

	"service/internal/domain"
	"service/internal/settings"
)

// Own has another stream.
func Own(_ *testing.T, settings settings.Settings) settings.Settings {
	settings.EventsStream = "tests-" + domain.NewID().Hex()
	return settings
}
