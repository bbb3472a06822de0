// Package sqlite has a place of the test's own.
package sqlite

import (
	"path/filepath"
	"testing"

	"service/internal/settings"
)

// Own has another file.
func Own(t *testing.T, settings settings.Settings) settings.Settings {
	t.Helper()
	settings.DatabaseURL = "sqlite:///" + filepath.Join(t.TempDir(), "tests.db")
	return settings
}
