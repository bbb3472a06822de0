package wiring_test

import (
	"context"
	"slices"
	"testing"

	"service/internal/domain"
	"service/internal/platform/metrics"
	"service/internal/platform/workers"
	"service/internal/settings"
	"service/internal/testing/own"
	"service/internal/testing/wait"
	"service/internal/wiring"
)

func TestWhatHappensIsLoggedByTheWorkers(t *testing.T) {
	service, _ := own.Service(t)
	running := workers.Start(context.WithoutCancel(t.Context()), service.Workers...)
	t.Cleanup(running.Stop)
	newUser := domain.NewUser{
		Email: "ann@example.org", Name: "Ann", Password: "correct horse battery staple", Role: domain.RoleAdmin,
	}
	ann, err := service.Users.Add(t.Context(), newUser)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Sessions.SignIn(t.Context(), newUser.Email, newUser.Password); err != nil {
		t.Fatal(err)
	}
	if _, err := service.Sessions.SignIn(t.Context(), newUser.Email, "wrong"); err == nil {
		t.Fatal("the password is right")
	}

	expected := []string{domain.SessionRefused, domain.SessionStarted, domain.UserCreated}
	logged := func() (types []string) {
		page, err := service.Activity.Page(t.Context(), ann, ann.ID, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range page.Items {
			types = append(types, entry.Type)
		}
		slices.Sort(types)
		return types
	}
	wait.Until(t, "all is logged", func() bool { return slices.Equal(logged(), expected) })
	if count, err := service.Activity.Rebuild(t.Context()); err != nil || count != 3 || !slices.Equal(logged(), expected) {
		t.Errorf("rebuilt from %d events, with the error %v: %v", count, err, logged())
	}
}

func TestSettingsThatCannotBeReadAreTold(t *testing.T) {
	if _, err := wiring.Build(t.Context(), settings.Settings{DatabaseURL: "nonsense://a b%"}, metrics.New()); err == nil {
		t.Error("a service is built")
	}
}
