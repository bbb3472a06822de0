package rest

import (
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// What the OpenAPI document says beyond what Huma finds out by itself: errors and headers. The document is exact: what is
// not described in it does not happen.

type documented struct {
	status   string
	response *huma.Response
}

var (
	unauthorized = documented{"401", problemResponse(
		"Not signed in: `wrong-credentials` for a name or password that is wrong, `invalid-token` for a token that is "+
			"missing, forged, expired, used up or revoked.",
		"WWW-Authenticate", "`Bearer`, with what is wrong with the token.")}
	forbidden     = documented{"403", problemResponse("`forbidden`: the caller may not do this.")}
	notFound      = documented{"404", problemResponse("`not-found`: there is no such user, or no longer.")}
	conflict      = documented{"409", problemResponse("`email-taken`: another user has this e-mail address.")}
	staleVersion  = documented{"412", problemResponse("`stale`: the user has changed since the version that `If-Match` names.")}
	unprocessable = documented{"422", problemResponse(
		"`validation`: something about the request is wrong, and `errors` says what and where. `key-reused`: the " +
			"idempotency key came with another body before.")}

	unready = &huma.Response{
		Description: "One that is required is down.",
		Content:     map[string]*huma.MediaType{mediaTypeJSON: {Schema: reference("Readiness")}},
	}
	metricsResponse = &huma.Response{
		Description: "In the text format of Prometheus.",
		Content:     map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
)

func problems(all ...documented) map[string]*huma.Response {
	responses := map[string]*huma.Response{}
	for _, each := range all {
		responses[each.status] = each.response
	}
	return responses
}

// problemResponse is an answer with a problem, and perhaps with a header: its name, and what it says.
func problemResponse(description string, header ...string) *huma.Response {
	response := &huma.Response{
		Description: description,
		Content:     map[string]*huma.MediaType{mediaTypeProblem: {Schema: reference("Problem")}},
	}
	if len(header) > 0 {
		response.Headers = map[string]*huma.Header{
			header[0]: {Description: header[1], Required: true, Schema: &huma.Schema{Type: huma.TypeString}},
		}
	}
	return response
}

func reference(name string) *huma.Schema { return &huma.Schema{Ref: "#/components/schemas/" + name} }

// complete says of the document what Huma leaves open, or says without being asked.
func complete(document *huma.OpenAPI) {
	for _, schema := range document.Components.Schemas.Map() {
		for _, property := range schema.Properties {
			tidy(property)
		}
	}
	for _, item := range document.Paths {
		for _, operation := range operationsOf(item) {
			for _, parameter := range operation.Parameters {
				tidy(parameter.Schema)
			}
			delete(operation.Responses, "default")
			for _, response := range operation.Responses {
				for _, header := range response.Headers {
					if !header.Required { // Some responses are shared.
						header.Required = true
					}
				}
			}
		}
	}
}

// tidy takes away the number of bits, which is nobody's business, and what is for Huma's messages only.
func tidy(schema *huma.Schema) {
	if schema.Type == huma.TypeInteger {
		schema.Format = ""
	}
	schema.PatternDescription = ""
}

// methodsOf are those of a path, in the order of their names.
func methodsOf(document *huma.OpenAPI, path string) []string {
	item := document.Paths[path]
	for template, candidate := range document.Paths {
		if item == nil && matches(template, path) {
			item = candidate
		}
	}
	if item == nil { // Of a path that the document says nothing about, such as its own.
		return []string{"GET"}
	}
	var methods []string
	for method := range operationsOf(item) {
		methods = append(methods, method)
	}
	slices.Sort(methods)
	return methods
}

func operationsOf(item *huma.PathItem) map[string]*huma.Operation {
	found := map[string]*huma.Operation{
		"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete,
	}
	for method, operation := range found {
		if operation == nil {
			delete(found, method)
		}
	}
	return found
}

// matches tells whether a path is one of those that a template with {parameters} stands for.
func matches(template, path string) bool {
	expected, found := strings.Split(template, "/"), strings.Split(path, "/")
	return slices.EqualFunc(expected, found, func(expected, found string) bool {
		return expected == found || strings.HasPrefix(expected, "{")
	})
}
