package play

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/mp4"
	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/media"
)

// sink is where frames go.
type sink interface {
	write(f *media.Frame) error
	// close makes what was written whole, and returns the names of the files.
	close() ([]string, error)
}

// newSink makes the sink for a name: nothing, standard output, or a file by its
// ending. Files are created when there is something to write.
func newSink(name string, stdout io.Writer) (sink, error) {
	switch ending := strings.ToLower(filepath.Ext(name)); {
	case name == "":
		return nothing{}, nil
	case name == "-":
		return &flvSink{open: func() (io.Writer, error) { return stdout, nil }}, nil
	case ending != ".flv" && ending != ".mp4" && ending != ".m4v":
		return nil, &tool.Error{
			Status: tool.Usage,
			Text:   fmt.Sprintf("%s: the ending of the file must be .flv or .mp4", tool.Printable(name)),
		}
	default:
		if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
			if err == nil {
				err = fmt.Errorf("%s exists already: move it away, or choose another name", name)
			}
			return nil, &tool.Error{Status: tool.Usage, Text: tool.Printable(err.Error()), Err: err}
		}
		if _, err := os.Stat(filepath.Dir(name)); errors.Is(err, os.ErrNotExist) {
			text := fmt.Sprintf("%s: there is no folder %s; make it, or choose another", name, filepath.Dir(name))
			return nil, &tool.Error{Status: tool.Usage, Text: tool.Printable(text), Err: err}
		}
		var s outputs
		if ending == ".flv" {
			return &flvSink{open: func() (io.Writer, error) { return s.create(name) }, outputs: &s}, nil
		}
		return newMP4Sink(name, &s), nil
	}
}

type nothing struct{}

func (nothing) write(*media.Frame) error { return nil }

func (nothing) close() ([]string, error) { return nil, nil }

// outputs are the files that were created.
type outputs struct {
	names []string
	file  *os.File
}

func (o *outputs) create(name string) (*os.File, error) {
	if err := o.close(); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	o.file = f
	o.names = append(o.names, name)
	return f, nil
}

func (o *outputs) close() error {
	if o == nil || o.file == nil {
		return nil
	}
	f := o.file
	o.file = nil
	return f.Close()
}

// flvSink writes FLV whose time begins at 0.
type flvSink struct {
	open    func() (io.Writer, error)
	outputs *outputs

	w     *flv.Writer
	muxer flv.Muxer
	tags  []flv.Tag
	begun bool
	base  int64
}

func (s *flvSink) write(f *media.Frame) error {
	if s.w == nil {
		w, err := s.open()
		if err != nil {
			return err
		}
		s.w = flv.NewWriter(w, true, true)
		// All that came is kept, in the form of old where there is one.
		s.muxer.Accept = flv.AcceptAll
	}
	c := *f
	if f.Kind != media.Data && !s.begun {
		s.begun, s.base = true, f.DTS
	}
	if s.begun {
		// The other track may begin a little before the one that came first.
		offset := f.PTS - f.DTS
		c.DTS = max(f.DTS-s.base, 0)
		c.PTS = c.DTS + offset
	} else {
		c.DTS, c.PTS = 0, 0
	}
	s.tags = s.muxer.Mux(s.tags[:0], &c)
	for i := range s.tags {
		if err := s.w.WriteTag(&s.tags[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *flvSink) close() ([]string, error) {
	if s.outputs == nil {
		return nil, nil
	}
	return s.outputs.names, s.outputs.close()
}

// mp4Sink writes MP4, another file when the tracks change.
type mp4Sink struct {
	w       *mp4.Writer
	outputs *outputs
}

func newMP4Sink(name string, o *outputs) sink {
	ending := filepath.Ext(name)
	return &mp4Sink{outputs: o, w: mp4.NewWriter(func(n int) (io.Writer, error) {
		if n == 1 {
			return o.create(name)
		}
		return o.create(fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ending), n, ending))
	})}
}

func (s *mp4Sink) write(f *media.Frame) error { return s.w.Write(f) }

func (s *mp4Sink) close() ([]string, error) {
	err := s.w.Close()
	if len(s.outputs.names) == 0 && err == nil {
		for _, why := range s.w.Refused() {
			err = errors.Join(err, why)
		}
		if err != nil {
			err = fmt.Errorf("nothing could be written as MP4 (try .flv): %w", err)
		}
	}
	return s.outputs.names, errors.Join(err, s.outputs.close())
}
