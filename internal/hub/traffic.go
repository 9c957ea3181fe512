package hub

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/media"
)

// Traffic is what a registry carries now and has carried since it was made.
type Traffic struct {
	Streams map[State]int
	// Waiting is how many players wait for streams that are not on air.
	Waiting int
	// RingTime and RingBytes are what the rings of all streams keep together,
	// RingMax the time that the deepest one keeps.
	RingTime, RingMax time.Duration
	RingBytes         uint64
	// In and Out are by protocol. One that was used once stays.
	In  map[string]Inflow
	Out map[string]Outflow
	// Connected are the sessions that there are now. A kind of which there is
	// none may be missing.
	Connected map[Connection]int
	// Tracks are those of the streams that are on air.
	Tracks map[TrackKind]int
}

// TrackKind is a kind of track. There are few of them, whatever is published.
type TrackKind struct {
	Kind  media.Kind
	Codec media.Codec
	// Height and FrameRate are of pictures: the common value that is not less,
	// 0 when none is known.
	Height, FrameRate int
}

var (
	commonHeights    = [...]int{240, 360, 480, 540, 720, 1080, 1440, 2160, 4320}
	commonFrameRates = [...]int{15, 25, 30, 50, 60, 120}
)

// common is the least of values that is not less than v, or the highest.
func common(v float64, values []int) int {
	if v <= 0 {
		return 0
	}
	for _, c := range values {
		if v <= float64(c) {
			return c
		}
	}
	return values[len(values)-1]
}

// trackKinds adds what the stream has on air. s.mu is held.
func (s *stream) trackKinds(t *Traffic, now int64) {
	if s.tracks == nil {
		return
	}
	for _, track := range s.tracks.Tracks {
		kind := TrackKind{Kind: track.Kind, Codec: track.Codec}
		if p := track.Picture(); p != nil {
			kind.Height = common(float64(p.Height), commonHeights[:])
		}
		for _, m := range s.meters {
			if track.Kind == media.Video && m.kind == track.Kind && m.id == track.ID {
				_, rate := m.rate(now)
				kind.FrameRate = common(math.Floor(rate), commonFrameRates[:]) // 30.1 is 30
			}
		}
		t.Tracks[kind]++
	}
}

// Connection is a kind of session.
type Connection struct {
	Role          Role
	Protocol, TLS string // as in PublishRequest
}

// Inflow is what publishers sent by one protocol.
type Inflow struct {
	Publishers int // connected now
	Bytes      uint64
	Frames     FrameCounts
}

// Outflow is what players were sent by one protocol.
type Outflow struct {
	Players int // connected now; viewers of packagers are not among them
	Viewers int
	Bytes   uint64
	Drops   uint64 // frames that slow players skipped
	Skips   uint64 // how often they did
	// Starvations is how often players said that they had had nothing to play.
	Starvations uint64
}

// FrameCounts counts frames by [media.Kind].
type FrameCounts [media.Opaque + 1]uint64

func (c *FrameCounts) count(f *media.Frame) { c[min(int(f.Kind), len(c)-1)]++ }

// Total is the sum over all kinds.
func (c *FrameCounts) Total() (n uint64) {
	for _, v := range c {
		n += v
	}
	return n
}

func (i *Inflow) add(o *Inflow) {
	i.Publishers += o.Publishers
	i.Bytes += o.Bytes
	for k, n := range o.Frames {
		i.Frames[k] += n
	}
}

func (o *Outflow) add(x *Outflow) {
	o.Players += x.Players
	o.Viewers += x.Viewers
	o.Bytes += x.Bytes
	o.Drops += x.Drops
	o.Skips += x.Skips
	o.Starvations += x.Starvations
}

// way is how media leaves: the protocol, and the version of TLS below it.
type way struct{ protocol, tls string }

// outlet is the Outflow of one stream, one way. Each of its readers counts in it.
type outlet struct {
	players, viewers                 int // guarded by stream.mu
	bytes, drops, skips, starvations atomic.Uint64
}

func (o *outlet) flow() Outflow {
	return Outflow{o.players, o.viewers, o.bytes.Load(), o.drops.Load(), o.skips.Load(), o.starvations.Load()}
}

func newTraffic() Traffic {
	return Traffic{
		Streams: make(map[State]int), In: make(map[string]Inflow), Out: make(map[string]Outflow),
		Connected: make(map[Connection]int), Tracks: make(map[TrackKind]int),
	}
}

func (t *Traffic) addIn(protocol string, i Inflow) {
	sum := t.In[protocol]
	sum.add(&i)
	t.In[protocol] = sum
}

func (t *Traffic) addOut(protocol string, o Outflow) {
	sum := t.Out[protocol]
	sum.add(&o)
	t.Out[protocol] = sum
}

// flows adds what the stream carried. s.mu is held, or the stream is over and
// its last player gone.
func (s *stream) flows(t *Traffic) {
	for protocol, i := range s.in {
		t.addIn(protocol, i)
	}
	if p := s.pub; p != nil {
		t.addIn(p.id.protocol, Inflow{1, p.bytes, p.frames})
		t.Connected[Connection{Publisher, p.id.protocol, p.id.tls}]++
	}
	for w, o := range s.out {
		t.addOut(w.protocol, o.flow())
		t.Connected[Connection{Player, w.protocol, w.tls}] += o.players
	}
}

// Traffic returns the sums over all streams, those that are over among them. A
// sum of what was carried never falls.
func (r *Registry) Traffic() Traffic {
	t := newTraffic()
	r.mu.Lock()
	for protocol, i := range r.past.In {
		t.addIn(protocol, i)
	}
	for protocol, o := range r.past.Out {
		t.addOut(protocol, o)
	}
	for c, n := range r.past.Connected {
		t.Connected[c] += n
	}
	// In the same moment: a stream that is over moves from held to past.
	held := make([]*stream, 0, len(r.held))
	for s := range r.held {
		held = append(held, s)
	}
	r.mu.Unlock()
	for _, s := range held {
		s.mu.Lock()
		s.flows(&t)
		if state := State(s.state.Load()); state != Ended && !s.rehearsed() {
			t.Streams[state]++
			t.Waiting += s.waiting
			if state == Live {
				s.trackKinds(&t, int64(time.Since(s.born)))
			}
			span, size := s.ring.depth()
			t.RingTime += span
			t.RingMax = max(t.RingMax, span)
			t.RingBytes += size
		}
		s.mu.Unlock()
	}
	return t
}

// settle puts what a stream carried to what is past: it is over, and its last
// player gone.
func (r *Registry) settle(s *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.held[s]; ok {
		delete(r.held, s)
		s.flows(&r.past)
	}
}
