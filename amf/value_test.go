package amf

import (
	"math"
	"testing"
	"time"
)

func TestDateTime(t *testing.T) {
	for _, c := range []struct {
		date Date
		want string
	}{
		{Date{}, "1970-01-01T00:00:00Z"},
		{Date{Milliseconds: 1000, Zone: -60}, "1970-01-01T00:00:01Z"},
		{Date{Milliseconds: -1.5}, "1969-12-31T23:59:59.9985Z"},
		{Date{Milliseconds: 1795248000123}, "2026-11-21T08:00:00.123Z"},
		{Date{Milliseconds: 8.64e15}, "+275760-09-13"},
		{Date{Milliseconds: 8.64e15 + 2}, "0001-01-01T00:00:00Z"},
		{Date{Milliseconds: math.NaN()}, "0001-01-01T00:00:00Z"},
		{Date{Milliseconds: math.Inf(-1)}, "0001-01-01T00:00:00Z"},
	} {
		layout := time.RFC3339Nano
		if c.want[0] == '+' {
			layout = "+2006-01-02"
		}
		if got := c.date.Time().Format(layout); got != c.want {
			t.Errorf("%v: %s, want %s", c.date, got, c.want)
		}
	}
}

func TestDateOf(t *testing.T) {
	at := time.Date(2026, 11, 21, 9, 0, 0, 123_456_789, time.FixedZone("", 3600))
	if got, want := DateOf(at).Time(), at.UTC().Truncate(time.Millisecond); !got.Equal(want) {
		t.Errorf("%v, want %v", got, want)
	}
}
