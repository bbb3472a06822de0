package usecases_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"service/internal/domain"
	"service/internal/platform/security"
	"service/internal/ports"
	"service/internal/testing/samples"
	"service/internal/usecases"
)

func signIn(t *testing.T, people people) domain.TokenPair {
	t.Helper()
	pair, err := people.Sessions.SignIn(t.Context(), "Ann@example.ORG", password)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func TestWhoSignsInIsKnownByTheToken(t *testing.T) {
	people := newPeople(t)
	pair := signIn(t, people)
	if found, err := people.Sessions.Authenticate(t.Context(), pair.AccessToken); err != nil || found != people.ann {
		t.Errorf("found %+v and the error %v", found, err)
	}
	if pair.ExpiresIn != 15*time.Minute {
		t.Errorf("it is good for %v", pair.ExpiresIn)
	}
	if _, err := people.Sessions.Authenticate(t.Context(), "forged"); !errors.Is(err, domain.ErrInvalidToken) {
		t.Errorf("found the error %v", err)
	}
}

func TestAWrongPasswordIsToldLikeAnUnknownAccount(t *testing.T) {
	people := newPeople(t)
	_, wrong := people.Sessions.SignIn(t.Context(), "ann@example.org", "wrong")
	_, unknown := people.Sessions.SignIn(t.Context(), "nobody\x00", password)
	for _, err := range []error{wrong, unknown} {
		if !errors.Is(err, domain.ErrWrongCredentials) || err.Error() != wrong.Error() {
			t.Errorf("found the error %v", err)
		}
	}
}

func TestARefreshTokenIsGoodOnce(t *testing.T) {
	people, ctx := newPeople(t), t.Context()
	first := signIn(t, people)
	second, err := people.Sessions.Refresh(ctx, first.RefreshToken)
	if err != nil || second.RefreshToken == first.RefreshToken {
		t.Fatalf("found %+v and the error %v", second, err)
	}
	for _, token := range []string{first.RefreshToken, second.RefreshToken, "", "nonsense", "a.b", "a.b.c"} {
		if _, err := people.Sessions.Refresh(ctx, token); !errors.Is(err, domain.ErrInvalidToken) {
			t.Errorf("%q: found the error %v", token, err)
		}
	}
}

func TestOfManyWhoUseARefreshTokenAtMostOneGetsAPair(t *testing.T) {
	people := newPeople(t)
	token := signIn(t, people).RefreshToken
	var refreshing sync.WaitGroup
	var count atomic.Int32
	for range 5 {
		refreshing.Go(func() {
			if _, err := people.Sessions.Refresh(t.Context(), token); err == nil {
				count.Add(1)
			}
		})
	}
	refreshing.Wait()
	if count.Load() > 1 {
		t.Errorf("%d got one", count.Load())
	}
}

func TestWhoSignsOutIsOut(t *testing.T) {
	people, ctx := newPeople(t), t.Context()
	first := signIn(t, people)
	second, err := people.Sessions.Refresh(ctx, first.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{first.RefreshToken, first.RefreshToken, "nonsense"} {
		if err := people.Sessions.SignOut(ctx, token); err != nil {
			t.Error(err)
		}
	}
	if _, err := people.Sessions.Refresh(ctx, second.RefreshToken); !errors.Is(err, domain.ErrInvalidToken) {
		t.Errorf("found the error %v", err)
	}
}

func TestTokensEndWithTheUserAndWithTheirPassword(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, people people) error{
		"deleted": func(t *testing.T, people people) error {
			return people.Users.Delete(t.Context(), people.admin, people.ann.ID, nil)
		},
		"a new password": func(t *testing.T, people people) error {
			changes := domain.UserChanges{Password: new("another horse, another battery")}
			_, err := people.Users.Update(t.Context(), people.admin, people.ann.ID, changes, nil)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			people := newPeople(t)
			pair := signIn(t, people)
			if err := end(t, people); err != nil {
				t.Fatal(err)
			}
			_, authenticating := people.Sessions.Authenticate(t.Context(), pair.AccessToken)
			_, refreshing := people.Sessions.Refresh(t.Context(), pair.RefreshToken)
			for _, err := range []error{authenticating, refreshing} {
				if !errors.Is(err, domain.ErrInvalidToken) {
					t.Errorf("found the error %v", err)
				}
			}
		})
	}
}

// oneAccount is a database that has one, and whatever else is asked of it does not matter.
type oneAccount struct {
	ports.Database

	stores *accountStores
}

type accountStores struct {
	ports.UserStore

	account domain.Account
	session domain.Session
	failure error
}

func (d oneAccount) Read(_ context.Context, work func(ports.Stores) error) error {
	return work(d.all())
}

func (d oneAccount) Transaction(_ context.Context, work func(ports.Stores) error) error {
	return work(d.all())
}

func (d oneAccount) all() ports.Stores {
	return ports.Stores{Users: d.stores, Sessions: sessionStores{all: d.stores}}
}

func (s *accountStores) FindAccount(context.Context, string) (domain.Account, error) {
	return s.account, nil
}

func (s *accountStores) Get(context.Context, string) (domain.User, error) { return s.account.User, nil }

func (s *accountStores) Rehash(_ context.Context, account domain.Account, oldHash string) error {
	if s.account.PasswordHash == oldHash {
		s.account = account
	}
	return nil
}

type sessionStores struct {
	ports.SessionStore

	all *accountStores
}

func (s sessionStores) Add(_ context.Context, session domain.Session, _ domain.Event) error {
	s.all.session = session
	return s.all.failure
}

func (s sessionStores) Get(context.Context, string) (domain.Session, error) {
	return s.all.session, nil
}

func (s sessionStores) Delete(context.Context, string) error { return nil }

func (s sessionStores) DeleteExpired(context.Context, string, time.Time) error { return nil }

func newSessions(t *testing.T, stores *accountStores, clock ports.Clock) *usecases.Sessions {
	t.Helper()
	manager, err := security.New(clock, security.Options{SecretKey: "key", BcryptCost: 4, AccessTokenLifetime: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return usecases.NewSessions(oneAccount{stores: stores}, manager, clock, time.Hour)
}

func TestAnOlderHashIsReplacedAtSignIn(t *testing.T) {
	plain, err := bcrypt.GenerateFromPassword([]byte(password), 4)
	if err != nil {
		t.Fatal(err)
	}
	stores := &accountStores{account: domain.Account{PasswordHash: string(plain)}}
	sessions := newSessions(t, stores, samples.NewClock(samples.Noon))
	for range 2 {
		if _, err := sessions.SignIn(t.Context(), "ann@example.org", password); err != nil {
			t.Error(err)
		}
		if !strings.HasPrefix(stores.account.PasswordHash, "bcrypt_sha256$") {
			t.Errorf("it is still %s", stores.account.PasswordHash)
		}
	}
}

func TestWhoIsDeletedWhileSigningInIsUnknown(t *testing.T) {
	plain, err := bcrypt.GenerateFromPassword([]byte(password), 4)
	if err != nil {
		t.Fatal(err)
	}
	stores := &accountStores{account: domain.Account{PasswordHash: string(plain)}, failure: domain.ErrNotFound}
	_, err = newSessions(t, stores, samples.NewClock(samples.Noon)).SignIn(t.Context(), "ann@example.org", password)
	if !errors.Is(err, domain.ErrWrongCredentials) {
		t.Errorf("found the error %v", err)
	}
}

func TestASessionThatIsNotUsedEnds(t *testing.T) {
	plain, err := bcrypt.GenerateFromPassword([]byte(password), 4)
	if err != nil {
		t.Fatal(err)
	}
	clock := samples.NewClock(samples.Noon)
	sessions := newSessions(t, &accountStores{account: domain.Account{PasswordHash: string(plain)}}, clock)
	pair, err := sessions.SignIn(t.Context(), "ann@example.org", password)
	if err != nil {
		t.Fatal(err)
	}
	clock.Move(time.Hour)
	if _, err := sessions.Refresh(t.Context(), pair.RefreshToken); !errors.Is(err, domain.ErrInvalidToken) {
		t.Errorf("found the error %v", err)
	}
}
