package domain

import "time"

// Role says what a user may do.
type Role string

// The roles.
const (
	RoleUser  Role = "user"
	RoleAdmin Role = "admin"
)

// User is everything about a user but the password, so that it may be shown, logged and cached.
type User struct {
	ID string `json:"id"`
	// Email is in lower case: addresses are compared without regard to case.
	Email string `json:"email"`
	Name  string `json:"name"`
	Role  Role   `json:"role"`
	// CreatedAt is in UTC, to the millisecond.
	CreatedAt time.Time `json:"created_at"`
	// Version is raised by every change.
	Version int `json:"version"`
	// Generation is raised by a new password or role: tokens of an earlier generation are refused.
	Generation int `json:"generation"`
}

// IsAdmin tells whether the user may do everything.
func (u User) IsAdmin() bool { return u.Role == RoleAdmin }

// Account is a user together with the hash of their password.
type Account struct {
	User         User
	PasswordHash string
}

// NewUser is what it takes to make a user.
type NewUser struct {
	Email    string
	Name     string
	Password string
	Role     Role
}

// UserChanges are the fields of a user to change; those that are nil stay as they are.
type UserChanges struct {
	Email           *string
	Name            *string
	Password        *string
	CurrentPassword *string
	Role            *Role
}

// CreationKey is an idempotency key that a creation was requested with.
type CreationKey struct {
	// Value names the request; the same key of two callers differs.
	Value string
	// Fingerprint names its content; it tells a repeated request from another one.
	Fingerprint string
}
