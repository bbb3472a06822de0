// Package security has passwords and access tokens.
package security

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"service/internal/domain"
	"service/internal/ports"
)

// AccessToken is what a token says.
type AccessToken struct {
	UserID string
	// Generation is the user's, when the token was made.
	Generation int
}

// Options are what the settings say about security.
type Options struct {
	SecretKey           string
	BcryptCost          int
	AccessTokenLifetime time.Duration
}

// SecurityManager hashes passwords, and makes and reads access tokens.
type SecurityManager struct {
	key         []byte
	clock       ports.Clock
	cost        int
	lifetime    time.Duration
	parser      *jwt.Parser
	nobodysHash string
}

// New makes a manager. It takes as long as it takes to hash a password.
func New(clock ports.Clock, options Options) (*SecurityManager, error) {
	manager := &SecurityManager{
		key:      []byte(options.SecretKey),
		clock:    clock,
		cost:     options.BcryptCost,
		lifetime: options.AccessTokenLifetime,
		// A token from the future is no worse for it: the clock of the instance that made it is ahead of this one's.
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
			jwt.WithExpirationRequired(),
			jwt.WithStrictDecoding(),
			jwt.WithTimeFunc(clock.Now),
		),
	}
	var err error
	manager.nobodysHash, err = manager.HashPassword(rand.Text())
	return manager, err
}

// AccessTokenLifetime is for how long an access token is good unless told otherwise.
func (m *SecurityManager) AccessTokenLifetime() time.Duration { return m.lifetime }

type claims struct {
	jwt.RegisteredClaims

	Generation *int `json:"gen"`
}

// CreateAccessToken makes a JSON Web Token for a user, good for AccessTokenLifetime.
func (m *SecurityManager) CreateAccessToken(userID string, generation int) (string, error) {
	return m.CreateAccessTokenFor(userID, generation, m.lifetime)
}

// CreateAccessTokenFor makes a JSON Web Token for a user, good for a time of the caller's choosing.
func (m *SecurityManager) CreateAccessTokenFor(userID string, generation int, lifetime time.Duration) (string, error) {
	now := m.clock.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject:   userID,
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
			ID:        randomHex(8),
		},
		Generation: &generation,
	})
	signed, err := token.SignedString(m.key)
	if err != nil {
		return "", fmt.Errorf("signing an access token: %w", err)
	}
	return signed, nil
}

// ReadAccessToken reads what CreateAccessToken made; domain.ErrInvalidToken if it is forged, expired, or no access token
// at all.
func (m *SecurityManager) ReadAccessToken(token string) (AccessToken, error) {
	var found claims
	_, err := m.parser.ParseWithClaims(token, &found, func(*jwt.Token) (any, error) { return m.key, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return AccessToken{}, domain.ErrInvalidToken.Because("The access token has expired.")
	case err != nil || found.Subject == "" || found.Generation == nil || found.IssuedAt == nil:
		return AccessToken{}, domain.ErrInvalidToken.Because("This is not an access token of this service.")
	}
	return AccessToken{UserID: found.Subject, Generation: *found.Generation}, nil
}

// Fingerprint is a keyed digest: it tells whether two contents are equal, and nothing else about them.
func (m *SecurityManager) Fingerprint(content []byte) string {
	digest := hmac.New(sha256.New, m.key)
	digest.Write(content)
	return hex.EncodeToString(digest.Sum(nil))
}

func randomHex(bytes int) string {
	random := make([]byte, bytes)
	_, _ = rand.Read(random) // It never fails: the program ends if there is no randomness.
	return hex.EncodeToString(random)
}
