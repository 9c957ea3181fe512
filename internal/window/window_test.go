package window

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/hub/hubtest"
	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/media"
)

// Two doors share one packager, and each counts its own viewers.
func TestDoorsShare(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(5 * time.Second)
		s, a := h.open("hls")
		_, b := h.open("dash")
		if a != b || h.store.Stats().Packagers != 1 || s.Presentation(a.ID()) != a || s.Presentation("x") != nil {
			t.Fatalf("%+v", h.store.Stats())
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		s.Audience("dash").Note(r)
		s.Audience("dash").Sent(1000)
		r.RemoteAddr = "192.0.2.7:1"
		s.Audience("dash").Note(r)
		s.Audience("hls").Note(r)
		p.Send(2 * time.Second)
		info, _ := h.Registry.Stream("live/cam")
		if info.Viewers["hls"] != 1 || info.Viewers["dash"] != 2 || info.BytesOut != 1000 {
			t.Errorf("viewers %v, %d bytes", info.Viewers, info.BytesOut)
		}
		p.Send(restAfter + time.Second)
		if info, _ = h.Registry.Stream("live/cam"); h.store.Stream("live/cam") != nil || info.Viewers["dash"] != 0 {
			t.Errorf("it does not rest; viewers %v", info.Viewers)
		}
	})
}

// Whoever follows a track by Wait sees every part once, as it is made.
func TestWait(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(5 * time.Second)
		_, shown := h.open("hls")
		for _, track := range shown.Tracks() {
			go follow(t, track)
		}
		p.Send(20 * time.Second)
		p.End(nil)
		synctest.Wait()
		if v := shown.Tracks()[0].View(); !v.Ended || v.Open != nil || v.Last().Number+1 != v.Next {
			t.Errorf("%+v", v)
		}
	})
}

func follow(t *testing.T, track *Track) {
	v := track.View()
	number, part := v.Next, 0
	var parts []*cmaf.Part
	for {
		v, err := track.Wait(context.Background(), number, part)
		if err != nil {
			t.Error(err)
			return
		}
		made := track.Part(number, part)
		if made != nil {
			parts = append(parts, made)
			part++
			continue
		}
		whole := track.Segment(number)
		if whole == nil || !slices.Equal(whole.Parts, parts) || whole.Number != number {
			t.Errorf("segment %d has other parts than it had", number)
			return
		}
		if v.Ended && v.Next == number+1 {
			return
		}
		number, part, parts = number+1, 0, nil
	}
}

func TestWaitEnds(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, h *house) {
		h.Publish(hubtest.Tracks(hubtest.Video(0))).Send(5 * time.Second)
		_, shown := h.open("hls")
		track := shown.Tracks()[0]
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := track.Wait(ctx, 1000, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after its time: %v", err)
		}
		closed := make(chan error)
		go func() {
			_, err := track.Wait(context.Background(), 1000, WholeSegment)
			closed <- err
		}()
		synctest.Wait()
		h.store.Close()
		if err := <-closed; !errors.Is(err, ErrClosed) {
			t.Errorf("after the store was closed: %v", err)
		}
		if _, err := h.store.Open(context.Background(), hub.PlayRequest{Stream: "live/cam", Protocol: "hls"}); !errors.Is(err, ErrClosed) {
			t.Errorf("Open: %v", err)
		}
	})
}

func TestHas(t *testing.T) {
	parts := make([]*cmaf.Part, 3)
	whole := &Segment{Segment: &cmaf.Segment{Parts: parts}, Number: 6}
	open := &Segment{Segment: &cmaf.Segment{Parts: parts[:2]}, Number: 7}
	for _, c := range []struct {
		name   string
		view   View
		number uint64
		part   int
		want   bool
	}{
		{"older", View{Segments: []*Segment{whole}, Next: 7}, 2, 100, true},
		{"newest whole", View{Segments: []*Segment{whole}, Next: 7}, 6, WholeSegment, true},
		{"its last part", View{Segments: []*Segment{whole}, Next: 7}, 6, 2, true},
		{"behind its last part", View{Segments: []*Segment{whole}, Next: 7}, 6, 3, false},
		{"behind its last part, and there is more", View{Segments: []*Segment{whole}, Open: open, Next: 7}, 6, 3, true},
		{"open", View{Segments: []*Segment{whole}, Open: open, Next: 7}, 7, WholeSegment, false},
		{"a part of the open one", View{Segments: []*Segment{whole}, Open: open, Next: 7}, 7, 1, true},
		{"its next part", View{Segments: []*Segment{whole}, Open: open, Next: 7}, 7, 2, false},
		{"nothing open", View{Segments: []*Segment{whole}, Next: 7}, 7, 0, false},
		{"later", View{Segments: []*Segment{whole}, Open: open, Next: 7}, 8, 0, false},
		{"ended", View{Segments: []*Segment{whole}, Next: 7, Ended: true}, 100, 100, true},
		{"nothing yet", View{}, 0, 0, false},
		{"the largest number", View{Segments: []*Segment{whole}, Next: 7}, 1<<64 - 1, 0, false},
	} {
		if got := c.view.Has(c.number, c.part); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// What left the window is there for as long as a player may ask for it, and not
// for ever.
func TestExpiry(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(5 * time.Second)
		s, shown := h.open("hls")
		track := shown.Track(media.Video, 0)
		gone := make(map[uint64]time.Time)
		for range 60 {
			p.Send(time.Second)
			s.Touch()
			synctest.Wait()
			v := track.View()
			first := v.Segments[0].Number
			for n := range first {
				if gone[n].IsZero() {
					gone[n] = time.Now()
				}
				since := time.Since(gone[n])
				there := track.Segment(n) != nil
				if !there && since < 16*time.Second || there && since > 25*time.Second {
					t.Errorf("segment %d: %v after %v out of the window", n, there, since)
				}
				if there != (track.Part(n, 0) != nil) {
					t.Errorf("segment %d and its parts differ", n)
				}
			}
			if len(v.Segments) > leastSegments || v.Open != nil && v.Open.Number != v.Next {
				t.Errorf("%d segments, %d is open, %d next", len(v.Segments), v.Open.Number, v.Next)
			}
		}
		if track.Init(0) == nil || track.Init(1) != nil || !bytes.Contains(track.Init(0).Bytes, []byte("ftyp")) {
			t.Error("the header")
		}
		if peak, mean := track.Rates(); peak < mean || mean < 200_000 || mean > 250_000 {
			t.Errorf("rates %d and %d", peak, mean)
		}
	})
}

// A door's own things live as long as the presentation.
func TestValue(t *testing.T) {
	p := NewPresentation(&cmaf.Period{}, time.Second)
	type key struct{}
	made := 0
	for range 3 {
		if v := p.Value(key{}, func() any { made++; return made }); v != 1 {
			t.Errorf("value %v", v)
		}
	}
}

func TestLengths(t *testing.T) {
	lengths := func(stream string) Lengths {
		if stream != "live/cam" {
			t.Errorf("asked for %q", stream)
		}
		return Lengths{Segment: time.Second, Part: 10 * time.Second}
	}
	bubble(t, Options{Lengths: lengths}, func(t *testing.T, h *house) {
		h.Publish(hubtest.Tracks(hubtest.Video(0))).Send(5 * time.Second)
		_, p := h.open("hls")
		v := p.Tracks()[0].View()
		if p.PartTarget() < 480*time.Millisecond || p.PartTarget() > 520*time.Millisecond || p.Target() != time.Second || len(v.Segments) != 4 {
			t.Errorf("parts of %v, segments of %v, %d of them", p.PartTarget(), p.Target(), len(v.Segments))
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	for name, set := range map[string]*media.TrackSet{
		"one":    hubtest.Tracks(hubtest.Video(0), hubtest.Audio()),
		"ladder": hubtest.Tracks(hubtest.Video(0), hubtest.Video(1), hubtest.Video(2), hubtest.Audio()),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, h *house) {
				p := h.Publish(set)
				p.Size = 300_000 / (len(set.Tracks) - 1) // 60 Mbit/s
				p.Send(5 * time.Second)
				_, shown := h.open("hls")
				for range 20 {
					p.Send(time.Second)
					synctest.Wait()
					if n := shown.size(); n > budget || n < budget/4 {
						t.Fatalf("%d bytes are stored", n)
					}
				}
				least, most := leastSegments, 0
				for _, track := range shown.Tracks() {
					v := track.View()
					least, most = min(least, len(v.Segments)), max(most, len(v.Segments))
					for _, s := range v.Segments {
						if track.Segment(s.Number) == nil {
							t.Error("a segment is shown that is not there")
						}
					}
				}
				if least < 1 || most-least > 2 {
					t.Errorf("from %d to %d segments are left", least, most)
				}
			})
		})
	}
}

// A stream whose tracks change all the time leaves little behind.
func TestPresentationsAreBounded(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, h *house) {
		both, alone := hubtest.Tracks(hubtest.Video(0), hubtest.Audio()), hubtest.Tracks(hubtest.Video(0))
		p := h.Publish(both)
		p.Send(5 * time.Second)
		s, _ := h.open("hls")
		for i := range 40 {
			p.Tracks = alone
			if i%2 == 1 {
				p.Tracks = both
			}
			p.Send(1400 * time.Millisecond)
		}
		synctest.Wait()
		s.mu.RLock()
		defer s.mu.RUnlock()
		if n := len(s.over); n != mostOver {
			t.Errorf("%d presentations that are over are kept", n)
		}
	})
}

// A panic in the packager ends the packaging of its stream, for now, and nothing
// else.
func TestPanic(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(5 * time.Second)
		s, shown := h.open("hls")
		s.run.pack = nil
		p.Send(time.Second)
		synctest.Wait()
		if !shown.Tracks()[0].View().Ended || h.store.Stats().Panics != 1 {
			t.Errorf("%+v", h.store.Stats())
		}
		if _, again := h.open("hls"); again == shown {
			t.Error("the stream is not packaged anew")
		}
	})
}
