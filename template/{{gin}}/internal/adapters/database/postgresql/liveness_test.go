//go:build darwin || freebsd || linux || netbsd || openbsd

package postgresql_test

import (
	"net"
	"testing"
	"time"

	"service/internal/adapters/database/postgresql"
	"service/internal/testing/wait"
)

func TestWhatThereIsToReadIsSeen(t *testing.T) {
	ours, theirs := connected(t)
	if postgresql.HasToRead(ours) {
		t.Error("there is something to read before anything was written")
	}
	if _, err := theirs.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	wait.Until(t, "what was written is seen", func() bool { return postgresql.HasToRead(ours) })
}

func TestTheEndOfAConnectionIsSeen(t *testing.T) {
	ours, theirs := connected(t)
	if err := theirs.Close(); err != nil {
		t.Fatal(err)
	}
	wait.Until(t, "the end is seen", func() bool { return postgresql.HasToRead(ours) })
}

// pgx leaves a reader behind when a write was slow.
func TestItIsSeenWhoeverReadsAtTheMoment(t *testing.T) {
	ours, _ := connected(t)
	go func() { _, _ = ours.Read(make([]byte, 1)) }()
	time.Sleep(50 * time.Millisecond) // Until it reads.
	seen := make(chan bool, 1)
	go func() { seen <- postgresql.HasToRead(ours) }()
	select {
	case hasToRead := <-seen:
		if hasToRead {
			t.Error("there is something to read before anything was written")
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits for the reader")
	}
}

func connected(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	if ours, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if theirs, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return ours, theirs
}
