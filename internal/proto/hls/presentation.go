package hls

import (
	"slices"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/media"
)

// presentation is what one player holds from its index.m3u8 to its ENDLIST: a
// fixed set of tracks with their playlists and files. All renditions have the
// same discontinuities.
type presentation struct {
	id string

	mu         sync.RWMutex
	renditions []*rendition // video first, then audio, each by rising identifier
	// target is the target duration in seconds. It should never change (§6.2.1),
	// and an encoder's key frames may yet grow farther apart: then it grows,
	// which players bear, and never shrinks.
	target int
	ended  bool
	index  text
	// ready is closed when there is something to play.
	ready chan struct{}
}

// patience is how many segments of the main track players wait for another's
// first: it is left out of the index for as long as it has none.
const patience = 3

// newPresentation makes a presentation of the tracks of a period.
func newPresentation(tracks *cmaf.Period, target time.Duration) *presentation {
	p := &presentation{id: newID(), target: max(1, seconds(target)), ready: make(chan struct{})}
	for _, h := range tracks.Tracks {
		p.renditions = append(p.renditions, &rendition{track: nameOf(h.Track), codec: h.Track.Codec})
	}
	return p
}

// takes reports whether a period can go on in p: it has the same tracks of the
// same codecs, of which players were told.
func (p *presentation) takes(tracks *cmaf.Period) bool {
	return slices.EqualFunc(p.renditions, tracks.Tracks, func(r *rendition, h *cmaf.Header) bool {
		return r.track == nameOf(h.Track) && r.codec == h.Track.Codec
	})
}

// rendition returns that of a track, nil if p has no such track.
func (p *presentation) rendition(t trackName) *rendition {
	for _, r := range p.renditions {
		if r.track == t {
			return r
		}
	}
	return nil
}

// of returns the renditions of a kind that have something to play.
func (p *presentation) of(k media.Kind) []*rendition {
	var some []*rendition
	for _, r := range p.renditions {
		if r.track.kind == k && len(r.items) > 0 {
			some = append(some, r)
		}
	}
	return some
}

// add puts a segment at the end of its playlist.
func (p *presentation) add(s *cmaf.Segment, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rendition(nameOf(s.Header.Track))
	r.add(s)
	target := max(p.target, seconds(s.Length()))
	grown := target != p.target
	p.target = target
	r.meter.add(s, time.Duration(target)*time.Second)
	r.slide(now, target)
	if !p.complete() {
		return
	}
	first := p.index.plain == nil
	if grown || first {
		for _, r := range p.renditions {
			p.render(r)
		}
	} else {
		p.render(r)
	}
	p.index = newText(p.indexPlaylist())
	if first {
		close(p.ready)
	}
}

// end says that no more segments will come.
func (p *presentation) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.ended = true
	for _, r := range p.renditions {
		p.render(r)
	}
}

// render writes the playlist of a rendition anew. An empty one would be a fault.
func (p *presentation) render(r *rendition) {
	if len(r.items) > 0 {
		r.playlist = newText(p.mediaPlaylist(r))
	}
}

// complete reports whether every rendition has a segment: before that, a
// playlist could not be played. One whose key frames are very far apart is not
// waited for.
func (p *presentation) complete() bool {
	if len(p.renditions[0].items) >= patience {
		return true
	}
	for _, r := range p.renditions {
		if len(r.items) == 0 {
			return false
		}
	}
	return true
}

// independent reports whether decoding can start at every listed segment. Key
// frames too far apart, and a jump of the encoder's clock between two of them,
// make others.
func (p *presentation) independent() bool {
	for _, r := range p.renditions {
		for _, it := range r.items[r.listed:] {
			if !it.Independent {
				return false
			}
		}
	}
	return true
}

// size is how many bytes of segments are stored.
func (p *presentation) size() (n int) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, r := range p.renditions {
		n += r.bytes
	}
	return n
}

// shed forgets the oldest segments, listed ones too, until n bytes are free or
// only the newest of each rendition is left. It returns what it freed.
func (p *presentation) shed(n int) (freed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for freed < n {
		r := p.oldest()
		if r == nil {
			break
		}
		freed += len(r.items[0].Bytes)
		r.forget()
	}
	if freed > 0 && p.index.plain != nil {
		for _, r := range p.renditions {
			p.render(r)
		}
	}
	return freed
}

// oldest returns the rendition that stores the oldest segment of those that have
// another, nil if none has: all of a ladder give way alike.
func (p *presentation) oldest() *rendition {
	var found *rendition
	for _, r := range p.renditions {
		if len(r.items) > 1 && (found == nil || r.items[0].Wall.Before(found.items[0].Wall)) {
			found = r
		}
	}
	return found
}

// file returns the playlist of that name, or the bytes of a file.
func (p *presentation) file(n name) (text, []byte) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if n.resource == index {
		return p.index, nil
	}
	r := p.rendition(n.track)
	if r == nil {
		return text{}, nil
	}
	switch n.resource {
	case playlist:
		return r.playlist, nil
	case initialization:
		if n.number < uint64(len(r.inits)) {
			return text{}, r.inits[n.number].Bytes
		}
	case segment:
		return text{}, r.segment(n.number)
	}
	return text{}, nil
}

// playable reports whether there was ever something to play.
func (p *presentation) playable() bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.index.plain != nil
}
