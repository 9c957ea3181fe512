package cmaftest

import (
	"encoding/binary"
	"fmt"
)

// box is one of ISO/IEC 14496-12 §4.2.
type box struct {
	kind string
	at   int // of its header in the file
	size int
	body []byte
}

// walk returns the boxes in b, which begins at an offset of its file.
func walk(b []byte, at int) (boxes []box, err error) {
	for i := 0; i < len(b); {
		if len(b)-i < 8 {
			return nil, fmt.Errorf("%d stray bytes at %d (ISO §4.2)", len(b)-i, at+i)
		}
		size := int(binary.BigEndian.Uint32(b[i:]))
		if size < 8 || size > len(b)-i {
			return nil, fmt.Errorf("a box at %d states %d bytes of %d (ISO §4.2)", at+i, size, len(b)-i)
		}
		boxes = append(boxes, box{string(b[i+4 : i+8]), at + i, size, b[i+8 : i+size]})
		i += size
	}
	return boxes, nil
}

func (b box) children() ([]box, error) { return walk(b.body, b.at+8) }

// one returns the only box of a kind.
func one(boxes []box, kind, clause string) (box, error) {
	var found []box
	for _, b := range boxes {
		if b.kind == kind {
			found = append(found, b)
		}
	}
	if len(found) != 1 {
		return box{}, fmt.Errorf("%d boxes %q, must be one (%s)", len(found), kind, clause)
	}
	return found[0], nil
}

// inside returns the only box below others.
func inside(b box, kinds ...string) (box, error) {
	for _, kind := range kinds {
		children, err := b.children()
		if err != nil {
			return box{}, err
		}
		if b, err = one(children, kind, "ISO §6.2.3"); err != nil {
			return box{}, err
		}
	}
	return b, nil
}

// fields reads a full box (ISO/IEC 14496-12 §4.2), and remembers that it was too short.
type fields struct {
	b       []byte
	version byte
	flags   uint32
	short   bool
}

func (b box) fields() *fields {
	f := &fields{b: b.body}
	v := f.u32()
	f.version, f.flags = byte(v>>24), v&0xffffff
	return f
}

func (f *fields) u32() uint32 {
	if len(f.b) < 4 {
		f.short = true
		return 0
	}
	v := binary.BigEndian.Uint32(f.b)
	f.b = f.b[4:]
	return v
}

func (f *fields) u64() uint64 { return uint64(f.u32())<<32 | uint64(f.u32()) }
