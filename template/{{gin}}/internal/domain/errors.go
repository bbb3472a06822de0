// Package domain has the plain types that everything else is about: users, sessions, events, pages and errors.
package domain

import "fmt"

// A Kind is what went wrong, for a reason that the caller can understand: an answer rather than a bug. Match it with
// errors.Is. Each API says in its own way what happened (REST: internal/api/rest/problems.go).
type Kind string

const (
	// ErrNotFound says that there is no such thing, or no longer.
	ErrNotFound Kind = "not found"
	// ErrForbidden says that the caller is known, and may not do this.
	ErrForbidden Kind = "forbidden"
	// ErrInvalidToken is about an access or refresh token that is forged, expired, used up or revoked.
	ErrInvalidToken Kind = "invalid token"
	// ErrWrongCredentials says that no account has this e-mail and password, but not which of the two is wrong.
	ErrWrongCredentials Kind = "wrong credentials"
	// ErrEmailTaken says that another user has this e-mail.
	ErrEmailTaken Kind = "e-mail taken"
	// ErrStale says that the caller's copy of a record is not the current one.
	ErrStale Kind = "stale"
	// ErrKeyReused says that this idempotency key came with another request before.
	ErrKeyReused Kind = "key reused"
	// ErrUnavailable says that something that the service depends on does not answer.
	ErrUnavailable Kind = "unavailable"
	// ErrInvalidField says that one field of the input is wrong in a way that only a use case can see; it comes as
	// an InvalidField.
	ErrInvalidField Kind = "invalid field"
)

func (k Kind) Error() string { return string(k) }

// Because makes an error of this kind that tells the caller what happened this time.
func (k Kind) Because(detail string) error { return &Error{Kind: k, Detail: detail} }

// From is Because with the cause, which is for the logs and never for the caller.
func (k Kind) From(cause error, detail string) error {
	return &Error{Kind: k, Detail: detail, Cause: cause}
}

// Error is an error of a Kind, with a sentence for the caller.
type Error struct {
	Kind   Kind
	Detail string
	Cause  error
}

func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Detail
	}
	return fmt.Sprintf("%s (%v)", e.Detail, e.Cause)
}

// Unwrap lets errors.Is and errors.As find the kind as well as the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

// A FieldSource is where the caller wrote something.
type FieldSource string

// The sources of fields.
const (
	InBody   FieldSource = "body"
	InQuery  FieldSource = "query"
	InPath   FieldSource = "path"
	InHeader FieldSource = "header"
	InForm   FieldSource = "form"
)

// InvalidField is an error of the kind ErrInvalidField.
type InvalidField struct {
	// Field is its name, as the caller wrote it.
	Field string
	// Detail is what is wrong with it, as a sentence without its subject.
	Detail string
	Source FieldSource
}

func (e *InvalidField) Error() string { return e.Field + ": " + e.Detail }

// Unwrap answers the kind.
func (e *InvalidField) Unwrap() error { return ErrInvalidField }
