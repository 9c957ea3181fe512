package mp4

import (
	"encoding/binary"
)

const (
	// tfhd (§8.8.7)
	tfBaseOffset      = 0x000001
	tfDescription     = 0x000002
	tfDuration        = 0x000008
	tfSize            = 0x000010
	tfFlags           = 0x000020
	tfBaseIsMoof      = 0x020000
	trDataOffset      = 0x000001 // trun (§8.8.8)
	trFirstFlags      = 0x000004
	trDuration        = 0x000100
	trSize            = 0x000200
	trFlags           = 0x000400
	trOffset          = 0x000800
	sampleNotSync     = 0x00010000
	sampleDependedOn  = 0x00c00000
	sampleDisposable  = 0x00800000
	maxRunsAFragment  = 1 << 16
	maxTrafsAFragment = 256
)

// defaults are what trex or tfhd say of samples that do not say it themselves.
type defaults struct{ description, duration, size, flags uint32 }

// run is a trun: samples whose data lie side by side.
type run struct {
	defaults
	entries    table
	count      int64
	per        uint32 // which fields each entry has
	first      uint32 // flags of the first sample
	firstFlags bool
	i          int64
	dts        int64
	pos        int64
}

// sample reads the next sample of the run; false behind the last.
func (r *run) sample() (sample, bool, error) {
	if r.i >= r.count {
		return sample{}, false, nil
	}
	s := sample{offset: r.pos, size: r.size, dts: r.dts, duration: int64(r.duration), description: r.description}
	flags := r.flags
	if r.entries.width > 0 {
		e, err := r.entries.at(r.i)
		if err != nil {
			return sample{}, false, err
		}
		take := func(field uint32) (uint32, bool) {
			if r.per&field == 0 {
				return 0, false
			}
			v := binary.BigEndian.Uint32(e)
			e = e[4:]
			return v, true
		}
		if v, ok := take(trDuration); ok {
			s.duration = int64(v)
		}
		if v, ok := take(trSize); ok {
			s.size = v
		}
		if v, ok := take(trFlags); ok {
			flags = v
		}
		if v, ok := take(trOffset); ok {
			s.cts = int64(int32(v))
		}
	}
	if r.i == 0 && r.firstFlags {
		flags = r.first
	}
	s.sync = flags&sampleNotSync == 0
	s.disposable = flags&sampleDependedOn == sampleDisposable
	r.i++
	r.pos += int64(s.size)
	r.dts += s.duration
	return s, true, nil
}

// fragment reads a moof (§8.8.4) and gives its runs to their tracks.
func (r *Reader) fragment(moof box) error {
	trafs, runs := 0, 0
	// Without a base of its own, a track fragment's data follow those of the
	// one before it.
	base := moof.start
	s := r.file.children(moof)
	for b, ok := s.next(); ok; b, ok = s.next() {
		if b.kind != "traf" {
			continue
		}
		if trafs++; trafs > maxTrafsAFragment {
			return moof.fault("has too many tracks")
		}
		n, end, err := r.trackFragment(moof, b, base)
		if err != nil {
			return err
		}
		base = end
		if runs += n; runs > maxRunsAFragment {
			return moof.fault("has too many runs")
		}
	}
	return s.err
}

func (r *Reader) trackFragment(moof, traf box, base int64) (count int, end int64, err error) {
	header, ok, err := r.file.find(traf, "tfhd")
	if err != nil {
		return 0, 0, err
	}
	if !ok {
		return 0, 0, traf.fault("has no header")
	}
	var t *track
	var d defaults
	if t, d, base, err = r.fragmentHeader(moof, header, base); err != nil {
		return 0, 0, err
	}
	var dts int64
	if t != nil {
		dts = t.fragmentEnd
	}
	pos := base
	s := r.file.children(traf)
	for b, ok := s.next(); ok; b, ok = s.next() {
		switch b.kind {
		case "tfdt":
			if dts, err = r.file.decodeTime(b); err != nil {
				return 0, 0, err
			}
		case "trun":
			if count++; count > maxRunsAFragment {
				return 0, 0, traf.fault("has too many runs")
			}
			one, err := r.file.run(b, d, base, pos)
			if err != nil {
				return 0, 0, err
			}
			one.dts = dts
			var earliest int64
			if dts, pos, earliest, err = one.ends(b, r.file.size); err != nil {
				return 0, 0, err
			}
			if t != nil {
				if !t.begun {
					t.earliest = min(t.earliest, earliest)
				}
				t.runs = append(t.runs, one)
				t.fragmentEnd = dts
			}
		}
	}
	return count, pos, s.err
}

// fragmentHeader reads tfhd. The track is nil if nobody wants it.
func (r *Reader) fragmentHeader(moof, tfhd box, base int64) (t *track, d defaults, at int64, err error) {
	var buf [32]byte
	_, flags, p, err := r.file.full(tfhd, buf[:])
	if err != nil {
		return nil, d, 0, err
	}
	c := cursor{b: p}
	id := c.u32()
	for _, o := range r.tracks {
		if o.id == id {
			t, d = o, o.defaults
		}
	}
	if flags&tfBaseIsMoof != 0 {
		base = moof.start
	}
	if flags&tfBaseOffset != 0 {
		base = int64(c.u64() & (1<<62 - 1))
	}
	for _, f := range [...]struct {
		flag uint32
		to   *uint32
	}{{tfDescription, &d.description}, {tfDuration, &d.duration}, {tfSize, &d.size}, {tfFlags, &d.flags}} {
		if flags&f.flag != 0 {
			*f.to = c.u32()
		}
	}
	if c.short {
		return nil, d, 0, tfhd.fault("is cut short")
	}
	return t, d, base, nil
}

func (f *file) decodeTime(tfdt box) (int64, error) {
	var buf [12]byte
	version, _, p, err := f.full(tfdt, buf[:])
	if err != nil {
		return 0, err
	}
	c := cursor{b: p}
	dts := c.long(version != 0)
	if c.short || dts > maxTicks {
		return 0, tfdt.fault("has no possible time")
	}
	return int64(dts), nil
}

// maxTicks keeps sums of times far from overflowing.
const maxTicks = 1 << 60

// run reads the header of a trun.
func (f *file) run(trun box, d defaults, base, pos int64) (*run, error) {
	var buf [16]byte
	_, flags, p, err := f.full(trun, buf[:])
	if err != nil {
		return nil, err
	}
	c := cursor{b: p}
	r := &run{defaults: d, count: int64(c.u32()), per: flags, pos: pos}
	if flags&trDataOffset != 0 {
		r.pos = base + int64(int32(c.u32()))
	}
	if r.firstFlags = flags&trFirstFlags != 0; r.firstFlags {
		r.first = c.u32()
	}
	if c.short {
		return nil, trun.fault("is cut short")
	}
	var width int64
	for _, field := range [...]uint32{trDuration, trSize, trFlags, trOffset} {
		if flags&field != 0 {
			width += 4
		}
	}
	at := trun.body + 4 + int64(len(p)-len(c.b))
	r.entries = table{file: f, off: at, n: r.count, width: width}
	switch {
	case width > 0 && r.count > (trun.end-at)/width:
		return nil, trun.fault("is cut short")
	case width == 0 && r.count > 0 && (d.size == 0 || r.count > f.size/int64(d.size)):
		return nil, trun.fault("has more samples than the file can hold")
	}
	return r, nil
}

// ends goes through a copy of the run. It returns when and where it ends, and
// the lowest of its offsets, 0 if none is negative.
func (r *run) ends(trun box, size int64) (dts, pos, earliest int64, err error) {
	if r.pos < 0 || r.pos > size {
		return 0, 0, 0, trun.fault("has its data outside of the file")
	}
	end := *r // whose page is its own, since the run has none yet
	if end.entries.width == 0 {
		end.dts += end.count * int64(end.duration)
		end.pos += end.count * int64(end.size)
	} else {
		for {
			s, ok, err := end.sample()
			if err != nil {
				return 0, 0, 0, err
			}
			if !ok {
				break
			}
			earliest = min(earliest, s.cts)
		}
	}
	if end.dts > maxTicks {
		return 0, 0, 0, trun.fault("has no possible time")
	}
	return end.dts, end.pos, earliest, nil
}
