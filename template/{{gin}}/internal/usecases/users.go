// Package usecases says what can be done, and by whom. Every API calls this, and nothing else decides it.
package usecases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"service/internal/domain"
	"service/internal/platform/caching"
	"service/internal/platform/security"
	"service/internal/ports"
)

// attempts is how often a change without a condition is tried when others change the same user at the same time.
const attempts = 10

// Versions are those of a user that may be changed; nil for any.
type Versions []int

func (v Versions) allow(version int) bool { return v == nil || slices.Contains(v, version) }

// Users is what can be done with users.
type Users struct {
	database ports.Database
	security *security.SecurityManager
	clock    ports.Clock
	events   events
	find     *caching.CachedFunction[string, *domain.User]
}

// NewUsers makes the use cases; a user may be answered from the cache for as long as cacheTime.
func NewUsers(
	database ports.Database,
	security *security.SecurityManager,
	clock ports.Clock,
	cache *caching.CacheManager,
	cacheTime time.Duration,
) *Users {
	users := &Users{database: database, security: security, clock: clock, events: events{clock}}
	users.find = caching.CacheResult(cache, "usecases.Users.findInDatabase", cacheTime, users.findInDatabase)
	return users
}

// Page answers a page of all users, newest first; domain.ErrForbidden if the caller is no admin. The cursor is empty for
// the first page.
func (u *Users) Page(
	ctx context.Context, caller domain.User, cursor string, limit int,
) (page domain.Page[domain.User], err error) {
	if err := requireAdmin(caller); err != nil {
		return page, err
	}
	var after *domain.Cursor
	if cursor != "" {
		if after, err = domain.DecodeCursor(cursor); err != nil {
			return page, err
		}
	}
	var users []domain.User
	err = u.database.Read(ctx, func(stores ports.Stores) error {
		users, err = stores.Users.Page(ctx, after, limit+1)
		return err
	})
	return domain.PageOf(users, limit, func(user domain.User) domain.Cursor {
		return domain.Cursor{CreatedAt: user.CreatedAt, ID: user.ID}
	}), err
}

// Get answers one user; domain.ErrForbidden if the caller is neither an admin nor this user, domain.ErrNotFound if there
// is no such user.
func (u *Users) Get(ctx context.Context, caller domain.User, userID string) (domain.User, error) {
	if err := requireAdminOrSelf(caller, userID); err != nil {
		return domain.User{}, err
	}
	if caller.ID == userID {
		return caller, nil
	}
	user, err := u.find.Call(ctx, userID)
	if err != nil {
		return domain.User{}, err
	}
	if user == nil {
		return domain.User{}, noSuchUser()
	}
	return *user, nil
}

// Create creates a user, or answers the one that was created with the same idempotency key, unless that is empty.
//
// It answers domain.ErrForbidden if the caller is no admin, domain.ErrEmailTaken if another user has this e-mail, and
// domain.ErrKeyReused if the key came with other content before.
func (u *Users) Create(
	ctx context.Context, caller domain.User, newUser domain.NewUser, idempotencyKey string,
) (domain.User, error) {
	if err := requireAdmin(caller); err != nil {
		return domain.User{}, err
	}
	if idempotencyKey == "" {
		return u.add(ctx, newUser, nil, caller.ID)
	}
	key, err := u.creationKey(caller, newUser, idempotencyKey)
	if err != nil {
		return domain.User{}, err
	}
	earlier, err := u.createdEarlier(ctx, key)
	if !errors.Is(err, domain.ErrNotFound) {
		return earlier, err
	}
	user, taken := u.add(ctx, newUser, &key, caller.ID)
	if !errors.Is(taken, domain.ErrEmailTaken) {
		return user, taken
	}
	// By the same request perhaps, which ran at the same time.
	earlier, err = u.createdEarlier(ctx, key)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.User{}, taken
	}
	return earlier, err
}

// Add creates a user in the name of the service itself, such as the first admin; domain.ErrEmailTaken if another user has
// this e-mail.
func (u *Users) Add(ctx context.Context, newUser domain.NewUser) (domain.User, error) {
	return u.add(ctx, newUser, nil, "")
}

func (u *Users) add(
	ctx context.Context, newUser domain.NewUser, key *domain.CreationKey, by string,
) (user domain.User, err error) {
	hash, err := u.security.HashPassword(newUser.Password)
	if err != nil {
		return user, err
	}
	err = u.database.Transaction(ctx, func(stores ports.Stores) error {
		user = domain.User{
			ID:         stores.Users.NextID(),
			Email:      strings.ToLower(newUser.Email),
			Name:       newUser.Name,
			Role:       newUser.Role,
			CreatedAt:  u.clock.Now(),
			Version:    1,
			Generation: 1,
		}
		return stores.Users.Add(ctx, user, hash, u.events.userCreated(ctx, user, by), key)
	})
	return user, err
}

// Update changes a user.
//
// It answers domain.ErrForbidden if the caller is neither an admin nor this user, or no admin and changes a role;
// domain.ErrNotFound if there is no such user; domain.ErrStale if the user is at another version than those given;
// domain.ErrEmailTaken if another user has this e-mail; and domain.ErrInvalidField if the current password is missing or
// wrong.
func (u *Users) Update(
	ctx context.Context, caller domain.User, userID string, changes domain.UserChanges, versions Versions,
) (domain.User, error) {
	if err := u.mayUpdate(ctx, caller, userID, changes); err != nil {
		return domain.User{}, err
	}
	hash := ""
	if changes.Password != nil {
		var err error
		if hash, err = u.security.HashPassword(*changes.Password); err != nil {
			return domain.User{}, err
		}
	}
	for range attempts {
		user, err := u.expect(ctx, userID, versions)
		if err != nil {
			return domain.User{}, err
		}
		changed := apply(user, changes)
		if changed == user {
			return user, nil
		}
		isStored, err := u.replace(ctx, changed, u.events.userUpdated(ctx, changed, namesOf(changes), caller.ID), hash)
		if err != nil || isStored {
			return changed, err
		}
	}
	return domain.User{}, stale()
}

// Delete deletes a user and their sessions.
//
// It answers domain.ErrForbidden if the caller is neither an admin nor this user, domain.ErrNotFound if there is no such
// user, and domain.ErrStale if the user is at another version than those given.
func (u *Users) Delete(ctx context.Context, caller domain.User, userID string, versions Versions) error {
	if err := requireAdminOrSelf(caller, userID); err != nil {
		return err
	}
	for range attempts {
		user, err := u.expect(ctx, userID, versions)
		if err != nil {
			return err
		}
		isDeleted := false
		err = u.database.Transaction(ctx, func(stores ports.Stores) error {
			isDeleted, err = stores.Users.Delete(ctx, user, u.events.userDeleted(ctx, user, caller.ID))
			return err
		})
		if err != nil {
			return err
		}
		if isDeleted {
			return u.find.Invalidate(ctx, userID)
		}
	}
	return stale()
}

func (u *Users) replace(ctx context.Context, user domain.User, event domain.Event, hash string) (isStored bool, err error) {
	err = u.database.Transaction(ctx, func(stores ports.Stores) error {
		isStored, err = stores.Users.Replace(ctx, user, event, hash)
		return err
	})
	if err != nil || !isStored {
		return false, err
	}
	return true, u.find.Invalidate(ctx, user.ID)
}

// findInDatabase answers nil if there is no such user, which is kept in the cache too.
func (u *Users) findInDatabase(ctx context.Context, userID string) (*domain.User, error) {
	user, err := u.get(ctx, userID)
	if errors.Is(err, domain.ErrNotFound) {
		return nil, nil
	}
	return &user, err
}

func (u *Users) get(ctx context.Context, userID string) (user domain.User, err error) {
	err = u.database.Read(ctx, func(stores ports.Stores) error {
		user, err = stores.Users.Get(ctx, userID)
		return err
	})
	return user, err
}

// expect answers the user as they are now, if they are at one of the versions.
func (u *Users) expect(ctx context.Context, userID string, versions Versions) (domain.User, error) {
	user, err := u.get(ctx, userID)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return user, noSuchUser()
	case err != nil:
		return user, err
	case !versions.allow(user.Version):
		return user, stale()
	}
	return user, nil
}

func (u *Users) mayUpdate(ctx context.Context, caller domain.User, userID string, changes domain.UserChanges) error {
	if err := requireAdminOrSelf(caller, userID); err != nil {
		return err
	}
	if changes.Role != nil {
		if err := requireAdmin(caller); err != nil {
			return err
		}
	}
	if caller.ID == userID && changes.Password != nil {
		return u.checkCurrentPassword(ctx, userID, changes.CurrentPassword)
	}
	return nil
}

func (u *Users) checkCurrentPassword(ctx context.Context, userID string, password *string) error {
	wrong := func(detail string) error {
		return &domain.InvalidField{Field: "current_password", Detail: detail, Source: domain.InBody}
	}
	if password == nil {
		return wrong("is needed to change one's own password")
	}
	var account domain.Account
	err := u.database.Read(ctx, func(stores ports.Stores) (err error) {
		account, err = stores.Users.GetAccount(ctx, userID)
		return err
	})
	if errors.Is(err, domain.ErrNotFound) {
		return noSuchUser()
	}
	if err != nil {
		return err
	}
	check, err := u.security.VerifyPassword(*password, account.PasswordHash)
	if err == nil && !check.IsRight {
		return wrong("is not the current password")
	}
	return err
}

// createdEarlier answers domain.ErrNotFound if the key is new.
func (u *Users) createdEarlier(ctx context.Context, key domain.CreationKey) (user domain.User, err error) {
	var earlier domain.CreationKey
	err = u.database.Read(ctx, func(stores ports.Stores) error {
		user, earlier, err = stores.Users.FindCreation(ctx, key.Value)
		return err
	})
	if err == nil && earlier.Fingerprint != key.Fingerprint {
		return domain.User{}, domain.ErrKeyReused.Because("This idempotency key came with other content before.")
	}
	return user, err
}

func (u *Users) creationKey(
	caller domain.User, newUser domain.NewUser, idempotencyKey string,
) (domain.CreationKey, error) {
	name, err := json.Marshal([]string{caller.ID, idempotencyKey})
	if err != nil {
		return domain.CreationKey{}, fmt.Errorf("writing an idempotency key: %w", err)
	}
	content, err := json.Marshal([]any{caller.ID, newUser})
	if err != nil {
		return domain.CreationKey{}, fmt.Errorf("writing a new user: %w", err)
	}
	return domain.CreationKey{
		Value:       domain.NameBasedID(domain.NamespaceOID, string(name)),
		Fingerprint: u.security.Fingerprint(content),
	}, nil
}

// apply answers the next version of the user, or the same one if nothing changes.
func apply(user domain.User, changes domain.UserChanges) domain.User {
	changed := user
	if changes.Email != nil {
		changed.Email = strings.ToLower(*changes.Email)
	}
	if changes.Name != nil {
		changed.Name = *changes.Name
	}
	if changes.Role != nil {
		changed.Role = *changes.Role
	}
	if changes.Password != nil || changed.Role != user.Role {
		changed.Generation++
	}
	if changed != user {
		changed.Version++
	}
	return changed
}

// namesOf are the names of the fields that are to be changed.
func namesOf(changes domain.UserChanges) []string {
	var names []string
	for name, isGiven := range map[string]bool{
		"email":    changes.Email != nil,
		"name":     changes.Name != nil,
		"password": changes.Password != nil,
		"role":     changes.Role != nil,
	} {
		if isGiven {
			names = append(names, name)
		}
	}
	return names
}

func requireAdmin(caller domain.User) error {
	if !caller.IsAdmin() {
		return domain.ErrForbidden.Because("Only admins may do this.")
	}
	return nil
}

func requireAdminOrSelf(caller domain.User, userID string) error {
	if !caller.IsAdmin() && caller.ID != userID {
		return domain.ErrForbidden.Because("Only admins may do this with anybody but themselves.")
	}
	return nil
}

func noSuchUser() error { return domain.ErrNotFound.Because("There is no such user, or no longer.") }

func stale() error { return domain.ErrStale.Because("The user has changed in the meantime.") }
