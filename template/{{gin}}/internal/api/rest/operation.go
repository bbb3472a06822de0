package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"service/internal/domain"
)

const (
	bearerScheme = "OAuth2PasswordBearer"
	tokenPath    = "/v1/auth/token"

	bodyReadTimeout = 30 * time.Second
)

// errEmptyParameters is answered with what emptyParametersOf tells.
var errEmptyParameters = errors.New("some parameters are empty")

// register adds an operation that anybody may call.
func register[Input, Output any](
	api huma.API, operation huma.Operation, handle func(context.Context, *Input) (*Output, error),
) {
	operation.MaxBodyBytes = -1 // There is a limit for all requests.
	operation.BodyReadTimeout = bodyReadTimeout
	operation.Middlewares = append(operation.Middlewares, findEmptyParameters, checkContentType(api))
	huma.Register(api, operation, func(ctx context.Context, input *Input) (*Output, error) {
		if len(emptyParametersOf(ctx)) > 0 {
			return nil, errEmptyParameters
		}
		return handle(ctx, input)
	})
}

// registerSignedIn adds an operation for users, who send an access token. That is looked at first.
func registerSignedIn[Input, Output any](
	api huma.API,
	service Service,
	operation huma.Operation,
	handle func(ctx context.Context, caller domain.User, input *Input) (*Output, error),
) {
	operation.Security = []map[string][]string{{bearerScheme: {}}}
	operation.Middlewares = append(operation.Middlewares, authenticate(api, service))
	register(api, operation, func(ctx context.Context, input *Input) (*Output, error) {
		caller, _ := ctx.Value(callerKey{}).(domain.User)
		return handle(ctx, caller, input)
	})
}

type callerKey struct{}

func authenticate(api huma.API, service Service) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		scheme, token, _ := strings.Cut(ctx.Header("Authorization"), " ")
		if !strings.EqualFold(scheme, "bearer") || token == "" {
			answer(api, ctx, domain.ErrInvalidToken.Because("An access token is needed, as `Authorization: Bearer …`."))
			return
		}
		caller, err := service.Sessions.Authenticate(ctx.Context(), token)
		if err != nil {
			answer(api, ctx, err)
			return
		}
		next(huma.WithValue(ctx, callerKey{}, caller))
	}
}

// answer is for what goes wrong before an operation is reached.
func answer(api huma.API, ctx huma.Context, errs ...error) {
	_ = huma.WriteErr(api, ctx, http.StatusInternalServerError, "", errs...) // If it fails, nobody is there to be told.
}
