// Package kafka has a place of the test's own.
package kafka

import (
	"testing"

	"service/internal/domain"
	"service/internal/settings"
)

// Own has another topic.
func Own(_ *testing.T, settings settings.Settings) settings.Settings {
	settings.EventsTopic = "tests-" + domain.NewID().Hex()
	return settings
}
