package hub

import (
	"fmt"
	"time"

	"github.com/millrace-live/millrace/media"
)

// Limits are what a publisher may send at most. 0 is no limit.
type Limits struct {
	// MaxBitrate is in bits a second, over all tracks.
	MaxBitrate int64
	// MaxWidth and MaxHeight are of the larger picture that is wider than high;
	// one that is upright may have as much the other way round.
	MaxWidth, MaxHeight int
}

// fast is for how long a publisher may send more than it may: encoders overshoot
// when a scene begins, and make up for time that their network lost.
const fast = 10 * time.Second

// governor holds a publication to its limits. It is guarded by stream.mu.
type governor struct {
	Limits
	meter  meter
	fast   bool
	since  int64           // that it is fast, monotonic
	tracks *media.TrackSet // those that were looked at
}

func newGovernor(l Limits, at int64) *governor {
	if l.MaxWidth <= 0 || l.MaxHeight <= 0 {
		l.MaxWidth, l.MaxHeight = 0, 0
	}
	if l.MaxBitrate <= 0 && l.MaxWidth == 0 {
		return nil
	}
	step := at / meterStep
	return &governor{Limits: l, meter: meter{first: step, step: step}}
}

// exceeded says in a sentence which limit the frame breaks, "" if none. at is
// monotonic.
func (g *governor) exceeded(f *media.Frame, at int64) string {
	if g.MaxWidth > 0 && f.Tracks != g.tracks {
		g.tracks = f.Tracks
		if s := g.tooLarge(); s != "" {
			return s
		}
	}
	if g.MaxBitrate <= 0 {
		return ""
	}
	if at/meterStep > g.meter.step {
		// Once a step: it has just become complete.
		bits, _ := g.meter.rate(at)
		switch {
		case bits <= g.MaxBitrate:
			g.fast = false
		case !g.fast:
			g.fast, g.since = true, at
		case at-g.since >= int64(fast):
			return fmt.Sprintf("it sends %s, and at most %s is allowed (max-bitrate): lower the encoder's bit rate",
				rate(bits), rate(g.MaxBitrate))
		}
	}
	g.meter.add(at, len(f.Payload))
	return ""
}

func (g *governor) tooLarge() string {
	if g.tracks == nil {
		return ""
	}
	for _, t := range g.tracks.Tracks {
		p := t.Picture()
		if p == nil {
			continue
		}
		if max(p.Width, p.Height) > max(g.MaxWidth, g.MaxHeight) || min(p.Width, p.Height) > min(g.MaxWidth, g.MaxHeight) {
			return fmt.Sprintf("its picture is %dx%d, and at most %dx%d is allowed (max-resolution): lower the encoder's resolution",
				p.Width, p.Height, g.MaxWidth, g.MaxHeight)
		}
	}
	return ""
}

func rate(bits int64) string {
	if bits < 1e6 {
		return fmt.Sprintf("%d kbit/s", (bits+500)/1000)
	}
	return fmt.Sprintf("%.1f Mbit/s", float64(bits)/1e6)
}
