package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"service/contract"
	"service/internal/wiring"
)

const longestSummary = 100

// events are what there is to do with events.
type events struct {
	Describe describeEvents    `cmd:"" help:"Print what is promised about the events, as an AsyncAPI document."`
	List     listDeadLetters   `cmd:"" help:"List what could not be handled, oldest first."`
	Show     showDeadLetter    `cmd:"" help:"Show one: its error, and the message as it came."`
	Replay   replayDeadLetters `cmd:"" help:"Handle parked messages again; what fails once more is parked anew."`
}

type describeEvents struct{}

// Run prints the document.
func (describeEvents) Run(console console) error {
	_, err := console.out.Write(contract.AsyncAPI)
	return err
}

type listDeadLetters struct {
	Limit int `help:"How many at most." default:"100"`
}

// Run prints a line for each.
func (l listDeadLetters) Run(ctx context.Context, console console) error {
	if l.Limit < 1 {
		return fail("--limit must be a whole number, at least 1.")
	}
	settings, err := prepared()
	if err != nil {
		return err
	}
	return withService(ctx, settings, func(service *wiring.Service) error {
		letters, err := service.DeadLetters.List(ctx, l.Limit)
		if err != nil {
			return err
		}
		for _, letter := range letters {
			summary, _, _ := strings.Cut(letter.Error, "\n")
			console.print("%s  %s  %.*s", letter.ID, letter.ParkedAt.Format(time.DateTime), longestSummary, summary)
		}
		if len(letters) == 0 {
			fmt.Fprintln(console.err, "Nothing is parked.")
		} else {
			fmt.Fprintf(console.err, "%d parked\n", len(letters))
		}
		return nil
	})
}

type showDeadLetter struct {
	ID string `arg:""`
}

// Run prints everything about one.
func (s showDeadLetter) Run(ctx context.Context, console console) error {
	settings, err := prepared()
	if err != nil {
		return err
	}
	return withService(ctx, settings, func(service *wiring.Service) error {
		letter, err := service.DeadLetters.Get(ctx, s.ID)
		if err != nil {
			return err
		}
		console.print("parked    %s", letter.ParkedAt.Format(time.RFC3339Nano))
		console.print("attempts  %d", letter.Attempts)
		console.print("error     %s", letter.Error)
		console.print("%s", letter.Body)
		return nil
	})
}

type replayDeadLetters struct {
	IDs []string `arg:"" optional:"" name:"id"`
	All bool     `help:"All that are parked."`
}

// Run hands them to the consumer again.
func (r replayDeadLetters) Run(ctx context.Context, console console) error {
	if r.All == (len(r.IDs) > 0) {
		return fail("Name the messages to replay, or say --all.")
	}
	settings, err := prepared()
	if err != nil {
		return err
	}
	return withService(ctx, settings, func(service *wiring.Service) error {
		replay := func() (int, error) { return service.DeadLetters.Replay(ctx, r.IDs...) }
		if r.All {
			replay = func() (int, error) { return service.DeadLetters.ReplayAll(ctx) }
		}
		count, err := replay()
		if err == nil {
			console.print("%d replayed", count)
		}
		return err
	})
}
