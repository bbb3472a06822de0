// Command service is the service, and what there is to do with it: service --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"service/internal/domain"
	"service/internal/settings"
)

const (
	failed      = 2
	longestLine = 300

	remedy = "See .env.example; `make setup` makes an .env for development."
)

// commands are what can be asked for.
type commands struct {
	Serve   serve   `cmd:"" help:"Serve requests until told to stop, by SIGTERM or Ctrl-C."`
	Migrate migrate `cmd:"" help:"Bring the database to the newest revision."`
	Admin   admin   `cmd:"" help:"Make an admin, such as the first one; the password comes from ADMIN_PASSWORD, or a prompt."`
	Rebuild rebuild `cmd:"" help:"Make the activity log anew from all events, while the service runs."`
	Events  events  `cmd:"" help:"Describe the events; look at those that could not be handled, and handle them again."`
}

// console is where a command reads and writes.
type console struct {
	out, err io.Writer
	// askPassword asks for a new password, twice and without showing it.
	askPassword func() (string, error)
}

func (c console) print(format string, values ...any) { fmt.Fprintf(c.out, format+"\n", values...) }

// errFailed ends a command; its message is for whoever gave it.
var errFailed = errors.New("the command failed")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], console{out: os.Stdout, err: os.Stderr, askPassword: askPassword}))
}

// run carries out a command, and answers what the process is to exit with.
func run(ctx context.Context, arguments []string, console console) int {
	exit := -1
	parser := kong.Must(&commands{},
		kong.Name("service"),
		kong.Writers(console.out, console.err),
		kong.Exit(func(code int) { exit = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(console),
		kong.UsageOnError(),
	)
	command, err := parser.Parse(arguments)
	if exit >= 0 { // It was asked for help.
		return exit
	}
	if err == nil {
		err = command.Run()
	}
	if err != nil {
		fmt.Fprintln(console.err, explanationOf(err))
		return failed
	}
	return 0
}

// explanationOf is what there is to say to whoever gave a command that has failed.
func explanationOf(err error) string {
	switch {
	case errors.Is(err, settings.ErrInvalid):
		return err.Error() + "\n" + remedy
	case errors.Is(err, domain.ErrUnavailable):
		return shortened(err) + "\nCheck DATABASE_URL, and that the server runs."
	}
	return strings.TrimSuffix(err.Error(), ": "+errFailed.Error())
}

func shortened(err error) string {
	line := strings.Join(strings.Fields(err.Error()), " ")
	return strings.ToValidUTF8(line[:min(len(line), longestLine)], "")
}

func fail(format string, values ...any) error {
	return fmt.Errorf(format+": %w", append(values, errFailed)...)
}
