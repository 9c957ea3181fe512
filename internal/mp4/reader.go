package mp4

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/millrace-live/millrace/media"
)

const (
	// maxSample is the largest access unit that is read: what an FLV tag and an
	// RTMP message can hold.
	maxSample = 16 << 20
	// lookahead is how much of the other tracks is gone through to find a
	// track's next sample among the fragments, and maxAhead how many runs of
	// them are remembered.
	lookahead = int64(10 * time.Second)
	maxAhead  = 4096
	// audioPreroll is how much sound before the beginning of an edit is kept:
	// a decoder of AAC needs a frame to get going.
	audioPreroll = int64(100 * time.Millisecond)
)

// Reader reads the first H.264 and the first AAC track of an MP4 file, in the
// order of their decoding times.
//
// It believes no size: tables are read a page at a time, and memory does not
// depend on what the file says, but for one access unit of at most 16 MiB.
type Reader struct {
	file       *file
	tracks     []*track
	skipped    []Skipped
	set        *media.TrackSet
	duration   int64
	fragmented bool
	rest       *scanner // the boxes behind those that were read
	base       int64    // of the first frame
	read       int64
}

// NewReader reads the index of a file of size bytes. The error is one of r, a
// [*FormatError], [ErrNoMovie] or [ErrNoTracks].
func NewReader(r io.ReaderAt, size int64) (*Reader, error) {
	d := &Reader{file: &file{r: r, size: size}}
	s := d.file.boxes(0, size)
	for {
		b, ok := s.next()
		if !ok {
			return nil, errors.Join(ErrNoMovie, s.err)
		}
		if b.kind == "moov" {
			if err := d.movie(b); err != nil {
				return nil, err
			}
			break
		}
	}
	if len(d.tracks) == 0 {
		return nil, &SkippedError{Tracks: d.skipped}
	}
	d.rest = d.file.boxes(0, size)
	if err := d.start(); err != nil {
		return nil, err
	}
	return d, nil
}

// start finds the first samples and the set of tracks.
func (r *Reader) start() error {
	for _, t := range r.tracks {
		if err := t.next(); err != nil {
			return err
		}
	}
	if err := r.fill(); err != nil {
		return err
	}
	for _, t := range r.tracks {
		if err := r.trim(t); err != nil {
			return err
		}
		if err := r.describe(t); err != nil {
			return err
		}
	}
	first := true
	for _, t := range r.tracks {
		if t.begun = true; t.head == nil {
			continue
		}
		if dts, _ := t.times(t.head); first || dts < r.base {
			r.base, first = dts, false
		}
	}
	return nil
}

// trim passes over what lies before the beginning of the edit and is not needed
// to decode what follows. Only what moov describes is trimmed: fragments have no
// trims of length.
func (r *Reader) trim(t *track) error {
	if t.edit.start == 0 || t.head == nil {
		return nil
	}
	ahead := *t.table
	ahead.detach()
	from := t.table.i - 1
	for s := *t.head; nanoseconds(s.dts+s.cts-t.edit.start, t.timescale) <= 0; {
		if t.kind == media.Video && s.sync ||
			t.kind == media.Audio && nanoseconds(s.dts+s.cts-t.edit.start, t.timescale) <= -audioPreroll {
			from = ahead.i - 1
		}
		var ok bool
		var err error
		if s, ok, err = ahead.next(); err != nil {
			return err
		} else if !ok {
			break
		}
	}
	for t.head != nil && t.table.i-1 < from {
		if err := t.next(); err != nil {
			return err
		}
	}
	return nil
}

// describe puts the track's first description into the set.
func (r *Reader) describe(t *track) error {
	for i, e := range t.entries {
		if e == nil || e.Codec != media.H264 || e.Format != nil {
			continue
		}
		if t.entries[i] = nil; t.head == nil {
			continue
		}
		p, err := r.payload(t.head)
		if err != nil {
			return err
		}
		if made, ok := inBand(e, p); ok {
			t.entries[i] = made
		}
	}
	if t.entries[0] != nil {
		r.set = r.set.With(t.entries[0])
		return nil
	}
	return &SkippedError{Tracks: append(r.skipped,
		Skipped{ID: t.id, Codec: "avc3", Reason: "has no parameter sets, neither in its index nor in its first picture"})}
}

// Tracks are the tracks that the file begins with. Frames have the set that
// they decode with.
func (r *Reader) Tracks() *media.TrackSet { return r.set }

// Skipped says which tracks are passed over, and why.
func (r *Reader) Skipped() []Skipped { return r.skipped }

// Duration is how long the file says that it is; 0 if it does not, as many
// fragmented ones.
func (r *Reader) Duration() time.Duration { return time.Duration(r.duration) }

// BytesRead is how much coded data has been read, a measure of progress where
// there is no duration.
func (r *Reader) BytesRead() int64 { return r.read }

// Next returns the next frame, io.EOF behind the last one. Times begin at 0.
// Where the file was cut short the error wraps io.ErrUnexpectedEOF.
func (r *Reader) Next() (*media.Frame, error) {
	for {
		if err := r.fill(); err != nil {
			return nil, err
		}
		var t *track
		var first int64
		for _, o := range r.tracks {
			if o.head == nil {
				continue
			}
			if dts, _ := o.times(o.head); t == nil || dts < first {
				t, first = o, dts
			}
		}
		if t == nil {
			return nil, io.EOF
		}
		s := t.head
		if err := t.next(); err != nil {
			return nil, err
		}
		if s.size == 0 {
			continue
		}
		return r.frame(t, s)
	}
}

func (r *Reader) frame(t *track, s *sample) (*media.Frame, error) {
	entry := t.entries[0]
	if i := int64(s.description) - 1; i >= 0 && i < int64(len(t.entries)) {
		entry = t.entries[i]
	}
	if entry == nil {
		return nil, fmt.Errorf("mp4: track %d changes to a coding that is neither H.264 nor AAC", t.id)
	}
	if r.set.Find(t.kind, 0) != entry {
		r.set = r.set.With(entry)
	}
	p, err := r.payload(s)
	if err != nil {
		return nil, err
	}
	r.read += int64(len(p))
	dts, pts := t.times(s)
	f := &media.Frame{
		Kind: t.kind, Class: media.Key, Tracks: r.set, Payload: p,
		DTS: dts - r.base, PTS: pts - r.base,
	}
	switch {
	case t.kind == media.Audio || s.sync:
	case s.disposable:
		f.Class = media.Disposable
	default:
		f.Class = media.Inter
	}
	return f, nil
}

// payload reads the data of a sample. They are in the file before they are
// given memory.
func (r *Reader) payload(s *sample) ([]byte, error) {
	if s.size > maxSample {
		return nil, fmt.Errorf("mp4: read an access unit: its %d bytes are above %d", s.size, maxSample)
	}
	if s.offset < 0 || s.offset > r.file.size || int64(s.size) > r.file.size-s.offset {
		return nil, fmt.Errorf("mp4: read an access unit at byte %d: %w", s.offset, io.ErrUnexpectedEOF)
	}
	p := make([]byte, s.size)
	return p, r.file.read(p, s.offset)
}

// fill goes through fragments until every track has a next sample, or there are
// no more, or the others are too far ahead of it.
func (r *Reader) fill() error {
	for r.fragmented && r.lacks() {
		b, ok := r.rest.next()
		if !ok {
			r.fragmented = false
			return r.rest.err
		}
		if b.kind != "moof" {
			continue
		}
		if b.cut {
			r.fragmented = false
			return fmt.Errorf("mp4: read the fragment at byte %d: %w", b.start, io.ErrUnexpectedEOF)
		}
		if err := r.fragment(b); err != nil {
			return err
		}
		for _, t := range r.tracks {
			if t.head == nil {
				if err := t.next(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (r *Reader) lacks() bool {
	lacking := false
	for _, t := range r.tracks {
		switch {
		case t.head == nil:
			lacking = true
		case nanoseconds(t.fragmentEnd-t.head.dts, t.timescale) > lookahead || len(t.runs) > maxAhead:
			return false
		}
	}
	return lacking
}
