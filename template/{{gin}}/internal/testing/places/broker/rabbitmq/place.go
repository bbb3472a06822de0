// Package rabbitmq has a place of the test's own.
package rabbitmq

import (
	"testing"

	"service/internal/domain"
	"service/internal/settings"
)

// Own has another exchange.
func Own(_ *testing.T, settings settings.Settings) settings.Settings {
	settings.EventsExchange = "tests-" + domain.NewID().Hex()
	return settings
}
