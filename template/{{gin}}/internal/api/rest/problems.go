package rest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"service/internal/domain"
)

const mediaTypeProblem = "application/problem+json"

// Problem is the body of every answer that is an error (RFC 9457).
type Problem struct {
	Type      string       `json:"type" format:"uri"`
	Title     string       `json:"title"`
	Status    int          `json:"status" minimum:"400" maximum:"599"`
	Detail    string       `json:"detail"`
	RequestID string       `json:"request_id"`
	Errors    []FieldError `json:"errors,omitempty" nullable:"false"`
}

// FieldError is one thing that is wrong with a request.
type FieldError struct {
	In     string `json:"in" enum:"body,query,path,header,form"`
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus tells Huma what to answer with.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType tells Huma what a problem is sent as.
func (p *Problem) ContentType(string) string { return mediaTypeProblem }

type problemType struct {
	status  int
	name    string
	title   string
	headers map[string]string
}

var (
	validationProblem = problemType{status: 422, name: "validation", title: "The request is not valid"}
	notFoundProblem   = problemType{status: 404, name: "not-found", title: "There is no such thing"}
	internalProblem   = problemType{status: 500, name: "internal", title: "Something went wrong here"}
	tooLargeProblem   = problemType{status: 413, name: "too-large", title: "The request is too large"}
	tooSlowProblem    = problemType{status: 408, name: "too-slow", title: "The request took too long to arrive"}
	methodProblem     = problemType{status: 405, name: "method-not-allowed", title: "This method is not allowed here"}
)

var problemTypes = map[domain.Kind]problemType{
	domain.ErrWrongCredentials: {
		401, "wrong-credentials", "The name or the password is wrong",
		map[string]string{"WWW-Authenticate": "Bearer"},
	},
	domain.ErrInvalidToken: {
		401, "invalid-token", "The token is not good",
		map[string]string{"WWW-Authenticate": `Bearer error="invalid_token"`},
	},
	domain.ErrForbidden:    {status: 403, name: "forbidden", title: "The caller may not do this"},
	domain.ErrNotFound:     notFoundProblem,
	domain.ErrEmailTaken:   {status: 409, name: "email-taken", title: "The e-mail address is taken"},
	domain.ErrStale:        {status: 412, name: "stale", title: "The version is not the current one"},
	domain.ErrKeyReused:    {status: 422, name: "key-reused", title: "The idempotency key was used for something else"},
	domain.ErrInvalidField: validationProblem,
	domain.ErrUnavailable: {
		503, "unavailable", "The service cannot do this now", map[string]string{"Retry-After": "1"},
	},
}

// Huma makes all of its errors by these two; there is no other way to give them a form of one's own.
func init() {
	huma.NewError = func(status int, message string, _ ...error) huma.StatusError {
		return &Problem{Status: status, Detail: message}
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		problem, headers := explain(ctx, status, message, errs)
		for name, value := range headers {
			ctx.SetHeader(name, value)
		}
		return problem
	}
}

// explain says what is answered to errors of a use case, or of Huma.
func explain(ctx huma.Context, status int, message string, errs []error) (*Problem, map[string]string) {
	err := errors.Join(errs...)
	if kind, isAnswer := errors.AsType[domain.Kind](err); isAnswer {
		return ofKind(ctx.Context(), kind, err)
	}
	if _, isTooLarge := errors.AsType[*http.MaxBytesError](err); isTooLarge {
		return tooLargeProblem.with(ctx.Context(), tooLarge), nil
	}
	if status == http.StatusRequestTimeout {
		return tooSlowProblem.with(ctx.Context(), message), nil
	}
	wrong := emptyParametersOf(ctx.Context())
	for _, each := range errs {
		if detail, isDetail := errors.AsType[*huma.ErrorDetail](each); isDetail {
			wrong = append(wrong, fieldOf(ctx.Operation(), detail))
		}
	}
	if len(wrong) == 0 && status == http.StatusInternalServerError {
		return unexpected(ctx.Context(), err)
	}
	if len(wrong) == 0 { // About a body that is not there.
		wrong = []FieldError{fieldOf(ctx.Operation(), &huma.ErrorDetail{Location: "body", Message: message})}
	}
	return invalid(ctx.Context(), wrong), nil
}

func ofKind(ctx context.Context, kind domain.Kind, err error) (*Problem, map[string]string) {
	found := problemTypes[kind]
	if kind == domain.ErrUnavailable {
		slog.ErrorContext(ctx, "unavailable", "error", err)
	}
	if field, isField := errors.AsType[*domain.InvalidField](err); isField {
		return invalid(ctx, []FieldError{{In: string(field.Source), Field: field.Field, Detail: field.Detail}}), nil
	}
	detail := found.title
	if explained, isExplained := errors.AsType[*domain.Error](err); isExplained {
		detail = explained.Detail
	}
	problem := found.with(ctx, detail)
	if kind == domain.ErrKeyReused {
		problem.Errors = []FieldError{{In: "header", Field: "Idempotency-Key", Detail: detail}}
	}
	return problem, found.headers
}

func invalid(ctx context.Context, wrong []FieldError) *Problem {
	details := make([]string, len(wrong))
	for i, each := range wrong {
		details[i] = strings.TrimSpace(each.Field + " " + each.Detail)
	}
	problem := validationProblem.with(ctx, strings.Join(details, "; "))
	problem.Errors = wrong
	return problem
}

// unexpected is for bugs; and for callers who have hung up, whom nobody answers.
func unexpected(ctx context.Context, err error) (*Problem, map[string]string) {
	if ctx.Err() != nil {
		slog.DebugContext(ctx, "the caller has hung up", "error", err)
	} else {
		slog.ErrorContext(ctx, "unhandled error", "error", err)
	}
	return internalProblem.with(ctx, "It has been logged."), nil
}

func (t problemType) with(ctx context.Context, detail string) *Problem {
	return &Problem{
		Type:      "urn:problem-type:" + t.name,
		Title:     t.title,
		Status:    t.status,
		Detail:    detail,
		RequestID: requestIDOf(ctx),
	}
}

// write is for where Huma has not been reached.
func (p *Problem) write(c *gin.Context) {
	c.Header("Content-Type", mediaTypeProblem)
	c.AbortWithStatusJSON(p.Status, p)
}

// recoverFrom answers a request in which something has panicked, if it is not too late for that.
func recoverFrom(c *gin.Context, reason any) {
	if reason == http.ErrAbortHandler {
		panic(reason)
	}
	ctx := c.Request.Context()
	slog.ErrorContext(ctx, "unhandled error", "error", fmt.Sprint(reason), "stack", string(debug.Stack()))
	if c.Writer.Written() {
		panic(http.ErrAbortHandler) // The server breaks the connection.
	}
	internalProblem.with(ctx, "It has been logged.").write(c)
}

// refuseTheRest answers requests for which there is no operation.
func refuseTheRest(router *gin.Engine, api huma.API) {
	router.NoRoute(func(c *gin.Context) {
		notFoundProblem.with(c.Request.Context(), "There is nothing at this path.").write(c)
	})
	refuse := func(c *gin.Context) {
		c.Header("Allow", strings.Join(methodsOf(api.OpenAPI(), c.Request.URL.Path), ", "))
		methodProblem.with(c.Request.Context(), "This path has other methods.").write(c)
	}
	router.NoMethod(refuse)
	// Else /v1/users/{user_id} would take it for a user with the id "me".
	router.PATCH(mePath, refuse)
	router.DELETE(mePath, refuse)
}
