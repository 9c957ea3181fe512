package cmaf

import (
	"time"

	"github.com/millrace-live/millrace/media"
)

// DefaultTarget is the segment length that players and encoders are used to.
const DefaultTarget = 2 * time.Second

const (
	// A key frame this much before the target's end is taken as the cut:
	// encoders that aim at two seconds miss by some frames.
	earlyCut = 8 // a part of the target

	// A track without key frames, or sound whose picture stands still, is cut
	// anywhere at last.
	longestVideo = 20 * time.Second
	longestAudio = 10 * time.Second
	largestBytes = 16 << 20

	// A step of more than longestStep in a track's own times is a
	// discontinuity: in a segment it would become the segment's length, and
	// with it the target duration for the rest of the broadcast.
	longestStep = 5 * time.Second
	// A track that sends nothing for this long while the other goes on is
	// gone: a player waits for both.
	longestSilence = 10 * time.Second

	// How long a period waits at its start for a track that is announced, and
	// for one that may still be. No segment could be ready much earlier.
	announcedWait   = 3 * time.Second
	unannouncedWait = time.Second
	heldBytes       = 16 << 20
)

// Packager makes segments of the default video and the default audio track of
// one stream. It cuts video at key frames and sound at the same places, and
// leaves out tracks whose codec has no packaging.
//
// A new [Period] begins where frames change their epoch, where a track gets
// another configuration, comes or goes, and after a hole of 5 s. It may begin
// with a picture that is no key frame only if the period before it had the
// same configuration, so that nothing of a stream is lost.
//
// The wall clock of segments follows the arrival of frames along one line for
// all tracks of a period: errors up to 100 ms are left alone, larger ones are
// worked off by at most 1 % of a segment's length each.
//
// It has no goroutine and no clock of its own, and is not safe for concurrent
// use.
type Packager struct {
	target time.Duration
	emit   func(*Segment)

	period  *Period // nil before the first frame and after a break
	forming bool    // the period waits for its tracks; frames are in held
	held    []*media.Frame
	bytes   int

	epoch  uint32
	seen   [2]arrived // of the period, by track index
	ended  *Period    // the one before
	number int

	set     *media.TrackSet
	headers [2]*Header // of set; nil where there is no such track or no packaging
	refused []error

	cutters    [2]*cutter
	boundaries []int64 // where video was cut and sound not yet, ns
	clock      wallClock
	sequence   [2]uint32
}

// arrived is when a track's newest frame was due, and when it came.
type arrived struct {
	any  bool
	dts  int64
	wall time.Time
}

const (
	video = iota
	audio
)

// NewPackager returns a packager that calls emit for each segment, from
// within Write and End. A target of 0 is [DefaultTarget].
func NewPackager(target time.Duration, emit func(*Segment)) *Packager {
	if target <= 0 {
		target = DefaultTarget
	}
	return &Packager{target: target, emit: emit}
}

// Refused says which tracks of the newest frame's set are left out, and why:
// errors of type [*UnsupportedError].
func (p *Packager) Refused() []error { return p.refused }

// Write takes the next frame of the stream, as the hub put them in order.
func (p *Packager) Write(f *media.Frame) {
	k, h := p.track(f)
	if h == nil {
		return
	}
	if p.period != nil && p.breaks(f, k, h) {
		p.finish()
	}
	if k == video && p.has(video) == nil && !p.mayBegin(f, h) {
		return
	}
	if p.period != nil && !p.forming && p.has(k) == nil {
		p.enlarge()
	}
	if p.period != nil && !p.forming {
		p.seen[k] = arrived{any: true, dts: f.DTS, wall: f.Arrival}
		p.add(f, k)
		return
	}
	p.hold(f, k, h)
	if p.formed(f) {
		p.begin()
	}
}

// End makes segments of what is still open. The packager may be written on
// after it, in a new period.
func (p *Packager) End() { p.finish() }

// track returns the index of f's track and its header: nil if f is of no
// track that we package.
func (p *Packager) track(f *media.Frame) (int, *Header) {
	k := video
	switch f.Kind {
	case media.Video:
	case media.Audio:
		k = audio
	default:
		return 0, nil
	}
	if f.Tracks != p.set {
		p.adopt(f.Tracks)
	}
	h := p.headers[k]
	if h == nil || h.Track.ID != f.Track || f.Class == media.Command || f.Header != 0 || len(f.Payload) == 0 {
		return 0, nil
	}
	return k, h
}

// adopt finds the headers of another set, the former ones where they fit.
func (p *Packager) adopt(set *media.TrackSet) {
	p.set, p.refused = set, nil
	for k, kind := range [...]media.Kind{video: media.Video, audio: media.Audio} {
		former := p.headers[k]
		p.headers[k] = nil
		t := set.Default(kind)
		if t == nil {
			continue
		}
		if former != nil && former.fits(t) {
			p.headers[k] = former
			continue
		}
		h, err := NewHeader(t)
		if err != nil {
			p.refused = append(p.refused, err)
		}
		p.headers[k] = h
	}
}

// breaks reports whether f cannot stand in the same period as what came before.
func (p *Packager) breaks(f *media.Frame, k int, h *Header) bool {
	if f.Epoch != p.epoch {
		return true
	}
	if had := p.has(k); had != nil && had != h {
		return true
	}
	if p.seen[k].any && f.DTS-p.seen[k].dts > int64(longestStep) {
		return true
	}
	// The frame before f, not f: after a stall of the whole connection one
	// track comes first, and the other is not gone.
	this, other := p.seen[k], p.seen[1-k]
	return this.any && other.any && this.wall.Sub(other.wall) > longestSilence
}

func (p *Packager) has(k int) *Header {
	switch {
	case p.period == nil:
		return nil
	case k == video:
		return p.period.Video
	default:
		return p.period.Audio
	}
}

// mayBegin reports whether a period's picture can begin at f.
func (p *Packager) mayBegin(f *media.Frame, h *Header) bool {
	if f.IsKey() {
		return true
	}
	goesOn := p.period == nil || p.forming
	return goesOn && p.ended != nil && p.ended.Video == h
}

// hold puts f into a period that waits for its tracks.
func (p *Packager) hold(f *media.Frame, k int, h *Header) {
	if p.period == nil {
		p.period = &Period{Number: p.number}
		p.number++
		p.forming = true
		p.epoch = f.Epoch
		p.seen = [2]arrived{}
		p.clock = wallClock{}
	}
	p.seen[k] = arrived{any: true, dts: f.DTS, wall: f.Arrival}
	if k == video {
		p.period.Video = h
	} else {
		p.period.Audio = h
	}
	p.held = append(p.held, f)
	p.bytes += len(f.Payload)
}

// enlarge ends the period for one with a track more. The picture that no
// segment has yet goes along, so that the new period begins at its key frame.
func (p *Packager) enlarge() {
	c := p.cutters[video]
	if c == nil || len(c.units) == 0 || !c.units[0].frame.IsKey() {
		p.finish()
		return
	}
	open := c.units
	c.units = nil
	p.finish()
	for _, u := range open {
		p.hold(u.frame, video, c.header)
	}
}

// formed reports whether the period has the tracks that it will have.
func (p *Packager) formed(newest *media.Frame) bool {
	if p.period.Video != nil && p.period.Audio != nil || p.bytes >= heldBytes {
		return true
	}
	missing := media.Video
	if p.period.Video != nil {
		missing = media.Audio
	}
	wait := unannouncedWait
	if t := newest.Tracks.Default(missing); t != nil {
		wait = announcedWait
		if Check(t) != nil {
			return true
		}
	}
	return newest.DTS-p.held[0].DTS >= int64(wait)
}

// begin ends the wait for tracks.
func (p *Packager) begin() {
	p.forming = false
	p.cutters = [2]*cutter{}
	p.boundaries = p.boundaries[:0]
	if h := p.period.Video; h != nil {
		p.cutters[video] = &cutter{kind: media.Video, header: h, line: &videoTimeline{}}
	}
	if h := p.period.Audio; h != nil {
		p.cutters[audio] = &cutter{kind: media.Audio, header: h, line: newAudioTimeline(h.Track)}
	}
	held := p.held
	p.held, p.bytes = nil, 0
	for _, f := range held {
		k := video
		if f.Kind == media.Audio {
			k = audio
		}
		p.add(f, k)
	}
}

func (p *Packager) add(f *media.Frame, k int) {
	c := p.cutters[k]
	c.add(f)
	if k == video {
		p.cutVideo(c, f)
	} else {
		p.cutAudio(c)
	}
}

// cutVideo closes the open segment before the unit that was just added, if
// that may begin another.
func (p *Packager) cutVideo(c *cutter, f *media.Frame) {
	n := len(c.units) - 1
	if n == 0 {
		return
	}
	open := time.Duration(nanoseconds(c.open(), c.header.Timescale))
	atKey := f.IsKey() && open >= p.target-p.target/earlyCut
	if !atKey && open < longestVideo && c.bytes-len(f.Payload) < largestBytes {
		return
	}
	boundary := nanoseconds(c.units[n].present, c.header.Timescale)
	p.close(c, n, video)
	sound := p.cutters[audio]
	if sound == nil {
		return
	}
	p.boundaries = append(p.boundaries, boundary)
	p.cutAudio(sound)
}

// cutAudio closes segments of sound at the first unit at or after each cut of
// the picture, so that both have as many segments, less than a unit apart.
func (p *Packager) cutAudio(c *cutter) {
	for len(p.boundaries) > 0 {
		boundary := ticks(p.boundaries[0], c.header.Timescale)
		n := len(c.units)
		for n > 0 && c.units[n-1].decode >= boundary {
			n--
		}
		if n == len(c.units) {
			break // sound has not come so far yet
		}
		p.boundaries = p.boundaries[:copy(p.boundaries, p.boundaries[1:])]
		if n > 0 {
			p.close(c, n, audio)
		}
	}
	limit := p.target
	if p.cutters[video] != nil {
		limit = longestAudio
	}
	n := len(c.units) - 1
	if n > 0 && (c.open() >= ticks(int64(limit), c.header.Timescale) || c.bytes >= largestBytes) {
		p.close(c, n, audio)
	}
}

// finish ends the period.
func (p *Packager) finish() {
	if p.period == nil {
		return
	}
	if p.forming {
		p.begin()
	}
	for k, c := range p.cutters {
		if c != nil && len(c.units) > 0 {
			p.close(c, len(c.units), k)
		}
	}
	p.ended, p.period = p.period, nil
	p.cutters = [2]*cutter{}
}

func (p *Packager) close(c *cutter, n, k int) {
	offset := c.arrivalOffset(n)
	p.sequence[k]++
	s := c.cut(n, p.sequence[k])
	s.Period = p.period
	// One track leads the clock, or the two would pull it to and fro.
	if leads := k == video || p.cutters[video] == nil; leads || !p.clock.set {
		p.clock.observe(offset, s.Length())
	}
	s.Wall = p.clock.at(nanoseconds(s.Start, s.Header.Timescale))
	p.emit(s)
}

// Packages reports whether a track of the newest frame's set can be packaged.
func (p *Packager) Packages() bool { return p.headers[video] != nil || p.headers[audio] != nil }
