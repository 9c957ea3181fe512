package mp4

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/millrace-live/millrace/media"
)

const (
	maxTracks  = 64
	maxOfAKind = 32
	maxEntries = 16
	maxEdits   = 64
)

// track is a track that is read.
type track struct {
	id        uint32
	number    uint8 // among the tracks of its kind
	kind      media.Kind
	enabled   bool // it is not only an alternative
	name      string
	language  string
	timescale uint32
	entries   []*media.Track // nil where an entry cannot be read
	edit      edit

	table       *sampleTable
	defaults    defaults
	runs        []*run
	fragmentEnd int64 // ticks

	// earliest is the lowest offset of presentation to decoding time that was
	// found before the first frame left, 0 if none is negative. Files that use
	// negative ones in place of an edit list say of pictures that they are shown
	// before they are decoded; no live player can do that.
	earliest int64
	begun    bool
	head     *sample // the next one to leave
}

// next puts the next sample into head, if there is one so far.
func (t *track) next() error {
	s, ok, err := t.table.next()
	for err == nil && !ok && len(t.runs) > 0 {
		if s, ok, err = t.runs[0].sample(); err == nil && !ok {
			t.runs[0] = nil
			t.runs = t.runs[1:]
		}
	}
	t.head = nil
	if ok {
		t.head = &s
	}
	return err
}

// at converts ticks to nanoseconds on the line that the tracks share.
func (t *track) at(ticks int64) int64 {
	return nanoseconds(ticks-t.edit.start, t.timescale) + t.edit.delay
}

// times returns when the sample is to be decoded and shown.
func (t *track) times(s *sample) (dts, pts int64) {
	return t.at(s.dts + t.earliest), t.at(s.dts + s.cts)
}

// nanoseconds takes whole seconds and the rest apart, since times of hours at
// large timescales do not fit.
func nanoseconds(ticks int64, timescale uint32) int64 {
	const second = int64(time.Second)
	s, rest := ticks/int64(timescale), ticks%int64(timescale)
	s = max(min(s, math.MaxInt64/second/4), -math.MaxInt64/second/4)
	return s*second + rest*second/int64(timescale)
}

// movie reads moov (§8.2.1).
func (r *Reader) movie(moov box) error {
	f := r.file
	timescale := uint32(1000)
	n := 0
	s := f.children(moov)
	for b, ok := s.next(); ok; b, ok = s.next() {
		switch b.kind {
		case "mvhd":
			var duration int64
			var err error
			if timescale, duration, err = f.timing(b); err != nil {
				return err
			}
			if timescale == 0 {
				return b.fault("has a timescale of 0")
			}
			r.duration = nanoseconds(duration, timescale)
		case "trak":
			if n++; n > maxTracks {
				return moov.fault("has too many tracks")
			}
			if err := r.track(b, timescale); err != nil {
				return err
			}
		}
	}
	if s.err != nil {
		return s.err
	}
	mvex, ok, err := f.find(moov, "mvex")
	if err != nil || !ok {
		return err
	}
	return r.extends(mvex, timescale)
}

// timing reads the timescale and the duration in mvhd or mdhd.
func (f *file) timing(b box) (timescale uint32, duration int64, err error) {
	var buf [4 + 28]byte
	version, _, p, err := f.full(b, buf[:])
	if err != nil {
		return 0, 0, err
	}
	c := cursor{b: p}
	if version == 1 {
		c.skip(16)
		timescale, duration = c.u32(), int64(min(c.u64(), maxTicks))
		if duration == maxTicks {
			duration = 0 // all ones: unknown
		}
	} else {
		c.skip(8)
		timescale = c.u32()
		if v := c.u32(); v != math.MaxUint32 {
			duration = int64(v)
		}
	}
	if c.short {
		err = b.fault("is cut short")
	}
	return timescale, duration, err
}

// extends reads the defaults of fragments (§8.8.1 to §8.8.3).
func (r *Reader) extends(mvex box, timescale uint32) error {
	r.fragmented = true
	s := r.file.children(mvex)
	for b, ok := s.next(); ok; b, ok = s.next() {
		var buf [24]byte
		switch b.kind {
		case "mehd":
			version, _, p, err := r.file.full(b, buf[:])
			if err != nil {
				return err
			}
			c := cursor{b: p}
			if duration := c.long(version == 1); duration < maxTicks {
				r.duration = max(r.duration, nanoseconds(int64(duration), timescale))
			}
		case "trex":
			_, _, p, err := r.file.full(b, buf[:])
			if err != nil {
				return err
			}
			c := cursor{b: p}
			id := c.u32()
			for _, t := range r.tracks {
				if t.id == id {
					t.defaults = defaults{description: c.u32(), duration: c.u32(), size: c.u32(), flags: c.u32()}
				}
			}
		}
	}
	return s.err
}

// track reads a trak and takes it, or notes why not.
func (r *Reader) track(trak box, movieTimescale uint32) error {
	f := r.file
	t := &track{defaults: defaults{description: 1}}
	var handler, title, entryKind, reason string
	var stbl box
	var found bool
	s := f.children(trak)
	for b, ok := s.next(); ok; b, ok = s.next() {
		var err error
		switch b.kind {
		case "tkhd":
			err = f.trackHeader(b, t)
		case "edts":
			t.edit, err = f.editList(b, movieTimescale)
		case "mdia":
			stbl, found, handler, err = f.media(b, t)
		case "udta":
			title, err = f.title(b)
		}
		if err != nil {
			return err
		}
	}
	if s.err != nil {
		return s.err
	}
	if title != "" {
		t.name = title
	}
	switch handler {
	case "vide":
		t.kind = media.Video
	case "soun":
		t.kind = media.Audio
	default:
		reason = "is neither picture nor sound"
	}
	entryKind = handler
	var err error
	switch {
	case reason != "":
	case !found:
		reason = "has no samples"
	case t.timescale == 0:
		reason = "has a timescale of 0"
	default:
		entryKind, reason, err = f.descriptions(stbl, t)
	}
	if err != nil {
		return err
	}
	same := 0
	for _, o := range r.tracks {
		if o.kind == t.kind {
			same++
		}
	}
	if reason == "" && same == maxOfAKind {
		reason = fmt.Sprintf("is one of more than %d of its kind", maxOfAKind)
	}
	if reason != "" {
		r.skipped = append(r.skipped, Skipped{ID: t.id, Codec: entryKind, Reason: reason})
		return nil
	}
	if t.table, err = f.openSamples(stbl); err != nil {
		return err
	}
	if t.earliest, err = t.table.earliest(); err != nil {
		return err
	}
	r.tracks = append(r.tracks, t)
	return nil
}

// trackHeader reads tkhd (§8.3.2).
func (f *file) trackHeader(tkhd box, t *track) error {
	var buf [24]byte
	version, flags, p, err := f.full(tkhd, buf[:])
	if err != nil {
		return err
	}
	c := cursor{b: p}
	c.skip(8)
	if version == 1 {
		c.skip(8)
	}
	t.id, t.enabled = c.u32(), flags&1 != 0
	if c.short {
		return tkhd.fault("is cut short")
	}
	return nil
}

// title reads the name in the user data of a track, where QuickTime and FFmpeg
// put it.
func (f *file) title(udta box) (string, error) {
	b, ok, err := f.find(udta, "name")
	if err != nil || !ok {
		return "", nil //nolint:nilerr // user data of another make than boxes
	}
	return f.text(b, 0)
}

// number gives the tracks of each kind their identifiers, in the order of the
// file but for the first one that is no mere alternative: that is the default.
func (r *Reader) number() {
	for _, k := range []media.Kind{media.Video, media.Audio} {
		var all []*track
		for _, t := range r.tracks {
			if t.kind == k {
				all = append(all, t)
			}
		}
		if i := slices.IndexFunc(all, func(t *track) bool { return t.enabled }); i > 0 {
			first := all[i]
			all = slices.Insert(slices.Delete(all, i, i+1), 0, first)
		}
		for i, t := range all {
			if t.number = uint8(i); len(all) == 1 || isTool(t.name) {
				t.name = "" // where there is no choice nobody looks for names
			}
			for _, e := range t.entries {
				if e != nil {
					e.ID, e.Name, e.Language = t.number, t.name, t.language
				}
			}
		}
	}
}

// media reads mdia: its timescale, its handler and where its sample tables are.
func (f *file) media(mdia box, t *track) (stbl box, found bool, handler string, err error) {
	s := f.children(mdia)
	for b, ok := s.next(); ok; b, ok = s.next() {
		switch b.kind {
		case "mdhd":
			if t.timescale, _, err = f.timing(b); err != nil {
				return box{}, false, "", err
			}
			// It stands behind the times, and is the box's last but one.
			var code [2]byte
			if at := b.end - 4; t.language == "" && at > b.body && f.read(code[:], at) == nil {
				t.language = language(uint16(code[0])<<8 | uint16(code[1]))
			}
		case "elng":
			if t.language, err = f.text(b, 4); err != nil {
				return box{}, false, "", err
			}
		case "hdlr":
			var buf [12]byte
			_, _, p, err := f.full(b, buf[:])
			if err != nil {
				return box{}, false, "", err
			}
			if len(p) == 8 {
				handler = string(p[4:])
			}
			if t.name, err = f.text(b, 24); err != nil {
				return box{}, false, "", err
			}
		case "minf":
			if stbl, found, err = f.find(b, "stbl"); err != nil {
				return box{}, false, "", err
			}
		}
	}
	return stbl, found, handler, s.err
}

// descriptions reads stsd. The track can be read if its first entry can.
func (f *file) descriptions(stbl box, t *track) (kind, reason string, err error) {
	stsd, ok, err := f.find(stbl, "stsd")
	if err != nil || !ok || stsd.size() < 8 {
		return "", "has no sample description", err
	}
	s := f.boxes(stsd.body+8, stsd.end)
	for b, ok := s.next(); ok && len(t.entries) < maxEntries; b, ok = s.next() {
		entry, why, err := f.entry(b, t.kind)
		if err != nil {
			return "", "", err
		}
		if len(t.entries) == 0 {
			kind, reason = b.kind, why
		}
		t.entries = append(t.entries, entry)
	}
	if len(t.entries) == 0 {
		reason = "has no sample description"
	}
	return kind, reason, s.err
}
