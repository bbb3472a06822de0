package usecases_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"service/internal/domain"
	"service/internal/testing/own"
	"service/internal/usecases"
	"service/internal/wiring"
)

const password = "correct horse battery staple"

// people are an admin, and a user.
type people struct {
	*wiring.Service

	admin, ann domain.User
}

func newPeople(t *testing.T) people {
	t.Helper()
	service, _ := own.Service(t)
	return people{service, add(t, service, "admin", domain.RoleAdmin), add(t, service, "ann", domain.RoleUser)}
}

func add(t *testing.T, service *wiring.Service, name string, role domain.Role) domain.User {
	t.Helper()
	user, err := service.Users.Add(t.Context(), newUser(name, role))
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func newUser(name string, role domain.Role) domain.NewUser {
	return domain.NewUser{Email: name + "@Example.org", Name: name, Password: password, Role: role}
}

func TestAUserIsAsTheyWereMade(t *testing.T) {
	people := newPeople(t)
	created, err := people.Users.Create(t.Context(), people.admin, newUser("bob", domain.RoleUser), "")
	if err != nil || created.Email != "bob@example.org" || created.Version != 1 || created.Generation != 1 {
		t.Fatalf("found %+v and the error %v", created, err)
	}
	for range 2 { // The second time from the cache.
		if found, err := people.Users.Get(t.Context(), people.admin, created.ID); err != nil || found != created {
			t.Errorf("found %+v and the error %v", found, err)
		}
	}
	if found, err := people.Users.Get(t.Context(), created, created.ID); err != nil || found != created {
		t.Errorf("found %+v and the error %v", found, err)
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	people, ctx := newPeople(t), t.Context()
	ann, role := people.ann, domain.RoleAdmin
	for name, do := range map[string]func() error{
		"list":        func() error { _, err := people.Users.Page(ctx, ann, "", 10); return err },
		"create":      func() error { _, err := people.Users.Create(ctx, ann, newUser("bob", role), ""); return err },
		"read":        func() error { _, err := people.Users.Get(ctx, ann, people.admin.ID); return err },
		"read nobody": func() error { _, err := people.Users.Get(ctx, ann, "nobody"); return err },
		"change": func() error {
			_, err := people.Users.Update(ctx, ann, people.admin.ID, domain.UserChanges{Name: new("Bea")}, nil)
			return err
		},
		"change one's own role": func() error {
			_, err := people.Users.Update(ctx, ann, ann.ID, domain.UserChanges{Role: &role}, nil)
			return err
		},
		"delete": func() error { return people.Users.Delete(ctx, ann, people.admin.ID, nil) },
	} {
		if err := do(); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("%s: found the error %v", name, err)
		}
	}
}

func TestWhoIsNotThereIsNotFound(t *testing.T) {
	people, ctx := newPeople(t), t.Context()
	if err := people.Users.Delete(ctx, people.admin, people.ann.ID, nil); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{people.ann.ID, "nobody"} {
		_, reading := people.Users.Get(ctx, people.admin, id)
		_, changing := people.Users.Update(ctx, people.admin, id, domain.UserChanges{Name: new("Bea")}, nil)
		deleting := people.Users.Delete(ctx, people.admin, id, nil)
		for _, err := range []error{reading, changing, deleting} {
			if !errors.Is(err, domain.ErrNotFound) {
				t.Errorf("found the error %v", err)
			}
		}
	}
}

func TestAKeyCreatesOneUser(t *testing.T) {
	people, ctx := newPeople(t), t.Context()
	var creating sync.WaitGroup
	ids, errs := make([]string, 5), make([]error, 5)
	for i := range ids {
		creating.Go(func() {
			user, err := people.Users.Create(ctx, people.admin, newUser("bob", domain.RoleUser), "key")
			ids[i], errs[i] = user.ID, err
		})
	}
	creating.Wait()
	if err := errors.Join(errs...); err != nil || len(slices.Compact(ids)) != 1 {
		t.Errorf("found %v and the error %v", ids, err)
	}
	_, err := people.Users.Create(ctx, people.admin, newUser("cid", domain.RoleUser), "key")
	if !errors.Is(err, domain.ErrKeyReused) {
		t.Errorf("found the error %v", err)
	}
	_, err = people.Users.Create(ctx, people.admin, newUser("bob", domain.RoleUser), "another key")
	if !errors.Is(err, domain.ErrEmailTaken) {
		t.Errorf("found the error %v", err)
	}
	other := add(t, people.Service, "other", domain.RoleAdmin)
	if _, err := people.Users.Create(ctx, other, newUser("dan", domain.RoleUser), "key"); err != nil {
		t.Errorf("the key of another: %v", err)
	}
}

func TestUsersAreListedPageByPage(t *testing.T) {
	people, ctx := newPeople(t), t.Context()
	var names []string
	for cursor, isFirst := "", true; isFirst || cursor != ""; isFirst = false {
		page, err := people.Users.Page(ctx, people.admin, cursor, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, user := range page.Items {
			names = append(names, user.Name)
		}
		cursor = page.NextCursor
	}
	if slices.Sort(names); !slices.Equal(names, []string{"admin", "ann"}) {
		t.Errorf("found %v", names)
	}
	if _, err := people.Users.Page(ctx, people.admin, "!", 1); !errors.Is(err, domain.ErrInvalidField) {
		t.Errorf("found the error %v", err)
	}
}

func TestAChangeIsSeenAtOnce(t *testing.T) {
	people, ctx := newPeople(t), t.Context()
	if _, err := people.Users.Get(ctx, people.admin, people.ann.ID); err != nil { // Now it is in the cache.
		t.Fatal(err)
	}
	role := domain.RoleAdmin
	changes := domain.UserChanges{Name: new("Bea"), Email: new("Bea@Example.org"), Role: &role}
	changed, err := people.Users.Update(ctx, people.admin, people.ann.ID, changes, usecases.Versions{7, 1})
	if err != nil || changed.Version != 2 || changed.Generation != 2 || changed.Email != "bea@example.org" {
		t.Fatalf("found %+v and the error %v", changed, err)
	}
	if found, err := people.Users.Get(ctx, people.admin, people.ann.ID); err != nil || found != changed {
		t.Errorf("found %+v and the error %v", found, err)
	}
	same, err := people.Users.Update(ctx, people.admin, people.ann.ID, changes, nil)
	if err != nil || same != changed {
		t.Errorf("found %+v and the error %v", same, err)
	}
}

func TestAnotherVersionIsLeftAlone(t *testing.T) {
	people, ctx := newPeople(t), t.Context()
	for _, versions := range []usecases.Versions{{}, {2}} {
		_, changing := people.Users.Update(ctx, people.admin, people.ann.ID, domain.UserChanges{Name: new("Bea")}, versions)
		deleting := people.Users.Delete(ctx, people.admin, people.ann.ID, versions)
		for _, err := range []error{changing, deleting} {
			if !errors.Is(err, domain.ErrStale) {
				t.Errorf("%v: found the error %v", versions, err)
			}
		}
	}
	_, err := people.Users.Update(ctx, people.admin, people.ann.ID, domain.UserChanges{Email: &people.admin.Email}, nil)
	if !errors.Is(err, domain.ErrEmailTaken) {
		t.Errorf("found the error %v", err)
	}
}

func TestChangesAtTheSameTimeAreAllKept(t *testing.T) {
	people, ctx := newPeople(t), t.Context()
	var changing sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		changing.Go(func() {
			_, errs[i] = people.Users.Update(ctx, people.admin, people.ann.ID, domain.UserChanges{Name: new(string(rune('A' + i)))}, nil)
		})
	}
	changing.Wait()
	found, err := people.Users.Get(ctx, people.admin, people.ann.ID)
	if err := errors.Join(append(errs, err)...); err != nil || found.Version != 5 {
		t.Errorf("found %+v and the error %v", found, err)
	}
}

func TestOnesOwnPasswordNeedsTheCurrentOne(t *testing.T) {
	people, ctx := newPeople(t), t.Context()
	next := "another horse, another battery"
	for _, current := range []*string{nil, new("wrong"), &next} {
		changes := domain.UserChanges{Password: &next, CurrentPassword: current}
		_, err := people.Users.Update(ctx, people.ann, people.ann.ID, changes, nil)
		field, isField := errors.AsType[*domain.InvalidField](err)
		if !isField || field.Field != "current_password" {
			t.Errorf("found the error %v", err)
		}
	}
	changes := domain.UserChanges{Password: &next, CurrentPassword: new(password)}
	changed, err := people.Users.Update(ctx, people.ann, people.ann.ID, changes, nil)
	if err != nil || changed.Generation != 2 {
		t.Errorf("found %+v and the error %v", changed, err)
	}
	if _, err := people.Users.Update(ctx, people.admin, people.ann.ID, domain.UserChanges{Password: new(password)}, nil); err != nil {
		t.Errorf("an admin needs it too: %v", err)
	}
	if err := people.Users.Delete(ctx, people.admin, people.ann.ID, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := people.Users.Update(ctx, people.ann, people.ann.ID, changes, nil); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("found the error %v", err)
	}
}

func TestWhoHasHungUpIsToldNothing(t *testing.T) {
	people := newPeople(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, reading := people.Users.Get(ctx, people.admin, people.ann.ID)
	_, listing := people.Users.Page(ctx, people.admin, "", 1)
	_, creating := people.Users.Create(ctx, people.admin, newUser("bob", domain.RoleUser), "key")
	_, changing := people.Users.Update(ctx, people.admin, people.ann.ID, domain.UserChanges{Name: new("Bea")}, nil)
	deleting := people.Users.Delete(ctx, people.admin, people.ann.ID, nil)
	_, signingIn := people.Sessions.SignIn(ctx, people.ann.Email, password)
	for _, err := range []error{reading, listing, creating, changing, deleting, signingIn} {
		if err == nil {
			t.Error("it goes on")
		}
	}
}
