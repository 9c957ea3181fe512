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

// Reader reads the tracks of sound and picture of an MP4 file, in the order of
// their decoding times.
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
	d.number()
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
	all := r.tracks
	r.tracks = nil
	for _, t := range all {
		if err := r.trim(t); err != nil {
			return err
		}
		known, err := r.describe(t)
		if err != nil {
			return err
		}
		if !known {
			r.skipped = append(r.skipped, Skipped{ID: t.id, Codec: t.entries[0].Codec.String(), Reason: "does not say how it is coded, neither in the index nor in its first sample"})
			continue
		}
		r.tracks = append(r.tracks, t)
	}
	if len(r.tracks) == 0 {
		return &SkippedError{Tracks: r.skipped}
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

// describe puts the track's first description into the set, if that and the
// first sample say enough.
func (r *Reader) describe(t *track) (bool, error) {
	if t.head != nil {
		p, err := r.payload(t.head)
		if err != nil {
			return false, err
		}
		t.hear(0, p)
	}
	if t.entries[0].Format == nil {
		return false, nil
	}
	t.entries[0] = withoutEcho(t.entries[0])
	r.set = r.set.With(t.entries[0])
	return true, nil
}

// hear completes description i by what a sample says.
func (t *track) hear(i int, sample []byte) *media.Track {
	e := t.entries[i]
	if e.Format == nil && e.Config != nil {
		if made, ok := inBand(e, sample); ok {
			e = made
		}
	}
	if f := media.Inspect(e.Codec, e.Format, sample); f != e.Format {
		said := *e
		said.Format = f
		e = &said
	}
	t.entries[i] = e
	return e
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
	p, err := r.payload(s)
	if err != nil {
		return nil, err
	}
	i := 0
	if n := int64(s.description) - 1; n > 0 && n < int64(len(t.entries)) {
		i = int(n)
	}
	var entry *media.Track
	if t.entries[i] != nil {
		entry = t.hear(i, p)
	}
	if entry == nil || entry.Format == nil {
		return nil, fmt.Errorf("mp4: track %d changes to a coding that cannot be read", t.id)
	}
	if r.set.Find(t.kind, t.number) != entry {
		r.set = r.set.With(entry)
	}
	r.read += int64(len(p))
	dts, pts := t.times(s)
	f := &media.Frame{
		Kind: t.kind, Track: t.number, Class: media.Key, Tracks: r.set, Payload: p,
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
