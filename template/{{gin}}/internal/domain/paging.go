package domain

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// lastMillisecond of the year 9999, beyond which not every database and language can go.
var lastMillisecond = time.Date(9999, time.December, 31, 23, 59, 59, 999_000_000, time.UTC).UnixMilli()

// Cursor is the position of an item: when it was created, and its id among those of that moment.
//
// It holds the position of the last item that was read, not a number of items, so that nothing is skipped or repeated
// when others are created or deleted in the meantime.
type Cursor struct {
	CreatedAt time.Time
	ID        string
}

// Encode is the cursor in the form that callers hand back: base64url, opaque to them.
func (c Cursor) Encode() string {
	position, _ := json.Marshal([]any{c.CreatedAt.UnixMilli(), c.ID}) // A number and a text can always be written.
	return base64.RawURLEncoding.EncodeToString(position)
}

// DecodeCursor reads what Encode wrote; an InvalidField if it was not written by it.
func DecodeCursor(text string) (*Cursor, error) {
	position, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, InvalidCursor()
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(position, &parts); err != nil || len(parts) != 2 {
		return nil, InvalidCursor()
	}
	var milliseconds *int64
	var id *string
	if json.Unmarshal(parts[0], &milliseconds) != nil || json.Unmarshal(parts[1], &id) != nil {
		return nil, InvalidCursor()
	}
	// No id has a NUL, and not every database lets one ask.
	if milliseconds == nil || id == nil || strings.Contains(*id, "\x00") || !isWritable(*milliseconds) {
		return nil, InvalidCursor()
	}
	return &Cursor{CreatedAt: time.UnixMilli(*milliseconds).UTC(), ID: *id}, nil
}

// InvalidCursor is the error of a cursor that is none.
func InvalidCursor() error {
	return &InvalidField{Field: "cursor", Detail: "is not a cursor that an earlier page answered", Source: InQuery}
}

// Page is some items of a list that goes on growing while it is read, newest first.
type Page[Item any] struct {
	Items []Item
	// NextCursor is where the next items begin; empty at the end of the list.
	NextCursor string
}

// PageOf is a page of at most limit items, out of up to limit + 1 that were read.
func PageOf[Item any](items []Item, limit int, position func(Item) Cursor) Page[Item] {
	if len(items) <= limit {
		return Page[Item]{Items: items}
	}
	return Page[Item]{Items: items[:limit], NextCursor: position(items[limit-1]).Encode()}
}

func isWritable(milliseconds int64) bool {
	return time.UnixMilli(milliseconds).UTC().Year() >= 1 && milliseconds <= lastMillisecond
}
