package rest

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"service/internal/domain"
	"service/internal/usecases"
)

const (
	usersPath = "/v1/users"
	mePath    = "/v1/users/me"
	userPath  = "/v1/users/{user_id}"
)

// UserIDInput names a user.
type UserIDInput struct {
	UserID string `path:"user_id" doc:"One that was never given to anybody is answered like one that is gone."`
}

// IfMatchInput is a condition.
type IfMatchInput struct {
	IfMatch string `header:"If-Match" doc:"The ETag of the version that the caller knows, a list of them, or *."`

	versions usecases.Versions
}

// Resolve reads the header in all its lines, and tells an empty one from none.
func (i *IfMatchInput) Resolve(ctx huma.Context) []error {
	i.versions = versionsOf(humagin.Unwrap(ctx).Request.Header.Values("If-Match"))
	return nil
}

type listUsersInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	Cursor Cursor `query:"cursor" doc:"The next_cursor of an earlier page."`
}

type createUserInput struct {
	IdempotencyKey string `header:"Idempotency-Key" minLength:"1" maxLength:"255" pattern:"^[!-~]+$" doc:"A name for this request, so that it can be repeated when its answer got lost."`
	Body           UserCreate
}

type updateUserInput struct {
	UserIDInput
	IfMatchInput

	Body UserUpdate
}

type deleteUserInput struct {
	UserIDInput
	IfMatchInput
}

type userPageOutput struct {
	Body UserPage
}

type userOutput struct {
	ETag string `header:"ETag" doc:"Names this version of the user, for If-Match."`
	Body UserResponse
}

type createdUserOutput struct {
	Location string `header:"Location" doc:"Where the user can be found."`
	ETag     string `header:"ETag" doc:"Names this version of the user, for If-Match."`
	Body     UserResponse
}

// registerUsers adds what can be done with the people who may sign in.
func registerUsers(api huma.API, service Service) {
	registerSignedIn(api, service, huma.Operation{
		OperationID: "listUsers",
		Method:      http.MethodGet,
		Path:        usersPath,
		Tags:        []string{"users"},
		Summary:     "List users, newest first",
		Description: "For admins. Read on with `cursor`, until `next_cursor` is null.",
		Responses:   problems(unauthorized, forbidden, unprocessable),
	}, func(ctx context.Context, caller domain.User, input *listUsersInput) (*userPageOutput, error) {
		page, err := service.Users.Page(ctx, caller, string(input.Cursor), input.Limit)
		return &userPageOutput{UserPage{itemsOf(page.Items, userResponse), nextCursor(page.NextCursor)}}, err
	})

	registerSignedIn(api, service, huma.Operation{
		OperationID:   "createUser",
		Method:        http.MethodPost,
		Path:          usersPath,
		Tags:          []string{"users"},
		Summary:       "Create a user",
		Description:   "For admins.",
		DefaultStatus: http.StatusCreated,
		Responses:     problems(unauthorized, forbidden, conflict, unprocessable),
	}, func(ctx context.Context, caller domain.User, input *createUserInput) (*createdUserOutput, error) {
		user, err := service.Users.Create(ctx, caller, input.Body.toDomain(), input.IdempotencyKey)
		return &createdUserOutput{usersPath + "/" + user.ID, etag(user.Version), userResponse(user)}, err
	})

	registerSignedIn(api, service, huma.Operation{
		OperationID: "getMe",
		Method:      http.MethodGet,
		Path:        mePath,
		Tags:        []string{"users"},
		Summary:     "Read oneself",
		Responses:   problems(unauthorized),
	}, func(_ context.Context, caller domain.User, _ *nothing) (*userOutput, error) {
		return new(userOutputOf(caller)), nil
	})

	registerSignedIn(api, service, huma.Operation{
		OperationID: "getUser",
		Method:      http.MethodGet,
		Path:        userPath,
		Tags:        []string{"users"},
		Summary:     "Read a user",
		Description: "For admins, and for the user.",
		Responses:   problems(unauthorized, forbidden, notFound),
	}, func(ctx context.Context, caller domain.User, input *UserIDInput) (*userOutput, error) {
		user, err := service.Users.Get(ctx, caller, input.UserID)
		return new(userOutputOf(user)), err
	})

	registerSignedIn(api, service, huma.Operation{
		OperationID: "updateUser",
		Method:      http.MethodPatch,
		Path:        userPath,
		Tags:        []string{"users"},
		Summary:     "Change a user",
		Description: "For admins, and for the user. Fields that are left out stay as they are.",
		Responses:   problems(unauthorized, forbidden, notFound, conflict, staleVersion, unprocessable),
	}, func(ctx context.Context, caller domain.User, input *updateUserInput) (*userOutput, error) {
		user, err := service.Users.Update(ctx, caller, input.UserID, input.Body.toDomain(), input.versions)
		return new(userOutputOf(user)), err
	})

	registerSignedIn(api, service, huma.Operation{
		OperationID:   "deleteUser",
		Method:        http.MethodDelete,
		Path:          userPath,
		Tags:          []string{"users"},
		Summary:       "Delete a user",
		Description:   "For admins, and for the user.",
		DefaultStatus: http.StatusNoContent,
		Responses:     problems(unauthorized, forbidden, notFound, staleVersion),
	}, func(ctx context.Context, caller domain.User, input *deleteUserInput) (*nothing, error) {
		return nil, service.Users.Delete(ctx, caller, input.UserID, input.versions)
	})
}

func userOutputOf(user domain.User) userOutput {
	return userOutput{ETag: etag(user.Version), Body: userResponse(user)}
}
