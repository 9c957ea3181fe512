package cmaf

import (
	"cmp"
	"slices"
	"time"

	"github.com/millrace-live/millrace/media"
)

const (
	// How long a period waits at its start for tracks that are announced, for a
	// kind of which there is none yet, and in any case: a codec without a
	// configuration record announces its tracks by their first frames. No
	// segment could be ready much earlier.
	announcedWait   = 3 * time.Second
	unannouncedWait = time.Second
	leastWait       = 300 * time.Millisecond
	heldBytes       = 16 << 20

	// More frames than this do not go along to another period: they are several
	// seconds of many tracks, and a stream whose tracks change with every frame
	// must not cost their square.
	mostAlong = 1000
)

// forming is a period that waits for its tracks: what came until it has them.
type forming struct {
	held  []held
	first int64 // the lowest DTS
	bytes int
}

type held struct {
	frame  *media.Frame
	header *Header
}

// arrived is when a track's newest frame was due, and when it came.
type arrived struct {
	dts  int64
	wall time.Time
}

// hold puts f into a period that waits for its tracks.
func (p *Packager) hold(f *media.Frame, h *Header) {
	if p.period == nil {
		p.period = &Period{Number: p.number}
		p.number++
		p.epoch, p.emitted = f.Epoch, false
		p.clock = wallClock{}
	}
	if p.forming == nil {
		p.forming = &forming{first: f.DTS}
	}
	l := p.lane(h)
	if l == nil {
		l = newLane(h)
		p.lanes = append(p.lanes, l)
	}
	l.newest = arrived{dts: f.DTS, wall: f.Arrival}
	p.forming.held = append(p.forming.held, held{f, h})
	p.forming.first = min(p.forming.first, f.DTS)
	p.forming.bytes += len(f.Payload)
}

// formed reports whether the period has the tracks that it will have.
func (p *Packager) formed(newest *media.Frame) bool {
	wait := leastWait
	for _, k := range [...]media.Kind{media.Video, media.Audio} {
		if p.set.Default(k) == nil {
			wait = unannouncedWait
		}
	}
	for _, h := range p.offered {
		if p.lane(h) == nil {
			wait = announcedWait
		}
	}
	return p.forming.bytes >= heldBytes || newest.DTS-p.forming.first >= int64(wait)
}

// begin ends the wait for tracks.
func (p *Packager) begin() {
	slices.SortFunc(p.lanes, func(a, b *lane) int {
		x, y := a.header.Track, b.header.Track
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.ID, y.ID))
	})
	for _, l := range p.lanes {
		p.period.Tracks = append(p.period.Tracks, l.header)
	}
	waiting := p.forming.held
	p.forming = nil
	for _, w := range waiting {
		p.add(p.lane(w.header), w.frame)
	}
	for _, m := range p.waiting {
		p.tell(m)
	}
	p.waiting = nil
}

// renew ends the period for one with other tracks. What can begin the new one
// goes along: pictures from the key frame on that no segment has yet, and
// everything where there is no segment at all, save for a track that has left
// before anybody could see it.
func (p *Packager) renew() {
	var along []held
	open := 0
	for _, l := range p.lanes {
		open += len(l.units)
	}
	if open > mostAlong {
		p.finish()
		return
	}
	whole := !p.emitted
	if whole || p.lanes[0].kind == media.Video {
		p.waiting = append(p.waiting, p.lanes[0].messages...)
		for _, l := range p.lanes {
			l.messages = nil
		}
	}
	for _, l := range p.lanes {
		keyed := l.header.Track.Kind == media.Video && l.cuts > 0 && len(l.units) > 0 && l.units[0].frame.IsKey()
		offer := p.offer(l.header.Track.Kind, l.header.Track.ID)
		if !whole && (!keyed || offer != l.header) {
			continue
		}
		for _, u := range l.units {
			p.bytes -= len(u.frame.Payload)
			if offer != nil {
				along = append(along, held{u.frame, l.header})
			}
		}
		l.units, l.bytes = nil, 0
	}
	if whole {
		p.number--
		p.period, p.lanes = nil, nil
	} else {
		p.finish()
	}
	slices.SortStableFunc(along, func(a, b held) int { return cmp.Compare(a.frame.DTS, b.frame.DTS) })
	for _, w := range along {
		p.hold(w.frame, w.header)
	}
	p.reduced = false
}
