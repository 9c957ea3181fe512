package flv

import (
	"io"
	"time"

	"github.com/millrace-live/millrace/media"
)

// FrameReader reads the frames of a file or an endless response.
type FrameReader struct {
	tags    *Reader
	demuxer Demuxer
	time    media.Unwrapper
	frames  []*media.Frame // of the newest tag, not returned yet
}

// NewFrameReader returns a reader of r, which should be buffered if its reads
// are dear.
func NewFrameReader(r io.Reader) *FrameReader { return &FrameReader{tags: NewReader(r)} }

// Tracks are the tracks known so far.
func (r *FrameReader) Tracks() *media.TrackSet { return r.demuxer.Tracks() }

// Next returns the next frame, on a line of time that does not wrap. A
// [*BodyError] is a tag that was left out: the next call goes on behind it. Any
// other error is [Reader.Next]'s.
func (r *FrameReader) Next() (*media.Frame, error) {
	for len(r.frames) == 0 {
		kind, ms, body, err := r.tags.Next()
		if err != nil {
			return nil, err
		}
		r.frames, err = r.demuxer.Demux(kind, r.time.Unwrap(ms)*int64(time.Millisecond), body)
		if err != nil {
			return nil, &BodyError{err}
		}
	}
	f := r.frames[0]
	r.frames = r.frames[1:]
	return f, nil
}

// BodyError says why the body of a tag cannot be read.
type BodyError struct{ Err error }

func (e *BodyError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *BodyError) Unwrap() error { return e.Err }
