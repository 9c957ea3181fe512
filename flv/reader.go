package flv

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrSignature is input that does not begin like FLV.
var ErrSignature = errors.New("flv: input does not begin with FLV")

// maxFileHeader is where a stated header length is disbelieved: no version of
// FLV has more than 9 bytes.
const maxFileHeader = 4096

// Reader reads the tags of a file or an endless stream. It believes the sizes
// of tags and nothing else: flags, version, header length and the sizes of
// previous tags are wrong in many files.
type Reader struct {
	r       *bufio.Reader
	started bool
	err     error
	// trailer says that the PreviousTagSize of the tag before is still to be
	// read. It is left until the next tag is asked for: on a live stream it may
	// arrive late.
	trailer bool
}

// NewReader returns a Reader of r. It buffers.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, 32<<10)} }

// Next returns the next tag of sound, picture or script: its type, its
// timestamp in milliseconds modulo 2^32 and its body, which is the caller's.
// Tags of other types and encrypted ones are passed over. At the end it returns
// io.EOF, or an error that wraps io.ErrUnexpectedEOF when that is within a tag;
// after an error it gives the same one again.
func (r *Reader) Next() (TagType, uint32, []byte, error) {
	for r.err == nil {
		var h [tagHeaderSize]byte
		if err := r.tagHeader(&h); err != nil {
			r.err = err
			break
		}
		t := TagType(h[0] & 0x1f)
		encrypted := h[0]&0x20 != 0
		size := int(h[1])<<16 | int(h[2])<<8 | int(h[3])
		timestamp := uint32(h[7])<<24 | uint32(h[4])<<16 | uint32(h[5])<<8 | uint32(h[6])
		r.trailer = true
		if encrypted || !known(t) {
			if _, err := io.CopyN(io.Discard, r.r, int64(size)); err != nil {
				r.err = within("tag", err)
			}
			continue
		}
		body, err := readGrowing(r.r, size)
		if err != nil {
			r.err = within("tag", err)
			break
		}
		return t, timestamp, body, nil
	}
	return 0, 0, nil, r.err
}

func known(t TagType) bool {
	return t == TagAudio || t == TagVideo || t == TagScript || t == TagScriptAMF3
}

// tagHeader reads up to the body of the next tag.
func (r *Reader) tagHeader(h *[tagHeaderSize]byte) error {
	if !r.started {
		if err := r.fileHeader(); err != nil {
			return err
		}
		r.started = true
	}
	if r.trailer {
		r.trailer = false
		if n, err := r.r.Discard(4); err != nil {
			if n == 0 && err == io.EOF {
				return err // the last tag may go without
			}
			return within("previous tag size", err)
		}
	}
	if _, err := io.ReadFull(r.r, h[:]); err == io.EOF {
		return err
	} else if err != nil {
		return within("tag header", err)
	}
	return nil
}

func (r *Reader) fileHeader() error {
	var h [fileHeaderSize]byte
	if _, err := io.ReadFull(r.r, h[:]); err != nil {
		return within("file header", err)
	}
	if string(h[:3]) != "FLV" {
		return ErrSignature
	}
	if n := binary.BigEndian.Uint32(h[5:]); n > fileHeaderSize && n <= maxFileHeader {
		if _, err := r.r.Discard(int(n) - fileHeaderSize); err != nil {
			return within("file header", err)
		}
	}
	// The first PreviousTagSize is 0; where a tag's type stands in its place,
	// it was left out. (What keeps Peek from a byte meets the next read too.)
	first, _ := r.r.Peek(1)
	r.trailer = len(first) == 0 || !known(TagType(first[0]))
	return nil
}

// within says in which part of the file reading failed, and that an end there
// is a truncation.
func within(part string, err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("flv: read a %s: %w", part, err)
}

// readGrowing reads n bytes into a buffer that grows with what arrives, so that
// a size costs nothing until its bytes are there.
func readGrowing(r io.Reader, n int) ([]byte, error) {
	const first = 64 << 10
	b := make([]byte, min(n, first))
	for read := 0; ; {
		m, err := io.ReadFull(r, b[read:])
		read += m
		if err != nil {
			return nil, err
		}
		if read == n {
			return b, nil
		}
		grown := make([]byte, min(n, 4*len(b)))
		copy(grown, b)
		b = grown
	}
}
