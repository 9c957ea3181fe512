package httpts

import (
	"testing"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/packager/ts"
)

// full is a run that has a viewer, and the burst that it is given again and again.
func full(t testing.TB) (*run, *viewer, func()) {
	registry := hub.New(hub.Options{Access: hub.Everyone{}})
	p, err := registry.Publish(t.Context(), hub.PublishRequest{App: "live", Name: "cam"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.End(nil) })
	reader, err := registry.Play(t.Context(), hub.PlayRequest{Stream: "live/cam", Protocol: Protocol, Served: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reader.Close)
	r := &run{isReady: true}
	burst := ts.Burst{Place: ts.Place{Packets: true, Start: true}, Frames: 2, Bytes: make([]byte, 100*ts.PacketSize)}
	r.ring.put(burst)
	return r, &viewer{run: r, reader: reader, framed: true}, func() {
		r.ring.start, r.ring.first = r.ring.start+1, r.ring.first+1 // the same burst as the next one
	}
}

// What a viewer costs is a list of slices that it reuses.
func TestViewerAllocatesNothing(t *testing.T) {
	r, v, next := full(t)
	var pieces [][]byte
	if n := testing.AllocsPerRun(1000, func() {
		var size int
		var err error
		if pieces, size, err = r.take(v, pieces[:0]); size == 0 || err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		v.sent(size)
		v.next = r.ring.first + 1
		next()
	}); n != 0 {
		t.Errorf("a burst to a viewer takes %v allocations", n)
	}
}

func BenchmarkTake(b *testing.B) {
	r, v, next := full(b)
	var pieces [][]byte
	b.ReportAllocs()
	for b.Loop() {
		pieces, _, _ = r.take(v, pieces[:0])
		v.next = r.ring.first + 1
		next()
	}
}
