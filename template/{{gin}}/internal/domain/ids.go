package domain

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
)

// An ID is a UUID (RFC 9562).
type ID [16]byte

// The namespaces of names, by the same RFC.
var (
	NamespaceURL = ID{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}
	NamespaceOID = ID{0x6b, 0xa7, 0xb8, 0x12, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}
)

// NewID is a random id (version 4).
func NewID() ID {
	var id ID
	_, _ = rand.Read(id[:]) // It never fails: the program ends if there is no randomness.
	return id.marked(4)
}

// NameBasedID is the id of a name within a namespace (version 5), in 32 hexadecimal digits: the same name has the same
// id, in every language.
func NameBasedID(namespace ID, name string) string {
	digest := sha1.Sum(append(namespace[:], name...))
	return ID(digest[:16]).marked(5).Hex()
}

// Hex is the id in 32 hexadecimal digits.
func (id ID) Hex() string { return hex.EncodeToString(id[:]) }

// String is the id in the usual form, with hyphens.
func (id ID) String() string {
	digits := id.Hex()
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
}

// marked is the id with its version and its variant in it.
func (id ID) marked(version byte) ID {
	id[6] = id[6]&0x0f | version<<4
	id[8] = id[8]&0x3f | 0x80
	return id
}
