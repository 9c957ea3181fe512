package mp4

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/millrace-live/millrace/internal/packager/cmaf"
)

// interleaving is how much of a track lies side by side in a fragment. VLC
// reads on without looking ahead: sound that stands behind two seconds of
// pictures comes too late for it, and is dropped.
const interleaving = int64(250e6)

// fragment is a moof and its mdat, made of the chunks of one segment of each
// track.
type fragment struct {
	trafs  []*trackFragment
	pieces []*piece
}

type trackFragment struct {
	header []byte // tfhd and tfdt
	pieces []*piece
	flags  uint32 // of the truns
}

// piece is a run of samples of one track.
type piece struct {
	at      int64 // nanoseconds
	count   uint32
	entries []byte // as in trun
	data    []byte
	offset  uint32
}

const trunHeader = 20 // size, type, version and flags, count, data offset

// add takes the chunks of a segment, as ones of track id whose times begin base
// ticks later.
func (f *fragment) add(s *cmaf.Segment, id uint32, base uint64) error {
	b := s.Append(nil)
	r := &Reader{file: &file{r: bytes.NewReader(b), size: int64(len(b))}}
	chunks := r.file.boxes(0, r.file.size)
	for moof, ok := chunks.next(); ok; moof, ok = chunks.next() {
		if moof.kind != "moof" {
			continue
		}
		traf, _, err := r.file.find(moof, "traf")
		if err != nil {
			return err
		}
		if err := f.chunk(r, b, moof, traf, s, id, base); err != nil {
			return err
		}
	}
	return chunks.err
}

func (f *fragment) chunk(r *Reader, b []byte, moof, traf box, s *cmaf.Segment, id uint32, base uint64) error {
	tfhd, found, err := r.file.find(traf, "tfhd")
	tfdt, dated, err2 := r.file.find(traf, "tfdt")
	trun, ran, err3 := r.file.find(traf, "trun")
	if err := cmp.Or(err, err2, err3); err != nil {
		return err
	}
	if !found || !dated || !ran {
		return traf.fault("is no track fragment of CMAF")
	}
	_, defaults, _, err := r.fragmentHeader(moof, tfhd, moof.start)
	if err != nil {
		return err
	}
	run, err := r.file.run(trun, defaults, moof.start, moof.end)
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint32(b[tfhd.body+4:], id)
	at := binary.BigEndian.Uint64(b[tfdt.body+4:])
	binary.BigEndian.PutUint64(b[tfdt.body+4:], at-min(at, base))

	t := &trackFragment{header: slices.Concat(b[tfhd.start:tfhd.end], b[tfdt.start:tfdt.end]), flags: run.per}
	f.trafs = append(f.trafs, t)
	run.dts = int64(at - min(at, base))
	entries := b[trun.body+trunHeader-8 : trun.end]
	var p *piece
	for {
		one, more, err := run.sample()
		if err != nil || !more {
			return err
		}
		dts := nanoseconds(one.dts, s.Header.Timescale)
		if p == nil || dts-p.at >= interleaving {
			p = &piece{at: dts}
			t.pieces, f.pieces = append(t.pieces, p), append(f.pieces, p)
		}
		p.count++
		width := int(run.entries.width)
		p.entries = append(p.entries, entries[:width]...)
		entries = entries[width:]
		p.data = append(p.data, b[one.offset:one.offset+int64(one.size)]...)
	}
}

// bytes returns the boxes.
func (f *fragment) bytes(sequence uint32) []byte {
	size := 8 + 16 // of moof and mfhd
	for _, t := range f.trafs {
		size += 8 + len(t.header)
		for _, p := range t.pieces {
			size += trunHeader + len(p.entries)
		}
	}
	slices.SortStableFunc(f.pieces, func(a, b *piece) int { return cmp.Compare(a.at, b.at) })
	at := size + 8
	data := make([][]byte, 0, len(f.pieces))
	for _, p := range f.pieces {
		p.offset = uint32(at)
		at += len(p.data)
		data = append(data, p.data)
	}
	moof := [][]byte{wrap("mfhd", binary.BigEndian.AppendUint32(make([]byte, 4), sequence))}
	for _, t := range f.trafs {
		parts := [][]byte{t.header}
		for _, p := range t.pieces {
			head := binary.BigEndian.AppendUint32(nil, 1<<24|t.flags)
			head = binary.BigEndian.AppendUint32(head, p.count)
			head = binary.BigEndian.AppendUint32(head, p.offset)
			parts = append(parts, wrap("trun", head, p.entries))
		}
		moof = append(moof, wrap("traf", parts...))
	}
	return append(wrap("moof", moof...), wrap("mdat", data...)...)
}
