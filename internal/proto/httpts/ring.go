package httpts

import (
	"slices"
	"strconv"

	"github.com/millrace-live/millrace/internal/packager/ts"
)

const (
	// What a viewer may lag behind, as in the hub. The newest place to join is kept
	// beyond that.
	lagTicks = 10 * ts.Timescale
	lagBytes = 16 << 20
	// mostBytes bounds the ring in any case.
	mostBytes = 48 << 20
)

// parcel is a burst as it goes over the wire, in a chunk of HTTP (RFC 9112 §7.1).
type parcel struct {
	ts.Burst
	chunk        []byte // with size and end; Burst.Bytes is its middle
	resume       []byte // Burst.Resume in a chunk
	framesBefore uint64 // how many frames there were before
}

// appendTo appends the pieces of p as a viewer gets them, and their length without
// the framing of HTTP. Those who resume here have missed what came before.
func (p *parcel) appendTo(dst [][]byte, framed, resume bool) (pieces [][]byte, size int) {
	if resume {
		if framed {
			dst = append(dst, p.resume)
		} else {
			dst = append(dst, p.Resume)
		}
		size = len(p.Resume)
	}
	if framed {
		return append(dst, p.chunk), size + len(p.Bytes)
	}
	return append(dst, p.Bytes), size + len(p.Bytes)
}

var chunkEnd = []byte("\r\n")

// chunked returns b as a chunk, and b in it.
func chunked(b []byte) (chunk, body []byte) {
	chunk = make([]byte, 0, len(b)+16)
	chunk = append(strconv.AppendInt(chunk, int64(len(b)), 16), chunkEnd...)
	from := len(chunk)
	chunk = append(append(chunk, b...), chunkEnd...)
	return chunk, chunk[from : from+len(b) : from+len(b)]
}

// ring keeps the newest bursts. Its owner guards it.
type ring struct {
	list   []parcel
	first  uint64 // the number of list[0]
	start  uint64 // of the newest burst where one can join, if begun
	begun  bool   // there was one
	size   int
	frames uint64
}

func (g *ring) end() uint64 { return g.first + uint64(len(g.list)) }

func (g *ring) at(n uint64) *parcel { return &g.list[n-g.first] }

// put returns the burst as it is kept.
func (g *ring) put(b ts.Burst) ts.Burst {
	p := parcel{Burst: b, framesBefore: g.frames}
	p.chunk, p.Bytes = chunked(b.Bytes)
	if b.Start {
		p.resume, p.Resume = chunked(b.Resume)
		g.start, g.begun = g.end(), true
	}
	g.frames += uint64(b.Frames)
	g.size += len(p.Bytes)
	g.list = append(g.list, p)
	drop := 0
	for ; drop < len(g.list)-1; drop++ {
		o := &g.list[drop]
		old := g.size > lagBytes || b.Decode-o.Decode > lagTicks
		if g.size <= mostBytes && (!old || !g.begun || g.first+uint64(drop) >= g.start) {
			break
		}
		g.size -= len(o.Bytes)
	}
	if drop > 0 {
		g.list = slices.Delete(g.list, 0, drop)
		g.first += uint64(drop)
	}
	return p.Burst
}

// joinable reports whether the newest place to join is still there.
func (g *ring) joinable() bool { return g.begun && g.start >= g.first }
