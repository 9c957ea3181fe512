package mp4

import "encoding/binary"

// table is a row of entries of equal width in the file. It is read a page at a
// time, so that its memory does not depend on what the file says.
type table struct {
	file  *file
	off   int64
	n     int64
	width int64
	from  int64 // the first entry in page
	page  []byte
}

const pageSize = 4096

// openTable returns the table of a FullBox whose body goes on with skip bytes,
// a count and the entries. A count that the box cannot hold is cut to what it
// holds.
func (f *file) openTable(b box, skip, width int64) (table, error) {
	var p [4]byte
	at := b.body + 4 + skip
	if at+4 > b.end {
		return table{}, b.fault("is cut short")
	}
	if err := f.read(p[:], at); err != nil {
		return table{}, err
	}
	n := int64(binary.BigEndian.Uint32(p[:]))
	return table{file: f, off: at + 4, n: min(n, (b.end-at-4)/width), width: width}, nil
}

// at returns entry i, which must be below n. It is good until the next call.
func (t *table) at(i int64) ([]byte, error) {
	if i < t.from || (i-t.from+1)*t.width > int64(len(t.page)) {
		if t.page == nil {
			t.page = make([]byte, 0, pageSize)
		}
		entries := min(pageSize/t.width, t.n-i)
		t.page = t.page[:entries*t.width]
		t.from = i
		if err := t.file.read(t.page, t.off+i*t.width); err != nil {
			t.page = t.page[:0]
			return nil, err
		}
	}
	at := (i - t.from) * t.width
	return t.page[at : at+t.width], nil
}
