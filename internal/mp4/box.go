package mp4

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// file is what is read: nothing is asked of it beyond its size.
type file struct {
	r    io.ReaderAt
	size int64
}

// read fills p from off on.
func (f *file) read(p []byte, off int64) error {
	if off < 0 || off > f.size || int64(len(p)) > f.size-off {
		return fmt.Errorf("mp4: read at byte %d: %w", off, io.ErrUnexpectedEOF)
	}
	n, err := f.r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("mp4: read at byte %d: %w", off, err)
}

// box is where a box (§4.2) lies in the file.
type box struct {
	kind             string
	start, body, end int64
	cut              bool // it ought to be longer
}

func (b box) size() int64 { return b.end - b.body }

// scanner goes over the boxes that lie side by side in a part of the file.
type scanner struct {
	file *file
	pos  int64
	end  int64
	err  error
}

func (f *file) boxes(from, to int64) *scanner { return &scanner{file: f, pos: from, end: to} }

func (f *file) children(b box) *scanner { return f.boxes(b.body, b.end) }

// next returns the next box, false at the end or at an error. A box that
// reaches beyond what it is in ends there: so files look that were cut short,
// and what is there of them is good.
func (s *scanner) next() (box, bool) {
	const header = 8
	if s.err != nil || s.end-s.pos < header {
		return box{}, false
	}
	var h [16]byte
	if s.err = s.file.read(h[:header], s.pos); s.err != nil {
		return box{}, false
	}
	b := box{kind: string(h[4:8]), start: s.pos, body: s.pos + header}
	size := int64(binary.BigEndian.Uint32(h[:]))
	switch size {
	case 0: // to the end of the file
		size = s.end - s.pos
	case 1:
		if s.err = s.file.read(h[header:], b.body); s.err != nil {
			return box{}, false
		}
		b.body += 8
		size = int64(min(binary.BigEndian.Uint64(h[header:]), 1<<62))
	}
	if size < b.body-b.start {
		s.err = b.fault("is smaller than its own header")
		return box{}, false
	}
	b.cut = size > s.end-s.pos
	b.end = s.pos + min(size, s.end-s.pos)
	if b.body > b.end {
		return box{}, false
	}
	s.pos = b.end
	return b, true
}

// find returns the first child of that kind.
func (f *file) find(parent box, kind string) (box, bool, error) {
	s := f.children(parent)
	for b, ok := s.next(); ok; b, ok = s.next() {
		if b.kind == kind {
			return b, true, nil
		}
	}
	return box{}, false, s.err
}

// head reads up to len(p) bytes of a box's body and returns those that are
// there.
func (f *file) head(b box, p []byte) ([]byte, error) {
	p = p[:min(int64(len(p)), b.size())]
	return p, f.read(p, b.body)
}

// full reads the beginning of a FullBox, at least its version and flags.
func (f *file) full(b box, p []byte) (version uint8, flags uint32, rest []byte, err error) {
	p, err = f.head(b, p)
	if err == nil && len(p) < 4 {
		err = b.fault("is cut short")
	}
	if err != nil {
		return 0, 0, nil, err
	}
	v := binary.BigEndian.Uint32(p)
	return uint8(v >> 24), v & 0xffffff, p[4:], nil
}
