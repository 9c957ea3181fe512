package cmaf

import (
	"slices"
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
	// What all tracks together may hold uncut.
	largestSum = 64 << 20

	// A step of more than longestStep in a track's own times is a
	// discontinuity: in a segment it would become the segment's length, and
	// with it the target duration for the rest of the broadcast.
	longestStep = 5 * time.Second
	// A track that sends nothing for this long while another goes on is gone: a
	// player waits for each that it was promised.
	longestSilence = 10 * time.Second
)

// Packager makes segments of the video and audio tracks of one stream. The main
// track, which is the first of video, or of audio where there is no video, is
// cut at its key frames. Every other is cut at the same places: sound to within
// a frame, pictures at the key frame of their own that comes next, which is the
// same in an encoder's ladder. Tracks that have no packaging are left out.
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
	// Takes, if set before the first Write, says why a track is to be left out
	// although it has a packaging; nil takes it.
	Takes func(*media.Track) error

	target time.Duration
	emit   func(*Segment)

	set     *media.TrackSet
	offered []*Header // the tracks of set that can be packaged
	refused []error
	// reduced is set when a track of the period is no longer offered.
	reduced bool

	period  *Period // nil before the first frame and after a break
	lanes   []*lane // the tracks of the period, the main one first once it has begun
	forming *forming
	emitted bool // the period has a segment
	epoch   uint32
	ended   *Period // the one before
	number  int

	clock    wallClock
	bytes    int // uncut, of all lanes
	sequence uint32

	waiting   []message // until the period has begun
	messageID uint32
}

// NewPackager returns a packager that calls emit for each segment, from
// within Write and End. A target of 0 is [DefaultTarget].
func NewPackager(target time.Duration, emit func(*Segment)) *Packager {
	if target <= 0 {
		target = DefaultTarget
	}
	return &Packager{target: target, emit: emit}
}

// Refused says which tracks of the newest frame's set are left out, and why:
// errors of type [*UnsupportedError], and what Takes returned.
func (p *Packager) Refused() []error { return p.refused }

// Packages reports whether a track of the newest frame's set can be packaged.
func (p *Packager) Packages() bool { return len(p.offered) > 0 }

// Write takes the next frame of the stream, as the hub put them in order.
func (p *Packager) Write(f *media.Frame) {
	if f.Kind == media.Data {
		p.note(f)
		return
	}
	h := p.header(f)
	if h == nil {
		return
	}
	l := p.lane(h)
	if p.period != nil && p.breaks(f, l, h) {
		p.finish()
		l = nil
	}
	if f.Kind == media.Video && l == nil && !p.mayBegin(f, h) {
		return
	}
	if p.period != nil && p.forming == nil && (l == nil || p.reduced) {
		p.renew()
	}
	if p.period != nil && p.forming == nil {
		l.newest = arrived{dts: f.DTS, wall: f.Arrival}
		p.add(l, f)
		return
	}
	p.hold(f, h)
	if p.formed(f) {
		p.begin()
	}
}

// End makes segments of what is still open. The packager may be written on
// after it, in a new period.
func (p *Packager) End() { p.finish() }

// header returns the header of f's track, nil if f is of no track that is
// packaged.
func (p *Packager) header(f *media.Frame) *Header {
	if f.Kind != media.Video && f.Kind != media.Audio {
		return nil
	}
	if f.Tracks != p.set {
		p.adopt(f.Tracks)
	}
	if f.Class == media.Command || f.Header != 0 || len(f.Payload) == 0 {
		return nil
	}
	return p.offer(f.Kind, f.Track)
}

func (p *Packager) offer(k media.Kind, id uint8) *Header {
	for _, h := range p.offered {
		if h.Track.Kind == k && h.Track.ID == id {
			return h
		}
	}
	return nil
}

// adopt finds the headers of another set, the former ones where they fit.
func (p *Packager) adopt(set *media.TrackSet) {
	former := p.offered
	p.set, p.offered, p.refused = set, nil, nil
	if set != nil {
		for _, t := range set.Tracks {
			h, err := p.headerOf(t, former)
			if err != nil {
				p.refused = append(p.refused, err)
				continue
			}
			p.offered = append(p.offered, h)
		}
	}
	p.reduced = slices.ContainsFunc(p.lanes, func(l *lane) bool {
		return p.offer(l.header.Track.Kind, l.header.Track.ID) == nil
	})
}

func (p *Packager) headerOf(t *media.Track, former []*Header) (*Header, error) {
	if p.Takes != nil {
		if err := p.Takes(t); err != nil {
			return nil, err
		}
	}
	h, err := NewHeader(t)
	if err != nil {
		return nil, err
	}
	for _, f := range former {
		if f.fits(h) {
			return f, nil
		}
	}
	return h, nil
}

// breaks reports whether f, of the lane l if it has one already, cannot stand in
// the same period as what came before.
func (p *Packager) breaks(f *media.Frame, l *lane, h *Header) bool {
	switch {
	case f.Epoch != p.epoch:
		return true
	case l == nil:
		return false
	case l.header != h, f.DTS-l.newest.dts > int64(longestStep):
		return true
	}
	// The frame before f, not f: after a stall of the whole connection one
	// track comes first, and the others are not gone.
	return slices.ContainsFunc(p.lanes, func(other *lane) bool {
		return l.newest.wall.Sub(other.newest.wall) > longestSilence
	})
}

// mayBegin reports whether the picture of a track can begin at f.
func (p *Packager) mayBegin(f *media.Frame, h *Header) bool {
	if f.IsKey() {
		return true
	}
	goesOn := p.period == nil || p.forming != nil
	return goesOn && p.ended.has(h)
}

// finish ends the period.
func (p *Packager) finish() {
	if p.period == nil {
		return
	}
	if p.forming != nil {
		p.begin()
	}
	for _, l := range p.lanes {
		if len(l.units) > 0 {
			p.close(l, len(l.units))
		}
	}
	p.ended, p.period, p.lanes, p.reduced = p.period, nil, nil, false
}
