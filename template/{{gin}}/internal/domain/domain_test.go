package domain_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"service/internal/domain"
)

func TestACursorIsReadAsItWasWritten(t *testing.T) {
	for _, id := range []string{"", "id", "é😀\"\\"} {
		cursor := domain.Cursor{CreatedAt: time.Date(2026, 2, 3, 12, 0, 0, 123_000_000, time.UTC), ID: id}
		found, err := domain.DecodeCursor(cursor.Encode())
		if err != nil || *found != cursor {
			t.Errorf("found %v and the error %v", found, err)
		}
	}
}

func TestWhatIsNoCursorIsRefused(t *testing.T) {
	for _, written := range []string{
		"", "{}", "null", "[]", "[1]", `[1, "a", 2]`, `["1", "a"]`, `[1, 2]`, `[null, null]`, `[1.5, "a"]`, "[1e400, 1]",
		`[99999999999999999999, "a"]`, `[999999999999999, "a"]`, `[-999999999999999, "a"]`, `[1, "\u0000"]`, `[true, "a"]`,
	} {
		expectInvalidCursor(t, base64.RawURLEncoding.EncodeToString([]byte(written)))
	}
	for _, text := range []string{"!", "a", "a=", "a/b", "é", strings.Repeat("x", 201)} {
		expectInvalidCursor(t, text)
	}
}

func expectInvalidCursor(t *testing.T, text string) {
	t.Helper()
	found, err := domain.DecodeCursor(text)
	field, isField := errors.AsType[*domain.InvalidField](err)
	if !isField || field.Field != "cursor" || field.Source != domain.InQuery {
		t.Errorf("%q: found %v and the error %v", text, found, err)
	}
}

func TestAPageEndsWithAPositionUnlessItIsTheLast(t *testing.T) {
	position := func(item int) domain.Cursor { return domain.Cursor{CreatedAt: time.UnixMilli(int64(item)).UTC()} }
	for _, test := range []struct {
		items, shown []int
		next         string
	}{
		{nil, nil, ""},
		{[]int{1, 2}, []int{1, 2}, ""},
		{[]int{1, 2, 3}, []int{1, 2}, position(2).Encode()},
	} {
		page := domain.PageOf(test.items, 2, position)
		if !slices.Equal(page.Items, test.shown) || page.NextCursor != test.next {
			t.Errorf("of %v found %+v", test.items, page)
		}
	}
}

func TestIDs(t *testing.T) {
	// As every other implementation of version 5 has it.
	if found := domain.NameBasedID(domain.NamespaceURL, "https://example.org/"); found != "527dda32a0de5105a042cb475b5f7d11" {
		t.Errorf("found %s", found)
	}
	one, other := domain.NewID(), domain.NewID()
	if one == other || one.String()[14] != '4' || !strings.ContainsRune("89ab", rune(one.String()[19])) {
		t.Errorf("found %s and %s", one, other)
	}
	if strings.ReplaceAll(one.String(), "-", "") != one.Hex() || len(one.String()) != 36 {
		t.Errorf("found %s and %s", one, one.Hex())
	}
}

func TestTheKeyOfAnEventIsOfItsSourceAndItsID(t *testing.T) {
	event := domain.Event{Source: "/shop", ID: "1"}
	if event.Key() != domain.NameBasedID(domain.NamespaceURL, "/shop#1") {
		t.Errorf("found %s", event.Key())
	}
}

func TestErrorsAreFoundByTheirKindAndByTheirCause(t *testing.T) {
	cause := errors.New("the cause")
	err := domain.ErrUnavailable.From(cause, "It does not answer.")
	if !errors.Is(err, domain.ErrUnavailable) || !errors.Is(err, cause) || errors.Is(err, domain.ErrNotFound) {
		t.Errorf("found %v", err)
	}
	if err.Error() != "It does not answer. (the cause)" {
		t.Errorf("found %v", err)
	}
	if err := domain.ErrStale.Because("It has changed."); !errors.Is(err, domain.ErrStale) || err.Error() != "It has changed." {
		t.Errorf("found %v", err)
	}
	if err := domain.InvalidCursor(); !errors.Is(err, domain.ErrInvalidField) || !strings.HasPrefix(err.Error(), "cursor: ") {
		t.Errorf("found %v", err)
	}
	if domain.ErrNotFound.Error() == "" {
		t.Error("a kind says nothing")
	}
}
