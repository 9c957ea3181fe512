package tool

import (
	"bytes"
	"testing"
	"time"
)

type word string

func (w word) String() string { return string(w) }

func TestProgress(t *testing.T) {
	for _, c := range []struct {
		mode Mode
		want string
	}{
		{Plain, "begin\nten\ntwenty\nend\n"},
		{JSON, `{"event":"note","text":"begin"}` + "\n" + `"ten"` + "\n" + `"twenty"` + "\n" +
			`{"event":"note","text":"end"}` + "\n"},
		{Live, "begin\n\r\x1b[?7lten\x1b[K\x1b[?7h\r\x1b[?7ltwenty\x1b[K\x1b[?7h\nend\n"},
	} {
		var b bytes.Buffer
		start := time.Unix(0, 0)
		p := NewProgress(&b, c.mode, start)
		p.Say("%s", "begin")
		for _, s := range []struct {
			at   time.Duration
			text word
		}{
			{0, "at once"},
			{10 * time.Second, "ten"},
			{10*time.Second + time.Millisecond, "too soon"},
			{20 * time.Second, "twenty"},
		} {
			if p.Due(start.Add(s.at)) {
				p.Show(s.text)
			}
		}
		p.Say("end")
		p.Done()
		if b.String() != c.want {
			t.Errorf("mode %d: %q, want %q", c.mode, b.String(), c.want)
		}
	}
}

func TestRate(t *testing.T) {
	var r Rate
	if r.PerSecond() != 0 {
		t.Error("a rate of nothing")
	}
	total := uint64(0)
	for at := time.Duration(0); at < 20*time.Second; at += 10 * time.Millisecond {
		step := uint64(10)
		if at >= 10*time.Second {
			step = 30
		}
		total += step
		r.Add(at, total)
	}
	if got := r.PerSecond(); got < 2990 || got > 3010 {
		t.Errorf("%v a second, want 3000", got)
	}
	if n := len(r.points); n > 60 {
		t.Errorf("%d points are remembered", n)
	}
}

func TestUnits(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Bits(999), "999 bit/s"},
		{Bits(128_000), "128 kbit/s"},
		{Bits(4_620_000), "4.6 Mbit/s"},
		{Bytes(12), "12 B"},
		{Bytes(45_600), "46 kB"},
		{Bytes(12_340_000), "12.3 MB"},
		{Bytes(12_340_000_000), "12.34 GB"},
		{Clock(0), "0:00"},
		{Clock(75 * time.Second), "1:15"},
		{Clock(time.Hour + 62*time.Second), "1:01:02"},
		{Clock(-time.Second), "0:00"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}
