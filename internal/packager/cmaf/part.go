package cmaf

import (
	"slices"
	"time"

	"github.com/millrace-live/millrace/media"
)

const (
	// leastPart is the hundredths of its target that a part must have, save for
	// the last of a segment and those with a key frame (rfc8216bis §4.4.4.9).
	leastPart = 85

	// partWait is how long the parts of a track wait for the main track, whose
	// key frames say where segments end.
	partWait = time.Second
)

// part makes the parts of a lane's open segment that can be made.
func (p *Packager) part(l *lane) {
	made := false
	for l.partTarget > 0 && len(l.units) > 1 {
		n := l.partEnd(len(l.units) - 1)
		if n == 0 || !p.settled(l, n) {
			break
		}
		p.cut(l, n)
		made = true
	}
	if made && p.Open != nil {
		p.Open(join(slices.Clip(l.parts)))
	}
}

// partEnd returns how many units make the next part, at most n; 0 if there are
// too few to tell.
//
// A part is never longer than its target, since Apple's players refuse a
// playlist for one millisecond: units are in it as long as that is known. A
// single unit that lasts longer is a part all the same, for the units of a track
// cannot be torn apart.
func (l *lane) partEnd(n int) int {
	start := l.units[0].decode
	keyed := l.units[0].startsDecoding()
	// What the next unit is sure to take: the times of RTMP jitter.
	next := l.line.nominal() * 3 / 4
	for i := 1; i <= n; i++ {
		length := l.at(i) - start
		if length > l.partTarget {
			return max(1, i-1)
		}
		key := l.kind == media.Video && i < len(l.units) && l.units[i].frame.IsKey()
		if key && (keyed || length*100 >= l.partTarget*leastPart) || length+next > l.partTarget {
			return i
		}
		keyed = keyed || key
	}
	return 0
}

// settled reports whether the first n units of a lane belong to its open
// segment, whatever the main track brings.
func (p *Packager) settled(l *lane, n int) bool {
	lead := p.lanes[0]
	if l == lead || l.newest.dts-lead.newest.dts > int64(partWait) {
		return true
	}
	if l.kind == media.Audio {
		// The main track has gone beyond, so that no boundary lies before.
		return lead.newest.dts > nanoseconds(l.units[n].decode, l.header.Timescale)
	}
	for i := 1; i <= n; i++ {
		if u := &l.units[i]; u.frame.IsKey() && lead.newest.dts < nanoseconds(u.decode, l.header.Timescale)+p.keyPatience() {
			return false
		}
	}
	return true
}

// keyPatience is how much later than another's the main track's key frame may be
// that ends its open segment: see [lane.place].
func (p *Packager) keyPatience() int64 {
	lead := p.lanes[0]
	due := ticks(int64(p.target-p.target/earlyCut-keySlack), lead.header.Timescale)
	if lead.kind == media.Video && lead.open() >= due {
		return int64(keySlack)
	}
	return 0
}

// turns reports whether a period that is to have other tracks may end before f.
// When parts have left of the segment that is open, the next key frame of the
// main track is a better place, at which players can begin.
func (p *Packager) turns(f *media.Frame, l *lane) bool {
	lead := p.lanes[0]
	return len(lead.parts) == 0 || lead.kind != media.Video || l == lead && f.IsKey() ||
		p.offer(lead.kind, lead.header.Track.ID) == nil ||
		len(p.early) >= mostAlong || lead.open() >= ticks(int64(longestStep), lead.header.Timescale)
}

// cadence is how the first frames of a track follow one another.
type cadence struct {
	stated time.Duration // what the codec says that a frame lasts; 0 if it does not
	times  []int64       // DTS
}

func cadenceOf(h *Header, frames []held) cadence {
	var c cadence
	for _, f := range frames {
		if f.header != h {
			continue
		}
		c.times = append(c.times, f.frame.DTS)
		if h.Track.Kind == media.Audio {
			c.stated = time.Duration(nanoseconds(int64(h.Track.Samples(f.frame.Payload)), h.Timescale))
		}
	}
	return c
}

// steps are the times between frames, without the holes.
func (c cadence) steps() []time.Duration {
	var steps []time.Duration
	for i := 1; i < len(c.times); i++ {
		steps = append(steps, time.Duration(c.times[i]-c.times[i-1]))
	}
	slices.Sort(steps)
	for len(steps) > 0 && steps[len(steps)-1] > 2*steps[len(steps)/2] {
		steps = steps[:len(steps)-1]
	}
	return steps
}

// frame is how long a frame lasts, 0 if that is not known.
func (c cadence) frame() time.Duration {
	steps := c.steps()
	if c.stated > 0 || len(steps) == 0 {
		return c.stated
	}
	var sum time.Duration
	for _, s := range steps {
		sum += s
	}
	return sum / time.Duration(len(steps))
}

// target is the length nearest to aim that a whole number of frames has. Where
// frames are not equally long, which at 30 a second milliseconds cannot be, there
// is room for what they jitter by.
func (c cadence) target(aim time.Duration) time.Duration {
	frame := c.frame()
	if frame <= 0 {
		return aim
	}
	n := max(1, int((aim+frame/2)/frame))
	length := time.Duration(n) * frame
	steps := c.steps()
	if c.stated > 0 || steps[0] == steps[len(steps)-1] {
		return roundUp(length)
	}
	// Both ends of a part may be off by half of what a step is.
	jitter := min((steps[len(steps)-1]-steps[0])/2, length/8)
	return roundUp(length+jitter) + time.Millisecond
}

// keeps reports whether parts of these frames can have a target that was chosen
// for others.
func (c cadence) keeps(target time.Duration) bool {
	frame := c.frame()
	if frame <= 0 {
		return target > 0
	}
	return target >= frame && target/frame*frame*100 >= target*leastPart
}

// roundUp returns whole milliseconds.
func roundUp(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}

// aimParts chooses the part targets of a period. A track keeps the one that it
// had, if it can: players were told of it.
func (p *Packager) aimParts(frames []held) {
	if p.Parts <= 0 {
		return
	}
	for _, l := range p.lanes {
		c := cadenceOf(l.header, frames)
		target := p.ended.partTarget(l.header.Track)
		if !c.keeps(target) {
			target = c.target(p.Parts)
		}
		p.period.PartTargets = append(p.period.PartTargets, target)
		// No tick more than what players were told.
		l.partTarget = int64(target) * int64(l.header.Timescale) / second
	}
}

// partTarget is that of a track, 0 if the period has none for it.
func (p *Period) partTarget(t *media.Track) time.Duration {
	if p == nil {
		return 0
	}
	for i, target := range p.PartTargets {
		if of := p.Tracks[i].Track; of.Kind == t.Kind && of.ID == t.ID {
			return target
		}
	}
	return 0
}
