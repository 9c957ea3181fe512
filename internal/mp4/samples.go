package mp4

import (
	"encoding/binary"
	"math"
)

// sample is one access unit as the file describes it.
type sample struct {
	offset      int64
	size        uint32
	dts         int64 // ticks
	cts         int64 // PTS less DTS
	duration    int64
	sync        bool
	disposable  bool
	description uint32 // index of the sample entry, from 1
}

// sampleTable walks the samples of a track that moov describes (§8.5 to §8.7),
// in decoding order.
type sampleTable struct {
	n    int64
	i    int64
	size uint32 // of all samples; 0 when sizes has one for each

	sizes, times, offsets, toChunk, chunks, syncs table
	hasSyncs                                      bool

	dts        int64
	timeRun    runs
	offsetRun  runs
	nextSync   int64
	chunk      int64 // the chunk that is read, from 1
	inChunk    uint32
	perChunk   uint32
	describe   uint32
	chunkEntry int64
	pos        int64
}

// runs walks a table of (count, value) pairs.
type runs struct {
	next  int64
	left  uint32
	value int32
}

// step returns the value of the next sample. Behind the last run it is that of
// the last run, since files with too few are about.
func (r *runs) step(t *table) (int32, error) {
	for r.left == 0 {
		if r.next >= t.n {
			r.left = math.MaxUint32
			break
		}
		e, err := t.at(r.next)
		if err != nil {
			return 0, err
		}
		r.next++
		r.left, r.value = binary.BigEndian.Uint32(e), int32(binary.BigEndian.Uint32(e[4:]))
	}
	r.left--
	return r.value, nil
}

// openSamples reads where the tables are.
func (f *file) openSamples(stbl box) (*sampleTable, error) {
	t := &sampleTable{}
	var stsz box
	s := f.children(stbl)
	for b, ok := s.next(); ok; b, ok = s.next() {
		var err error
		switch b.kind {
		case "stsz":
			var p [8]byte
			if _, _, _, err = f.full(b, p[:]); err != nil {
				break
			}
			if b.size() < 12 {
				err = b.fault("is cut short")
				break
			}
			t.size = binary.BigEndian.Uint32(p[4:])
			t.sizes, err = f.openTable(b, 4, 4)
			stsz = b
		case "stz2":
			err = b.fault("has compact sample sizes, which are not supported")
		case "stts":
			t.times, err = f.openTable(b, 0, 8)
		case "ctts":
			t.offsets, err = f.openTable(b, 0, 8)
		case "stsc":
			t.toChunk, err = f.openTable(b, 0, 12)
		case "stco":
			t.chunks, err = f.openTable(b, 0, 4)
		case "co64":
			t.chunks, err = f.openTable(b, 0, 8)
		case "stss":
			t.hasSyncs = true
			t.syncs, err = f.openTable(b, 0, 4)
		}
		if err != nil {
			return nil, err
		}
	}
	if s.err != nil {
		return nil, s.err
	}
	t.n = t.sizes.n
	if t.size > 0 {
		var err error
		if t.n, err = f.uniform(stsz); err != nil {
			return nil, err
		}
		if t.n > f.size/int64(t.size) {
			return nil, stsz.fault("has more samples than the file can hold")
		}
	}
	return t, nil
}

// uniform returns the count of samples of equal size, for which stsz has no
// entries.
func (f *file) uniform(stsz box) (int64, error) {
	var p [4]byte
	err := f.read(p[:], stsz.body+8)
	return int64(binary.BigEndian.Uint32(p[:])), err
}

// next returns the next sample; false behind the last one.
func (t *sampleTable) next() (s sample, ok bool, err error) {
	if t.i >= t.n {
		return sample{}, false, nil
	}
	if ok, err = t.enterChunk(); !ok || err != nil {
		return sample{}, false, err
	}
	s = sample{offset: t.pos, size: t.size, dts: t.dts, description: t.describe, sync: true}
	if t.size == 0 {
		e, err := t.sizes.at(t.i)
		if err != nil {
			return sample{}, false, err
		}
		s.size = binary.BigEndian.Uint32(e)
	}
	delta, err := t.timeRun.step(&t.times)
	if err != nil {
		return sample{}, false, err
	}
	// Offsets are signed in both versions of ctts, whatever version 0 says.
	offset, err := t.offsetRun.step(&t.offsets)
	if err != nil {
		return sample{}, false, err
	}
	s.duration, s.cts = int64(uint32(delta)), int64(offset)
	if t.hasSyncs {
		if s.sync, err = t.sync(); err != nil {
			return sample{}, false, err
		}
	}
	t.i++
	t.inChunk--
	t.pos += int64(s.size)
	t.dts += s.duration
	return s, true, nil
}

// enterChunk goes on to the next chunk that has samples if the last is empty.
// It returns false when there are no more.
func (t *sampleTable) enterChunk() (bool, error) {
	for t.inChunk == 0 {
		if t.chunk >= t.chunks.n {
			return false, nil
		}
		t.chunk++
		for t.chunkEntry < t.toChunk.n {
			e, err := t.toChunk.at(t.chunkEntry)
			if err != nil {
				return false, err
			}
			if int64(binary.BigEndian.Uint32(e)) > t.chunk {
				break
			}
			t.perChunk, t.describe = binary.BigEndian.Uint32(e[4:]), binary.BigEndian.Uint32(e[8:])
			t.chunkEntry++
		}
		e, err := t.chunks.at(t.chunk - 1)
		if err != nil {
			return false, err
		}
		if t.chunks.width == 8 {
			t.pos = int64(min(binary.BigEndian.Uint64(e), math.MaxInt64>>1))
		} else {
			t.pos = int64(binary.BigEndian.Uint32(e))
		}
		t.inChunk = t.perChunk
	}
	return true, nil
}

// sync reports whether the sample of this turn is in stss (§8.6.2).
func (t *sampleTable) sync() (bool, error) {
	for t.nextSync < t.syncs.n {
		e, err := t.syncs.at(t.nextSync)
		if err != nil {
			return false, err
		}
		number := int64(binary.BigEndian.Uint32(e)) - 1
		if number > t.i {
			return false, nil
		}
		t.nextSync++
		if number == t.i {
			return true, nil
		}
	}
	return false, nil
}

// detach makes a copied walk independent of the one that it was copied from:
// pages are memory that tables write into.
func (t *sampleTable) detach() {
	for _, p := range [...]*table{&t.sizes, &t.times, &t.offsets, &t.toChunk, &t.chunks, &t.syncs} {
		p.page = nil
	}
}

// earliest returns the lowest offset in ctts, 0 if none is negative.
func (t *sampleTable) earliest() (int64, error) {
	lowest := int64(0)
	table := t.offsets
	table.page = nil
	for i := range table.n {
		e, err := table.at(i)
		if err != nil {
			return 0, err
		}
		if binary.BigEndian.Uint32(e) > 0 {
			lowest = min(lowest, int64(int32(binary.BigEndian.Uint32(e[4:]))))
		}
	}
	return lowest, nil
}
