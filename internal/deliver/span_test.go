package deliver

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 21, 21, 0, 0, 500e6, time.UTC)

func TestParseSpan(t *testing.T) {
	moment := time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)
	for query, want := range map[string]Span{
		"":                                {},
		"token=x%20y":                     {},
		"_HLS_msn=1&trend=3":              {},
		"start=2026-11-21T20:00:00Z":      {Start: moment},
		"start=2026-11-21T21:00:00+01:00": {Start: moment},
		"end=2026-11-21T21%3A00%3A00.25%2B01:00&a=b": {End: moment.Add(250 * time.Millisecond)},
		"start=1795291200":                           {Start: moment},
		"start=1795291200.125&end=1795291200.25":     {Start: moment.Add(125 * time.Millisecond), End: moment.Add(250 * time.Millisecond)},
		"start=-600":                                 {Start: now.Add(-10 * time.Minute)},
		"start=-90.5&end=-0":                         {Start: now.Add(-90500 * time.Millisecond), End: now},
		"start=0":                                    {Start: time.Unix(0, 0)},
		"start=-99999999999":                         {Start: time.Unix(now.Unix()-99999999999, 500e6)},
		"%73tart=-1":                                 {Start: now.Add(-time.Second)},
		"end=" + strconv.FormatInt(now.Unix()+4, 10): {End: time.Unix(now.Unix()+4, 0)}, // a clock that is ahead
		"start=0001-01-01T00:00:01Z&end=2026-11-21T20:00:00Z": {Start: time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), End: moment},
	} {
		got, err := ParseSpan(query, now)
		if err != nil || !got.Start.Equal(want.Start) || !got.End.Equal(want.End) || got.All() != (want == Span{}) {
			t.Errorf("%s: %v, %v", query, got, err)
		}
	}
}

var absurdSpans = []string{
	"start=", "start", "end=", "start=now", "start=1&start=2", "end=-1&end=-1", "start=-10&end=-20", "start=-10&end=-10", "start=+10",
	"start=1e9", "start=0x10", "start=NaN", "start=-", "start=.5", "start=1.", "start=--1", "start=2026-11-21", "start=20:00:00Z",
	"start=2026-13-41T20:00:00Z", "start=99999999999", "end=2126-01-01T00:00:00Z", "start=999999999999999999999", "start=%zz", "a=%",
	"start=1;end=2", "start=-1.0000000001", "start=0001-01-01T00:00:00Z", "start=%00", "end=" + strings.Repeat("9", 10000),
}

func TestAbsurdSpans(t *testing.T) {
	for _, query := range absurdSpans {
		if got, err := ParseSpan(query, now); err == nil || len(err.Error()) > 200 || got != (Span{}) {
			t.Errorf("%.60q is %+v, %v", query, got, err)
		}
	}
}

// What is handed on means the same for ever, to the millisecond.
func TestQuery(t *testing.T) {
	if q := (Span{}).Query(); q != "" {
		t.Errorf("all is %q", q)
	}
	for query, want := range map[string]string{
		"start=-600":            "start=1795294200.500",
		"end=-0.25":             "end=1795294800.250",
		"start=-2.001&end=-1.5": "start=1795294798.499&end=1795294799.000",
	} {
		s, err := ParseSpan(query, now)
		if err != nil || s.Query() != want {
			t.Errorf("%s is %s, %v", query, s.Query(), err)
		}
		if again, err := ParseSpan(want, now.Add(time.Hour)); err != nil || !again.Start.Equal(s.Start) || !again.End.Equal(s.End) {
			t.Errorf("%s is %v, %v", want, again, err)
		}
	}
}

func FuzzParseSpan(f *testing.F) {
	for _, query := range absurdSpans {
		f.Add(query)
	}
	f.Add("start=2026-11-21T21:00:00+01:00&end=-5.25&token=a%20b")
	f.Fuzz(func(t *testing.T, query string) {
		s, err := ParseSpan(query, now)
		if err != nil {
			return
		}
		values, _ := url.ParseQuery(query)
		if s.All() && (values.Has("start") || values.Has("end")) {
			t.Errorf("%q is all", query)
		}
		if !s.Start.IsZero() && !s.End.IsZero() && !s.Start.Before(s.End) || s.End.After(now.Add(ahead)) || s.Start.After(now.Add(ahead)) {
			t.Errorf("%q is from %v to %v", query, s.Start, s.End)
		}
	})
}

func TestRecent(t *testing.T) {
	var c Recent[int]
	for i := range 100 {
		for range 3 {
			c.Update(strconv.Itoa(i), func(n int) int { return n + 1 })
		}
	}
	if n := c.Update("99", func(n int) int { return n }); n != 3 || len(c.values) != mostRecent || len(c.keys) != mostRecent {
		t.Errorf("%d, and %d values of %d keys", n, len(c.values), len(c.keys))
	}
	if n := c.Update("0", func(n int) int { return n }); n != 0 {
		t.Errorf("%d was kept", n)
	}
}
