package rest

import (
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"service/internal/domain"
)

// No look-around, \d or \w: Python, JavaScript, Go and Rust must read these patterns alike.
const (
	emailPattern = `^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}` +
		`@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$`
	namePattern   = `^ *[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$`
	cursorPattern = `^[A-Za-z0-9_-]+$`
)

// Email is an e-mail address.
type Email string

// Schema says what is one.
func (Email) Schema(huma.Registry) *huma.Schema {
	return text(limits{most: 254, pattern: emailPattern, description: "an e-mail address"})
}

// Name is what a user is called.
type Name string

// Schema says what is one.
func (Name) Schema(huma.Registry) *huma.Schema {
	return text(limits{least: 1, most: 100, pattern: namePattern, description: "neither blank nor with control characters"})
}

// Password is a new one.
type Password string

// Schema says what is one.
func (Password) Schema(huma.Registry) *huma.Schema { return text(limits{least: 12, most: 128}) }

// EnteredPassword is one to be compared.
type EnteredPassword string

// Schema says what can be one.
func (EnteredPassword) Schema(huma.Registry) *huma.Schema { return text(limits{least: 1, most: 128}) }

// Role says what a user may do.
type Role string

// Schema lists them.
func (Role) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Enum: []any{string(domain.RoleUser), string(domain.RoleAdmin)}}
}

// Cursor is where a page begins.
type Cursor string

// Schema says what can be one.
func (Cursor) Schema(huma.Registry) *huma.Schema {
	return text(limits{least: 1, most: 200, pattern: cursorPattern})
}

// Time is written in UTC and to the millisecond, so that the order of two as texts is their order in time.
type Time time.Time

// Schema says what it looks like.
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
}

// MarshalJSON writes it.
func (t Time) MarshalJSON() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z"`), nil
}

// UserCreate is a user to be made.
type UserCreate struct {
	Email    Email    `json:"email"`
	Name     Name     `json:"name"`
	Password Password `json:"password"`
	Role     Role     `json:"role,omitempty" default:"user"`
}

// UserUpdate is what of a user is to be changed.
type UserUpdate struct {
	Email           *Email           `json:"email,omitempty"`
	Name            *Name            `json:"name,omitempty"`
	Password        *Password        `json:"password,omitempty"`
	CurrentPassword *EnteredPassword `json:"current_password,omitempty"`
	Role            *Role            `json:"role,omitempty"`
}

// UserResponse is a user.
type UserResponse struct {
	ID        string `json:"id" minLength:"1" maxLength:"64"`
	Email     Email  `json:"email"`
	Name      Name   `json:"name"`
	Role      Role   `json:"role"`
	CreatedAt Time   `json:"created_at"`
}

// UserPage is a page of users.
type UserPage struct {
	Items      []UserResponse `json:"items" nullable:"false"`
	NextCursor *Cursor        `json:"next_cursor" nullable:"true"`
}

// SignInForm is what one signs in with. Other fields of the form are ignored.
type SignInForm struct {
	_ struct{} `additionalProperties:"true"`

	GrantType string          `json:"grant_type,omitempty" enum:"password" default:"password"`
	Username  string          `json:"username" minLength:"1" maxLength:"254"`
	Password  EnteredPassword `json:"password"`
}

// RefreshToken is what buys the next pair of tokens.
type RefreshToken struct {
	RefreshToken string `json:"refresh_token" minLength:"1" maxLength:"512"`
}

// TokenPair is what a sign-in answers.
type TokenPair struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	TokenType    string `json:"token_type" enum:"bearer"`
	ExpiresIn    int    `json:"expires_in" minimum:"1"`
}

// Liveness says that the process lives.
type Liveness struct {
	Status string `json:"status" enum:"ok"`
}

// Readiness says whether the service can serve requests.
type Readiness struct {
	Status       string                      `json:"status" enum:"ready,unavailable"`
	Dependencies map[string]DependencyHealth `json:"dependencies"`
}

// DependencyHealth is what one of the dependencies said.
type DependencyHealth struct {
	Status   string `json:"status" enum:"up,down"`
	Required bool   `json:"required"`
}

func (c UserCreate) toDomain() domain.NewUser {
	return domain.NewUser{
		Email:    strings.ToLower(string(c.Email)),
		Name:     string(c.Name),
		Password: string(c.Password),
		Role:     domain.Role(c.Role),
	}
}

func (u UserUpdate) toDomain() domain.UserChanges {
	return domain.UserChanges{
		Email:           (*string)(u.Email),
		Name:            (*string)(u.Name),
		Password:        (*string)(u.Password),
		CurrentPassword: (*string)(u.CurrentPassword),
		Role:            (*domain.Role)(u.Role),
	}
}

func userResponse(user domain.User) UserResponse {
	return UserResponse{
		ID:        user.ID,
		Email:     Email(user.Email),
		Name:      Name(user.Name),
		Role:      Role(user.Role),
		CreatedAt: Time(user.CreatedAt),
	}
}

func tokenPair(pair domain.TokenPair) TokenPair {
	return TokenPair{
		AccessToken:  pair.AccessToken,
		RefreshToken: pair.RefreshToken,
		TokenType:    "bearer",
		ExpiresIn:    int(pair.ExpiresIn.Seconds()),
	}
}

// nextCursor is null for an empty cursor.
func nextCursor(cursor string) *Cursor {
	if cursor == "" {
		return nil
	}
	return (*Cursor)(&cursor)
}

// itemsOf are what the items of a page become.
func itemsOf[Item, Response any](items []Item, convert func(Item) Response) []Response {
	converted := make([]Response, len(items))
	for i, item := range items {
		converted[i] = convert(item)
	}
	return converted
}

type limits struct {
	least, most int
	pattern     string
	description string
}

func text(limits limits) *huma.Schema {
	schema := &huma.Schema{
		Type: huma.TypeString, MaxLength: &limits.most, Pattern: limits.pattern, PatternDescription: limits.description,
	}
	if limits.least > 0 {
		schema.MinLength = &limits.least
	}
	return schema
}
