package rest

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

type signInInput struct {
	Body SignInForm `contentType:"application/x-www-form-urlencoded"`
}

type refreshTokenInput struct {
	Body RefreshToken
}

type tokenPairOutput struct {
	Body TokenPair
}

type nothing struct{}

// registerAuth adds signing in, staying signed in, signing out.
func registerAuth(api huma.API, service Service) {
	register(api, huma.Operation{
		OperationID: "signIn",
		Method:      http.MethodPost,
		Path:        tokenPath,
		Tags:        []string{"auth"},
		Summary:     "Sign in",
		Description: "The OAuth 2 password form (RFC 6749, 4.3). " +
			"An unknown account is answered exactly like a wrong password.",
		Responses: problems(unauthorized, unprocessable),
	}, func(ctx context.Context, input *signInInput) (*tokenPairOutput, error) {
		pair, err := service.Sessions.SignIn(ctx, input.Body.Username, string(input.Body.Password))
		return &tokenPairOutput{tokenPair(pair)}, err
	})

	register(api, huma.Operation{
		OperationID: "refresh",
		Method:      http.MethodPost,
		Path:        "/v1/auth/refresh",
		Tags:        []string{"auth"},
		Summary:     "Exchange a refresh token for the next pair",
		Description: "The refresh token is used up. Using it again is taken for a theft, and ends the session.",
		Responses:   problems(unauthorized, unprocessable),
	}, func(ctx context.Context, input *refreshTokenInput) (*tokenPairOutput, error) {
		pair, err := service.Sessions.Refresh(ctx, input.Body.RefreshToken)
		return &tokenPairOutput{tokenPair(pair)}, err
	})

	register(api, huma.Operation{
		OperationID:   "signOut",
		Method:        http.MethodPost,
		Path:          "/v1/auth/logout",
		Tags:          []string{"auth"},
		Summary:       "End a session",
		Description:   "A token that is no good any more is answered in the same way (RFC 7009).",
		DefaultStatus: http.StatusNoContent,
		Responses:     problems(unprocessable),
	}, func(ctx context.Context, input *refreshTokenInput) (*nothing, error) {
		return nil, service.Sessions.SignOut(ctx, input.Body.RefreshToken)
	})
}
