// Package configured has the settings that tests start from.
package configured

import (
	"os"
	"path/filepath"
	"testing"

	"service/internal/settings"
)

// Settings are those of the developer: where servers are found, on which the tests make places of their own. The test
// then works in the project's root.
func Settings(t *testing.T) settings.Settings {
	t.Helper()
	t.Setenv("SECRET_KEY", "the tests' own, of thirty-two characters and more")
	t.Setenv("BCRYPT_COST", "4")
	t.Chdir(root(t))
	found, err := settings.Load()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func root(t *testing.T) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for folder != filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		folder = filepath.Dir(folder)
	}
	t.Fatal("there is no go.mod above the test")
	return ""
}
