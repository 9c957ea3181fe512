package hls

import (
	"compress/gzip"
	"fmt"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

// presentation is how HLS shows one of the window's: without the tracks that no
// player of HLS takes.
type presentation struct {
	*window.Presentation
	renditions []*rendition // video first, then audio, each by rising identifier
	refused    []error

	mu    sync.Mutex
	state indexState
	index *deliver.Text
	count int // of the indexes that there were
}

// indexState is what the multivariant playlist depends on.
type indexState struct {
	segments uint64 // of all tracks together
	target   time.Duration
}

// rendition is one track of a presentation: its media playlist and its files.
type rendition struct {
	*window.Track
	name trackName

	mu     sync.Mutex
	newest *rendered
	count  int // of the playlists that there were
}

// rendered is the playlist of one view, rendered and compressed once for all who
// ask for it.
type rendered struct {
	view        *window.View
	target      time.Duration
	full, delta func() *deliver.Text
}

type valueKey struct{}

// show returns the presentation as HLS shows it.
func (h *Handler) show(p *window.Presentation, stream string) *presentation {
	return p.Value(valueKey{}, func() any {
		shown := newPresentation(p)
		if len(shown.refused) > 0 {
			h.log.Warn("HLS cannot carry all tracks; every other output has them",
				"stream", stream, "left_out", words(shown.refused))
		}
		return shown
	}).(*presentation)
}

func newPresentation(p *window.Presentation) *presentation {
	shown := &presentation{Presentation: p}
	for _, t := range p.Tracks() {
		if err := refused(t.Codec()); err != nil {
			shown.refused = append(shown.refused, err)
			continue
		}
		shown.renditions = append(shown.renditions, &rendition{Track: t, name: trackName{t.Kind(), t.ID()}})
	}
	return shown
}

// rendition returns that of a track, nil if p has no such track.
func (p *presentation) rendition(t trackName) *rendition {
	for _, r := range p.renditions {
		if r.name == t {
			return r
		}
	}
	return nil
}

// of returns the renditions of a kind that have something to play.
func (p *presentation) of(k media.Kind) []*rendition {
	var some []*rendition
	for _, r := range p.renditions {
		if r.Kind() == k && len(r.View().Segments) > 0 {
			some = append(some, r)
		}
	}
	return some
}

// playlist returns that of a rendition as it is now, nil if it would be empty,
// which is a fault. All who ask between two changes share it.
func (p *presentation) playlist(r *rendition, delta bool) *deliver.Text {
	view, target := r.View(), p.Target()
	if len(view.Segments) == 0 {
		return nil
	}
	r.mu.Lock()
	now := r.newest
	if now == nil || now.view != view || now.target != target {
		r.count++
		now = p.render(r, view, target, fmt.Sprintf("%s-%s-%d", p.ID(), r.name, r.count))
		r.newest = now
	}
	r.mu.Unlock()
	if delta {
		return now.delta()
	}
	return now.full()
}

// render returns a playlist that is written when somebody asks for it. The tag is of
// this one alone.
func (p *presentation) render(r *rendition, view *window.View, target time.Duration, tag string) *rendered {
	full := sync.OnceValue(func() *deliver.Text {
		return deliver.NewText(p.mediaPlaylist(r, view, target), tag, gzip.BestSpeed)
	})
	delta := sync.OnceValue(func() *deliver.Text {
		if view.Ended {
			return full()
		}
		if b := p.deltaPlaylist(r, view, target); b != nil {
			return deliver.NewText(b, tag+"-delta", gzip.BestSpeed)
		}
		return full()
	})
	return &rendered{view: view, target: target, full: full, delta: delta}
}

// multivariant returns the playlist of all renditions, nil if there is none to
// play.
func (p *presentation) multivariant() *deliver.Text {
	if len(p.renditions) == 0 {
		return nil
	}
	state := indexState{target: p.Target()}
	for _, r := range p.renditions {
		state.segments += r.View().Next
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.index == nil || p.state != state {
		p.count++
		p.state = state
		p.index = deliver.NewText([]byte(p.indexPlaylist()), fmt.Sprintf("%s-index-%d", p.ID(), p.count), gzip.BestSpeed)
	}
	return p.index
}

// independent reports whether decoding can start at every listed segment. Key
// frames too far apart, and a jump of the encoder's clock between two of them,
// make others.
func (p *presentation) independent() bool {
	for _, r := range p.renditions {
		for _, s := range r.View().Segments {
			if !s.Independent {
				return false
			}
		}
	}
	return true
}

// file returns the bytes of an initialization, a segment or a part, nil if there
// are none: pieces, one after another.
func (p *presentation) file(n name) [][]byte {
	r := p.rendition(n.track)
	if r == nil {
		return nil
	}
	switch n.resource {
	case initialization:
		if h := r.Init(n.number); h != nil {
			return [][]byte{h.Bytes}
		}
	case segment:
		if s := r.Segment(n.number); s != nil {
			pieces := make([][]byte, len(s.Parts))
			for i, part := range s.Parts {
				pieces[i] = part.Bytes
			}
			return pieces
		}
	case part:
		if made := r.Part(n.number, n.index); made != nil {
			return [][]byte{made.Bytes}
		}
	}
	return nil
}

// hinted reports whether a part is the next one to be made.
func (p *presentation) hinted(n name) bool {
	r := p.rendition(n.track)
	if n.resource != part || r == nil || r.PartTarget() == 0 {
		return false
	}
	v := r.View()
	next := 0
	if v.Open != nil {
		next = len(v.Open.Parts)
	}
	return !v.Ended && n.number == v.Next && n.index == next
}
