package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"service/contract"
	"service/internal/domain"
	"service/internal/testing/own"
	"service/internal/testing/wait"
)

const password = "correct horse battery staple"

// buffer may be written by many at once.
type buffer struct {
	mutex   sync.Mutex
	written bytes.Buffer
}

func (b *buffer) Write(text []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.written.Write(text)
}

func (b *buffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.written.String()
}

// start makes the settings those of a database of the test's own, which is migrated.
func start(t *testing.T) {
	t.Helper()
	settings := own.Settings(t)
	t.Setenv("DATABASE_URL", settings.DatabaseURL)
	t.Setenv("HOST", "127.0.0.1")
	t.Setenv("LOG_LEVEL", "error")
	expect(t, 0, "The database is at the newest revision.\n", "migrate")
}

// expect carries out a command, and answers what it wrote besides.
func expect(t *testing.T, code int, out string, arguments ...string) string {
	t.Helper()
	var written, complaints buffer
	console := console{out: &written, err: &complaints, askPassword: func() (string, error) { return password, nil }}
	found := run(t.Context(), arguments, console)
	if found != code || !strings.Contains(written.String(), out) {
		t.Errorf("%v: ended with %d: %s%s", arguments, found, written.String(), complaints.String())
	}
	return complaints.String()
}

func TestTheFirstAdmin(t *testing.T) {
	start(t)
	expect(t, 0, "ann@example.org can sign in now, as an admin.\n", "admin", "Ann@example.org")
	expect(t, 0, "There is a user ann@example.org already; nothing has changed.\n", "admin", "ann@example.org", "--name", "Bea")
	t.Setenv("ADMIN_PASSWORD", "short-word")
	told := expect(t, failed, "", "admin", "bob")
	if !strings.Contains(told, "email: ") || !strings.Contains(told, "password: ") || strings.Contains(told, "short-word") {
		t.Errorf("told %s", told)
	}
}

func TestAPasswordThatNobodyEntersIsTold(t *testing.T) {
	start(t)
	console := console{out: io.Discard, err: io.Discard, askPassword: func() (string, error) { return "", fail("Nobody is there.") }}
	if code := run(t.Context(), []string{"admin", "ann@example.org"}, console); code != failed {
		t.Errorf("ended with %d", code)
	}
	if _, err := askPassword(); err == nil { // There is no terminal.
		t.Error("somebody entered one")
	}
}

func TestDeadLetters(t *testing.T) {
	start(t)
	if told := expect(t, 0, "", "events", "list"); told != "Nothing is parked.\n" {
		t.Errorf("told %s", told)
	}
	expect(t, failed, "", "events", "show", "unknown")
	expect(t, failed, "", "events", "replay", "unknown")
	expect(t, 0, "0 replayed\n", "events", "replay", "--all")
	expect(t, failed, "", "events", "replay")
	expect(t, failed, "", "events", "replay", "--all", "one")
	expect(t, failed, "", "events", "list", "--limit", "0")
	expect(t, 0, "The activity log was made anew from 0 events.\n", "rebuild")
	expect(t, 0, string(contract.AsyncAPI), "events", "describe")
}

func TestHelpAndMistakes(t *testing.T) {
	expect(t, 0, "Serve requests until told to stop", "--help")
	if told := expect(t, failed, "", "nonsense"); !strings.Contains(told, "nonsense") {
		t.Errorf("told %s", told)
	}
	expect(t, failed, "", "admin")
}

func TestSettingsThatAreWrongAreTold(t *testing.T) {
	start(t)
	t.Setenv("PORT", "x")
	commands := [][]string{
		{"serve"}, {"migrate"}, {"admin", "ann@example.org"}, {"rebuild"}, {"events", "list"}, {"events", "show", "x"},
		{"events", "replay", "x"},
	}
	for _, command := range commands {
		if told := expect(t, failed, "", command...); !strings.Contains(told, "PORT: must be") || !strings.Contains(told, remedy) {
			t.Errorf("%v: told %s", command, told)
		}
	}
}

func TestADatabaseThatLacksMigrationsIsTold(t *testing.T) {
	settings := own.Settings(t)
	t.Setenv("DATABASE_URL", settings.DatabaseURL)
	for _, command := range [][]string{{"serve"}, {"admin", "ann@example.org"}} {
		if told := expect(t, failed, "", command...); told != "The database lacks migrations. Run `make migrate`.\n" {
			t.Errorf("%v: told %s", command, told)
		}
	}
}

func TestAnAddressInUseIsTold(t *testing.T) {
	start(t)
	listener := listen(t)
	defer listener.Close()
	t.Setenv("PORT", portOf(listener))
	if told := expect(t, failed, "", "serve"); !strings.Contains(told, "address already in use") {
		t.Errorf("told %s", told)
	}
}

func TestItServesUntilItIsToldToStop(t *testing.T) {
	start(t)
	listener := listen(t)
	port := portOf(listener)
	_ = listener.Close()
	t.Setenv("PORT", port)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	code := make(chan int, 1)
	go func() { code <- run(ctx, []string{"serve"}, console{out: io.Discard, err: io.Discard}) }()
	wait.Until(t, "it serves", func() bool { return get(port, "/readyz") == http.StatusOK })

	stop()
	select {
	case found := <-code:
		if found != 0 {
			t.Errorf("ended with %d", found)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it does not stop")
	}
	if get(port, "/livez") != 0 {
		t.Error("it still serves")
	}
}

func TestRequestsUnderWayAreAnswered(t *testing.T) {
	for name, test := range map[string]struct {
		patience   time.Duration
		isAnswered bool
	}{"if they end in time": {time.Minute, true}, "and else broken off": {10 * time.Millisecond, false}} {
		t.Run(name, func(t *testing.T) {
			began, finish := make(chan struct{}), make(chan struct{})
			server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				close(began)
				<-finish
			})}
			listener := listen(t)
			go func() { _ = server.Serve(listener) }()
			status := make(chan int, 1)
			go func() { status <- get(portOf(listener), "/") }()
			<-began
			if test.isAnswered {
				time.AfterFunc(50*time.Millisecond, func() { close(finish) })
			}
			drain(server, test.patience)
			if isAnswered := <-status == http.StatusOK; isAnswered != test.isAnswered {
				t.Errorf("answered: %v", isAnswered)
			}
			if !test.isAnswered {
				close(finish)
			}
		})
	}
}

func TestADatabaseThatDoesNotAnswerIsExplainedInOneLine(t *testing.T) {
	cause := errors.New(strings.Repeat("it is\nfar away ", 100))
	told := explanationOf(domain.ErrUnavailable.From(cause, "The database does not answer."))
	first, second, _ := strings.Cut(told, "\n")
	if !strings.HasPrefix(first, "The database does not answer. (it is far away") || len(first) > longestLine {
		t.Errorf("told %s", first)
	}
	if second != "Check DATABASE_URL, and that the server runs." {
		t.Errorf("told %s", second)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

func portOf(listener net.Listener) string {
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// get answers the status, or 0 if there is no answer.
func get(port, path string) int {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://127.0.0.1:" + port + path)
	if err != nil {
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}
