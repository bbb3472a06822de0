package cloudevents

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"service/internal/domain"
)

const (
	longestText = 1000
	deepestData = 100

	lengthOfEscape = len(`\u0000`)

	required = true
	optional = false
)

// reader takes the attributes of an envelope one by one, and notes what is wrong with them. Attributes that nobody asks
// for are allowed, as the specification says.
//
// It is no struct with tags, since encoding/json would take ID for id, and half a character for a whole one.
type reader struct {
	attributes map[string]json.RawMessage
	wrong      []string
}

func newReader(body []byte) (*reader, error) {
	attributes := map[string]json.RawMessage{}
	// Without what came: it may be a secret.
	if !utf8.Valid(body) || json.Unmarshal(body, &attributes) != nil || attributes == nil {
		return nil, invalid("not a JSON object in UTF-8")
	}
	return &reader{attributes: attributes}, nil
}

func (r *reader) err() error {
	if len(r.wrong) == 0 {
		return nil
	}
	return invalid(strings.Join(r.wrong, "; "))
}

func (r *reader) version(name string) {
	if found, isText := r.string(name); !isText || found != version {
		r.complain(name, `is not "1.0"`)
	}
}

func (r *reader) text(name string, isRequired bool) string {
	if _, isThere := r.attributes[name]; !isThere && !isRequired {
		return ""
	}
	text, isText := r.string(name)
	switch {
	case !isText:
		r.complain(name, "is no text")
	case text == "" && isRequired:
		r.complain(name, "is empty")
	case utf8.RuneCountInString(text) > longestText:
		r.complain(name, fmt.Sprintf("has more than %d characters", longestText))
	case strings.ContainsFunc(text, unicode.IsControl):
		// CloudEvents allow none, and not every database keeps all of them.
		r.complain(name, "has control characters in it")
	}
	return text
}

// anyText is the attribute if it is a text.
func (r *reader) anyText(name string) string {
	text, _ := r.string(name)
	return text
}

func (r *reader) time(name string) time.Time {
	text, _ := r.string(name)
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		r.complain(name, "is no time with its zone")
		return time.Time{}
	}
	moment = toMilliseconds(moment) // Every database keeps milliseconds exactly.
	if moment.Year() < 1 || moment.Year() > 9999 {
		r.complain(name, "is outside of the years 1 to 9999 in UTC")
	}
	return moment
}

func (r *reader) data(name string) map[string]any {
	encoded := r.attributes[name]
	if len(encoded) == 0 || encoded[0] != '{' {
		r.complain(name, "is no object")
		return nil
	}
	if depth(encoded) > deepestData {
		r.complain(name, "is too deep")
		return nil
	}
	if hasHalfCharacter(encoded) {
		r.complain(name, "has half a character in it")
		return nil
	}
	data, err := DecodeData(encoded)
	if err != nil {
		r.complain(name, "cannot be read")
	}
	return data
}

func (r *reader) string(name string) (string, bool) {
	encoded := r.attributes[name]
	var text *string
	if len(encoded) == 0 || json.Unmarshal(encoded, &text) != nil || text == nil || hasHalfCharacter(encoded) {
		return "", false
	}
	return *text, true
}

func (r *reader) complain(name, what string) {
	r.wrong = append(r.wrong, name+" "+what)
}

func invalid(what string) error {
	return fmt.Errorf("%w: not a CloudEvent: %s", domain.ErrInvalidEvent, what)
}

// depth is how many objects and lists are within each other, in JSON that is known to be sound.
func depth(encoded []byte) int {
	deepest, current, inText := 0, 0, false
	for i := 0; i < len(encoded); i++ {
		switch character := encoded[i]; {
		case inText && character == '\\':
			i++
		case character == '"':
			inText = !inText
		case inText:
		case character == '{' || character == '[':
			current++
			deepest = max(deepest, current)
		case character == '}' || character == ']':
			current--
		}
	}
	return deepest
}

// hasHalfCharacter tells whether an escape stands for one half of a surrogate pair alone, in JSON that is known to be
// sound. Go would read it as a replacement character.
func hasHalfCharacter(encoded []byte) bool {
	for i := 0; i < len(encoded); i++ {
		if encoded[i] != '\\' {
			continue
		}
		unit, isUnit := escaped(encoded[i:])
		switch {
		case !isUnit:
			i++ // Such as \\, behind which an escape may begin.
		case !utf16.IsSurrogate(unit):
			i += lengthOfEscape - 1
		default:
			low, isUnit := escaped(encoded[i+lengthOfEscape:])
			if !isUnit || utf16.DecodeRune(unit, low) == unicode.ReplacementChar {
				return true
			}
			i += 2*lengthOfEscape - 1
		}
	}
	return false
}

// escaped reads an escape such as \u00e9.
func escaped(encoded []byte) (rune, bool) {
	if !bytes.HasPrefix(encoded, []byte(`\u`)) {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(encoded[2:lengthOfEscape]), 16, 16)
	return rune(unit), err == nil
}
