package tracecontext_test

import (
	"strings"
	"testing"

	"service/internal/platform/tracecontext"
	"service/internal/testing/samples"
)

func TestATraceContextIsCarriedAlong(t *testing.T) {
	ctx := t.Context()
	if found := tracecontext.From(ctx); found != "" {
		t.Errorf("there is %q before there is one", found)
	}
	if found := tracecontext.From(tracecontext.With(ctx, samples.Trace)); found != samples.Trace {
		t.Errorf("found %q", found)
	}
}

func TestWhatIsNoTraceContextIsIgnored(t *testing.T) {
	outer := tracecontext.With(t.Context(), samples.Trace)
	for _, text := range []string{"", "nonsense", samples.Trace + "\n", " " + samples.Trace, strings.ToUpper(samples.Trace)} {
		if found := tracecontext.From(tracecontext.With(outer, text)); found != "" {
			t.Errorf("%q is taken for %q", text, found)
		}
	}
}
