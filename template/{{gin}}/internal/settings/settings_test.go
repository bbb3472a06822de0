package settings_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"service/internal/settings"
)

const secret = "0123456789abcdef0123456789abcdef"

func from(values map[string]string) (settings.Settings, error) {
	return settings.From(func(name string) (string, bool) {
		value, isSet := values[name]
		return value, isSet
	})
}

func TestDefaults(t *testing.T) {
	found, err := from(map[string]string{"SECRET_KEY": secret})
	if err != nil {
		t.Fatal(err)
	}
	if found.Port != 8000 || found.BcryptCost != 12 || found.InProduction() {
		t.Errorf("found %+v", found)
	}
	if found.AccessTokenSeconds.Duration() != 15*time.Minute || string(found.SecretKey) != secret {
		t.Errorf("found %+v", found)
	}
}

func TestValues(t *testing.T) {
	found, err := from(map[string]string{
		"SECRET_KEY": secret, "ENVIRONMENT": "production", "PORT": "0", "HOST": "::1", "USER_CACHE_SECONDS": "0.25",
	})
	if err != nil {
		t.Fatal(err)
	}
	isAsGiven := found.InProduction() && found.Port == 0 && found.Host == "::1"
	if !isAsGiven || found.UserCacheSeconds.Duration() != 250*time.Millisecond {
		t.Errorf("found %+v", found)
	}
	if settings.Milliseconds(5).Duration() != 5*time.Millisecond {
		t.Error("milliseconds are none")
	}
}

func TestWhatIsWrongIsNamedWithoutItsValue(t *testing.T) {
	for _, test := range []struct{ name, value, told string }{
		{"SECRET_KEY", "short-secret", "must have at least 32 characters"},
		{"ENVIRONMENT", "staging", "must be one of development, production"},
		{"PORT", "65536", "must be a whole number from 0 to 65535"},
		{"PORT", "eighty", "must be a whole number"},
		{"BCRYPT_COST", "3", "must be a whole number from 4 to 20"},
		{"ACCESS_TOKEN_SECONDS", "0", "must be a whole number from 1"},
		{"EVENT_ATTEMPTS", "-1", "must be a whole number from 1"},
		{"USER_CACHE_SECONDS", "0", "must be a number of seconds"},
		{"USER_CACHE_SECONDS", "NaN", "must be a number of seconds"},
		{"USER_CACHE_SECONDS", "Inf", "must be a number of seconds"},
		{"DATABASE_URL", "nosql://ann:secret-word@host", "must begin with"},
	} {
		_, err := from(map[string]string{"SECRET_KEY": secret, test.name: test.value})
		if !errors.Is(err, settings.ErrInvalid) || !strings.HasPrefix(err.Error(), test.name+": "+test.told) {
			t.Errorf("%s=%s: found the error %v", test.name, test.value, err)
			continue
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("it is shown: %v", err)
		}
	}
}

func TestEverythingThatIsWrongIsNamed(t *testing.T) {
	_, err := from(map[string]string{"PORT": "x"})
	if err == nil || err.Error() != "PORT: must be a whole number from 0 to 65535\nSECRET_KEY: is missing" {
		t.Errorf("found the error %v", err)
	}
}

func TestProductionAsksForMore(t *testing.T) {
	_, err := from(map[string]string{"SECRET_KEY": secret, "ENVIRONMENT": "production", "BCRYPT_COST": "9"})
	if err == nil || err.Error() != "BCRYPT_COST: must be at least 10 in production" {
		t.Errorf("found the error %v", err)
	}
}

func TestTheFileIsReadInDevelopmentOnlyAndTheEnvironmentHasTheLastWord(t *testing.T) {
	t.Chdir(t.TempDir())
	file := "# A comment = none\n\nexport HOST=\"the file\"\nPORT='81'\nSECRET_KEY = " + secret + "\nno assignment\n"
	if err := os.WriteFile(".env", []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	unset(t, "HOST", "PORT", "SECRET_KEY", "ENVIRONMENT")
	found, err := settings.Load()
	if err != nil || found.Host != "the file" || found.Port != 81 || string(found.SecretKey) != secret {
		t.Errorf("found %+v and the error %v", found, err)
	}
	t.Setenv("HOST", "the environment")
	if found, err = settings.Load(); err != nil || found.Host != "the environment" {
		t.Errorf("found %+v and the error %v", found, err)
	}
	t.Setenv("ENVIRONMENT", "production")
	if _, err := settings.Load(); err == nil || err.Error() != "SECRET_KEY: is missing" {
		t.Errorf("found the error %v", err)
	}
}

func unset(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		t.Setenv(name, "") // So that it is put back at the end.
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASecretIsNotShown(t *testing.T) {
	found := settings.Settings{SecretKey: secret}
	for _, shown := range []string{fmt.Sprint(found), fmt.Sprintf("%+v %#v", found, found), fmt.Sprintf("%s %q", found.SecretKey, found.SecretKey)} {
		if strings.Contains(shown, secret) {
			t.Errorf("it is shown: %s", shown)
		}
	}
}
