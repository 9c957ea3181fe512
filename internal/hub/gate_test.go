package hub

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/media"
)

func TestDelivery(t *testing.T) {
	for mode, hold := range map[Delivery]time.Duration{
		Realtime: 0, Balanced: 30 * time.Millisecond, Economy: 100 * time.Millisecond,
	} {
		synctest.Test(t, func(t *testing.T) {
			h := open(t, Options{})
			p := h.publish()
			p.write(key(0), inter(40))
			r := h.play(PlayRequest{Delivery: mode})
			defer r.Close()
			if got := len(drain(t, r)); got != 2 {
				t.Fatalf("mode %d: the first burst has %d frames, want 2", mode, got)
			}

			begun := time.Now()
			p.write(inter(80))
			time.Sleep(5 * time.Millisecond)
			p.write(inter(120))
			if got := len(drain(t, r)); got > 0 && hold > 0 {
				t.Errorf("mode %d: %d frames left at once", mode, got)
			}
			if hold > 0 {
				<-r.Ready()
				if got := time.Since(begun); got != hold {
					t.Errorf("mode %d: woken after %v, want %v", mode, got, hold)
				}
				if got := len(drain(t, r)); got != 2 {
					t.Errorf("mode %d: the gate let %d frames out, want 2", mode, got)
				}
			}

			// The next hold begins with the next frame, however late it comes.
			time.Sleep(3 * time.Second)
			begun = time.Now()
			p.write(inter(3200))
			<-r.Ready()
			if got := time.Since(begun); got != hold || len(drain(t, r)) != 1 {
				t.Errorf("mode %d: a single frame left after %v, want %v", mode, got, hold)
			}

			// 64 KiB leave early.
			begun = time.Now()
			large := inter(3240)
			large.Payload = make([]byte, 65<<10)
			p.write(large)
			if time.Since(begun) != 0 || len(drain(t, r)) != 1 {
				t.Errorf("mode %d: a large frame had to wait", mode)
			}

			// So does the end, with all there is.
			p.write(inter(3280))
			p.End(nil)
			frames, err := all(r)
			if hold > 0 && len(frames) != 1 || err != io.EOF || time.Since(begun) != 0 {
				t.Errorf("mode %d: at the end %d frames, %v, after %v", mode, len(frames), err, time.Since(begun))
			}
		})
	}
}

func TestDeliveryIsTheRegistrysUnlessAsked(t *testing.T) {
	h := open(t, Options{Delivery: Economy})
	p := h.publish()
	defer p.End(nil)
	r, err := h.Play(context.Background(), PlayRequest{Stream: "live/cam1"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.gate.hold != holds[Economy] {
		t.Errorf("holds for %v", r.gate.hold)
	}
}

// All readers of a mode get the same batches, also one that joined in between.
func TestReadersShareBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0))
		a := h.play(PlayRequest{Delivery: Balanced})
		defer a.Close()
		drain(t, a)
		p.write(inter(40))
		time.Sleep(10 * time.Millisecond)
		b := h.play(PlayRequest{Delivery: Balanced})
		defer b.Close()
		if got := describe(drain(t, b)); got != "K0 v40 " {
			t.Errorf("first burst: %s", got)
		}
		p.write(inter(80))
		time.Sleep(21 * time.Millisecond)
		synctest.Wait()
		if got := describe(drain(t, a)); got != "v40 v80 " {
			t.Errorf("the first: %s", got)
		}
		if got := describe(drain(t, b)); got != "v80 " {
			t.Errorf("the second: %s", got)
		}
		p.End(nil)
	})
}

// Readers that close while they are parked leave nothing behind.
func TestParkedReadersLeave(t *testing.T) {
	h := open(t, Options{})
	p := h.publish()
	p.write(key(0))
	var readers []*Reader
	for range 10 {
		r := h.play(PlayRequest{})
		drain(t, r)
		readers = append(readers, r)
	}
	for _, i := range []int{5, 0, 9, 4, 6, 1, 8, 2} {
		readers[i].Close()
		readers[i].Close()
	}
	p.write(inter(40))
	for _, i := range []int{3, 7} {
		<-readers[i].Ready()
		if got := len(drain(t, readers[i])); got != 1 {
			t.Errorf("reader %d got %d frames", i, got)
		}
		readers[i].Close()
	}
	if l := readers[3].gate.parked; l.first != nil || l.last != nil {
		t.Error("somebody is still parked")
	}
	if i, _ := h.Stream("live/cam1"); i.ViewersTotal != 0 {
		t.Errorf("%d viewers", i.ViewersTotal)
	}
	p.End(nil)
}

// The second look: what may leave between the reader's look and its parking
// keeps it from parking.
func TestParkLooksAgain(t *testing.T) {
	for name, happen := range map[string]func(*session, *Reader){
		"nothing": func(*session, *Reader) {},
		"frame":   func(p *session, _ *Reader) { p.write(inter(40)) },
		"end":     func(p *session, _ *Reader) { p.End(nil) },
		"resync":  func(_ *session, r *Reader) { r.Resync() },
		"close":   func(_ *session, r *Reader) { r.Close() },
	} {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0))
		r := h.play(PlayRequest{})
		if n, err := r.Next(make([]*media.Frame, 2)); n != 1 || err != nil {
			t.Fatalf("Next: %d, %v", n, err)
		}
		happen(p, r)
		if got, want := r.gate.park(r), name == "nothing"; got != want {
			t.Errorf("%s: parked %v", name, got)
		}
		r.Close()
	}
}

// Each frame goes to all readers before the next one comes: a wake-up that was
// lost would stop it.
func TestNoWakeUpIsLost(t *testing.T) {
	const readers, frames = 4, 20_000
	p, all := audience(t, readers)
	had := make(chan struct{}, readers)
	for _, r := range all {
		go func() {
			dst := make([]*media.Frame, 4)
			for {
				n, err := r.Next(dst)
				if err != nil {
					return
				}
				for range n {
					had <- struct{}{}
				}
				if n == 0 {
					<-r.Ready()
				}
			}
		}()
	}
	stuck := time.After(time.Minute)
	for i := 1; i <= frames; i++ {
		for range readers {
			select {
			case <-had:
			case <-stuck:
				t.Fatalf("frame %d of %d did not reach everybody", i, frames)
			}
		}
		if err := p.Write(sound(i)); err != nil {
			t.Fatal(err)
		}
	}
	p.End(nil)
}

// 200 readers of all modes, some slow, some that come and go, on a stream that
// is written as fast as it goes and taken over in between: everybody sees the
// end, so no wake-up was lost.
func TestStress(t *testing.T) {
	h := open(t, Options{})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p := h.publish()
	p.write(key(0))

	var readers sync.WaitGroup
	for i := range 200 {
		readers.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 2))
			for {
				r, err := h.Play(ctx, PlayRequest{Stream: "live/cam1", Delivery: Delivery(1 + i%3), FromOldest: i%10 == 0})
				if errors.Is(err, ErrNotFound) {
					return // it ended while this reader was away
				} else if err != nil {
					t.Errorf("reader %d: Play: %v", i, err)
					return
				}
				stay := i%4 != 0
				err = follow(ctx, r, random, stay)
				r.Close()
				switch {
				case err == io.EOF:
					return
				case err == nil && !stay || err == ErrSlowReader:
					if _, live := h.Stream("live/cam1"); !live {
						return
					}
				default:
					t.Errorf("reader %d: %v", i, err)
					return
				}
			}
		})
	}
	const frames = 6000
	for i := 1; i < frames; i++ {
		f := inter(i * 5)
		switch {
		case i%100 == 0:
			f = key(i * 5)
		case i%3 == 0:
			f = sound(i * 5)
		}
		f.Payload = make([]byte, 1000)
		p.write(f)
		if i%2000 == 0 {
			p.End(errLost)
			p = h.publish()
		}
		if i%50 == 0 {
			runtime.Gosched()
			h.Streams()
		}
	}
	// All have read everything and are parked, then the last frame and the end come.
	time.Sleep(50 * time.Millisecond)
	p.write(sound(frames * 5))
	p.End(nil)
	readers.Wait()
}

// follow reads to the end, or for a while.
func follow(ctx context.Context, r *Reader, random *rand.Rand, stay bool) error {
	dst := make([]*media.Frame, 1+random.IntN(100))
	last := make(map[media.Kind]int64)
	for i := 0; stay || i < 100; i++ {
		n, err := r.Next(dst)
		if err != nil {
			return err
		}
		for _, f := range dst[:n] {
			if was, ok := last[f.Kind]; ok && f.DTS <= was {
				panic("DTS does not rise")
			}
			last[f.Kind] = f.DTS
			r.Sent(len(f.Payload))
		}
		if n > 0 {
			continue
		}
		select {
		case <-r.Ready():
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
