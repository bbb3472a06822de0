package settings

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	weakestCostInProduction = 10
	shortestSecret          = 32
	greatest                = 1_000_000_000
	production              = "production"
)

// ErrInvalid says that the service cannot run with these settings; the message names each with its remedy, a line each.
var ErrInvalid = errors.New("invalid settings")

// A Secret is never shown by accident.
type Secret string

func (Secret) String() string { return "…" }

// GoString is what %#v shows.
func (Secret) GoString() string { return "…" }

// Seconds is a time.
type Seconds float64

// Duration is the same as Go counts it.
func (s Seconds) Duration() time.Duration { return time.Duration(float64(s) * float64(time.Second)) }

// Milliseconds is a time.
type Milliseconds int

// Duration is the same as Go counts it.
func (m Milliseconds) Duration() time.Duration { return time.Duration(m) * time.Millisecond }

// InProduction tells whether the service is at work, rather than being worked on.
func (s Settings) InProduction() bool { return s.Environment == production }

// Load reads the settings from the environment and, in development, from the file .env.
func Load() (Settings, error) {
	var file map[string]string
	if os.Getenv("ENVIRONMENT") != production {
		file = readFile(".env")
	}
	return From(func(name string) (string, bool) {
		if value, isSet := os.LookupEnv(name); isSet {
			return value, true
		}
		value, isSet := file[name]
		return value, isSet
	})
}

// From reads the settings from wherever lookup finds them by their names.
func From(lookup func(name string) (string, bool)) (Settings, error) {
	read := &reader{lookup: lookup}
	var found Settings
	found.read(read)
	if len(read.wrong) == 0 && found.InProduction() && found.BcryptCost < weakestCostInProduction {
		read.refuse("BCRYPT_COST", "must be at least %d in production", weakestCostInProduction)
	}
	if len(read.wrong) > 0 {
		return Settings{}, &invalidError{read.wrong}
	}
	return found, nil
}

type invalidError struct{ lines []string }

func (e *invalidError) Error() string { return strings.Join(e.lines, "\n") }

func (e *invalidError) Unwrap() error { return ErrInvalid }

// Wrong is the error of a setting whose value turns out to be wrong only when it is used. The detail must not have the
// value in it: it may be a secret.
func Wrong(name, detail string) error { return &invalidError{[]string{name + ": " + detail}} }

// reader has a method for each type of settings. What it refuses it names, but never with the value.
type reader struct {
	lookup func(name string) (string, bool)
	wrong  []string
}

func (r *reader) refuse(name, reason string, values ...any) {
	r.wrong = append(r.wrong, name+": "+fmt.Sprintf(reason, values...))
}

func (r *reader) text(name, standard string) string {
	if value, isSet := r.lookup(name); isSet {
		return value
	}
	return standard
}

func (r *reader) secret(name string) Secret {
	value, isSet := r.lookup(name)
	switch {
	case !isSet:
		r.refuse(name, "is missing")
	case len(value) < shortestSecret:
		r.refuse(name, "must have at least %d characters", shortestSecret)
	}
	return Secret(value)
}

func (r *reader) choice(name, standard string, choices ...string) string {
	value := r.text(name, standard)
	if !slices.Contains(choices, value) {
		r.refuse(name, "must be one of %s", strings.Join(choices, ", "))
	}
	return value
}

func (r *reader) url(name, standard string, schemes ...string) string {
	value := r.text(name, standard)
	hasScheme := func(scheme string) bool { return strings.HasPrefix(value, scheme+"://") }
	if !slices.ContainsFunc(schemes, hasScheme) {
		r.refuse(name, "must begin with %s://", strings.Join(schemes, ":// or "))
	}
	return value
}

func (r *reader) port(name, standard string) int  { return r.whole(name, standard, 0, 65_535) }
func (r *reader) cost(name, standard string) int  { return r.whole(name, standard, 4, 20) }
func (r *reader) count(name, standard string) int { return r.whole(name, standard, 1, greatest) }

func (r *reader) wholeSeconds(name, standard string) Seconds {
	return Seconds(r.whole(name, standard, 1, greatest))
}

func (r *reader) milliseconds(name, standard string) Milliseconds {
	return Milliseconds(r.whole(name, standard, 0, greatest))
}

func (r *reader) seconds(name, standard string) Seconds {
	value, err := strconv.ParseFloat(r.text(name, standard), 64)
	if err != nil || !(value > 0 && value <= greatest) { // Not a number is neither.
		r.refuse(name, "must be a number of seconds, greater than 0")
	}
	return Seconds(value)
}

func (r *reader) whole(name, standard string, least, most int) int {
	value, err := strconv.Atoi(r.text(name, standard))
	if err != nil || value < least || value > most {
		r.refuse(name, "must be a whole number from %d to %d", least, most)
	}
	return value
}

// readFile reads lines of the form NAME=value; nothing if there is no file.
func readFile(path string) map[string]string {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	found := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		name, value, isAssignment := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		if isAssignment && !strings.HasPrefix(line, "#") {
			found[strings.TrimSpace(name)] = unquoted(strings.TrimSpace(value))
		}
	}
	return found
}

func unquoted(value string) string {
	for _, quote := range []string{`"`, `'`} {
		if len(value) > 1 && strings.HasPrefix(value, quote) && strings.HasSuffix(value, quote) {
			return value[1 : len(value)-1]
		}
	}
	return value
}
