// Package rest is the API over HTTP, as contract/openapi.yaml describes it: by Huma, on Gin.
package rest

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"service/internal/about"
	"service/internal/platform/health"
	"service/internal/platform/metrics"
	"service/internal/usecases"
)

// Service is what the API calls.
type Service struct {
	Users        *usecases.Users
	Sessions     *usecases.Sessions
	Activity     *usecases.ActivityLog
	Dependencies []health.Dependency
	Metrics      *metrics.Metrics
}

// New makes the handler of all requests.
func New(service Service) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.RedirectTrailingSlash = false
	router.Use(aroundRequests(service.Metrics))

	api := newAPI(router)
	registerAuth(api, service)
	registerUsers(api, service)
	registerActivity(api, service)
	registerOperations(api, service)
	router.GET("/metrics", gin.WrapH(service.Metrics.Handler()))
	addDocumentation(router, api)
	refuseTheRest(router, api)
	return router
}

func newAPI(router *gin.Engine) huma.API {
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: readJSON}
	return humagin.New(router, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: about.Title, Description: about.Description, Version: about.Version},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					bearerScheme: {
						Type: "oauth2",
						Flows: &huma.OAuthFlows{
							Password: &huma.OAuthFlow{TokenURL: tokenPath, Scopes: map[string]string{}},
						},
					},
				},
			},
		},
		Formats:       map[string]huma.Format{mediaTypeJSON: format, "json": format}, // And all that ends with +json.
		DefaultFormat: mediaTypeJSON,
	})
}
