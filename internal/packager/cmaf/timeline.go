package cmaf

import (
	"time"

	"github.com/millrace-live/millrace/media"
)

// timeline gives the frames of one track in one period their place in ticks.
type timeline interface {
	// place returns the decoding and presentation time of the next frame.
	// Decoding times rise.
	place(f *media.Frame) (decode, present int64)
	// settle is called once, with the first frames placed, before any of them
	// leaves; it may still move all of them.
	settle(units []unit)
	// nominal is how long a frame lasts when none follows it.
	nominal() int64
}

// videoTimeline takes the encoder's times as they are: decoding times in tfdt,
// and what pictures are shown later than decoded as offsets, which are positive
// from every sound encoder. There is no edit list, and no signed offsets that
// would make a segment's decoding time that of its key frame's presentation:
// FFmpeg 5.1, reading such fragments, adds the reordering delay to every picture
// and shows it 80 ms behind its sound.
//
// Each time is rounded by itself and a duration is the difference of two:
// rounded durations would add up to a drift.
type videoTimeline struct {
	begun bool
	last  int64
	step  int64
}

func (l *videoTimeline) place(f *media.Frame) (decode, present int64) {
	decode, present = max(0, ticks(f.DTS, videoTimescale)), max(0, ticks(f.PTS, videoTimescale))
	if l.begun {
		// A duration of 0 stops Safari. Times that do not rise are repaired
		// before they come here, so this makes no more than the last tick good.
		decode = max(decode, l.last+1)
		l.step = decode - l.last
	}
	l.begun, l.last = true, decode
	return decode, present
}

func (l *videoTimeline) settle([]unit) {}

func (l *videoTimeline) nominal() int64 {
	const unknown = videoTimescale / 25
	if l.step == 0 || l.step > videoTimescale {
		return unknown
	}
	return l.step
}

// audioSlack is how far sound may be from the encoder's times before it is
// anchored anew. RTMP's milliseconds jitter by one around the true length of an
// access unit (23.22 ms at 44.1 kHz), and browsers make each such step a gap
// that is heard.
const audioSlack = 20 * time.Millisecond

// audioTimeline counts samples.
type audioTimeline struct {
	track     *media.Track
	timescale uint32

	begun  bool
	next   int64
	last   int64
	length int64 // of the newest access unit, ticks

	// For settle: by how much the encoder's times were later than the places.
	lateness int64
	placed   int64
}

func newAudioTimeline(h *Header) *audioTimeline {
	return &audioTimeline{track: h.Track, timescale: h.Timescale, length: int64(h.Timescale) / 50}
}

func (l *audioTimeline) place(f *media.Frame) (decode, present int64) {
	stated := max(0, ticks(f.PTS, l.timescale))
	at := l.next
	slack := ticks(int64(audioSlack), l.timescale)
	switch {
	case !l.begun:
		l.begun = true
		at = stated
	case stated-at > slack || at-stated > slack:
		at = max(stated, l.last+1)
	}
	l.lateness += stated - at
	l.placed++
	// A frame that does not say how long it is lasts as long as the one before.
	if n := l.track.Samples(f.Payload); n > 0 {
		l.length = int64(n)
	}
	l.last, l.next = at, at+l.length
	return at, at
}

// settle centres the counted line in the encoder's rounded one. The first
// frame alone may be off by as much as any, and the others would seem so by
// twice as much.
func (l *audioTimeline) settle(units []unit) {
	shift := l.lateness / l.placed
	if units[0].decode+shift < 0 {
		return
	}
	for i := range units {
		units[i].decode += shift
		units[i].present += shift
	}
	l.last, l.next = l.last+shift, l.next+shift
}

func (l *audioTimeline) nominal() int64 { return l.length }
