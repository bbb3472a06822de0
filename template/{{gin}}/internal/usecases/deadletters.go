package usecases

import (
	"context"
	"errors"
	"fmt"
	"math"

	"service/internal/domain"
	"service/internal/ports"
)

// DeadLetterBox is for looking at messages that could not be handled, and for handling them again.
type DeadLetterBox struct {
	database ports.Database
	consumer messageHandler
}

type messageHandler interface {
	Handle(ctx context.Context, body []byte) error
}

// NewDeadLetterBox makes a box whose messages are handled by the consumer.
func NewDeadLetterBox(database ports.Database, consumer messageHandler) *DeadLetterBox {
	return &DeadLetterBox{database, consumer}
}

// List answers the oldest ones first.
func (b *DeadLetterBox) List(ctx context.Context, limit int) (letters []domain.DeadLetter, err error) {
	err = b.database.Read(ctx, func(stores ports.Stores) error {
		letters, err = stores.DeadLetters.List(ctx, limit)
		return err
	})
	return letters, err
}

// Get answers domain.ErrNotFound if there is none of this id.
func (b *DeadLetterBox) Get(ctx context.Context, letterID string) (letter domain.DeadLetter, err error) {
	err = b.database.Read(ctx, func(stores ports.Stores) error {
		letter, err = stores.DeadLetters.Get(ctx, letterID)
		return err
	})
	if errors.Is(err, domain.ErrNotFound) {
		err = domain.ErrNotFound.From(err, fmt.Sprintf("There is no parked message %s.", letterID))
	}
	return letter, err
}

// Replay hands messages to the consumer again, and answers how many there were. What fails again is parked anew.
func (b *DeadLetterBox) Replay(ctx context.Context, letterIDs ...string) (int, error) {
	letters := make([]domain.DeadLetter, len(letterIDs))
	for i, id := range letterIDs {
		letter, err := b.Get(ctx, id)
		if err != nil {
			return 0, err
		}
		letters[i] = letter
	}
	return b.replay(ctx, letters)
}

// ReplayAll is Replay of all that are parked.
func (b *DeadLetterBox) ReplayAll(ctx context.Context) (int, error) {
	letters, err := b.List(ctx, math.MaxInt32)
	if err != nil {
		return 0, err
	}
	return b.replay(ctx, letters)
}

func (b *DeadLetterBox) replay(ctx context.Context, letters []domain.DeadLetter) (int, error) {
	for count, letter := range letters {
		if err := b.consumer.Handle(ctx, letter.Body); err != nil {
			return count, err
		}
		// Only now: should this be interrupted, it is there twice rather than not at all.
		err := b.database.Transaction(ctx, func(stores ports.Stores) error {
			return stores.DeadLetters.Remove(ctx, letter.ID)
		})
		if err != nil {
			return count, err
		}
	}
	return len(letters), nil
}
