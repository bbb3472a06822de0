package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"service/internal/adapters/clock"
	"service/internal/api/rest"
	"service/internal/domain"
	"service/internal/platform/metrics"
	"service/internal/platform/security"
	"service/internal/ports"
	"service/internal/testing/own"
	"service/internal/usecases"
)

const password = "correct horse battery staple"

// client sends requests as somebody, or as nobody.
type client struct {
	handler http.Handler
	token   string
}

type answer struct {
	*httptest.ResponseRecorder
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var found map[string]any
	if err := json.Unmarshal(a.Body.Bytes(), &found); err != nil {
		t.Fatalf("%v: %s", err, a.Body.String())
	}
	return found
}

func (c client) send(method, path, body string, headers ...string) answer {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	for pair := range slices.Chunk(headers, 2) {
		request.Header.Set(pair[0], pair[1])
	}
	recorder := httptest.NewRecorder()
	c.handler.ServeHTTP(recorder, request)
	return answer{recorder}
}

// start answers nobody, an admin and a user, and the user's path.
func start(t *testing.T) (anyone, admin, ann client, path string) {
	t.Helper()
	service, metrics := own.Service(t)
	anyone = client{handler: rest.New(rest.Service{
		Users:        service.Users,
		Sessions:     service.Sessions,
		Activity:     service.Activity,
		Dependencies: service.Dependencies,
		Metrics:      metrics,
	})}
	signedIn := func(name string, role domain.Role) (client, domain.User) {
		email := name + "@example.org"
		user, err := service.Users.Add(t.Context(), domain.NewUser{Email: email, Name: name, Password: password, Role: role})
		if err != nil {
			t.Fatal(err)
		}
		pair, err := service.Sessions.SignIn(t.Context(), email, password)
		if err != nil {
			t.Fatal(err)
		}
		return client{anyone.handler, pair.AccessToken}, user
	}
	admin, _ = signedIn("admin", domain.RoleAdmin)
	ann, user := signedIn("ann", domain.RoleUser)
	return anyone, admin, ann, "/v1/users/" + user.ID
}

func expectStatus(t *testing.T, found answer, status int) {
	t.Helper()
	if found.Code != status {
		t.Errorf("answered %d: %s", found.Code, found.Body.String())
	}
}

// expectWrong expects that fields are refused, written as "in field".
func expectWrong(t *testing.T, found answer, fields ...string) {
	t.Helper()
	expectStatus(t, found, http.StatusUnprocessableEntity)
	problem := found.json(t)
	if problem["type"] != "urn:problem-type:validation" || found.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("found %v", problem)
	}
	var named []string
	errors, _ := problem["errors"].([]any)
	for _, each := range errors {
		field, _ := each.(map[string]any)
		named = append(named, field["in"].(string)+" "+field["field"].(string))
	}
	slices.Sort(named)
	if named = slices.Compact(named); !slices.Equal(named, fields) {
		t.Errorf("found %q instead of %q: %s", named, fields, found.Body.String())
	}
}

func expectProblem(t *testing.T, found answer, status int, name string) {
	t.Helper()
	expectStatus(t, found, status)
	problem := found.json(t)
	isWhole := problem["status"] == float64(status) && problem["title"] != "" && problem["detail"] != ""
	if problem["type"] != "urn:problem-type:"+name || !isWhole || problem["request_id"] != found.Header().Get("X-Request-ID") {
		t.Errorf("found %v", problem)
	}
}

func TestSigningInAndOut(t *testing.T) {
	anyone, _, _, _ := start(t)
	form := url.Values{"username": {"ann@example.org"}, "password": {password}, "scope": {"more"}}
	asForm := []string{"Content-Type", "application/x-www-form-urlencoded"}
	pair := anyone.send("POST", "/v1/auth/token", form.Encode(), asForm...)
	expectStatus(t, pair, http.StatusOK)
	if pair.json(t)["token_type"] != "bearer" || pair.json(t)["expires_in"] != 900.0 {
		t.Errorf("found %s", pair.Body.String())
	}
	token, _ := pair.json(t)["refresh_token"].(string)
	body := `{"refresh_token": "` + token + `"}`
	expectStatus(t, anyone.send("POST", "/v1/auth/refresh", body), http.StatusOK)
	expectProblem(t, anyone.send("POST", "/v1/auth/refresh", body), http.StatusUnauthorized, "invalid-token")
	signedOut := anyone.send("POST", "/v1/auth/logout", body)
	expectStatus(t, signedOut, http.StatusNoContent)
	if signedOut.Body.Len() > 0 {
		t.Errorf("found the body %s", signedOut.Body.String())
	}

	form.Set("password", "wrong")
	refused := anyone.send("POST", "/v1/auth/token", form.Encode(), asForm...)
	expectProblem(t, refused, http.StatusUnauthorized, "wrong-credentials")
	if refused.Header().Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("found %v", refused.Header())
	}
	expectWrong(t, anyone.send("POST", "/v1/auth/token", "username=&password=", asForm...), "form password", "form username")
	expectWrong(t, anyone.send("POST", "/v1/auth/token", "password=p&username=%zz", asForm...), "form ")
	expectWrong(t, anyone.send("POST", "/v1/auth/token", `{"username": "ann"}`), "form ")
}

func TestAUserFromBeginningToEnd(t *testing.T) {
	_, admin, ann, _ := start(t)
	body := `{"email": "Bob@Example.org", "name": "Bob", "password": "` + password + `"}`
	created := admin.send("POST", "/v1/users", body, "Idempotency-Key", "key")
	expectStatus(t, created, http.StatusCreated)
	path := created.Header().Get("Location")
	if created.Header().Get("ETag") != `"1"` || created.json(t)["email"] != "bob@example.org" || created.json(t)["role"] != "user" {
		t.Errorf("found %v and %s", created.Header(), created.Body.String())
	}
	again := admin.send("POST", "/v1/users", body, "Idempotency-Key", "key")
	if again.Code != http.StatusCreated || again.Body.String() != created.Body.String() {
		t.Errorf("found %d: %s", again.Code, again.Body.String())
	}
	expectProblem(t, admin.send("POST", "/v1/users", body), http.StatusConflict, "email-taken")
	reused := admin.send("POST", "/v1/users", strings.ReplaceAll(body, "Bob", "Cid"), "Idempotency-Key", "key")
	expectProblem(t, reused, http.StatusUnprocessableEntity, "key-reused")

	if found := admin.send("GET", path, ""); found.Body.String() != created.Body.String() {
		t.Errorf("found %s", found.Body.String())
	}
	expectProblem(t, ann.send("GET", path, ""), http.StatusForbidden, "forbidden")
	expectProblem(t, admin.send("PATCH", path, `{"name": "Bea"}`, "If-Match", `"2", W/"1"`), http.StatusPreconditionFailed, "stale")
	expectProblem(t, admin.send("PATCH", path, `{"name": "Bea"}`, "If-Match", ""), http.StatusPreconditionFailed, "stale")
	changed := admin.send("PATCH", path, `{"name": "Bea"}`, "If-Match", `"2", "1"`)
	expectStatus(t, changed, http.StatusOK)
	if changed.Header().Get("ETag") != `"2"` || changed.json(t)["name"] != "Bea" {
		t.Errorf("found %v and %s", changed.Header(), changed.Body.String())
	}
	expectStatus(t, admin.send("DELETE", path, "", "If-Match", "*"), http.StatusNoContent)
	expectProblem(t, admin.send("GET", path, ""), http.StatusNotFound, "not-found")
}

func TestPages(t *testing.T) {
	_, admin, ann, path := start(t)
	page := admin.send("GET", "/v1/users?limit=1", "").json(t)
	cursor, _ := page["next_cursor"].(string)
	last := admin.send("GET", "/v1/users?limit=1&cursor="+cursor, "").json(t)
	if items, _ := last["items"].([]any); len(items) != 1 || last["next_cursor"] != nil {
		t.Errorf("found %v", last)
	}
	expectWrong(t, admin.send("GET", "/v1/users?limit=0&cursor=!", ""), "query cursor", "query limit")
	expectWrong(t, admin.send("GET", "/v1/users?limit=&cursor=%FF", ""), "query cursor", "query limit")
	expectWrong(t, admin.send("GET", "/v1/users?cursor=W10", ""), "query cursor")
	expectProblem(t, ann.send("GET", "/v1/users", ""), http.StatusForbidden, "forbidden")
	user, _ := strings.CutPrefix(path, "/v1/users/")
	expectStatus(t, ann.send("GET", "/v1/activity?user="+user, ""), http.StatusOK)
	expectProblem(t, ann.send("GET", "/v1/activity", ""), http.StatusForbidden, "forbidden")
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	_, admin, ann, path := start(t)
	for body, fields := range map[string][]string{
		`{}`: {"body email", "body name", "body password"},
		`{"email": "ann", "name": " ", "password": "short", "role": "king"}`:                             {"body email", "body name", "body password", "body role"},
		`{"email": "a@b.de", "name": null, "password": "` + password + `", "is_admin": true, "Name": 1}`: {"body Name", "body is_admin", "body name"},
		`[]`:                   {"body "},
		`null`:                 {"body "},
		`{"name": "Ann`:        {"body "},
		"{\"name\": \"\xff\"}": {"body "},
		"":                     {"body "},
	} {
		expectWrong(t, admin.send("POST", "/v1/users", body), fields...)
	}
	expectWrong(t, admin.send("PATCH", path, `{"role": null, "email": [null]}`), "body email", "body role")
	expectWrong(t, admin.send("PATCH", path, `{"name": "Bea"}`, "Content-Type", "text/plain"), "body ")
	expectWrong(t, admin.send("POST", "/v1/users", "", "Content-Type", "application/json"), "body ")
	expectWrong(t, ann.send("PATCH", path, `{"password": "`+password+`"}`), "body current_password")
	expectWrong(t, admin.send("POST", "/v1/users", `{"email": "a@b.de", "name": "A", "password": "`+password+`"}`,
		"Idempotency-Key", "two words"), "header Idempotency-Key")
	huge := `{"name": "` + strings.Repeat("x", 1024*1024) + `"}`
	expectProblem(t, admin.send("PATCH", path, huge), http.StatusRequestEntityTooLarge, "too-large")
	form := "password=" + strings.Repeat("x", 1024*1024)
	expectProblem(t, admin.send("POST", "/v1/auth/token", form, "Content-Type", "application/x-www-form-urlencoded"),
		http.StatusRequestEntityTooLarge, "too-large")
}

func TestATokenIsNeeded(t *testing.T) {
	anyone, _, ann, path := start(t)
	for _, header := range []string{"", "Bearer", "Bearer ", "Basic abc", "Bearer forged"} {
		refused := anyone.send("PATCH", path, `{"nonsense": 1}`, "Authorization", header)
		expectProblem(t, refused, http.StatusUnauthorized, "invalid-token")
		if refused.Header().Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
			t.Errorf("found %v", refused.Header())
		}
	}
	expectStatus(t, anyone.send("GET", "/v1/users/me", "", "Authorization", "bearer "+ann.token), http.StatusOK)
}

func TestOtherPathsAndMethods(t *testing.T) {
	anyone, admin, _, path := start(t)
	for _, unknown := range []string{"/", "/v1/users/", "/v1/users/me/", "/v1//users", "/%FF"} {
		expectProblem(t, anyone.send("GET", unknown, ""), http.StatusNotFound, "not-found")
	}
	for target, allowed := range map[string]string{
		"PUT /v1/users":       "GET, POST",
		"PATCH /v1/users/me":  "GET",
		"DELETE /v1/users/me": "GET",
		"PUT " + path:         "DELETE, GET, PATCH",
		"POST /livez":         "GET",
		"POST /docs":          "GET",
	} {
		method, path, _ := strings.Cut(target, " ")
		refused := admin.send(method, path, "")
		expectProblem(t, refused, http.StatusMethodNotAllowed, "method-not-allowed")
		if found := refused.Header().Get("Allow"); found != allowed {
			t.Errorf("%s: found Allow: %s", target, found)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	anyone, _, _, _ := start(t)
	for given, isGood := range map[string]bool{"a-b_c.D9": true, strings.Repeat("0", 128): true, "": false, "a b": false, "a\n": false} {
		found := anyone.send("GET", "/livez", "", "X-Request-ID", given).Header().Get("X-Request-ID")
		if (found == given) != isGood || found == "" {
			t.Errorf("%q: found %q", given, found)
		}
	}
}

func TestOperations(t *testing.T) {
	anyone, _, _, _ := start(t)
	if found := anyone.send("GET", "/livez", ""); found.json(t)["status"] != "ok" {
		t.Errorf("found %s", found.Body.String())
	}
	ready := anyone.send("GET", "/readyz", "")
	dependencies, _ := ready.json(t)["dependencies"].(map[string]any)
	database, _ := dependencies["database"].(map[string]any)
	if ready.Code != http.StatusOK || len(dependencies) != 3 || database["status"] != "up" || database["required"] != true {
		t.Errorf("found %d: %s", ready.Code, ready.Body.String())
	}
	anyone.send("BREW", "/v1/users/secret", "")
	metrics := anyone.send("GET", "/metrics", "").Body.String()
	for _, line := range []string{
		`http_requests_total{method="GET",route="/readyz",status="200"} 1`,
		`http_requests_total{method="other",route="unknown",status="405"} 1`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("%s is not there", line)
		}
	}
	if strings.Contains(metrics, "secret") {
		t.Error("what callers write becomes a label")
	}
	if found := anyone.send("GET", "/docs", ""); !strings.Contains(found.Body.String(), "<html") {
		t.Errorf("found %s", found.Body.String())
	}
	var document map[string]any
	if err := json.NewDecoder(io.Reader(anyone.send("GET", "/openapi.json", "").Body)).Decode(&document); err != nil {
		t.Fatal(err)
	}
	if document["openapi"] != "3.1.0" {
		t.Errorf("found %v", document["openapi"])
	}
}

func TestCheckedUser(t *testing.T) {
	good := rest.UserCreate{Email: "Ann@Example.org", Name: "Ann", Password: password, Role: "admin"}
	found, err := rest.CheckedUser(good)
	if err != nil || found.Email != "ann@example.org" || found.Role != domain.RoleAdmin {
		t.Errorf("found %+v and the error %v", found, err)
	}
	_, err = rest.CheckedUser(rest.UserCreate{Email: "ann", Name: "Ann", Password: "secret-word", Role: "admin"})
	if err == nil || !strings.Contains(err.Error(), "email: ") || strings.Contains(err.Error(), "secret-word") {
		t.Errorf("found the error %v", err)
	}
}

// broken is a database with a bug.
type broken struct{ ports.Database }

func (broken) Read(context.Context, func(ports.Stores) error) error { return errors.New("broken") }

func TestABugThatShowsBeforeTheOperationIsNotBlamedOnTheCaller(t *testing.T) {
	options := security.Options{SecretKey: "key", BcryptCost: 4, AccessTokenLifetime: time.Minute}
	guard, err := security.New(clock.System{}, options)
	if err != nil {
		t.Fatal(err)
	}
	token, err := guard.CreateAccessToken("ann", 1)
	if err != nil {
		t.Fatal(err)
	}
	sessions := usecases.NewSessions(broken{}, guard, clock.System{}, time.Hour)
	caller := client{rest.New(rest.Service{Sessions: sessions, Metrics: metrics.New()}), token}
	expectProblem(t, caller.send("GET", "/v1/users/me", ""), http.StatusInternalServerError, "internal")
}
