package obs

import (
	"math"
	"slices"

	"github.com/millrace-live/millrace/media"
)

// Rung is one rendition as the settings ask for it.
type Rung struct {
	// Height is that of the picture; of an upright one it is the width.
	Height  int
	Bitrate int // kbit/s
	// FPS is the most frames a second, 0 for as many as the canvas has.
	FPS int
	// Codec is H264, HEVC or AV1. An encoder that has no hardware for it gets
	// H264.
	Codec media.Codec
}

// DefaultLadder is what is asked for when nobody has said otherwise: H.264,
// since every player takes that.
var DefaultLadder = []Rung{
	{Height: 1080, Bitrate: 6000, Codec: media.H264},
	{Height: 720, Bitrate: 3000, Codec: media.H264},
	{Height: 480, Bitrate: 1200, FPS: 30, Codec: media.H264},
	{Height: 360, Bitrate: 600, FPS: 30, Codec: media.H264},
}

// MaxRungs is how many video tracks OBS can send.
const MaxRungs = 10

// rendition is a rung as one OBS is to make it.
type rendition struct {
	Rendition
	rate    rate // zero is that of the canvas
	encoder encoder
}

// plan makes the renditions of a ladder that this OBS can make and send, the
// best first; at least one. An empty ladder is one rendition.
func plan(q *question, ladder []Rung) []rendition {
	if len(ladder) == 0 {
		ladder = DefaultLadder[:1]
	}
	c := q.canvas()
	var all []rendition
	for _, r := range fit(c, ladder) {
		e := q.encoder(r.Codec)
		all = append(all, rendition{
			Rendition: Rendition{Width: even(c.Width, r.Height, c), Height: even(c.Height, r.Height, c), Bitrate: r.Bitrate, Codec: e.codec},
			rate:      r.rate(c.FrameRate), encoder: e,
		})
	}
	all = spread(all, q.tracks(all))
	sounds := 1
	if q.Preferences.VODTrack {
		sounds = 2
	}
	if most := q.Preferences.MaxBitrate; most > 0 {
		all = afford(all, most-sounds*q.soundBitrate())
	}
	return all
}

// fit leaves out the rungs above the canvas: pictures that are made larger take
// bits and give nothing. The least of these takes the canvas's own size, with
// bits for that, unless a rung has it already.
func fit(c canvas, ladder []Rung) []Rung {
	own := min(c.Width, c.Height)
	least := math.MaxInt
	for _, r := range ladder {
		if r.Height >= own {
			least = min(least, r.Height)
		}
	}
	var fitting []Rung
	for _, r := range ladder {
		switch {
		case r.Height > least:
			continue
		case r.Height > own:
			part := float64(own) / float64(r.Height)
			r.Height, r.Bitrate = own, int(float64(r.Bitrate)*part*part)
		}
		fitting = append(fitting, r)
	}
	return fitting
}

// even scales a side as the smaller side of the canvas is scaled to height:
// encoders of 4:2:0 need even sizes.
func even(side, height int, c canvas) int {
	scaled := float64(side) * float64(height) / float64(min(c.Width, c.Height))
	return max(2, int(math.Round(scaled/2))*2)
}

// rate is the canvas's, divided by a whole number as OBS does it, if it is more
// than r allows.
func (r Rung) rate(c rate) rate {
	if !c.known() {
		return c
	}
	divisor := 1
	if r.FPS > 0 {
		const slack = 0.01 // 59.94 is as good as 60
		divisor = max(1, int(math.Ceil(c.float()/float64(r.FPS)-slack)))
	}
	return rate{c.Numerator, c.Denominator * divisor}
}

// tracks is how many of the renditions this OBS is to send.
func (q *question) tracks(all []rendition) int {
	n := min(len(all), MaxRungs)
	if most := q.Preferences.MaxTracks; most > 0 {
		n = min(n, most)
	}
	// Without hardware an encoder takes about two cores.
	software := slices.ContainsFunc(all, func(r rendition) bool { return r.encoder.id == x264 })
	if cores := q.Capabilities.CPU.Cores; software && cores > 0 {
		n = min(n, max(1, cores/2))
	}
	return n
}

// spread takes n of the renditions: the first, the last and some between.
func spread(all []rendition, n int) []rendition {
	if n >= len(all) {
		return all
	}
	some := all[:1:1]
	for i := 1; i < n; i++ {
		some = append(some, all[i*(len(all)-1)/(n-1)])
	}
	return some
}

// enough is the part of its bit rate that a rendition must have at least to be
// worth its size.
const enough = 0.6

// afford takes those renditions that are worth their size within so many
// kbit/s, and shares these among them: the best that fits, then the others from
// the last upwards, since the last are for those whom no other reaches.
func afford(all []rendition, most int) []rendition {
	total := 0
	for _, r := range all {
		total += r.Bitrate
	}
	if total <= most {
		return all
	}
	least := func(r rendition) int { return int(enough * float64(r.Bitrate)) }
	best := slices.IndexFunc(all, func(r rendition) bool { return least(r) <= most })
	if best < 0 {
		last := all[len(all)-1]
		last.Bitrate = max(minBitrate, most)
		return []rendition{last}
	}
	taken, left := []rendition{all[best]}, most-least(all[best])
	for _, r := range slices.Backward(all[best+1:]) {
		if least(r) <= left {
			taken = slices.Insert(taken, 1, r)
			left -= least(r)
		}
	}
	total = 0
	for _, r := range taken {
		total += r.Bitrate
	}
	for i := range taken {
		if total > most {
			taken[i].Bitrate = taken[i].Bitrate * most / total
		}
	}
	return taken
}

// minBitrate is what OBS's encoders take at the least, in kbit/s.
const minBitrate = 50
