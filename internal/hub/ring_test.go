package hub

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/media"
)

// fillRing puts frames into a ring, arriving when they are due.
func fillRing(g *ring, frames ...*media.Frame) (lostKey bool) {
	for _, f := range frames {
		lostKey = g.append(f, 1, f.DTS) || lostKey
	}
	return lostKey
}

func newRing() *ring {
	g := &ring{}
	g.init()
	return g
}

func (g *ring) span() time.Duration {
	return time.Duration(g.at(g.head.Load()-1).dts - g.at(g.tail).dts)
}

func (g *ring) size() uint64 { return g.total.Load() - g.at(g.tail).before }

func TestRingKeepsWholeGOPs(t *testing.T) {
	g := newRing()
	for at := 0; at <= 60_000; at += 40 {
		if at%2000 == 0 {
			fillRing(g, key(at))
		} else {
			fillRing(g, inter(at))
		}
		fillRing(g, sound(at+1))
		oldest := g.at(g.tail)
		if !oldest.key {
			t.Fatalf("at %d ms the ring begins with no key", at)
		}
		if at > 12_000 && (g.span() < keep || g.span() > keep+2*time.Second+time.Millisecond) {
			t.Fatalf("at %d ms the ring spans %v", at, g.span())
		}
	}
	if got := g.oldest(); got != g.tail {
		t.Errorf("the oldest key is %d, the ring begins at %d", got, g.tail)
	}
	if e := g.at(g.start(true)); !e.key || e.dts != ms(60_000) {
		t.Errorf("who joins begins at %v", time.Duration(e.dts))
	}
}

func TestRingBounds(t *testing.T) {
	tests := []struct {
		name  string
		next  func(i int) *media.Frame
		check func(*ring) error
		lost  bool // the bounds take the newest key away
	}{
		{"sound only", func(i int) *media.Frame { return sound(i * 23) }, func(g *ring) error {
			if g.span() > keep || g.span() < keep-time.Second {
				return fmt.Errorf("spans %v, want %v", g.span(), keep)
			}
			return nil
		}, false},
		{"picture without keys", func(i int) *media.Frame { return inter(i * 40) }, func(g *ring) error {
			if g.span() > keep {
				return fmt.Errorf("spans %v, want %v", g.span(), keep)
			}
			return nil
		}, false},
		{"one key an hour", func(i int) *media.Frame {
			if i == 0 {
				return key(0)
			}
			return inter(i * 40)
		}, func(g *ring) error {
			if g.span() > maxSpan || g.key.Load() != 0 {
				return fmt.Errorf("spans %v, newest key %d", g.span(), g.key.Load())
			}
			return nil
		}, true},
		{"large frames", func(i int) *media.Frame {
			f := key(i)
			f.Payload = make([]byte, 1<<20)
			return f
		}, func(g *ring) error {
			if g.size() > maxBytes || g.size() < maxBytes-2<<20 {
				return fmt.Errorf("holds %d bytes", g.size())
			}
			return nil
		}, false},
		{"a frame larger than the ring", func(i int) *media.Frame {
			f := key(i)
			if i == 4999 {
				f.Payload = make([]byte, maxBytes+1)
			}
			return f
		}, func(g *ring) error {
			if n := g.head.Load() - g.tail; n != 1 {
				return fmt.Errorf("holds %d frames", n)
			}
			return nil
		}, false},
		{"a frame each millisecond", sound, func(g *ring) error {
			if n := g.head.Load() - g.tail; n != maxFrames {
				return fmt.Errorf("holds %d frames", n)
			}
			return nil
		}, false},
		{"a flood of empty data", func(i int) *media.Frame {
			if i%2 == 0 {
				return key(i * 10)
			}
			return metadata(i*10, "")
		}, func(g *ring) error {
			if n := g.head.Load() - g.tail; n > 2*maxFrames {
				return fmt.Errorf("holds %d frames", n)
			}
			return nil
		}, false},
		{"empty frames on all tracks", func(i int) *media.Frame {
			return &media.Frame{Kind: media.Video, Class: media.Key, Track: uint8(i), Tracks: pictureAndSound}
		}, func(g *ring) error {
			if g.size() > maxBytes {
				return fmt.Errorf("holds %d bytes", g.size())
			}
			return nil
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newRing()
			lost := false
			for i := range 5000 {
				lost = fillRing(g, tt.next(i)) || lost
			}
			if err := tt.check(g); err != nil {
				t.Error(err)
			}
			if lost != tt.lost {
				t.Errorf("lost its last key: %v, want %v", lost, tt.lost)
			}
		})
	}
}

// What the ring let go is free for the collector at once, not when the slot is
// used again.
func TestRingLetsGo(t *testing.T) {
	g := newRing()
	for i := range 5000 {
		fillRing(g, sound(i*100))
	}
	live := 0
	for i := range *g.slots.Load() {
		if (*g.slots.Load())[i].Load() != nil {
			live++
		}
	}
	if want := int(g.head.Load() - g.tail); live != want {
		t.Errorf("%d slots hold frames, want %d", live, want)
	}
}

func TestRingIsFlatInMemory(t *testing.T) {
	g := newRing()
	push := func(from, to int) uint64 {
		for i := from; i < to; i++ {
			f := sound(i * 23)
			f.Payload = make([]byte, 2000)
			fillRing(g, f)
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := push(0, 2000)
	after := push(2000, 150_000) // an hour of sound
	if after > before+256<<10 {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
	runtime.KeepAlive(g)
}

// The model: every reader sees rising numbers, begins with a key, and never has
// a picture after a hole without a key between them.
func TestReadersOfRandomStreams(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { randomStream(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func randomStream(t *testing.T, random *rand.Rand) {
	s := newStream(New(Options{}), "live/cam1")
	s.set(Live)
	var readers []*model
	clock, generation := 0, uint32(1)
	pictures := [2]int64{1, 1} // of each video track so far; the first one follows none
	gop := 1 + random.IntN(400)
	for range 3000 {
		wait := random.IntN(60)
		if random.IntN(1000) == 0 {
			wait += random.IntN(30_000)
		}
		if random.IntN(1500) == 0 {
			generation++
		}
		clock += wait
		time.Sleep(time.Duration(ms(wait)))
		var f *media.Frame
		switch random.IntN(5) {
		case 0:
			f = sound(clock)
		case 1:
			f = metadata(clock, "m")
		default:
			f = inter(clock)
			f.Track = uint8(random.IntN(3) / 2)
			if random.IntN(gop) == 0 {
				f.Class = media.Key
			}
			f.Payload = make([]byte, random.IntN(20_000))
			pictures[f.Track]++
			f.PTS = pictures[f.Track] // its number, for the model
		}
		f.Epoch = generation
		s.ring.append(f, generation, ms(clock))
		for i := range s.gates {
			s.gates[i].pass()
		}
		if random.IntN(100) == 0 && len(readers) < 20 {
			readers = append(readers, joinModel(t, s, random))
		}
		for _, m := range readers {
			if random.IntN(m.lazy) == 0 {
				m.read()
			}
		}
	}
	s.set(Ended)
	for _, m := range readers {
		for !m.done {
			m.read()
		}
	}
}

type model struct {
	t      *testing.T
	r      *Reader
	random *rand.Rand
	lazy   int // reads one time in so many
	last   map[media.Kind]int64
	number [2]int64  // of the last picture of each video track
	gen    [2]uint32 // and its publication
	done   bool
}

func joinModel(t *testing.T, s *stream, random *rand.Rand) *model {
	r, _, err := s.join(&PlayRequest{FromOldest: random.IntN(4) == 0, Delivery: Realtime}, who{}, false)
	if err != nil {
		t.Fatal(err)
	}
	return &model{t: t, r: r, random: random, lazy: 1 + random.IntN(500), last: make(map[media.Kind]int64)}
}

func (m *model) read() {
	if m.done {
		return
	}
	if m.random.IntN(50) == 0 {
		m.r.Resync()
	}
	if m.random.IntN(50) == 0 {
		m.r.SetTracks(m.random.IntN(3) > 0, m.random.IntN(3) > 0)
	}
	before := m.r.cursor
	dst := make([]*media.Frame, 1+m.random.IntN(500))
	n, err := m.r.Next(dst)
	if m.r.cursor < before {
		m.t.Fatalf("the reader went back from %d to %d", before, m.r.cursor)
	}
	for _, f := range dst[:n] {
		if f.Kind == media.Data {
			continue // may be given out of turn at the start
		}
		if f.DTS < m.last[f.Kind] {
			m.t.Fatalf("DTS goes back from %d to %d", m.last[f.Kind], f.DTS)
		}
		m.last[f.Kind] = f.DTS
		if f.Kind != media.Video {
			continue
		}
		number := &m.number[f.Track]
		if f.Class != media.Key && (f.PTS != *number+1 || f.Epoch != m.gen[f.Track]) {
			m.t.Fatalf("track %d: picture %d after %d without a key", f.Track, f.PTS, *number)
		}
		*number, m.gen[f.Track] = f.PTS, f.Epoch
	}
	if err != nil {
		m.done = true
	}
}
