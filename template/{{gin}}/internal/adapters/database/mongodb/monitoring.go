package mongodb

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"service/internal/platform/metrics"
	"service/internal/platform/statements"
)

// shown are the parts of a command that say what it looks for.
var shown = []string{"filter", "query", "updates", "deletes", "sort", "pipeline"}

// timeCommands times every command.
func timeCommands(timer *statements.Timer) *event.CommandMonitor {
	var underWay sync.Map
	ended := func(ctx context.Context, finished event.CommandFinishedEvent) {
		command, isKnown := underWay.LoadAndDelete(finished.RequestID)
		if !isKnown {
			return
		}
		shape := func() string { return shapeOfCommand(finished.CommandName, command.(bson.Raw)) }
		timer.Record(ctx, finished.CommandName, shape, finished.Duration)
	}
	return &event.CommandMonitor{
		Started: func(_ context.Context, started *event.CommandStartedEvent) {
			underWay.Store(started.RequestID, started.Command)
		},
		Succeeded: func(ctx context.Context, succeeded *event.CommandSucceededEvent) {
			ended(ctx, succeeded.CommandFinishedEvent)
		},
		Failed: func(ctx context.Context, failed *event.CommandFailedEvent) {
			ended(ctx, failed.CommandFinishedEvent)
		},
	}
}

// countConnections feeds the gauges of connections.
func countConnections(metrics *metrics.Metrics) *event.PoolMonitor {
	var open, inUse atomic.Int64
	metrics.CountConnections(
		func() float64 { return float64(inUse.Load()) },
		func() float64 { return float64(open.Load() - inUse.Load()) },
	)
	return &event.PoolMonitor{Event: func(happened *event.PoolEvent) {
		switch happened.Type {
		case event.ConnectionCreated:
			open.Add(1)
		case event.ConnectionClosed:
			open.Add(-1)
		case event.ConnectionCheckedOut:
			inUse.Add(1)
		case event.ConnectionCheckedIn:
			inUse.Add(-1)
		}
	}}
}

// shapeOfCommand is a command in words, with a question mark for every value, since values may be secrets.
func shapeOfCommand(name string, command bson.Raw) string {
	collection, _ := command.Lookup(name).StringValueOK() // Some commands are about none.
	words := []string{name, collection}
	for _, part := range shown {
		if value, err := command.LookupErr(part); err == nil {
			words = append(words, part+": "+shapeOf(value))
		}
	}
	return strings.Join(words, " ")
}

func shapeOf(value bson.RawValue) string {
	if document, isDocument := value.DocumentOK(); isDocument {
		return "{" + shapesOf(document, func(element bson.RawElement) string { return element.Key() + ": " }) + "}"
	}
	if list, isList := value.ArrayOK(); isList {
		return "[" + shapesOf(bson.Raw(list), func(bson.RawElement) string { return "" }) + "]"
	}
	return "?"
}

func shapesOf(document bson.Raw, prefix func(bson.RawElement) string) string {
	elements, _ := document.Elements() // As many as can be read.
	shapes := make([]string, len(elements))
	for i, element := range elements {
		shapes[i] = prefix(element) + shapeOf(element.Value())
	}
	return strings.Join(shapes, ", ")
}
