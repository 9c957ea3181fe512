package cmaf

import (
	"time"

	"github.com/millrace-live/millrace/media"
)

// lane is one track of the period.
type lane struct {
	cutter
	newest arrived
	cuts   int // how many segments it has in the period
	// boundaries are where the main track was cut and this one not yet, ns.
	boundaries []int64
	// messages wait for the segment of their time.
	messages []message
}

func newLane(h *Header) *lane {
	l := &lane{cutter: cutter{kind: h.Track.Kind, header: h}}
	if l.kind == media.Video {
		l.line = &videoTimeline{}
	} else {
		l.line = newAudioTimeline(h)
	}
	return l
}

// lane returns the lane of the track that h is of, nil if the period has none.
func (p *Packager) lane(h *Header) *lane {
	for _, l := range p.lanes {
		if t := l.header.Track; t.ID == h.Track.ID && t.Kind == h.Track.Kind {
			return l
		}
	}
	return nil
}

// add puts f at the end of its lane and closes what may be closed.
func (p *Packager) add(l *lane, f *media.Frame) {
	l.add(f)
	p.bytes += len(f.Payload)
	if l == p.lanes[0] {
		p.lead(l)
	} else {
		p.follow(l, len(l.units)-1)
	}
}

// lead closes the main track's open segment before the unit that was just
// added, if that may begin another, and the segments of the others there.
func (p *Packager) lead(l *lane) {
	n := len(l.units) - 1
	if n == 0 {
		return
	}
	due := p.target
	if l.kind == media.Video {
		due = longestVideo
		if l.units[n].frame.IsKey() {
			due = p.target - p.target/earlyCut
		}
	}
	if !p.due(l, due) {
		return
	}
	boundary := nanoseconds(l.units[n].present, l.header.Timescale)
	p.close(l, n)
	for _, other := range p.lanes[1:] {
		other.boundaries = append(other.boundaries, boundary)
		p.follow(other, 0)
	}
}

// due reports whether the open segment is long or large enough to be closed.
func (p *Packager) due(l *lane, limit time.Duration) bool {
	return l.open() >= ticks(int64(limit), l.header.Timescale) || l.bytes >= largestBytes || p.bytes >= largestSum
}

// follow closes a track's segments where the main one was cut; the units before
// from are known not to be such places.
func (p *Packager) follow(l *lane, from int) {
	for len(l.boundaries) > 0 {
		n, passed := l.place(from)
		if n < 0 {
			break
		}
		l.boundaries = l.boundaries[:copy(l.boundaries, l.boundaries[passed:])]
		if n > 0 {
			p.close(l, n)
		}
		from = 0
	}
	limit := longestAudio
	if l.kind == media.Video {
		limit = longestVideo
	} else if p.lanes[0].kind == media.Audio {
		limit = 2 * p.target
	}
	if n := len(l.units) - 1; n > 0 && p.due(l, limit) {
		p.close(l, n)
	}
}

// place finds the first unit that may begin a segment at the next boundary, and
// tells how many boundaries that unit serves: pictures whose key frames are
// farther apart than the main track's skip some. It returns -1 while there is
// none.
//
// Key frames of one ladder have the same time, or nearly: one that comes a
// little earlier is the better place than the next, which is seconds away.
func (l *lane) place(from int) (n, passed int) {
	var slack int64
	if l.kind == media.Video {
		slack = int64(keySlack)
	}
	for n = from; n < len(l.units); n++ {
		u := &l.units[n]
		at := u.present
		if l.kind == media.Video && !u.frame.IsKey() {
			continue
		}
		for passed < len(l.boundaries) && at >= ticks(l.boundaries[passed]-slack, l.header.Timescale) {
			passed++
		}
		if passed > 0 {
			return n, passed
		}
	}
	return -1, 0
}

const keySlack = 250 * time.Millisecond

// close emits the first n units of a lane as a segment.
func (p *Packager) close(l *lane, n int) {
	offset := l.arrivalOffset(n)
	p.sequence++
	before := l.bytes
	s := l.cut(n, p.sequence, l.messagesOf(n))
	p.bytes -= before - l.bytes
	l.cuts++
	p.emitted = true
	s.Period = p.period
	// One track leads the clock, or they would pull it to and fro.
	if l == p.lanes[0] || !p.clock.set {
		p.clock.observe(offset, s.Length())
	}
	s.Wall = p.clock.at(nanoseconds(s.Start, s.Header.Timescale))
	p.emit(s)
}
