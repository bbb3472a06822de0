// Package wait lets a test wait for what others do.
package wait

import (
	"testing"
	"time"
)

const patience = 20 * time.Second

// Until waits until something is so, or fails.
func Until(t testing.TB, what string, isSo func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !isSo() {
		if time.Now().After(deadline) {
			t.Fatalf("is still not so: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
