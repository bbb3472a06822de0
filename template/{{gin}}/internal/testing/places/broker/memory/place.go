// Package memory has a place of the test's own.
package memory

import (
	"testing"

	"service/internal/settings"
)

// Own changes nothing: each service has a place of its own anyway.
func Own(_ *testing.T, settings settings.Settings) settings.Settings { return settings }
