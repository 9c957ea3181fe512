package probe

import (
	"strings"
	"time"

	"github.com/millrace-live/millrace/media"
)

func (a *Analyzer) reportVideo(t *media.Track) *Video {
	v := &Video{
		Codec: t.Codec.String(), CodecString: t.CodecString(), Configured: t.Format != nil,
		Frames: len(a.video.all), Backward: a.video.backward,
	}
	if f, ok := t.Format.(media.NamedFormat); ok {
		// "Predictive" tells profile 244 from one that the standard has withdrawn:
		// people leave it out.
		v.Profile, v.Level = strings.TrimSuffix(f.ProfileName(), " Predictive"), f.LevelName()
	}
	if p := t.Picture(); p != nil {
		v.Width, v.Height, v.StatedFrameRate = p.Width, p.Height, p.FrameRate
		v.BitDepth, v.Interlaced, v.Range = int(max(p.BitDepth, p.ChromaBitDepth)), p.Interlaced, t.Range()
		if int(p.ChromaFormat) < len(chromas) {
			v.Chroma = chromas[p.ChromaFormat]
		}
	}
	steps := a.video.steps()
	usual := median(steps)
	var missing time.Duration
	v.Gaps, missing = a.video.gaps(usual)
	v.UnevenSteps = uneven(steps, usual)
	v.FrameRate = a.video.frameRate(steps, usual, missing, v.Gaps.Count)
	v.Keys = a.keys()
	window := min(max(time.Duration(v.Keys.Mean*float64(time.Second)), time.Second), 5*time.Second)
	v.Bitrate = a.video.rate(window)
	v.BFrames = a.bFrames()
	return v
}

var chromas = [...]string{"4:0:0", "4:2:0", "4:2:2", "4:4:4"}

// frameRate is frames a second: of the even steps where nearly all are even, so
// that a seam or a dropped frame does not bend it, else of all that are no gaps.
func (p *points) frameRate(steps []time.Duration, usual, missing time.Duration, gaps int) float64 {
	n, span := len(steps)-gaps, p.length()-missing-time.Duration(gaps)*usual
	if uneven(steps, usual) < unevenSteps {
		n, span = 0, 0
		for _, d := range steps {
			if even(d, usual) {
				n++
				span += d
			}
		}
	}
	if n <= 0 || span <= 0 {
		return 0
	}
	return float64(n) / span.Seconds()
}

// even reports whether a step is the usual one. Timestamps are in milliseconds.
func even(d, usual time.Duration) bool {
	return (d - usual).Abs() <= max(2*time.Millisecond, usual/5)
}

// uneven is the part of the steps that are not the usual one.
func uneven(steps []time.Duration, usual time.Duration) float64 {
	n := 0
	for _, d := range steps {
		if !even(d, usual) {
			n++
		}
	}
	return float64(n) / float64(max(len(steps), 1))
}

func (a *Analyzer) keys() Keys {
	var k Keys
	var sum time.Duration
	var shortest, longest time.Duration
	var last *point
	n := 0
	for i := range a.video.all {
		p := &a.video.all[i]
		if !p.key {
			continue
		}
		k.Count++
		if p.open {
			k.Open++
		}
		if last != nil && last.segment == p.segment {
			d := p.dts - last.dts
			if n == 0 || d < shortest {
				shortest = d
			}
			longest = max(longest, d)
			sum += d
			n++
		}
		last = p
	}
	if n > 0 {
		k.Mean, k.Shortest, k.Longest = seconds(sum/time.Duration(n)), seconds(shortest), seconds(longest)
	}
	return k
}

// bFrames is the longest run of frames that are shown before one that was
// decoded earlier.
func (a *Analyzer) bFrames() int {
	most, run := 0, 0
	var newest time.Duration
	for i, p := range a.video.all {
		if i == 0 || p.segment != a.video.all[i-1].segment || p.pts >= newest {
			newest, run = p.pts, 0
			continue
		}
		run++
		most = max(most, run)
	}
	return most
}
