package cloudevents_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"strings"
	"testing"

	"service/internal/domain"
	"service/internal/platform/cloudevents"
	"service/internal/testing/samples"
)

func TestAnEventBecomesACloudEvent(t *testing.T) {
	event := samples.Started("ann")
	event.ID, event.Trace = "1", samples.Trace
	event.Data = map[string]any{"user_id": "ann", "name": "<&>"}

	const expected = `{"specversion":"1.0","id":"1","source":"/tests","type":"session.started","subject":"ann",` +
		`"time":"2026-02-03T12:00:00.123Z","datacontenttype":"application/json","traceparent":"` + samples.Trace + `",` +
		`"data":{"name":"<&>","user_id":"ann"}}`
	if found := string(encode(t, event)); found != expected {
		t.Errorf("found %s", found)
	}
}

func TestWhatAnEventDoesNotHaveIsLeftOut(t *testing.T) {
	event := samples.Started("")
	event.Data = nil
	found := string(encode(t, event))

	if strings.Contains(found, "subject") || strings.Contains(found, "traceparent") || !strings.Contains(found, `"data":{}`) {
		t.Errorf("found %s", found)
	}
}

func TestAnEventComesBackAsItWas(t *testing.T) {
	event := samples.Started("ann")
	event.Trace = samples.Trace
	event.Data = map[string]any{
		"é😀\x00": []any{json.Number("1.50"), json.Number("1000000000000000000000000000000"), nil, true},
	}
	for _, event := range []domain.Event{event, samples.Started("")} {
		found, err := cloudevents.Decode(encode(t, event))
		if err != nil || !reflect.DeepEqual(found, event) {
			t.Errorf("found %+v, %v; wanted %+v", found, err, event)
		}
	}
}

func TestDataThatHaveNoFormInJSONCannotBeEncoded(t *testing.T) {
	event := samples.Started("ann")
	event.Data = map[string]any{"number": math.NaN()}

	if _, err := cloudevents.EncodeAll([]domain.Event{event}); err == nil {
		t.Error("it does not fail")
	}
}

func TestAttributesThatWeDoNotKnowAreAllowed(t *testing.T) {
	found, err := cloudevents.Decode(envelope(t, map[string]any{"dataschema": "urn:schema", "custom": 1, "ID": "no id"}))
	expected := domain.Event{
		Source: "/elsewhere", ID: "1", Type: "user.created", Time: samples.Noon, Data: map[string]any{"user_id": "ann"},
	}
	if err != nil || !reflect.DeepEqual(found, expected) {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestTimesAreToTheMillisecondWhicheverZoneTheyComeFrom(t *testing.T) {
	found, err := cloudevents.Decode(envelope(t, map[string]any{"time": "2026-02-03T14:00:00.123999+02:00"}))
	if err != nil || found.Time != samples.Noon {
		t.Errorf("found %s, %v", found.Time, err)
	}
}

func TestTextsAreCountedInCharacters(t *testing.T) {
	id := strings.Repeat("😀", 1000)
	if found, err := cloudevents.Decode(envelope(t, map[string]any{"id": id})); err != nil || found.ID != id {
		t.Errorf("found %v", err)
	}
}

func TestATraceContextThatIsNoneIsLeftOut(t *testing.T) {
	for _, trace := range []any{"nonsense", "", 1, nil, []any{samples.Trace}} {
		found, err := cloudevents.Decode(envelope(t, map[string]any{"traceparent": trace}))
		if err != nil || found.Trace != "" {
			t.Errorf("%v: found %q, %v", trace, found.Trace, err)
		}
	}
}

func TestWrongAttributesAreNamed(t *testing.T) {
	for _, wrong := range []struct{ name, value string }{
		{"specversion", `"0.3"`},
		{"specversion", `null`},
		{"id", `""`},
		{"id", `1`},
		{"id", `"` + strings.Repeat("x", 1001) + `"`},
		{"id", `"a\u0000b"`},
		{"id", `"\ud800"`},
		{"id", `"\ud800\u0041"`},
		{"id", `"\udc00\ud800"`},
		{"source", `""`},
		{"source", `"\u0085"`},
		{"type", `""`},
		{"type", `"a\nb"`},
		{"subject", `null`},
		{"subject", `"` + strings.Repeat("x", 1001) + `"`},
		{"subject", `"\u0000"`},
		{"time", `"yesterday"`},
		{"time", `7`},
		{"time", `"2026-02-03T12:00:00"`},
		{"time", `"2026-02-30T12:00:00Z"`},
		{"time", `"0001-01-01T00:00:00+23:00"`},
		{"time", `"9999-12-31T23:59:59-23:00"`},
		{"data", `null`},
		{"data", `[]`},
		{"data", `"text"`},
		{"data", `{"a":["\ud800"]}`},
		{"data", `{"\udc00":1}`},
		{"data", `{"a":` + nested(100) + `}`},
	} {
		_, err := cloudevents.Decode(envelope(t, map[string]any{wrong.name: json.RawMessage(wrong.value)}))
		if !errors.Is(err, domain.ErrInvalidEvent) || !strings.Contains(err.Error(), "not a CloudEvent: "+wrong.name+" ") {
			t.Errorf("%s %.40s: found %v", wrong.name, wrong.value, err)
		}
	}
}

func TestWholeCharactersMayBeEscaped(t *testing.T) {
	for _, id := range []string{`\ud83d\ude00`, `\\ud800`, `\"\u00e9\/`, `\\\\\ud83d\ude00`} {
		if _, err := cloudevents.Decode(envelope(t, map[string]any{"id": json.RawMessage(`"` + id + `"`)})); err != nil {
			t.Errorf("%s: found %v", id, err)
		}
	}
}

func TestNoAttributeMayBeMissing(t *testing.T) {
	for name := range attributes() {
		without := attributes()
		delete(without, name)
		if _, err := cloudevents.Decode(marshal(t, without)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: found %v", name, err)
		}
	}
}

func TestWhatIsNoJSONObjectIsNoEvent(t *testing.T) {
	for _, body := range []string{
		"", "nonsense", "null", "[]", "1", `"text"`, "{", "{}{}", "{}", strings.Repeat("[", 100_000), "\ufeff{}",
		string(envelope(t, map[string]any{"data": json.RawMessage(`{"a":` + nested(10_000) + `}`)})),
		string(envelope(t, nil)) + "\xff\xfe",
	} {
		if _, err := cloudevents.Decode([]byte(body)); !errors.Is(err, domain.ErrInvalidEvent) {
			t.Errorf("%.40q: found %v", body, err)
		}
	}
}

func TestDataMayBeDeep(t *testing.T) {
	data := json.RawMessage(`{"a\"[{":` + nested(50) + `}`)
	if _, err := cloudevents.Decode(envelope(t, map[string]any{"data": data})); err != nil {
		t.Error(err)
	}
}

func TestTheComplaintDoesNotRepeatWhatCame(t *testing.T) {
	_, err := cloudevents.Decode(envelope(t, map[string]any{"time": "a secret", "data": "a secret", "specversion": "a secret"}))
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("found %v", err)
	}
}

func TestDataThatCannotBeReadAreAnError(t *testing.T) {
	if _, err := cloudevents.DecodeData([]byte("{")); err == nil {
		t.Error("it does not fail")
	}
}

func attributes() map[string]any {
	return map[string]any{
		"specversion": "1.0",
		"id":          "1",
		"source":      "/elsewhere",
		"type":        "user.created",
		"time":        "2026-02-03T12:00:00.123Z",
		"data":        map[string]any{"user_id": "ann"},
	}
}

func envelope(t *testing.T, changes map[string]any) []byte {
	t.Helper()
	changed := attributes()
	maps.Copy(changed, changes)
	return marshal(t, changed)
}

// marshal writes an object, whose raw messages need be no JSON at all.
func marshal(t *testing.T, attributes map[string]any) []byte {
	t.Helper()
	var written []string
	for name, value := range attributes {
		encoded, isRaw := value.(json.RawMessage)
		if !isRaw {
			var err error
			if encoded, err = json.Marshal(value); err != nil {
				t.Fatal(err)
			}
		}
		written = append(written, fmt.Sprintf("%q:%s", name, encoded))
	}
	return []byte("{" + strings.Join(written, ",") + "}")
}

func encode(t *testing.T, event domain.Event) []byte {
	t.Helper()
	body, err := cloudevents.Encode(event)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
