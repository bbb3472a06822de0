// Package cloudevents reads and writes events as CloudEvents 1.0 in JSON: one envelope for every broker and language.
package cloudevents

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"service/internal/domain"
	"service/internal/platform/tracecontext"
)

// ContentType is that of an encoded event.
const ContentType = "application/cloudevents+json"

const (
	version     = "1.0"
	timeOnWire  = "2006-01-02T15:04:05.000Z"
	jsonContent = "application/json"
)

type envelope struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject,omitempty"`
	Time            string          `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	TraceParent     string          `json:"traceparent,omitempty"`
	Data            json.RawMessage `json:"data"`
}

// Encode writes an event. It fails if its data have no form in JSON.
func Encode(event domain.Event) ([]byte, error) {
	data, err := EncodeData(event.Data)
	if err != nil {
		return nil, err
	}
	return marshal(envelope{
		SpecVersion:     version,
		ID:              event.ID,
		Source:          event.Source,
		Type:            event.Type,
		Subject:         event.Subject,
		Time:            event.Time.UTC().Format(timeOnWire),
		DataContentType: jsonContent,
		TraceParent:     event.Trace,
		Data:            data,
	})
}

// EncodeAll is Encode for many.
func EncodeAll(events []domain.Event) ([][]byte, error) {
	bodies := make([][]byte, len(events))
	for i, event := range events {
		body, err := Encode(event)
		if err != nil {
			return nil, err
		}
		bodies[i] = body
	}
	return bodies, nil
}

// EncodeData writes the data of an event alone.
func EncodeData(data map[string]any) ([]byte, error) {
	if data == nil {
		data = map[string]any{}
	}
	encoded, err := marshal(data)
	if err != nil {
		return nil, fmt.Errorf("encode the data of an event: %w", err)
	}
	return encoded, nil
}

// DecodeData reads what EncodeData wrote, numbers as they were written.
func DecodeData(encoded []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	var data map[string]any
	if err := decoder.Decode(&data); err != nil {
		return nil, fmt.Errorf("decode the data of an event: %w", err)
	}
	return data, nil
}

// Decode reads a message from a broker, which may come from any service. It answers domain.ErrInvalidEvent if that is
// no CloudEvent in JSON.
func Decode(body []byte) (domain.Event, error) {
	read, err := newReader(body)
	if err != nil {
		return domain.Event{}, err
	}
	read.version("specversion")
	event := domain.Event{
		ID:      read.text("id", required),
		Source:  read.text("source", required),
		Type:    read.text("type", required),
		Subject: read.text("subject", optional),
		Time:    read.time("time"),
		Data:    read.data("data"),
		Trace:   tracecontext.WellFormed(read.anyText("traceparent")),
	}
	return event, read.err()
}

func marshal(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

func toMilliseconds(moment time.Time) time.Time { return moment.UTC().Truncate(time.Millisecond) }
