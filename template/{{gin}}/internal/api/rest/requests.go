package rest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/danielgtaylor/huma/v2/validation"

	"service/internal/domain"
)

const (
	mediaTypeJSON = "application/json"
	mediaTypeForm = "application/x-www-form-urlencoded"
)

// The names of fields are compared as they are written, unlike in Go's own JSON.
func init() { huma.ValidateStrictCasing = true }

// null stands for a null that was written in a body, which Huma would take for a field that was left out. It is of no
// type that a field may have.
type null struct{}

// readJSON reads a body, which has to be UTF-8: Go would replace what is not.
func readJSON(body []byte, into any) error {
	if !utf8.Valid(body) {
		return errors.New("is not UTF-8")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return errors.New("is not valid JSON: " + err.Error())
	}
	if value, isToBeValidated := into.(*any); isToBeValidated {
		*value = withoutNil(*value)
	}
	return nil
}

func withoutNil(value any) any {
	switch value := value.(type) {
	case nil:
		return null{}
	case map[string]any:
		for name, each := range value {
			value[name] = withoutNil(each)
		}
	case []any:
		for i, each := range value {
			value[i] = withoutNil(each)
		}
	}
	return value
}

type emptyParametersKey struct{}

// findEmptyParameters notes parameters that are written but empty, which Huma takes for left out, or that are no text.
func findEmptyParameters(ctx huma.Context, next func(huma.Context)) {
	request := humagin.Unwrap(ctx).Request
	written := map[string]map[string][]string{"query": request.URL.Query(), "header": request.Header}
	var wrong []FieldError
	for _, parameter := range ctx.Operation().Parameters {
		mayBeEmpty := parameter.Schema.Type == huma.TypeString && parameter.Schema.MinLength == nil
		values := written[parameter.In][parameter.Name]
		if mayBeEmpty || len(values) == 0 {
			continue
		}
		if values[0] == "" {
			wrong = append(wrong, FieldError{In: parameter.In, Field: parameter.Name, Detail: "is empty"})
		} else if !utf8.ValidString(values[0]) {
			wrong = append(wrong, FieldError{In: parameter.In, Field: parameter.Name, Detail: "is not UTF-8"})
		}
	}
	next(huma.WithValue(ctx, emptyParametersKey{}, wrong))
}

func emptyParametersOf(ctx context.Context) []FieldError {
	found, _ := ctx.Value(emptyParametersKey{}).([]FieldError)
	return slices.Clip(found)
}

// checkContentType refuses bodies of another type than the operation's, so that no form of another site can send JSON.
func checkContentType(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		expected := mediaTypeOf(ctx.Operation())
		if expected == "" {
			next(ctx)
			return
		}
		request := humagin.Unwrap(ctx).Request
		found, _, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
		if err != nil || found != expected {
			answer(api, ctx, &huma.ErrorDetail{Location: "body", Message: "must be sent as " + expected})
			return
		}
		if expected == mediaTypeForm {
			if err := formToJSON(ctx); err != nil {
				answer(api, ctx, err)
				return
			}
		}
		request.Header.Set("Content-Type", mediaTypeJSON)
		next(ctx)
	}
}

// mediaTypeOf is what an operation's body is written in; empty if it has none.
func mediaTypeOf(operation *huma.Operation) string {
	if operation.RequestBody == nil {
		return ""
	}
	for mediaType := range operation.RequestBody.Content {
		return mediaType
	}
	return ""
}

// formToJSON makes an object of a form: Huma reads no forms but those of several parts.
func formToJSON(ctx huma.Context) error {
	request := humagin.Unwrap(ctx).Request
	written, err := io.ReadAll(request.Body)
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(string(written))
	if err != nil {
		return &huma.ErrorDetail{Location: "body", Message: "is not a form that can be read"}
	}
	fields := map[string]string{}
	for name := range form {
		fields[name] = strings.ToValidUTF8(form.Get(name), "\uFFFD")
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	request.Body = io.NopCloser(strings.NewReader(string(body)))
	return nil
}

// fieldOf is where something is wrong, of what Huma says: its place, and its name as the caller wrote it.
func fieldOf(operation *huma.Operation, detail *huma.ErrorDetail) FieldError {
	place, field, _ := strings.Cut(detail.Location, ".")
	if place == "body" && mediaTypeOf(operation) == mediaTypeForm {
		place = "form"
	}
	found := FieldError{In: place, Field: field, Detail: detail.Message}
	if name, isMissing := missing(detail.Message); isMissing {
		found.Field = strings.Join(slices.DeleteFunc([]string{field, name}, func(part string) bool { return part == "" }), ".")
		found.Detail = "is missing"
	}
	if detail.Message == validation.MsgUnexpectedProperty {
		found.Detail = "is not a known field"
	}
	return found
}

// missing is the name of a field that is missing, which Huma tells in words only.
func missing(message string) (name string, isMissing bool) {
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	name, hasPrefix := strings.CutPrefix(message, before)
	name, hasSuffix := strings.CutSuffix(name, after)
	return name, hasPrefix && hasSuffix
}

// CheckedUser is a user who is made in another way than by a request, as the domain has it, if the same is right about
// them as about others.
func CheckedUser(created UserCreate) (domain.NewUser, error) {
	written, err := json.Marshal(created)
	if err != nil {
		return domain.NewUser{}, err
	}
	var body any
	if err := readJSON(written, &body); err != nil {
		return domain.NewUser{}, err
	}
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	schema := registry.Schema(reflect.TypeFor[UserCreate](), false, "")
	result := &huma.ValidateResult{}
	huma.Validate(registry, schema, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, body, result)
	lines := make([]string, len(result.Errors))
	for i, each := range result.Errors {
		lines[i] = each.Error()
		if detail, isDetail := errors.AsType[*huma.ErrorDetail](each); isDetail {
			lines[i] = detail.Location + ": " + detail.Message // Without the value, which may be a password.
		}
	}
	if len(lines) > 0 {
		return domain.NewUser{}, errors.New(strings.Join(lines, "\n"))
	}
	return created.toDomain(), nil
}
