package publish

import (
	"errors"
	"io"
	"time"

	"github.com/millrace-live/millrace/media"
)

// beginning are the frames that were read ahead to learn what tracks there are.
type beginning struct {
	frames []*media.Frame
	err    error
	tracks *media.TrackSet
}

// look reads ahead until picture and sound are known, or a second has passed.
func look(c clip) (*beginning, error) {
	const most = 200
	b := &beginning{}
	var start *media.Frame
	for len(b.frames) < most {
		f, err := c.next()
		if err != nil {
			b.err = err
			break
		}
		b.frames = append(b.frames, f)
		if f.Kind == media.Data {
			continue
		}
		if start == nil {
			start = f
		}
		b.tracks = f.Tracks
		both := f.Tracks.Default(media.Video) != nil && f.Tracks.Default(media.Audio) != nil
		if both || f.DTS-start.DTS > int64(time.Second) {
			break
		}
	}
	if start != nil {
		return b, nil
	}
	if b.err == nil || errors.Is(b.err, io.EOF) {
		b.err = errors.New("it holds neither picture nor sound")
	}
	return nil, b.err
}

// next returns what was read ahead, then what is left of the clip.
func (b *beginning) next(c clip) (*media.Frame, error) {
	switch {
	case b == nil:
	case len(b.frames) > 0:
		f := b.frames[0]
		b.frames = b.frames[1:]
		return f, nil
	case b.err != nil:
		return nil, b.err
	}
	return c.next()
}
