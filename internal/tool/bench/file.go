package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/mp4"
	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp/message"
)

// largestClip bounds what of a file is kept in memory; what is behind it is
// not sent.
const largestClip = 256 << 20

// readClip reads an FLV or MP4 file; its content decides which.
func readClip(path string) (*clip, error) {
	c, err := loadClip(path)
	if err != nil {
		return nil, &tool.Error{Status: tool.Usage, Text: tool.Printable(fmt.Sprintf("%s: %v", path, err)), Err: err}
	}
	c.name = tool.Printable(path)
	return c, nil
}

func loadClip(path string) (*clip, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.Unwrap(err) // without the path again
	}
	defer f.Close()
	next, err := frames(f)
	if err != nil {
		return nil, err
	}
	var l loader
	for l.size < largestClip {
		frame, err := next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if frame.Kind == media.Video || frame.Kind == media.Audio {
			l.add(frame)
		}
	}
	if len(l.clip.packets) == 0 {
		return nil, errors.New("it holds neither picture nor sound")
	}
	l.clip.period = l.last + max(l.step, 1)
	l.clip.index()
	return &l.clip, nil
}

// frames returns what gives a file's frames, one a call.
func frames(f *os.File) (func() (*media.Frame, error), error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	head := make([]byte, 3)
	if _, err := f.ReadAt(head, 0); err != nil {
		return nil, err
	}
	if !bytes.Equal(head, []byte("FLV")) {
		r, err := mp4.NewReader(f, info.Size())
		if err != nil {
			return nil, err
		}
		return r.Next, nil
	}
	r := flv.NewFrameReader(f)
	return func() (*media.Frame, error) { return tool.NextOfFile(r) }, nil
}

// loader makes packets of a file's frames.
type loader struct {
	clip    clip
	joiner  tool.Joiner
	muxer   flv.Muxer
	tags    []flv.Tag
	started bool
	first   int64
	last    uint32
	step    uint32
	size    int
}

func (l *loader) add(f *media.Frame) {
	f = l.joiner.Join(f)
	if !l.started {
		l.started, l.first = true, f.DTS
	}
	// Interleaving is not always strict; what would come before the clip's
	// beginning is moved to it.
	shift := min(l.first, f.DTS)
	f.DTS, f.PTS = f.DTS-shift, f.PTS-shift
	l.tags = l.muxer.Mux(l.tags[:0], f)
	for i := range l.tags {
		t := &l.tags[i]
		p := packet{
			typ: message.Type(t.Type), timestamp: t.Timestamp,
			head: bytes.Clone(t.Head()), body: t.Payload,
		}
		if i < len(l.tags)-1 {
			p.ordinal = -1 // a sequence header
		}
		if t.Timestamp > l.last {
			l.last, l.step = t.Timestamp, t.Timestamp-l.last
		}
		l.size += t.Size()
		l.clip.packets = append(l.clip.packets, p)
	}
}
