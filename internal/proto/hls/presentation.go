package hls

import (
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/media"
)

// presentation is what one player holds from its index.m3u8 to its ENDLIST: a
// fixed set of tracks with their playlists and files. Both renditions have the
// same discontinuities.
type presentation struct {
	id string

	mu           sync.RWMutex
	video, audio *rendition // nil when there is no such track
	// target is the target duration in seconds. It should never change (§6.2.1),
	// and an encoder's key frames may yet grow farther apart: then it grows,
	// which players bear, and never shrinks.
	target int
	ended  bool
	index  text
	// ready is closed when every rendition has a segment.
	ready chan struct{}
}

// newPresentation makes a presentation of the tracks of a period.
func newPresentation(tracks *cmaf.Period, target time.Duration) *presentation {
	p := &presentation{id: newID(), target: max(1, seconds(target)), ready: make(chan struct{})}
	if tracks.Video != nil {
		p.video = &rendition{kind: media.Video}
	}
	if tracks.Audio != nil {
		p.audio = &rendition{kind: media.Audio}
	}
	return p
}

// takes reports whether a period can go on in p: it has the same tracks.
func (p *presentation) takes(tracks *cmaf.Period) bool {
	return (p.video != nil) == (tracks.Video != nil) && (p.audio != nil) == (tracks.Audio != nil)
}

func (p *presentation) renditions() []*rendition {
	var rs []*rendition
	for _, r := range []*rendition{p.video, p.audio} {
		if r != nil {
			rs = append(rs, r)
		}
	}
	return rs
}

func (p *presentation) rendition(k media.Kind) *rendition {
	if k == media.Video {
		return p.video
	}
	return p.audio
}

// add puts a segment at the end of its playlist.
func (p *presentation) add(s *cmaf.Segment, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rendition(s.Kind)
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
		for _, r := range p.renditions() {
			r.playlist = newText(p.mediaPlaylist(r))
		}
	} else {
		r.playlist = newText(p.mediaPlaylist(r))
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
	for _, r := range p.renditions() {
		r.playlist = newText(p.mediaPlaylist(r))
	}
}

// complete reports whether every rendition has a segment: before that, a
// playlist could not be played.
func (p *presentation) complete() bool {
	for _, r := range p.renditions() {
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
	if p.video == nil {
		return true
	}
	for _, it := range p.video.items[p.video.listed:] {
		if !it.Independent {
			return false
		}
	}
	return true
}

// size is how many bytes of segments are stored.
func (p *presentation) size() (n int) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, r := range p.renditions() {
		n += r.bytes
	}
	return n
}

// shed forgets the oldest segments, listed ones too, until n bytes are free or
// only the newest of each rendition is left. It returns what it freed.
func (p *presentation) shed(n int) (freed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.renditions() {
		for freed < n && len(r.items) > 1 {
			freed += len(r.items[0].Bytes)
			r.forget()
		}
		if len(r.items) > 0 && p.index.plain != nil {
			r.playlist = newText(p.mediaPlaylist(r))
		}
	}
	return freed
}

// file returns the playlist of that name, or the bytes of a file.
func (p *presentation) file(n name) (text, []byte) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if n.resource == index {
		return p.index, nil
	}
	r := p.rendition(n.kind)
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
