package databasetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"service/internal/domain"
	"service/internal/ports"
	"service/internal/testing/samples"
)

// Users tests what has to do with users and their sessions.
func Users(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, ports.Database){
		"a user is found as they were stored":                usersAreFound,
		"who was never there is not found":                   strangersAreNotFound,
		"an e-mail belongs to one user":                      emailIsUnique,
		"of many who want an e-mail one gets it":             emailGoesToOne,
		"a key creates one user":                             keyIsUnique,
		"users are listed newest first":                      usersPage,
		"the position of another list is refused":            foreignCursorIsRefused,
		"a version is replaced once":                         replacedOnce,
		"a change leaves the rest alone":                     replaceKeepsTheRest,
		"another user's e-mail is refused":                   replaceKeepsEmailsUnique,
		"a hash is replaced unless the password has changed": rehashed,
		"a deleted user is gone, with their sessions":        deleted,
		"another version is not deleted":                     staleIsNotDeleted,
		"what fails leaves nothing behind":                   failureLeavesNothing,
		"a session has one secret":                           sessionRotates,
		"sessions that have run out are deleted":             expiredAreDeleted,
		"it answers":                                         pings,
		"who has hung up is not answered":                    canceledIsTold,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

const hash = "bcrypt_sha256$$2b$04$0000000000000000000000000000000000000000000000000000"

func usersAreFound(t *testing.T, database ports.Database) {
	key := &domain.CreationKey{Value: "key", Fingerprint: "fingerprint"}
	ann := newUser(t, database, "ann")
	addUser(t, database, ann, key)

	reading(t, database, func(ctx context.Context, stores ports.Stores) error {
		user, err := stores.Users.Get(ctx, ann.ID)
		equal(t, user, ann)
		account, accountErr := stores.Users.GetAccount(ctx, ann.ID)
		equal(t, account, domain.Account{User: ann, PasswordHash: hash})
		found, findErr := stores.Users.FindAccount(ctx, ann.Email)
		equal(t, found, account)
		created, foundKey, createErr := stores.Users.FindCreation(ctx, key.Value)
		equal(t, created, ann)
		equal(t, foundKey, *key)
		return errors.Join(err, accountErr, findErr, createErr)
	})
	equal(t, samples.IDs(pending(t, database, 10)), []string{"event of " + ann.ID})
}

func strangersAreNotFound(t *testing.T, database ports.Database) {
	addUser(t, database, newUser(t, database, "ann"), nil)
	reading(t, database, func(ctx context.Context, stores ports.Stores) error {
		for _, id := range []string{stores.Users.NextID(), "", "nobody", "\x00", strings.Repeat("x", 1000)} {
			_, err := stores.Users.Get(ctx, id)
			isError(t, err, domain.ErrNotFound)
			_, err = stores.Users.GetAccount(ctx, id)
			isError(t, err, domain.ErrNotFound)
		}
		for _, email := range []string{"bob@example.org", "", "\x00", "ANN@EXAMPLE.ORG"} {
			_, err := stores.Users.FindAccount(ctx, email)
			isError(t, err, domain.ErrNotFound)
		}
		_, _, err := stores.Users.FindCreation(ctx, "no key")
		isError(t, err, domain.ErrNotFound)
		_, err = stores.Sessions.Get(ctx, "no session")
		isError(t, err, domain.ErrNotFound)
		return nil
	})
}

func emailIsUnique(t *testing.T, database ports.Database) {
	addUser(t, database, newUser(t, database, "ann"), nil)
	isError(t, tryToAdd(t, database, newUser(t, database, "ann"), nil), domain.ErrEmailTaken)
	equal(t, len(pending(t, database, 10)), 1)
}

func emailGoesToOne(t *testing.T, database ports.Database) {
	users := make([]domain.User, 8)
	for i := range users {
		users[i] = newUser(t, database, "ann")
	}
	errs := make([]error, len(users))
	var adding sync.WaitGroup
	for i, user := range users {
		adding.Go(func() { errs[i] = tryToAdd(t, database, user, nil) })
	}
	adding.Wait()

	isTaken := func(err error) bool { return errors.Is(err, domain.ErrEmailTaken) }
	equal(t, len(slices.DeleteFunc(errs, isTaken)), 1)
}

func keyIsUnique(t *testing.T, database ports.Database) {
	key := &domain.CreationKey{Value: "key", Fingerprint: "fingerprint"}
	addUser(t, database, newUser(t, database, "ann"), key)
	isError(t, tryToAdd(t, database, newUser(t, database, "bob"), key), domain.ErrEmailTaken)
	addUser(t, database, newUser(t, database, "cid"), nil)
	addUser(t, database, newUser(t, database, "dan"), nil)
}

func usersPage(t *testing.T, database ports.Database) {
	var users []domain.User
	for number := range 7 {
		user := newUser(t, database, fmt.Sprint(number))
		user.CreatedAt = samples.Noon.Add(time.Duration(number/2) * time.Millisecond) // Of some two are of one moment.
		addUser(t, database, user, nil)
		users = append(users, user)
	}

	var found []domain.User
	var after *domain.Cursor
	reading(t, database, func(ctx context.Context, stores ports.Stores) error {
		for {
			page, err := stores.Users.Page(ctx, after, 2)
			if err != nil || len(page) == 0 {
				return err
			}
			found = append(found, page...)
			last := page[len(page)-1]
			after = &domain.Cursor{CreatedAt: last.CreatedAt, ID: last.ID}
		}
	})

	equal(t, len(found), len(users))
	isNewestFirst := slices.IsSortedFunc(found, func(one, other domain.User) int {
		return other.CreatedAt.Compare(one.CreatedAt)
	})
	equal(t, isNewestFirst, true)
	for _, user := range users {
		equal(t, slices.Contains(found, user), true)
	}
}

func foreignCursorIsRefused(t *testing.T, database ports.Database) {
	reading(t, database, func(ctx context.Context, stores ports.Stores) error {
		_, err := stores.Users.Page(ctx, &domain.Cursor{CreatedAt: samples.Noon, ID: "of no user"}, 2)
		isError(t, err, domain.ErrInvalidField)
		return nil
	})
}

func replacedOnce(t *testing.T, database ports.Database) {
	ann := newUser(t, database, "ann")
	addUser(t, database, ann, nil)
	next := ann
	next.Name, next.Email, next.Role, next.Version, next.Generation = "Bea", "bea@example.org", domain.RoleAdmin, 2, 2

	equal(t, replace(t, database, next, "new hash"), true)
	equal(t, replace(t, database, next, "newer hash"), false)
	equal(t, account(t, database, ann.ID), domain.Account{User: next, PasswordHash: "new hash"})
	equal(t, len(pending(t, database, 10)), 2)
}

func replaceKeepsTheRest(t *testing.T, database ports.Database) {
	ann := newUser(t, database, "ann")
	key := &domain.CreationKey{Value: "key", Fingerprint: "fingerprint"}
	addUser(t, database, ann, key)
	ann.Name, ann.Version = "Bea", 2

	equal(t, replace(t, database, ann, ""), true)
	equal(t, account(t, database, ann.ID), domain.Account{User: ann, PasswordHash: hash})
	reading(t, database, func(ctx context.Context, stores ports.Stores) error {
		_, found, err := stores.Users.FindCreation(ctx, key.Value)
		equal(t, found, *key)
		return err
	})
}

func replaceKeepsEmailsUnique(t *testing.T, database ports.Database) {
	ann, bob := newUser(t, database, "ann"), newUser(t, database, "bob")
	addUser(t, database, ann, nil)
	addUser(t, database, bob, nil)
	bob.Email, bob.Version = ann.Email, 2

	isError(t, database.Transaction(t.Context(), func(stores ports.Stores) error {
		_, err := stores.Users.Replace(t.Context(), bob, eventOf(bob), "")
		return err
	}), domain.ErrEmailTaken)
}

func rehashed(t *testing.T, database ports.Database) {
	ann := newUser(t, database, "ann")
	addUser(t, database, ann, nil)
	rehash := func(newHash, oldHash string) {
		writing(t, database, func(ctx context.Context, stores ports.Stores) error {
			return stores.Users.Rehash(ctx, domain.Account{User: ann, PasswordHash: newHash}, oldHash)
		})
	}

	rehash("new hash", "another hash")
	equal(t, account(t, database, ann.ID).PasswordHash, hash)
	rehash("new hash", hash)
	equal(t, account(t, database, ann.ID), domain.Account{User: ann, PasswordHash: "new hash"})
}

func deleted(t *testing.T, database ports.Database) {
	ann := newUser(t, database, "ann")
	addUser(t, database, ann, nil)
	session := newSession(ann, "one")
	addSession(t, database, ann, session)

	equal(t, deleteUser(t, database, ann), true)
	equal(t, deleteUser(t, database, ann), false)
	reading(t, database, func(ctx context.Context, stores ports.Stores) error {
		_, err := stores.Users.Get(ctx, ann.ID)
		isError(t, err, domain.ErrNotFound)
		_, err = stores.Sessions.Get(ctx, session.ID)
		isError(t, err, domain.ErrNotFound)
		return nil
	})
	addUser(t, database, newUser(t, database, "ann"), nil)
}

func staleIsNotDeleted(t *testing.T, database ports.Database) {
	ann := newUser(t, database, "ann")
	addUser(t, database, ann, nil)
	stale := ann
	stale.Version = 2

	equal(t, deleteUser(t, database, stale), false)
	equal(t, account(t, database, ann.ID).User, ann)
	equal(t, len(pending(t, database, 10)), 1)
}

func failureLeavesNothing(t *testing.T, database ports.Database) {
	ann := newUser(t, database, "ann")
	addUser(t, database, ann, nil)
	isError(t, tryToAdd(t, database, newUser(t, database, "ann"), nil), domain.ErrEmailTaken)
	isError(t, database.Read(t.Context(), func(ports.Stores) error { return errNoLuck }), errNoLuck)
	equal(t, len(pending(t, database, 10)), 1)
}

func sessionRotates(t *testing.T, database ports.Database) {
	ann := newUser(t, database, "ann")
	addUser(t, database, ann, nil)
	session := newSession(ann, "one")
	addSession(t, database, ann, session)
	later := session.ExpiresAt.Add(time.Hour)
	rotate := func(secretHash string) (isFirst bool) {
		writing(t, database, func(ctx context.Context, stores ports.Stores) (err error) {
			isFirst, err = stores.Sessions.Rotate(ctx, session, secretHash, later)
			return err
		})
		return isFirst
	}

	equal(t, rotate("second"), true)
	equal(t, rotate("third"), false)
	session.SecretHash, session.ExpiresAt = "second", later
	equal(t, sessions(t, database, session.ID), []domain.Session{session})
	writing(t, database, func(ctx context.Context, stores ports.Stores) error {
		return stores.Sessions.Delete(ctx, session.ID)
	})
	equal(t, len(sessions(t, database, session.ID)), 0)
}

func expiredAreDeleted(t *testing.T, database ports.Database) {
	ann, bob := newUser(t, database, "ann"), newUser(t, database, "bob")
	addUser(t, database, ann, nil)
	addUser(t, database, bob, nil)
	expired, good, others := newSession(ann, "expired"), newSession(ann, "good"), newSession(bob, "other's")
	expired.ExpiresAt, others.ExpiresAt = samples.Noon, samples.Noon
	for user, session := range map[domain.User]domain.Session{ann: expired, bob: others} {
		addSession(t, database, user, session)
	}
	addSession(t, database, ann, good)

	writing(t, database, func(ctx context.Context, stores ports.Stores) error {
		return stores.Sessions.DeleteExpired(ctx, ann.ID, samples.Noon)
	})
	equal(t, sessions(t, database, expired.ID, good.ID, others.ID), []domain.Session{good, others})
}

func pings(t *testing.T, database ports.Database) {
	if err := database.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func canceledIsTold(t *testing.T, database ports.Database) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := database.Read(ctx, func(stores ports.Stores) error {
		_, err := stores.Users.FindAccount(ctx, "ann@example.org")
		return err
	})
	isError(t, err, context.Canceled)
}

func newUser(t *testing.T, database ports.Database, name string) (user domain.User) {
	t.Helper()
	reading(t, database, func(_ context.Context, stores ports.Stores) error {
		user = domain.User{
			ID:         stores.Users.NextID(),
			Email:      name + "@example.org",
			Name:       "The name of " + name,
			Role:       domain.RoleUser,
			CreatedAt:  samples.Noon,
			Version:    1,
			Generation: 1,
		}
		return nil
	})
	return user
}

func newSession(user domain.User, id string) domain.Session {
	return domain.Session{
		ID: id, UserID: user.ID, Generation: 1, SecretHash: "first", ExpiresAt: samples.Noon.Add(time.Hour),
	}
}

func eventOf(user domain.User) domain.Event {
	event := samples.Started(user.ID)
	event.ID = "event of " + user.ID
	return event
}

func tryToAdd(t *testing.T, database ports.Database, user domain.User, key *domain.CreationKey) error {
	return database.Transaction(t.Context(), func(stores ports.Stores) error {
		return stores.Users.Add(t.Context(), user, hash, eventOf(user), key)
	})
}

func addUser(t *testing.T, database ports.Database, user domain.User, key *domain.CreationKey) {
	t.Helper()
	if err := tryToAdd(t, database, user, key); err != nil {
		t.Fatal(err)
	}
}

func addSession(t *testing.T, database ports.Database, user domain.User, session domain.Session) {
	t.Helper()
	writing(t, database, func(ctx context.Context, stores ports.Stores) error {
		return stores.Sessions.Add(ctx, session, samples.Started(user.ID))
	})
}

func replace(t *testing.T, database ports.Database, user domain.User, hash string) (isReplaced bool) {
	t.Helper()
	writing(t, database, func(ctx context.Context, stores ports.Stores) (err error) {
		isReplaced, err = stores.Users.Replace(ctx, user, samples.Started(user.ID), hash)
		return err
	})
	return isReplaced
}

func deleteUser(t *testing.T, database ports.Database, user domain.User) (isDeleted bool) {
	t.Helper()
	writing(t, database, func(ctx context.Context, stores ports.Stores) (err error) {
		isDeleted, err = stores.Users.Delete(ctx, user, samples.Started(user.ID))
		return err
	})
	return isDeleted
}

func account(t *testing.T, database ports.Database, userID string) (account domain.Account) {
	t.Helper()
	reading(t, database, func(ctx context.Context, stores ports.Stores) (err error) {
		account, err = stores.Users.GetAccount(ctx, userID)
		return err
	})
	return account
}

// sessions are those of the given ones that are there.
func sessions(t *testing.T, database ports.Database, ids ...string) (found []domain.Session) {
	t.Helper()
	reading(t, database, func(ctx context.Context, stores ports.Stores) error {
		for _, id := range ids {
			session, err := stores.Sessions.Get(ctx, id)
			if err == nil {
				found = append(found, session)
			} else if !errors.Is(err, domain.ErrNotFound) {
				return err
			}
		}
		return nil
	})
	return found
}

func reading(t *testing.T, database ports.Database, work func(context.Context, ports.Stores) error) {
	t.Helper()
	ctx := t.Context()
	if err := database.Read(ctx, func(stores ports.Stores) error { return work(ctx, stores) }); err != nil {
		t.Fatal(err)
	}
}

func writing(t *testing.T, database ports.Database, work func(context.Context, ports.Stores) error) {
	t.Helper()
	ctx := t.Context()
	if err := database.Transaction(ctx, func(stores ports.Stores) error { return work(ctx, stores) }); err != nil {
		t.Fatal(err)
	}
}
