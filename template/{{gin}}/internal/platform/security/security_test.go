package security_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/bcrypt"

	"service/internal/domain"
	"service/internal/platform/security"
	"service/internal/testing/samples"
)

const (
	password = "correct horse battery staple"
	key      = "0123456789abcdef0123456789abcdef"
)

func newManager(t *testing.T, cost int) (*security.SecurityManager, *samples.Clock) {
	t.Helper()
	clock := samples.NewClock(samples.Noon)
	manager, err := security.New(clock, security.Options{
		SecretKey: key, BcryptCost: cost, AccessTokenLifetime: 15 * time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	return manager, clock
}

func TestAPasswordIsRightIfEveryCharacterIs(t *testing.T) {
	manager, _ := newManager(t, 4)
	long := strings.Repeat("😀", 100)
	for _, right := range []string{password, long + "a", "\x00" + password} {
		hash, err := manager.HashPassword(right)
		if err != nil || !strings.HasPrefix(hash, "bcrypt_sha256$$2b$04$") {
			t.Fatalf("found %s and the error %v", hash, err)
		}
		for entered, isRight := range map[string]bool{right: true, right + " ": false, long + "b": false, "": false} {
			check, err := manager.VerifyPassword(entered, hash)
			if err != nil || check.IsRight != isRight || check.NewHash != "" {
				t.Errorf("%q: found %+v and the error %v", entered, check, err)
			}
		}
	}
}

func TestNobodysPasswordIsWrong(t *testing.T) {
	manager, _ := newManager(t, 4)
	for _, hash := range []string{"", "nonsense", "bcrypt_sha256$", "bcrypt_sha256$nonsense"} {
		if check, err := manager.VerifyPassword(password, hash); err != nil || check.IsRight {
			t.Errorf("%q: found %+v and the error %v", hash, check, err)
		}
	}
}

func TestOlderHashesAreReplaced(t *testing.T) {
	cheap, _ := newManager(t, 4)
	manager, _ := newManager(t, 5)
	plain, err := bcrypt.GenerateFromPassword([]byte(strings.Repeat("p", 72)), 6)
	if err != nil {
		t.Fatal(err)
	}
	older, err := cheap.HashPassword(password)
	if err != nil {
		t.Fatal(err)
	}
	for hash, entered := range map[string]string{older: password, string(plain): strings.Repeat("p", 100)} {
		check, err := manager.VerifyPassword(entered, hash)
		if err != nil || !check.IsRight || !strings.HasPrefix(check.NewHash, "bcrypt_sha256$$2b$05$") {
			t.Errorf("found %+v and the error %v", check, err)
		}
		if again, err := manager.VerifyPassword(entered, check.NewHash); err != nil || !again.IsRight {
			t.Errorf("found %+v and the error %v", again, err)
		}
	}
	newer, _ := manager.HashPassword(password)
	if check, err := cheap.VerifyPassword(password, newer); err != nil || !check.IsRight || check.NewHash != "" {
		t.Errorf("found %+v and the error %v", check, err)
	}
}

func TestHashesOfOtherFrameworksAreGood(t *testing.T) {
	manager, _ := newManager(t, 4)
	// Made by the library of another language.
	const hash = "bcrypt_sha256$$2b$04$CjBzIDWhLa0g9QHnG6AbUOIp4e5MSxb72jPBF7w13XuK2KD6QyfZG"
	if check, err := manager.VerifyPassword(password, hash); err != nil || !check.IsRight {
		t.Errorf("found %+v and the error %v", check, err)
	}
}

func TestACostThatCannotBeIsTold(t *testing.T) {
	_, err := security.New(samples.NewClock(samples.Noon), security.Options{SecretKey: key, BcryptCost: 40})
	if err == nil {
		t.Error("it is taken")
	}
}

func TestAnAccessTokenIsGoodUntilItExpires(t *testing.T) {
	manager, clock := newManager(t, 4)
	token, err := manager.CreateAccessToken("ann", 3)
	if err != nil {
		t.Fatal(err)
	}
	found, err := manager.ReadAccessToken(token)
	if err != nil || found != (security.AccessToken{UserID: "ann", Generation: 3}) {
		t.Errorf("found %+v and the error %v", found, err)
	}
	clock.Move(-time.Hour) // A clock that is behind.
	if _, err := manager.ReadAccessToken(token); err != nil {
		t.Error(err)
	}
	clock.Move(time.Hour + manager.AccessTokenLifetime())
	expectRefused(t, manager, token, "The access token has expired.")
}

func TestForgedTokensAreRefused(t *testing.T) {
	manager, _ := newManager(t, 4)
	claims := func() jwt.MapClaims {
		return jwt.MapClaims{
			"sub": "ann", "gen": 1, "iat": samples.Noon.Unix(), "exp": samples.Noon.Add(time.Minute).Unix(),
		}
	}
	without := func(name string) jwt.MapClaims {
		claims := claims()
		delete(claims, name)
		return claims
	}
	sign := func(method jwt.SigningMethod, claims jwt.Claims, key any) string {
		token, err := jwt.NewWithClaims(method, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	good := sign(jwt.SigningMethodHS256, claims(), []byte(key))
	if _, err := manager.ReadAccessToken(good); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"empty":             "",
		"nonsense":          "a.b.c",
		"another key":       sign(jwt.SigningMethodHS256, claims(), []byte("another")),
		"another algorithm": sign(jwt.SigningMethodHS512, claims(), []byte(key)),
		"no algorithm":      sign(jwt.SigningMethodNone, claims(), jwt.UnsafeAllowNoneSignatureType),
		"no user":           sign(jwt.SigningMethodHS256, without("sub"), []byte(key)),
		"no generation":     sign(jwt.SigningMethodHS256, without("gen"), []byte(key)),
		"no beginning":      sign(jwt.SigningMethodHS256, without("iat"), []byte(key)),
		"no end":            sign(jwt.SigningMethodHS256, without("exp"), []byte(key)),
		"cut off":           good[:len(good)-1],
		"more":              good + "A",
	} {
		t.Run(name, func(t *testing.T) {
			expectRefused(t, manager, token, "This is not an access token of this service.")
		})
	}
}

func TestAFingerprintIsOfTheContentAndTheKey(t *testing.T) {
	manager, _ := newManager(t, 4)
	one, same, other := manager.Fingerprint([]byte("a")), manager.Fingerprint([]byte("a")), manager.Fingerprint([]byte("b"))
	if one != same || one == other || len(one) != 64 {
		t.Errorf("found %s, %s and %s", one, same, other)
	}
}

func expectRefused(t *testing.T, manager *security.SecurityManager, token, detail string) {
	t.Helper()
	found, err := manager.ReadAccessToken(token)
	if !errors.Is(err, domain.ErrInvalidToken) || err.Error() != detail {
		t.Errorf("found %+v and the error %v", found, err)
	}
}
