package probe

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/media"
)

const (
	// A step of the timestamps that is larger, or goes back further, is none of
	// missing frames but one of the clock.
	longestStep   = 5 * time.Second
	longestReturn = time.Second
	// maxFrames bounds what is remembered: an hour of a usual stream.
	maxFrames = 400_000
)

// Analyzer takes the frames of a stream, with their arrival, and reports. The
// zero value is ready.
type Analyzer struct {
	video, audio points
	tracks       *media.TrackSet
	changes      int
	metadata     []byte
	behind       lateness
	segment      int // rises at each jump of the clock
	// offsets are the times of sound less those of picture, where a picture
	// came and where sound came.
	atVideo, atAudio []time.Duration
}

// points is what is remembered of a track.
type points struct {
	all      []point
	backward int
}

type point struct {
	dts, pts  time.Duration
	size      int
	samples   int // of sound; 0 where that is not known
	key, open bool
	segment   int
}

// Full reports whether no more is remembered.
func (a *Analyzer) Full() bool { return len(a.video.all)+len(a.audio.all) >= maxFrames }

// Keys is how many key frames have come.
func (a *Analyzer) Keys() int {
	n := 0
	for _, p := range a.video.all {
		if p.key {
			n++
		}
	}
	return n
}

// Frames is how many frames have come.
func (a *Analyzer) Frames() int { return len(a.video.all) + len(a.audio.all) }

// Add takes the next frame.
func (a *Analyzer) Add(f *media.Frame) {
	switch {
	case f.Kind == media.Data:
		if f.Class == media.Key {
			a.metadata = bytes.Clone(f.Payload)
		}
		return
	case f.Kind != media.Video && f.Kind != media.Audio, f.Class == media.Command, a.Full():
		return
	}
	if f.Tracks != a.tracks {
		a.adopt(f.Tracks)
	}
	t := a.tracks.Default(f.Kind)
	if t != nil && t.ID != f.Track {
		return
	}
	this, other := &a.video, &a.audio
	if f.Kind == media.Audio {
		this, other = other, this
	}
	p := point{dts: time.Duration(f.DTS), pts: time.Duration(f.PTS), size: len(f.Payload) - f.Header, key: f.IsKey()}
	if n := len(this.all); n > 0 {
		last := this.all[n-1]
		step := p.dts - last.dts
		switch {
		case last.segment != a.segment: // the other track has jumped already
		case step > longestStep || step < -longestReturn:
			a.segment++
			a.behind.restart()
		case step < 0:
			this.backward++
		}
	}
	p.segment = a.segment
	if t != nil && t.Format != nil {
		p.open = p.key && open(t.Format, f.Payload)
		p.samples = t.Samples(f.Payload)
	}
	this.all = append(this.all, p)
	a.behind.add(p.dts, f.Arrival)
	if n := len(other.all); n > 0 && other.all[n-1].segment == a.segment {
		if f.Kind == media.Audio {
			a.atAudio = append(a.atAudio, p.dts-other.all[n-1].dts)
		} else {
			a.atVideo = append(a.atVideo, other.all[n-1].dts-p.dts)
		}
	}
}

// adopt counts what changes in the tracks. One that joins is no change, nor is
// what was told before the first frame.
func (a *Analyzer) adopt(s *media.TrackSet) {
	if a.tracks != nil {
		for _, t := range s.Tracks {
			had := a.tracks.Find(t.Kind, t.ID)
			begun := t.Kind == media.Video && len(a.video.all) > 0 || t.Kind == media.Audio && len(a.audio.all) > 0
			if had != nil && begun && changed(had, t) {
				a.changes++
				break
			}
		}
	}
	a.tracks = s
}

// changed reports whether decoders have to begin anew. VP8 and VP9 state their
// size in frames alone.
func changed(had, has *media.Track) bool {
	if had.Codec != has.Codec || had.Config != nil && !bytes.Equal(had.Config, has.Config) {
		return true
	}
	was, is := had.Picture(), has.Picture()
	return was != nil && is != nil && was.Width > 0 && (was.Width != is.Width || was.Height != is.Height)
}

// open reports whether the key frame of a codec that has such is one whose
// followers may need frames in front of it: no IDR picture of H.264, nor an IDR
// or BLA picture of HEVC.
func open(format media.Format, unit []byte) bool {
	switch c := format.(type) {
	case *media.AVCConfig:
		for nal := range media.NALUnits(unit, c.LengthSize) {
			if media.NALType(nal) == media.NALIDR {
				return false
			}
		}
		return true
	case *media.HEVCConfig:
		for nal := range media.NALUnits(unit, c.LengthSize) {
			if t := media.HEVCNALType(nal); t >= media.HEVCNALBLA && t <= media.HEVCNALIDRN {
				return false
			}
		}
		return true
	}
	return false
}

// lateness measures how evenly frames come.
type lateness struct {
	started bool
	first   time.Time
	ahead   time.Duration // of the promptest frame
	worst   time.Duration
}

func (l *lateness) restart() { l.started = false }

func (l *lateness) add(dts time.Duration, arrival time.Time) {
	if l.first.IsZero() {
		l.first = arrival
	}
	ahead := dts - arrival.Sub(l.first)
	if !l.started || ahead > l.ahead {
		l.started, l.ahead = true, ahead
	}
	l.worst = max(l.worst, l.ahead-ahead)
}

// Report says what was measured up to now, with the advice.
func (a *Analyzer) Report() *Report {
	r := &Report{
		Jumps: a.segment, TrackChanges: a.changes, Behind: seconds(a.behind.worst),
		Seconds: seconds(max(a.video.length(), a.audio.length())),
	}
	if t := a.tracks.Default(media.Video); t != nil && len(a.video.all) > 0 {
		r.Video = a.reportVideo(t)
		r.Bitrate += r.Video.Bitrate.Mean
	}
	if t := a.tracks.Default(media.Audio); t != nil && len(a.audio.all) > 0 {
		r.Audio = a.reportAudio(t)
		r.Bitrate += r.Audio.Bitrate.Mean
	}
	if a.tracks != nil {
		for _, t := range a.tracks.Tracks {
			if t != a.tracks.Default(t.Kind) {
				r.OtherTracks = append(r.OtherTracks, tool.Describe(&media.TrackSet{Tracks: []*media.Track{t}}))
			}
		}
	}
	if len(a.atVideo) > 0 && len(a.atAudio) > 0 {
		// Between two frames of one track the other seems behind; the two views
		// are wrong in opposite directions.
		offset := seconds((median(a.atVideo) + median(a.atAudio)) / 2)
		r.AVOffset = &offset
	}
	r.readMetadata(a.metadata)
	r.Advice = Advise(r)
	return r
}

// steps are the distances from frame to frame within segments, gaps and
// backward ones left out.
func (p *points) steps() []time.Duration {
	var steps []time.Duration
	for i := 1; i < len(p.all); i++ {
		if d := p.all[i].dts - p.all[i-1].dts; p.all[i].segment == p.all[i-1].segment && d > 0 {
			steps = append(steps, d)
		}
	}
	return steps
}

// length is how much of the track there is, jumps left out.
func (p *points) length() time.Duration {
	var sum time.Duration
	for i := 1; i < len(p.all); i++ {
		if p.all[i].segment == p.all[i-1].segment {
			sum += p.all[i].dts - p.all[i-1].dts
		}
	}
	return sum
}

// gaps counts steps that are several usual ones.
func (p *points) gaps(usual time.Duration) (g Gaps, missing time.Duration) {
	const (
		several = 3
		least   = 150 * time.Millisecond
	)
	for _, d := range p.steps() {
		if d > several*usual && d >= least {
			g.Count++
			missing += d - usual
		}
	}
	g.Seconds = seconds(missing)
	return g, missing
}

// rate measures the bit rate, as a whole and in windows.
func (p *points) rate(window time.Duration) Rate {
	length := p.length()
	r := Rate{Window: seconds(window)}
	// Times are in milliseconds: a window that misses its last key frame by one
	// would have the next key frame as well.
	window -= 5 * time.Millisecond
	if length <= 0 || len(p.all) < 2 {
		return r
	}
	var total, inWindow int
	var at, begin time.Duration // on a line without jumps
	var windows []float64
	for i, one := range p.all[:len(p.all)-1] { // the last frame lasts beyond the length
		total += one.size
		if at-begin >= window {
			windows = append(windows, float64(8*inWindow)/(at-begin).Seconds())
			begin, inWindow = at, 0
		}
		inWindow += one.size
		if next := p.all[i+1]; next.segment == one.segment {
			at += next.dts - one.dts
		}
	}
	if at-begin >= window {
		windows = append(windows, float64(8*inWindow)/(at-begin).Seconds())
	}
	r.Mean = float64(8*total) / length.Seconds()
	r.Lowest, r.Peak = r.Mean, r.Mean
	if len(windows) > 0 {
		r.Lowest, r.Peak = slices.Min(windows), slices.Max(windows)
	}
	return r
}

func median[T cmp.Ordered](values []T) (m T) {
	if len(values) == 0 {
		return m
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
