package rest

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"service/internal/domain"
)

type listActivityInput struct {
	User   string `query:"user" minLength:"1" maxLength:"64" doc:"Only what is about the user with this id."`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
	Cursor Cursor `query:"cursor" doc:"The next_cursor of an earlier page."`
}

type activityPageOutput struct {
	Body ActivityPage
}

// ActivityResponse is something that happened.
type ActivityResponse struct {
	ID     string  `json:"id" minLength:"1" maxLength:"1000"`
	Type   string  `json:"type" enum:"user.created,user.updated,user.deleted,session.started,session.refused"`
	UserID *string `json:"user_id" minLength:"1" maxLength:"64" nullable:"true"`
	By     *string `json:"by" minLength:"1" maxLength:"64" nullable:"true"`
	Time   Time    `json:"time"`
}

// ActivityPage is a page of the activity log.
type ActivityPage struct {
	Items      []ActivityResponse `json:"items" nullable:"false"`
	NextCursor *Cursor            `json:"next_cursor" nullable:"true"`
}

// registerActivity adds what tells what happened: who was created, changed, deleted, signed in or refused.
func registerActivity(api huma.API, service Service) {
	registerSignedIn(api, service, huma.Operation{
		OperationID: "listActivity",
		Method:      http.MethodGet,
		Path:        "/v1/activity",
		Tags:        []string{"activity"},
		Summary:     "List what happened, newest first",
		Description: "For admins; for users about themselves. It is made from events, and follows what happens by a moment.",
		Responses:   problems(unauthorized, forbidden, unprocessable),
	}, func(ctx context.Context, caller domain.User, input *listActivityInput) (*activityPageOutput, error) {
		page, err := service.Activity.Page(ctx, caller, input.User, string(input.Cursor), input.Limit)
		return &activityPageOutput{ActivityPage{itemsOf(page.Items, activityResponse), nextCursor(page.NextCursor)}}, err
	})
}

func activityResponse(entry domain.Activity) ActivityResponse {
	return ActivityResponse{
		ID:     entry.ID,
		Type:   entry.Type,
		UserID: orNull(entry.UserID),
		By:     orNull(entry.By),
		Time:   Time(entry.Time),
	}
}

// orNull is null for nobody.
func orNull(userID string) *string {
	if userID == "" {
		return nil
	}
	return &userID
}
