package rest

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"service/internal/platform/health"
)

type livenessOutput struct {
	Body Liveness
}

type readinessOutput struct {
	Status int
	Body   Readiness
}

// registerOperations adds what the machinery around the service asks. Keep it away from the public.
func registerOperations(api huma.API, service Service) {
	register(api, huma.Operation{
		OperationID: "livez",
		Method:      http.MethodGet,
		Path:        "/livez",
		Tags:        []string{"operations"},
		Summary:     "Does the process live?",
		Description: "Asks nothing else. If this fails, restart the process.",
	}, func(context.Context, *nothing) (*livenessOutput, error) {
		return &livenessOutput{Liveness{"ok"}}, nil
	})

	register(api, huma.Operation{
		OperationID: "readyz",
		Method:      http.MethodGet,
		Path:        "/readyz",
		Tags:        []string{"operations"},
		Summary:     "Can it serve requests now?",
		Description: "Asks every dependency. While this fails, send requests elsewhere.",
		Responses:   map[string]*huma.Response{"503": unready},
	}, func(ctx context.Context, _ *nothing) (*readinessOutput, error) {
		return readiness(health.Check(ctx, service.Dependencies)), nil
	})

	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "metrics",
		Method:      http.MethodGet,
		Path:        "/metrics",
		Tags:        []string{"operations"},
		Summary:     "Metrics for Prometheus",
		Responses:   map[string]*huma.Response{"200": metricsResponse},
	})
}

func readiness(found []health.Health, isReady bool) *readinessOutput {
	output := &readinessOutput{
		Status: http.StatusOK,
		Body:   Readiness{Status: "ready", Dependencies: map[string]DependencyHealth{}},
	}
	if !isReady {
		output.Status, output.Body.Status = http.StatusServiceUnavailable, "unavailable"
	}
	for _, each := range found {
		status := "down"
		if each.IsUp {
			status = "up"
		}
		output.Body.Dependencies[each.Name] = DependencyHealth{Status: status, Required: each.Required}
	}
	return output
}
