package play

import (
	"time"

	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/media"
)

const (
	// A step of the timestamps that is larger, or goes back further, is none of
	// missing frames but one of the clock.
	longestStep   = 5 * time.Second
	longestReturn = time.Second
	// A step is a gap if it is this many usual ones, and at least leastGap:
	// cameras and screens have no even rate.
	gapSteps = 3
	leastGap = 150 * time.Millisecond
)

// meter measures a stream by its frames. It has no clock: the frames bring
// their arrival.
type meter struct {
	tracks map[trackID]*trackMeter
	// video and audio are the default tracks of the newest set.
	video, audio trackID
	first        time.Time
	newest       time.Time
	// ahead is by how much the timestamps were in front of the arrivals at
	// most: frames that come later than that are behind.
	anchored bool
	ahead    time.Duration
	behind   time.Duration
	last     time.Duration
	length   time.Duration // of the media, jumps left out
	jumps    int
	delay    delay
}

type trackID struct {
	kind media.Kind
	id   uint8
}

// maxMeters bounds the tracks that are measured: a server may make up as many
// as it likes.
const maxMeters = 64

type trackMeter struct {
	codec         media.Codec
	bytes, frames uint64
	rate, count   tool.Rate
	started       bool
	last          time.Duration
	usual         time.Duration // a running mean of the steps
	gaps          int
	missing       time.Duration
	keyed         bool
	key           time.Duration
	keyDistance   time.Duration
}

func (m *meter) add(f *media.Frame) {
	m.delay.add(f)
	if f.Kind == media.Data {
		return
	}
	if f.Class == media.Command || f.Kind != media.Video && f.Kind != media.Audio {
		return
	}
	if m.tracks == nil {
		m.tracks = make(map[trackID]*trackMeter)
		m.video, m.audio = trackID{kind: media.Video}, trackID{kind: media.Audio}
		m.first = f.Arrival
		m.last = time.Duration(f.DTS)
	}
	m.newest = f.Arrival
	at := time.Duration(f.DTS)
	step := at - m.last
	if step > longestStep || step < -longestReturn {
		m.jumps++
		m.anchored = false
		for _, t := range m.tracks {
			t.jumped()
		}
	} else if step > 0 {
		m.length += step
	}
	if step > 0 || step < -longestReturn {
		m.last = at
	}
	ahead := at - f.Arrival.Sub(m.first)
	if !m.anchored || ahead > m.ahead {
		m.anchored, m.ahead = true, ahead
	}
	m.behind = m.ahead - ahead
	m.measure(f, at)
}

func (m *meter) measure(f *media.Frame, at time.Duration) {
	if t := f.Tracks.Default(media.Video); t != nil {
		m.video = trackID{media.Video, t.ID}
	}
	if t := f.Tracks.Default(media.Audio); t != nil {
		m.audio = trackID{media.Audio, t.ID}
	}
	id := trackID{f.Kind, f.Track}
	t := m.tracks[id]
	if t == nil {
		if len(m.tracks) == maxMeters {
			return
		}
		t = &trackMeter{}
		m.tracks[id] = t
	}
	if track := f.Tracks.Find(f.Kind, f.Track); track != nil {
		t.codec = track.Codec
	}
	t.add(f, at)
}

func (t *trackMeter) jumped() {
	t.started, t.keyed = false, false
	t.rate, t.count = tool.Rate{}, tool.Rate{}
}

func (t *trackMeter) add(f *media.Frame, at time.Duration) {
	t.bytes += uint64(len(f.Payload) - f.Header)
	t.frames++
	t.rate.Add(at, t.bytes)
	t.count.Add(at, t.frames)
	if step := at - t.last; t.started && step > 0 {
		switch {
		case t.usual > 0 && step > gapSteps*t.usual && step >= leastGap:
			t.gaps++
			t.missing += step - t.usual
		case t.usual == 0:
			t.usual = step
		default:
			t.usual += (step - t.usual) / 16
		}
	}
	t.started, t.last = true, max(at, t.last)
	if !f.IsKey() {
		return
	}
	if t.keyed && at > t.key {
		t.keyDistance = at - t.key
	}
	t.keyed, t.key = true, at
}
