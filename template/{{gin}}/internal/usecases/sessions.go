package usecases

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"service/internal/domain"
	"service/internal/platform/security"
	"service/internal/ports"
)

const (
	sessionIDBytes = 16
	secretBytes    = 32
)

var refreshTokenForm = regexp.MustCompile(`^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$`)

// Sessions is signing in, staying signed in, signing out, and telling who is calling.
type Sessions struct {
	database ports.Database
	security *security.SecurityManager
	clock    ports.Clock
	events   events
	lifetime time.Duration
}

// NewSessions makes the use cases; a session lasts for its lifetime without being used.
func NewSessions(
	database ports.Database, security *security.SecurityManager, clock ports.Clock, lifetime time.Duration,
) *Sessions {
	return &Sessions{database, security, clock, events{clock}, lifetime}
}

// SignIn begins a session; domain.ErrWrongCredentials if there is no such account, or this is not its password.
func (s *Sessions) SignIn(ctx context.Context, email, password string) (domain.TokenPair, error) {
	account, err := s.findAccount(ctx, email)
	if err != nil {
		return domain.TokenPair{}, err
	}
	check, err := s.security.VerifyPassword(password, account.PasswordHash)
	if err != nil {
		return domain.TokenPair{}, err
	}
	if !check.IsRight {
		return domain.TokenPair{}, s.refuse(ctx, account.User.ID)
	}
	if check.NewHash != "" {
		if err := s.upgradeHash(ctx, account, check.NewHash); err != nil {
			return domain.TokenPair{}, err
		}
	}
	pair, err := s.begin(ctx, account.User)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.TokenPair{}, wrongCredentials()
	}
	return pair, err
}

// Refresh exchanges a refresh token for the next pair; domain.ErrInvalidToken if it is forged, expired, or revoked; or if
// it was used before, which ends its session.
func (s *Sessions) Refresh(ctx context.Context, refreshToken string) (domain.TokenPair, error) {
	sessionID, secret, isToken := parse(refreshToken)
	if !isToken {
		return domain.TokenPair{}, invalidRefreshToken()
	}
	session, user, err := s.find(ctx, sessionID)
	switch {
	case session.ID == "" && errors.Is(err, domain.ErrNotFound):
		return domain.TokenPair{}, invalidRefreshToken()
	case err != nil && !errors.Is(err, domain.ErrNotFound):
		return domain.TokenPair{}, err
	case hash(secret) != session.SecretHash:
		return domain.TokenPair{}, s.end(ctx, session, "a refresh token was used twice")
	case err != nil || user.Generation != session.Generation || !session.ExpiresAt.After(s.clock.Now()):
		return domain.TokenPair{}, s.end(ctx, session, "the session has expired")
	}
	return s.rotate(ctx, user, session)
}

// SignOut ends the session that a refresh token is of, whether it is the newest one of it or was used before.
func (s *Sessions) SignOut(ctx context.Context, refreshToken string) error {
	sessionID, _, isToken := parse(refreshToken)
	if !isToken {
		return nil
	}
	return s.delete(ctx, sessionID)
}

// Authenticate tells whom an access token belongs to, as they are now; domain.ErrInvalidToken if it is forged or expired,
// or its user is gone or has another password or role.
//
// It asks the database every time, since a token must stop working at once, on every instance.
func (s *Sessions) Authenticate(ctx context.Context, accessToken string) (user domain.User, err error) {
	token, err := s.security.ReadAccessToken(accessToken)
	if err != nil {
		return user, err
	}
	err = s.database.Read(ctx, func(stores ports.Stores) error {
		user, err = stores.Users.Get(ctx, token.UserID)
		return err
	})
	if errors.Is(err, domain.ErrNotFound) || err == nil && user.Generation != token.Generation {
		return domain.User{}, domain.ErrInvalidToken.Because("The access token has been revoked.")
	}
	return user, err
}

// findAccount answers one without a hash if there is none.
func (s *Sessions) findAccount(ctx context.Context, email string) (account domain.Account, err error) {
	err = s.database.Read(ctx, func(stores ports.Stores) error {
		account, err = stores.Users.FindAccount(ctx, strings.ToLower(email))
		return err
	})
	if errors.Is(err, domain.ErrNotFound) {
		return domain.Account{}, nil
	}
	return account, err
}

// find answers domain.ErrNotFound if there is no such session, or a session whose user is gone.
func (s *Sessions) find(ctx context.Context, sessionID string) (session domain.Session, user domain.User, err error) {
	err = s.database.Read(ctx, func(stores ports.Stores) error {
		if session, err = stores.Sessions.Get(ctx, sessionID); err != nil {
			return err
		}
		user, err = stores.Users.Get(ctx, session.UserID)
		return err
	})
	return session, user, err
}

func (s *Sessions) begin(ctx context.Context, user domain.User) (domain.TokenPair, error) {
	secret := randomText(secretBytes)
	now := s.clock.Now()
	session := domain.Session{
		ID:         randomText(sessionIDBytes),
		UserID:     user.ID,
		Generation: user.Generation,
		SecretHash: hash(secret),
		ExpiresAt:  now.Add(s.lifetime),
	}
	err := s.database.Transaction(ctx, func(stores ports.Stores) error {
		if err := stores.Sessions.DeleteExpired(ctx, user.ID, now); err != nil {
			return err
		}
		return stores.Sessions.Add(ctx, session, s.events.sessionStarted(ctx, user))
	})
	if err != nil {
		return domain.TokenPair{}, err
	}
	return s.pair(user, session, secret)
}

func (s *Sessions) refuse(ctx context.Context, userID string) error {
	err := s.database.Transaction(ctx, func(stores ports.Stores) error {
		return stores.Outbox.Add(ctx, s.events.sessionRefused(ctx, userID))
	})
	if err != nil {
		return err
	}
	return wrongCredentials()
}

func (s *Sessions) rotate(ctx context.Context, user domain.User, session domain.Session) (domain.TokenPair, error) {
	secret, expiresAt, isFirst := randomText(secretBytes), s.clock.Now().Add(s.lifetime), false
	err := s.database.Transaction(ctx, func(stores ports.Stores) (err error) {
		isFirst, err = stores.Sessions.Rotate(ctx, session, hash(secret), expiresAt)
		return err
	})
	if err != nil {
		return domain.TokenPair{}, err
	}
	if !isFirst {
		return domain.TokenPair{}, s.end(ctx, session, "a refresh token was used twice at once")
	}
	return s.pair(user, session, secret)
}

// end ends a session, and answers what its caller is told.
func (s *Sessions) end(ctx context.Context, session domain.Session, reason string) error {
	slog.WarnContext(ctx, "session ended", "user_id", session.UserID, "reason", reason)
	if err := s.delete(ctx, session.ID); err != nil {
		return err
	}
	return invalidRefreshToken()
}

func (s *Sessions) delete(ctx context.Context, sessionID string) error {
	return s.database.Transaction(ctx, func(stores ports.Stores) error {
		return stores.Sessions.Delete(ctx, sessionID)
	})
}

func (s *Sessions) upgradeHash(ctx context.Context, account domain.Account, newHash string) error {
	oldHash := account.PasswordHash
	account.PasswordHash = newHash
	return s.database.Transaction(ctx, func(stores ports.Stores) error {
		return stores.Users.Rehash(ctx, account, oldHash)
	})
}

func (s *Sessions) pair(user domain.User, session domain.Session, secret string) (domain.TokenPair, error) {
	token, err := s.security.CreateAccessToken(user.ID, user.Generation)
	return domain.TokenPair{
		AccessToken:  token,
		RefreshToken: session.ID + "." + secret,
		ExpiresIn:    s.security.AccessTokenLifetime(),
	}, err
}

func parse(refreshToken string) (sessionID, secret string, isToken bool) {
	found := refreshTokenForm.FindStringSubmatch(refreshToken)
	if found == nil {
		return "", "", false
	}
	return found[1], found[2], true
}

// hash is of a random secret, so that it needs neither salt nor effort.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func randomText(bytes int) string {
	random := make([]byte, bytes)
	_, _ = rand.Read(random) // It never fails: the program ends if there is no randomness.
	return base64.RawURLEncoding.EncodeToString(random)
}

func wrongCredentials() error {
	return domain.ErrWrongCredentials.Because("The e-mail address or the password is wrong.")
}

func invalidRefreshToken() error {
	return domain.ErrInvalidToken.Because("The refresh token is not good, or not any more.")
}
