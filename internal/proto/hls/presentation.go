package hls

import (
	"compress/gzip"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
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
	name  window.TrackName
	lines lines
	count atomic.Uint64 // of the playlists that there were

	mu     sync.Mutex
	newest *rendered
	// spans are the playlists of spans that were asked for.
	spans deliver.Recent[*rendered]
}

// rendered is the playlist of a stretch, rendered and compressed once for all who ask
// for it.
type rendered struct {
	*stretch
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
		shown.renditions = append(shown.renditions, &rendition{Track: t, name: t.Name()})
	}
	return shown
}

// rendition returns that of a track, nil if p has no such track.
func (p *presentation) rendition(t window.TrackName) *rendition {
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

// playlist returns that of a rendition as it is now, of a span or of all; nil if it
// would be empty, which is a fault. All who ask between two changes share it.
func (p *presentation) playlist(r *rendition, span deliver.Span) *rendered {
	view, target := r.View(), p.Target()
	if len(view.Segments) == 0 {
		return nil
	}
	if !span.All() {
		shown := cut(view, span, target)
		if shown == nil {
			return nil
		}
		return r.spans.Update(span.Key(), func(before *rendered) *rendered { return p.renew(r, before, shown, target) })
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.newest == nil || r.newest.view != view || r.newest.target != target {
		r.newest = p.renew(r, r.newest, all(view), target)
	}
	return r.newest
}

// has reports whether there is something of a span.
func (p *presentation) has(span deliver.Span) bool {
	return slices.ContainsFunc(p.renditions, func(r *rendition) bool { return p.playlist(r, span) != nil })
}

// renew returns a playlist, which is written when somebody asks for it, or the one
// before where that says the same.
func (p *presentation) renew(r *rendition, before *rendered, shown *stretch, target time.Duration) *rendered {
	if before != nil && before.target == target && before.same(shown) {
		return before
	}
	tag := fmt.Sprintf("%s-%s-%d", p.ID(), r.name, r.count.Add(1))
	full := sync.OnceValue(func() *deliver.Text {
		return deliver.NewText(p.mediaPlaylist(r, shown, target), tag, gzip.BestSpeed)
	})
	delta := sync.OnceValue(func() *deliver.Text {
		if shown.ended {
			return full()
		}
		if b := p.deltaPlaylist(r, shown, target); b != nil {
			return deliver.NewText(b, tag+"-delta", gzip.BestSpeed)
		}
		return full()
	})
	return &rendered{stretch: shown, target: target, full: full, delta: delta}
}

// multivariant returns the playlist of all renditions, which leads to their playlists
// of a span; nil if there is none to play.
func (p *presentation) multivariant(span deliver.Span) *deliver.Text {
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
		p.state, p.index = state, p.indexText("")
	}
	if !span.All() {
		// Few viewers share it: it tells the moment that so many seconds ago was.
		return p.indexText(span.Query())
	}
	return p.index
}

func (p *presentation) indexText(query string) *deliver.Text {
	return deliver.NewText([]byte(p.indexPlaylist(query)), fmt.Sprintf("%s-index-%d-%s", p.ID(), p.count, query), gzip.BestSpeed)
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

// file returns the bytes of an initialization, a segment or a part: pieces, one after
// another, or a segment that is on disk. Both are nil if there is no such file.
func (p *presentation) file(n name) (pieces [][]byte, shelved *window.Segment) {
	r := p.rendition(n.track)
	if r == nil {
		return nil, nil
	}
	switch n.resource {
	case initialization:
		if h := r.Init(n.number); h != nil {
			return [][]byte{h.Bytes}, nil
		}
	case segment:
		s := r.Segment(n.number)
		if s == nil || s.Shelved() {
			return nil, s
		}
		for _, part := range s.Parts {
			pieces = append(pieces, part.Bytes)
		}
	case part:
		if made := r.Part(n.number, n.index); made != nil {
			return [][]byte{made.Bytes}, nil
		}
	}
	return pieces, nil
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
