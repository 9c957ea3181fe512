package ts

import (
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

// minute is a minute of a stream of two megabits a second, or what is asked for.
func minute(t testing.TB, size int) []*media.Frame {
	l := newLive(t)
	l.pictures(0, time.Minute, 25)
	l.sound(0, time.Minute, 0)
	payload := make([]byte, 4+size)
	for _, f := range l.frames {
		if f.Kind == media.Video {
			copy(payload, []byte{byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size), 0x41})
			f.Payload = payload
		}
	}
	return l.frames
}

func TestMuxerAllocatesNothing(t *testing.T) {
	frames := minute(t, 10_000)
	var m Muxer
	var b []byte
	for _, f := range frames[:200] {
		b, _ = m.Append(b[:0], f)
	}
	at := 200
	if n := testing.AllocsPerRun(1000, func() {
		b, _ = m.Append(b[:0], frames[at])
		at++
	}); n != 0 {
		t.Errorf("a frame takes %v allocations", n)
	}
}

// A burst has bytes of its own, and those to resume with where it begins with a
// key frame.
func TestPackagerAllocationBudget(t *testing.T) {
	frames := minute(t, 10_000)
	p := NewPackager(func(Burst) {})
	at := 0
	write := func() {
		p.Write(frames[at])
		p.Write(frames[at+1])
		p.Flush()
		at += 2
	}
	for range 200 {
		write()
	}
	if n := testing.AllocsPerRun(1000, write); n > 2 {
		t.Errorf("a burst takes %v allocations", n)
	}
}

func BenchmarkMuxer(b *testing.B) {
	frames := minute(b, 10_000)
	bytes := 0
	for _, f := range frames {
		bytes += len(f.Payload)
	}
	b.SetBytes(int64(bytes / len(frames)))
	b.ReportAllocs()
	var m Muxer
	var out []byte
	for i := 0; b.Loop(); i++ {
		out, _ = m.Append(out[:0], frames[i%len(frames)])
	}
}
