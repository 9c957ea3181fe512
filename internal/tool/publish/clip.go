package publish

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/mp4"
	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/media"
)

// clip is a file that is read from its beginning to its end, as often as it is
// opened.
type clip interface {
	// next returns the next frame, io.EOF behind the last. An error that wraps
	// io.ErrUnexpectedEOF is a file that was cut short.
	next() (*media.Frame, error)
}

// source is a file that clips are read from.
type source struct {
	file   *os.File
	size   int64
	length time.Duration // 0 if it is not known
	notes  []string
	begin  func() (clip, error)
}

// openFile finds out what a file is by its content: names lie.
func openFile(path string) (*source, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &tool.Error{Status: tool.Usage, Text: fmt.Sprintf("there is no file %s; give one of FLV or MP4", path), Err: err}
	} else if err != nil {
		return nil, &tool.Error{Status: tool.Usage, Text: err.Error(), Err: err}
	}
	s := &source{file: f}
	if err := s.recognise(); err != nil {
		f.Close()
		return nil, &tool.Error{Status: tool.Usage, Text: fmt.Sprintf("%s: %v", path, err), Err: err}
	}
	return s, nil
}

func (s *source) recognise() error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return errors.New("it is a folder; give a file of FLV or MP4")
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is no file that can be read more than once")
	}
	s.size = info.Size()
	head := make([]byte, 12)
	n, err := s.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("FLV")):
		s.begin = s.flv
		s.length = flvLength(s.file, s.size)
		return nil
	case isMP4(head):
		r, err := mp4.NewReader(s.file, s.size)
		if err != nil {
			return err
		}
		s.length = r.Duration()
		for _, t := range r.Skipped() {
			s.notes = append(s.notes, "left out: "+t.String())
		}
		s.begin = func() (clip, error) {
			r, err := mp4.NewReader(s.file, s.size)
			return mp4Clip{r}, err
		}
		return nil
	}
	return fmt.Errorf("it is %s, and only FLV and MP4 can be sent; this makes one: ffmpeg -i IN -c copy OUT.mp4", guess(head))
}

func isMP4(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	switch string(head[4:8]) {
	case "ftyp", "styp", "moov", "moof", "mdat", "free", "skip", "wide":
		return true
	}
	return false
}

// guess names what people try most.
func guess(head []byte) string {
	switch {
	case len(head) == 0:
		return "empty"
	case bytes.HasPrefix(head, []byte("\x1a\x45\xdf\xa3")):
		return "Matroska or WebM"
	case head[0] == 0x47:
		return "MPEG-TS"
	case bytes.HasPrefix(head, []byte("RIFF")):
		return "AVI or WAV"
	case bytes.HasPrefix(head, []byte("ID3")):
		return "MP3"
	}
	return "neither FLV nor MP4"
}

type mp4Clip struct{ r *mp4.Reader }

// next rounds to milliseconds, as every encoder does for RTMP. What is finer
// would have to travel as offsets of nanoseconds, in a form that makes a
// recording of the stream unreadable for most programs.
func (c mp4Clip) next() (*media.Frame, error) {
	f, err := c.r.Next()
	if f != nil {
		f.DTS, f.PTS = milliseconds(f.DTS), milliseconds(f.PTS)
	}
	return f, err
}

func milliseconds(t int64) int64 { return int64(time.Duration(t).Round(time.Millisecond)) }

type flvClip struct{ r *flv.FrameReader }

func (s *source) flv() (clip, error) {
	return flvClip{flv.NewFrameReader(io.NewSectionReader(s.file, 0, s.size))}, nil
}

func (c flvClip) next() (*media.Frame, error) { return tool.NextOfFile(c.r) }

// flvLength finds the time of the last tag by the size that stands behind it.
// Files that were cut short have none.
func flvLength(r io.ReaderAt, size int64) time.Duration {
	var b [8]byte
	if _, err := r.ReadAt(b[:4], size-4); err != nil {
		return 0
	}
	const tagHeader = 11
	at := size - 4 - int64(binary.BigEndian.Uint32(b[:]))
	if at < tagHeader || at > size-4-tagHeader {
		return 0
	}
	if _, err := r.ReadAt(b[:], at); err != nil {
		return 0
	}
	tag := int64(b[1])<<16 | int64(b[2])<<8 | int64(b[3])
	if tag+tagHeader != size-4-at {
		return 0
	}
	ms := uint32(b[7])<<24 | uint32(b[4])<<16 | uint32(b[5])<<8 | uint32(b[6])
	return time.Duration(ms) * time.Millisecond
}
