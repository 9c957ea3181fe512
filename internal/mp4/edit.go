package mp4

import "math"

// edit is what the beginning of an edit list (§8.6.6) says: where on the line
// that the tracks share this one begins, and where in the track that is.
type edit struct {
	delay int64 // nanoseconds
	start int64 // ticks of the track
}

// editList reads the empty edits at the beginning and the first edit after
// them. That is how files delay a track and hide what an encoder puts in front
// (the delay by B-frames, the priming of sound). Later edits, the work of
// editing programs, are passed over.
func (f *file) editList(edts box, movieTimescale uint32) (edit, error) {
	elst, ok, err := f.find(edts, "elst")
	if err != nil || !ok {
		return edit{}, err
	}
	var buf [4]byte
	version, _, _, err := f.full(elst, buf[:])
	if err != nil {
		return edit{}, err
	}
	width := int64(12)
	if version == 1 {
		width = 20
	}
	t, err := f.openTable(elst, 0, width)
	if err != nil {
		return edit{}, err
	}
	var e edit
	for i := range min(t.n, maxEdits) {
		p, err := t.at(i)
		if err != nil {
			return edit{}, err
		}
		c := cursor{b: p}
		var duration, start int64
		if version == 1 {
			duration, start = int64(min(c.u64(), maxTicks)), int64(c.u64())
		} else {
			duration, start = int64(c.u32()), int64(int32(c.u32()))
		}
		if start >= 0 {
			e.start = min(start, maxTicks)
			break
		}
		e.delay = min(e.delay+nanoseconds(duration, movieTimescale), math.MaxInt64/8)
	}
	return e, nil
}
