package mp4

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/media"
)

// Writer writes the tracks of a stream as a fragmented file, in which each run
// of pictures from key frame to key frame is whole by itself: what is written so
// far can be played, whatever happens next. Times begin at 0. Codecs that have
// no place in MP4 are left out.
//
// A file cannot tell of another configuration in its middle, so the stream goes
// on in another file then.
type Writer struct {
	create   func(n int) (io.Writer, error)
	packager *cmaf.Packager

	files    int
	w        io.Writer // nil until the tracks of the file are known
	tracks   []*cmaf.Header
	period   *cmaf.Period
	held     []*cmaf.Segment // until every track has one
	group    []*cmaf.Segment // of one fragment, one of each track
	base     time.Duration
	sequence uint32
	err      error
}

// target is how long a fragment is where key frames allow it: what is lost at
// most, but for the distance of key frames, when the writer is killed.
const target = time.Second

// NewWriter returns a Writer that calls create for each file, with its number
// from 1 on, and makes one call of Write for each piece that is whole by
// itself. The file before is complete when create is called again.
func NewWriter(create func(n int) (io.Writer, error)) *Writer {
	w := &Writer{create: create}
	w.packager = cmaf.NewPackager(target, w.emit)
	return w
}

// Write takes the next frame. It belongs to the writer from here on, and
// frames that are neither sound nor picture are passed over. An error is final.
func (w *Writer) Write(f *media.Frame) error {
	if w.err == nil {
		w.packager.Write(f)
	}
	return w.err
}

// Close writes what has not been written yet. It does not close the file.
func (w *Writer) Close() error {
	if w.err == nil {
		w.packager.End()
		w.start()
		w.fragment()
	}
	return w.err
}

// Refused says which tracks are left out, and why.
func (w *Writer) Refused() []error { return w.packager.Refused() }

func (w *Writer) emit(s *cmaf.Segment) {
	if s.Period != w.period {
		w.enter(s.Period)
	}
	if w.w != nil {
		w.add(s)
		return
	}
	w.held = append(w.held, s)
	for _, h := range w.tracks {
		if !slices.ContainsFunc(w.held, func(s *cmaf.Segment) bool { return s.Header == h }) {
			return
		}
	}
	w.start()
}

// enter begins a period: in the same file if that has its tracks.
func (w *Writer) enter(p *cmaf.Period) {
	w.start()
	w.fragment()
	w.period = p
	if !slices.ContainsFunc(p.Tracks, func(h *cmaf.Header) bool { return !slices.Contains(w.tracks, h) }) {
		return
	}
	w.tracks, w.w = p.Tracks, nil
}

// start creates the file and writes what was held for it.
func (w *Writer) start() {
	if w.err != nil || len(w.held) == 0 {
		return
	}
	w.files++
	if w.w, w.err = w.create(w.files); w.err != nil {
		return
	}
	w.base = time.Duration(1<<63 - 1)
	for _, s := range w.held {
		w.base = min(w.base, time.Duration(nanoseconds(s.Start, s.Header.Timescale)))
	}
	w.sequence = 0
	header, err := fileHeader(w.tracks)
	if err != nil {
		w.err = err
		return
	}
	w.write(header)
	held := w.held
	w.held = nil
	for _, s := range held {
		w.add(s)
	}
}

func (w *Writer) write(b []byte) {
	if w.err != nil {
		return
	}
	if _, err := w.w.Write(b); err != nil {
		w.err = fmt.Errorf("mp4: write: %w", err)
	}
}

// add puts a segment into the fragment that is being gathered. The tracks of
// the same time share one.
func (w *Writer) add(s *cmaf.Segment) {
	if slices.ContainsFunc(w.group, func(o *cmaf.Segment) bool { return o.Header == s.Header }) {
		w.fragment()
	}
	w.group = append(w.group, s)
	if len(w.group) == len(w.period.Tracks) {
		w.fragment()
	}
}

// fragment writes what was gathered.
func (w *Writer) fragment() {
	if w.err != nil || len(w.group) == 0 {
		return
	}
	group := w.group
	w.group = nil
	w.sequence++
	var f fragment
	for _, s := range group {
		id := uint32(slices.Index(w.tracks, s.Header) + 1)
		if w.err = f.add(s, id, ticks(w.base, s.Header.Timescale)); w.err != nil {
			return
		}
	}
	w.write(f.bytes(w.sequence))
}

// ticks takes whole seconds and the rest apart, as nanoseconds does.
func ticks(d time.Duration, timescale uint32) uint64 {
	d = max(d, 0)
	return uint64(d/time.Second)*uint64(timescale) + uint64(d%time.Second)*uint64(timescale)/uint64(time.Second)
}

// memory is a file in memory whose boxes can be changed in place.
type memory struct {
	*file
	b []byte
}

func inMemory(b []byte) memory {
	return memory{&file{r: bytes.NewReader(b), size: int64(len(b))}, b}
}

// patch changes the body of a child.
func (m memory) patch(parent box, kind string, change func(body []byte)) {
	if b, ok, _ := m.find(parent, kind); ok {
		change(m.b[b.body:b.end])
	}
}

// fileHeader makes one movie of several CMAF headers, which have one track each.
func fileHeader(tracks []*cmaf.Header) ([]byte, error) {
	var head, traks, trexs []byte
	for i, h := range tracks {
		in := inMemory(slices.Clone(h.Bytes))
		id := uint32(i + 1)
		s := in.boxes(0, in.size)
		for b, ok := s.next(); ok; b, ok = s.next() {
			if b.kind != "moov" {
				continue
			}
			mvhd, hasHead, _ := in.find(b, "mvhd")
			trak, hasTrak, _ := in.find(b, "trak")
			mvex, hasMvex, _ := in.find(b, "mvex")
			if !hasHead || !hasTrak || !hasMvex {
				return nil, b.fault("is no CMAF header")
			}
			in.patch(trak, "tkhd", func(p []byte) { binary.BigEndian.PutUint32(p[12:], id) })
			if mdia, ok, _ := in.find(trak, "mdia"); ok {
				in.patch(mdia, "mdhd", func(p []byte) {
					// Many programs read nothing but this field of three letters.
					if code := packed(h.Track.Language); code != 0 && len(p) >= 4 {
						binary.BigEndian.PutUint16(p[len(p)-4:], code)
					}
				})
			}
			in.patch(mvex, "trex", func(p []byte) { binary.BigEndian.PutUint32(p[4:], id) })
			head = in.b[mvhd.start:mvhd.end]
			binary.BigEndian.PutUint32(head[len(head)-4:], uint32(len(tracks)+1)) // next_track_ID
			traks = append(traks, in.b[trak.start:trak.end]...)
			trexs = append(trexs, in.b[mvex.body:mvex.end]...)
		}
	}
	ftyp := wrap("ftyp", []byte("iso6\x00\x00\x00\x00iso6mp41"))
	return append(ftyp, wrap("moov", head, traks, wrap("mvex", trexs))...), nil
}

// wrap puts parts into a box.
func wrap(kind string, parts ...[]byte) []byte {
	b := append(make([]byte, 4, 64), kind...)
	for _, p := range parts {
		b = append(b, p...)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}
