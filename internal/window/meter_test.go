package window

import (
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/packager/cmaf"
)

func TestMeter(t *testing.T) {
	type part struct {
		length  time.Duration
		kilobit int
	}
	for _, c := range []struct {
		name          string
		parts         []part
		peak, average int64
	}{
		{"even", []part{{2 * time.Second, 2000}, {2 * time.Second, 2000}}, 1_000_000, 1_000_000},
		{"peak", []part{{2 * time.Second, 2000}, {2 * time.Second, 6000}, {4 * time.Second, 2000}}, 3_000_000, 1_250_000},
		// A last segment of one key frame is no peak of its own.
		{"stub", []part{{2 * time.Second, 2000}, {40 * time.Millisecond, 400}}, 1_176_470, 1_176_470},
		{"only a stub", []part{{100 * time.Millisecond, 100}}, 1_000_000, 1_000_000},
		{"nothing", nil, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m meter
			for _, p := range c.parts {
				m.add(&cmaf.Segment{
					Header:   &cmaf.Header{Timescale: 1000},
					Duration: p.length.Milliseconds(), Size: p.kilobit * 1000 / 8,
				}, 2*time.Second)
			}
			if m.highest() != c.peak || m.average() != c.average {
				t.Errorf("peak %d and average %d, want %d and %d", m.highest(), m.average(), c.peak, c.average)
			}
		})
	}
}
