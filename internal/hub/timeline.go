package hub

import (
	"time"

	"github.com/millrace-live/millrace/media"
)

const (
	maxStep = int64(5 * time.Second) // between a step of timestamps and of arrivals
	maxBack = int64(1 * time.Second)
	nudge   = int64(time.Millisecond)
)

// timeline gives each frame its place in the time of the stream, which goes on
// through jumps of the publisher's clock, take-overs and returns. It is applied
// once, at the entrance, for every output.
//
// The first publication keeps its timestamps. A step is a fault when it differs
// from the interval of arrivals by more than 5 s or goes back by more than 1 s;
// then the source's timestamps are joined at the stream's last DTS + elapsed
// time and a new epoch begins. Smaller steps back are clamped to the track's
// last DTS + 1 ms. A pause, where media time and arrivals stand still together,
// is kept.
//
// Steps are judged from frame to frame, so media that runs ahead of arrivals (a
// file sent as fast as it goes, an encoder's backlog) is no fault. They are
// judged track by track, since sound and picture of real encoders arrive a
// second apart, and one of them may be sparse: a frame that fits the newest
// time of the stream is in order whatever its own track did.
//
// When a clock jumps, frames of the other tracks from before the jump may still
// be on their way. So each track has the offset that it used last, and takes
// the newest one as soon as its frames fit that better: sound and picture move
// together, and one jump makes one epoch.
type timeline struct {
	running bool // a frame of sound or picture has been stamped
	joining bool // the next one begins another publication
	epoch   uint32
	offset  int64 // the newest: stream time - source time
	last    int64 // highest DTS of sound or picture, and when it came
	lastAt  int64
	data    int64 // highest DTS of a data message
	tracks  []trackTime
}

type trackTime struct {
	kind   media.Kind
	id     uint8
	begun  bool // out and at are those of an earlier frame
	known  bool // and it was of this publication
	offset int64
	out    int64
	at     int64
}

// begin makes the next frame start a publication.
func (t *timeline) begin() {
	t.joining = t.running
	for i := range t.tracks {
		t.tracks[i].known = false
	}
}

// stamp moves f from its publisher's time to the stream's; at is its arrival in
// nanoseconds of a monotonic clock. It reports true when f begins a new epoch
// because the publisher's clock jumped.
func (t *timeline) stamp(f *media.Frame, at int64) (jumped bool) {
	composition := f.PTS - f.DTS
	switch f.Kind {
	case media.Video, media.Audio:
		f.DTS, jumped = t.drive(f, at)
	default:
		f.DTS = t.attend(f.DTS)
	}
	f.PTS = f.DTS + composition
	f.Epoch = t.epoch
	return jumped
}

// drive returns the stream's time for f's.
func (t *timeline) drive(f *media.Frame, at int64) (out int64, jumped bool) {
	tr, src := t.track(f.Kind, f.Track), f.DTS
	switch {
	case !t.running:
		t.running, t.last, t.lastAt = true, src, at
		tr.offset = 0
	case t.joining:
		t.joining = false
		t.join(tr, src, at)
	default:
		if !tr.known || t.off(tr, src+t.offset, at) < t.off(tr, src+tr.offset, at) {
			tr.offset = t.offset
		}
		if jumped = !t.fits(tr, src+tr.offset, at); jumped {
			t.join(tr, src, at)
		}
	}
	out = src + tr.offset
	if tr.begun && out <= tr.out {
		// An end of sequence has the time of the last picture, and is shown by
		// nobody.
		if f.Class == media.Command {
			out = tr.out
		} else {
			out = tr.out + nudge
		}
	}
	tr.begun, tr.known, tr.out, tr.at = true, true, out, at
	if out >= t.last {
		t.last, t.lastAt = out, at
	}
	return out, jumped
}

// join sets the offset so that src comes now.
func (t *timeline) join(tr *trackTime, src, at int64) {
	t.offset = t.last + max(at-t.lastAt, nudge) - src
	tr.offset = t.offset
	t.epoch++
}

// off is how far a frame at out would be from where its track is expected.
func (t *timeline) off(tr *trackTime, out, at int64) int64 {
	return abs((out - tr.out) - (at - tr.at))
}

func (t *timeline) fits(tr *trackTime, out, at int64) bool {
	if tr.begun && out < tr.out-maxBack {
		return false
	}
	if tr.known && t.off(tr, out, at) <= maxStep {
		return true
	}
	return abs((out-t.last)-(at-t.lastAt)) <= maxStep
}

// attend returns the time of a data message. Such messages follow the timeline
// and never drive it: many encoders stamp them 0. One that lies within a second
// of the stream keeps its place, any other comes now; none comes before the one
// before it.
func (t *timeline) attend(src int64) int64 {
	if !t.running {
		return 0
	}
	out := src + t.offset
	if t.joining || abs(out-t.last) > maxBack {
		out = t.last
	}
	t.data = max(t.data, out)
	return t.data
}

func (t *timeline) track(k media.Kind, id uint8) *trackTime {
	for i := range t.tracks {
		if tr := &t.tracks[i]; tr.kind == k && tr.id == id {
			return tr
		}
	}
	t.tracks = append(t.tracks, trackTime{kind: k, id: id})
	return &t.tracks[len(t.tracks)-1]
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
