package domain

import "time"

// Session is one sign-in, kept alive by a refresh token that changes with every use: a family of refresh tokens, of
// which only the newest is good.
type Session struct {
	ID     string
	UserID string
	// Generation is the user's at sign-in: a session does not outlive a new password or role.
	Generation int
	// SecretHash is of the newest token's secret. A token with another one was used before, or forged.
	SecretHash string
	ExpiresAt  time.Time
}

// TokenPair is what a sign-in or a refresh answers.
type TokenPair struct {
	AccessToken  string
	RefreshToken string
	// ExpiresIn is for how long the access token is good.
	ExpiresIn time.Duration
}
