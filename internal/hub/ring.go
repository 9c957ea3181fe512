package hub

import (
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/media"
)

// The bounds of a ring. What lies before the key at or before keep is not
// needed by anyone: the newest start point and the slowest permitted reader
// (lagTime, lagBytes) both lie behind it, and a packager that starts late has
// its first segments. The other bounds hold at once, whatever the stream does.
const (
	keep      = 10 * time.Second
	maxSpan   = 20 * time.Second
	maxBytes  = 32 << 20
	maxFrames = 1000 // of one track

	// frameOverhead is what a frame occupies beside its payload, so that a
	// flood of empty frames on many tracks meets the bound in bytes.
	frameOverhead = 256

	// maxState bounds the metadata that is kept for joining players.
	maxState = 64 << 10
)

// entry is a frame in its place. It is immutable.
type entry struct {
	frame      *media.Frame
	seq        uint64
	before     uint64 // bytes of all frames before this one
	arrival    int64  // nanoseconds since the stream began, monotonic
	dts        int64  // the highest up to here
	generation uint32
	lane       *tally
	key        bool // a key of the default video track
}

// tally counts what the ring holds of one track.
type tally struct {
	kind   media.Kind
	id     uint8
	frames int
}

// ring holds the newest frames of a stream, numbered from 1. One goroutine at a
// time writes (under stream.mu); any number read without a lock.
//
// Why that is safe: an entry is immutable and reached only through an atomic
// slot. The writer fills the slot, then raises head, so a reader that saw a
// head finds every entry below it unless it was trimmed; the slot array is
// replaced (with all live entries in it) before head passes its size. A trimmed
// slot is nil or holds a later entry, which the number in the entry tells. So
// at(seq) gives the entry of that number or nothing, never another.
type ring struct {
	slots atomic.Pointer[[]atomic.Pointer[entry]] // a power of two
	head  atomic.Uint64                           // the number that the next entry gets
	key   atomic.Uint64                           // newest key of the default video track, 0 none
	sound atomic.Uint64                           // newest audio frame, 0 none; may be trimmed
	total atomic.Uint64                           // bytes of all entries ever
	state atomic.Pointer[entry]                   // newest metadata, for those who join

	// The writer's own.
	tail  uint64
	dts   int64
	lanes []*tally
	keys  []mark // of the default video track, oldest first
}

type mark struct {
	seq uint64
	dts int64
}

func (g *ring) init() {
	s := make([]atomic.Pointer[entry], 64)
	g.slots.Store(&s)
	g.head.Store(1)
	g.tail = 1
}

// at returns the entry of that number, or nil when it was trimmed.
func (g *ring) at(seq uint64) *entry {
	s := *g.slots.Load()
	e := s[seq&uint64(len(s)-1)].Load()
	if e == nil || e.seq != seq {
		return nil
	}
	return e
}

// append stores f. It reports true when the bounds took the last key away: from
// now on those who join wait for the next one.
func (g *ring) append(f *media.Frame, generation uint32, arrival int64) (lostKey bool) {
	seq := g.head.Load()
	e := &entry{
		frame: f, seq: seq, before: g.total.Load(), arrival: arrival, generation: generation, lane: g.lane(f.Kind, f.Track),
	}
	if seq == 1 || f.DTS > g.dts {
		g.dts = f.DTS
	}
	e.dts = g.dts
	e.lane.frames++

	if seq-g.tail == uint64(len(*g.slots.Load())) {
		g.grow(seq)
	}
	s := *g.slots.Load()
	s[seq&uint64(len(s)-1)].Store(e)

	switch {
	case f.Kind == media.Audio:
		g.sound.Store(seq)
	case f.Kind == media.Video && isDefault(f):
		if e.key = f.Class == media.Key; e.key {
			g.keys = append(g.keys, mark{seq, e.dts})
			g.key.Store(seq)
		}
	case f.Kind == media.Data && f.Class == media.Key:
		switch {
		case len(f.Payload) == 0:
			g.state.Store(nil)
		case len(f.Payload) <= maxState:
			g.state.Store(e)
		}
	}
	g.total.Store(e.before + uint64(len(f.Payload)) + frameOverhead)
	g.head.Store(seq + 1)
	return g.trim(e)
}

// isDefault reports whether f belongs to the track that players start with.
func isDefault(f *media.Frame) bool {
	t := f.Tracks.Default(f.Kind)
	return t == nil || t.ID == f.Track
}

func (g *ring) lane(k media.Kind, id uint8) *tally {
	for _, l := range g.lanes {
		if l.kind == k && l.id == id {
			return l
		}
	}
	l := &tally{kind: k, id: id}
	g.lanes = append(g.lanes, l)
	return l
}

func (g *ring) grow(head uint64) {
	old := *g.slots.Load()
	s := make([]atomic.Pointer[entry], 2*len(old))
	for seq := g.tail; seq < head; seq++ {
		s[seq&uint64(len(s)-1)].Store(old[seq&uint64(len(old)-1)].Load())
	}
	g.slots.Store(&s)
}

// trim drops what nobody needs and what the bounds forbid; newest stays.
func (g *ring) trim(newest *entry) (lostKey bool) {
	first := newest.seq // of what is needed
	cut := newest.dts - int64(keep)
	if len(g.keys) > 0 && g.keys[0].dts <= cut {
		for _, k := range g.keys {
			if k.dts > cut {
				break
			}
			first = k.seq
		}
	} else {
		// Without a key that old (sound only, or keys that the bounds took) it is
		// time alone that counts.
		for seq := g.tail; seq < newest.seq; seq++ {
			if g.at(seq).dts >= cut {
				first = seq
				break
			}
		}
	}
	for g.tail < first {
		g.drop()
	}

	had := len(g.keys) > 0
	for g.tail < newest.seq {
		e := g.at(g.tail)
		if newest.dts-e.dts <= int64(maxSpan) && g.total.Load()-e.before <= maxBytes && newest.lane.frames <= maxFrames {
			break
		}
		g.drop()
	}
	return had && len(g.keys) == 0
}

func (g *ring) drop() {
	s := *g.slots.Load()
	slot := &s[g.tail&uint64(len(s)-1)]
	e := slot.Load()
	slot.Store(nil) // so that the collector takes the frame before the ring comes round
	e.lane.frames--
	if len(g.keys) > 0 && g.keys[0].seq == e.seq {
		g.keys = append(g.keys[:0], g.keys[1:]...)
		if len(g.keys) == 0 {
			g.key.Store(0)
		}
	}
	g.tail++
}

// depth is the media time and the bytes that are kept. Only the writer may call
// it.
func (g *ring) depth() (time.Duration, uint64) {
	e := g.at(g.tail)
	if e == nil {
		return 0, 0
	}
	return time.Duration(g.dts - e.dts), g.total.Load() - e.before
}

// start is where one who joins now begins: the newest key when there is one,
// else the newest sound, else whatever comes next.
func (g *ring) start(video bool) uint64 {
	if k := g.key.Load(); video && k != 0 {
		return k
	}
	if a := g.sound.Load(); a != 0 && g.at(a) != nil {
		return a
	}
	return g.head.Load()
}

// oldest is where a packager begins: the first key that is kept, else the first
// frame. Only the writer may call it.
func (g *ring) oldest() uint64 {
	if len(g.keys) > 0 {
		return g.keys[0].seq
	}
	return g.tail
}
