package usecases

import (
	"context"
	"slices"
	"time"

	"service/internal/about"
	"service/internal/domain"
	"service/internal/platform/tracecontext"
	"service/internal/ports"
)

// events makes the events that the use cases raise.
type events struct {
	clock ports.Clock
}

// userCreated happens at the time of the user. With an empty by, the service itself did it.
func (e events) userCreated(ctx context.Context, user domain.User, by string) domain.Event {
	return e.event(ctx, domain.UserCreated, user.ID, user.CreatedAt, public(user, by))
}

// userUpdated tells of the fields that were named.
func (e events) userUpdated(ctx context.Context, user domain.User, changed []string, by string) domain.Event {
	data := public(user, by)
	data["changed"] = slices.Sorted(slices.Values(changed))
	return e.event(ctx, domain.UserUpdated, user.ID, e.clock.Now(), data)
}

func (e events) userDeleted(ctx context.Context, user domain.User, by string) domain.Event {
	return e.event(ctx, domain.UserDeleted, user.ID, e.clock.Now(), map[string]any{"by": by})
}

func (e events) sessionStarted(ctx context.Context, user domain.User) domain.Event {
	return e.event(ctx, domain.SessionStarted, user.ID, e.clock.Now(), map[string]any{"by": user.ID})
}

// sessionRefused is about the account with this id, or an unknown one if that is empty. It comes without what was
// entered as the name: people enter their password there.
func (e events) sessionRefused(ctx context.Context, userID string) domain.Event {
	return e.event(ctx, domain.SessionRefused, userID, e.clock.Now(), map[string]any{"by": nil})
}

func (e events) event(
	ctx context.Context, kind, subject string, happened time.Time, data map[string]any,
) domain.Event {
	data["user_id"] = orNull(subject)
	return domain.Event{
		Source:  about.Source,
		ID:      domain.NewID().String(),
		Type:    kind,
		Subject: subject,
		Time:    happened,
		Data:    data,
		Trace:   tracecontext.From(ctx),
	}
}

func public(user domain.User, by string) map[string]any {
	return map[string]any{"by": orNull(by), "email": user.Email, "name": user.Name, "role": string(user.Role)}
}

// orNull is an id in JSON, where nobody is null.
func orNull(id string) any {
	if id == "" {
		return nil
	}
	return id
}
