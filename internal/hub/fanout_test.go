package hub

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/millrace-live/millrace/media"
)

func audience(tb testing.TB, n int) (*Publication, []*Reader) {
	r := New(Options{Access: Everyone{}, Delivery: Realtime})
	p, err := r.Publish(context.Background(), PublishRequest{App: "live", Name: "cam1"})
	if err != nil {
		tb.Fatal(err)
	}
	if err := p.Write(key(0)); err != nil {
		tb.Fatal(err)
	}
	readers := make([]*Reader, n)
	for i := range readers {
		if readers[i], err = r.Play(context.Background(), PlayRequest{Stream: "live/cam1"}); err != nil {
			tb.Fatal(err)
		}
	}
	return p, readers
}

func TestFanOutAllocatesNothingForAReader(t *testing.T) {
	p, readers := audience(t, 1000)
	dst := make([]*media.Frame, 16)
	deliver := func() {
		for _, r := range readers {
			for {
				n, err := r.Next(dst)
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					break
				}
			}
			select {
			case <-r.Ready():
			default:
			}
		}
	}
	deliver()
	frames := make([]*media.Frame, 3000)
	for i := range frames {
		frames[i] = sound(i + 1)
	}
	next := 0
	allocs := testing.AllocsPerRun(500, func() {
		if err := p.Write(frames[next]); err != nil {
			t.Fatal(err)
		}
		next++
		deliver()
	})
	// The entry in the ring; now and then its slots grow.
	if allocs > 2 {
		t.Errorf("a frame to 1,000 readers costs %v allocations", allocs)
	}
	p.End(nil)
}

// What a frame costs to hand to readers that each wait on a goroutine of their
// own.
func BenchmarkFanOut(b *testing.B) {
	for _, n := range []int{1, 100, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p, readers := audience(b, n)
			var had, ended sync.WaitGroup
			had.Add(n)
			for _, r := range readers {
				ended.Go(func() {
					dst := make([]*media.Frame, 16)
					for {
						n, err := r.Next(dst)
						if err != nil {
							return
						}
						for range n {
							had.Done()
						}
						if n == 0 {
							<-r.Ready()
						}
					}
				})
			}
			had.Wait()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				had.Add(n)
				if err := p.Write(sound(i)); err != nil {
					b.Fatal(err)
				}
				had.Wait()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/reader")
			p.End(nil)
			ended.Wait()
		})
	}
}
