package security

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	// prefix begins the hashes of our own scheme: bcrypt over the SHA-256 of the password, since bcrypt itself ignores
	// all beyond 72 bytes. The format is Django's (bcrypt_sha256$ and a bcrypt hash of the digest in hexadecimal digits).
	prefix         = "bcrypt_sha256$"
	bytesThatCount = 72
)

// PasswordCheck is what VerifyPassword finds.
type PasswordCheck struct {
	IsRight bool
	// NewHash is to be stored in place of the one that was checked, if that is of an older cost or scheme; else empty.
	NewHash string
}

// HashPassword makes what is stored of a password.
func (m *SecurityManager) HashPassword(password string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword(digest(password), m.cost)
	if err != nil {
		return "", fmt.Errorf("hashing a password: %w", err)
	}
	hash[2] = 'b' // Go calls the same algorithm 2a, most others 2b.
	return prefix + string(hash), nil
}

// VerifyPassword checks a password; with an empty hash it takes as long, so that nobody can tell whether there is an
// account.
func (m *SecurityManager) VerifyPassword(password, hash string) (PasswordCheck, error) {
	if hash == "" {
		isPasswordOf(m.nobodysHash, password)
		return PasswordCheck{}, nil
	}
	if !isPasswordOf(hash, password) {
		return PasswordCheck{}, nil
	}
	if !m.isOutdated(hash) {
		return PasswordCheck{IsRight: true}, nil
	}
	newHash, err := m.HashPassword(password)
	return PasswordCheck{IsRight: true, NewHash: newHash}, err
}

// isOutdated looks only ever upwards: two instances with different settings would undo each other's work.
func (m *SecurityManager) isOutdated(hash string) bool {
	own, isOwn := strings.CutPrefix(hash, prefix)
	cost, err := bcrypt.Cost([]byte(own))
	return !isOwn || err != nil || cost < m.cost
}

// isPasswordOf tells whether this is the password of a hash, of our own scheme or of plain bcrypt, as it comes from other
// systems.
func isPasswordOf(hash, password string) bool {
	if own, isOwn := strings.CutPrefix(hash, prefix); isOwn {
		return bcrypt.CompareHashAndPassword([]byte(own), digest(password)) == nil
	}
	bytes := []byte(password)
	return bcrypt.CompareHashAndPassword([]byte(hash), bytes[:min(len(bytes), bytesThatCount)]) == nil
}

func digest(password string) []byte {
	sum := sha256.Sum256([]byte(password))
	return []byte(hex.EncodeToString(sum[:]))
}
