package hub

import (
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/media"
)

func describe(frames []*media.Frame) string {
	var s string
	for _, f := range frames {
		name := map[media.Kind]string{media.Video: "v", media.Audio: "a", media.Data: "d"}[f.Kind]
		if f.Kind == media.Video && f.Class == media.Key {
			name = "K"
		}
		if f.Kind == media.Data {
			name = "d:" + string(f.Payload) + "@"
		}
		if f.Track > 0 {
			name += fmt.Sprintf("#%d:", f.Track)
		}
		s += fmt.Sprintf("%s%d ", name, f.DTS/int64(time.Millisecond))
	}
	return s
}

func on(track uint8, f *media.Frame) *media.Frame {
	f.Track = track
	return f
}

func TestWhereReadersBegin(t *testing.T) {
	tests := []struct {
		name   string
		before []*media.Frame
		req    PlayRequest
		after  []*media.Frame
		want   string
	}{
		{
			name:   "at the newest key",
			before: []*media.Frame{key(0), inter(40), key(80), sound(90), inter(120)},
			want:   "K80 a90 v120 ",
		},
		{
			name:   "with the metadata, at the time of the key",
			before: []*media.Frame{metadata(0, "m"), key(0), inter(40), key(80), inter(120)},
			want:   "d:m@80 K80 v120 ",
		},
		{
			name:   "with metadata from before the first picture, hours into the encoder's clock",
			before: []*media.Frame{metadata(0, "m")},
			after:  []*media.Frame{key(7200000), inter(7200040)},
			want:   "d:m@7200000 K7200000 v7200040 ",
		},
		{
			name:   "with the newest metadata, once",
			before: []*media.Frame{metadata(0, "1"), key(0), metadata(20, "2"), sound(30), metadata(40, "3"), inter(50)},
			after:  []*media.Frame{metadata(60, "4")},
			want:   "d:3@0 K0 a30 v50 d:4@60 ",
		},
		{
			name:   "without metadata that was cleared",
			before: []*media.Frame{metadata(0, "1"), metadata(0, ""), key(0)},
			want:   "K0 ",
		},
		{
			name:   "without metadata beyond the bound",
			before: []*media.Frame{metadata(0, string(make([]byte, maxState+1))), key(0)},
			want:   "K0 ",
		},
		{
			name:   "with sound at once when there is no key",
			before: []*media.Frame{inter(0), sound(0), inter(40), sound(23), inter(80)},
			after:  []*media.Frame{inter(120), sound(46), key(160), inter(200)},
			want:   "a23 a46 K160 v200 ",
		},
		{
			name:   "sound only at the newest sound",
			before: []*media.Frame{sound(0), sound(23), sound(46)},
			after:  []*media.Frame{sound(69)},
			want:   "a46 a69 ",
		},
		{
			name:   "without picture at the newest sound",
			before: []*media.Frame{key(0), sound(0), inter(40), sound(23), inter(80)},
			req:    PlayRequest{NoVideo: true},
			after:  []*media.Frame{key(120), sound(46)},
			want:   "a23 a46 ",
		},
		{
			name:   "without sound",
			before: []*media.Frame{key(0), sound(0), inter(40)},
			req:    PlayRequest{NoAudio: true},
			after:  []*media.Frame{sound(46), inter(80)},
			want:   "K0 v40 v80 ",
		},
		{
			name:   "other video tracks at keys of their own",
			before: []*media.Frame{on(1, key(0)), key(0), on(1, inter(40)), inter(40)},
			after:  []*media.Frame{on(1, inter(80)), on(1, key(120)), on(1, inter(160))},
			want:   "K0 v40 K#1:120 v#1:160 ",
		},
		{
			name:   "a packager at the oldest key",
			before: []*media.Frame{inter(0), sound(0), key(40), inter(80), key(120), inter(160)},
			req:    PlayRequest{FromOldest: true},
			want:   "K40 v80 K120 v160 ",
		},
		{
			name:   "a packager of sound at the oldest frame",
			before: []*media.Frame{sound(0), sound(23), sound(46)},
			req:    PlayRequest{FromOldest: true},
			want:   "a0 a23 a46 ",
		},
		{
			name:   "a command neither starts nor follows a picture that is missing",
			before: []*media.Frame{sound(0), frame(media.Video, media.Command, 0), frame(media.Video, media.Generated, 40)},
			after:  []*media.Frame{frame(media.Video, media.Command, 80), key(120), frame(media.Video, media.Command, 160)},
			want:   "a0 K120 v160 ",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := open(t, Options{})
				p := h.publish()
				p.write(tt.before...)
				r := h.play(tt.req)
				defer r.Close()
				got := describe(drain(t, r))
				p.write(tt.after...)
				got += describe(drain(t, r))
				if got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
				p.End(nil)
				if !finished(r) {
					t.Error("the end did not reach the reader")
				}
			})
		})
	}
}

// A player that takes one track alone goes on with the next when that one ends.
func TestAnotherDefaultTrackBeginsWithAKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		both := (*media.TrackSet)(nil).With(&media.Track{Kind: media.Video}).With(&media.Track{Kind: media.Video, ID: 1})
		one := &media.TrackSet{Tracks: both.Tracks[1:]}
		of := func(s *media.TrackSet, f *media.Frame) *media.Frame {
			f.Tracks = s
			return f
		}
		p.write(of(both, key(0)), of(both, on(1, key(0))), of(both, inter(40)), of(both, on(1, inter(40))))
		r := h.play(PlayRequest{})
		defer r.Close()
		p.write(of(one, on(1, inter(80))), of(one, on(1, inter(120))), of(one, on(1, key(160))), of(one, on(1, inter(200))))
		p.write(of(both, on(1, inter(240))), of(both, inter(240)), of(both, key(280)), of(both, on(1, inter(280))))
		want := "K0 K#1:0 v40 v#1:40 K#1:160 v#1:200 v#1:240 K280 v#1:280 "
		if got := describe(drain(t, r)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		p.End(nil)
	})
}

func TestAnotherPublicationBeginsWithAKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(metadata(0, "old"), key(0), inter(40))
		r := h.play(PlayRequest{})
		defer r.Close()
		drain(t, r)
		p.End(errLost)
		p = h.publish()
		p.write(inter(5000), sound(5000), key(5040), inter(5080))
		if got, want := describe(drain(t, r)), "a41 K81 v121 "; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		r2 := h.play(PlayRequest{})
		defer r2.Close()
		if got, want := describe(drain(t, r2)), "K81 v121 "; got != want {
			t.Errorf("who joins gets %q, want %q: the metadata was the other encoder's", got, want)
		}
		p.End(nil)
	})
}

func TestSetTracks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0))
		r := h.play(PlayRequest{})
		defer r.Close()
		steps := []struct {
			video, audio bool
			write        []*media.Frame
			want         string
		}{
			{true, true, []*media.Frame{sound(10), inter(40)}, "K0 a10 v40 "},
			{false, true, []*media.Frame{sound(50), inter(80)}, "a50 "},
			{true, true, []*media.Frame{sound(90), inter(120), key(160), inter(200)}, "a90 K160 v200 "},
			{true, false, []*media.Frame{sound(210), inter(240)}, "v240 "},
		}
		for i, s := range steps {
			r.SetTracks(s.video, s.audio)
			p.write(s.write...)
			if got := describe(drain(t, r)); got != s.want {
				t.Errorf("step %d: got %q, want %q", i, got, s.want)
			}
		}
		p.End(nil)
	})
}

func TestResync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0), inter(40))
		r := h.play(PlayRequest{})
		defer r.Close()
		drain(t, r)
		p.write(inter(80))
		r.Resync()
		if got, want := describe(drain(t, r)), "v80 "; got != want {
			t.Errorf("without a new key: got %q, want %q", got, want)
		}
		p.write(inter(120), key(160), sound(170), key(200), inter(240))
		r.Resync()
		if got, want := describe(drain(t, r)), "K200 v240 "; got != want {
			t.Errorf("after a new key: got %q, want %q", got, want)
		}
		p.stream(1000, 60_000)
		r.Resync()
		if got := drain(t, r); len(got) == 0 || !got[0].IsKey() || got[0].DTS < ms(58_000) {
			t.Errorf("after a minute: got %s", describe(got[:min(len(got), 3)]))
		}
		if r.Drops() != 0 {
			t.Errorf("a pause counts %d drops", r.Drops())
		}
		p.End(nil)
	})
}

func TestResyncWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		r := h.play(PlayRequest{})
		drain(t, r)
		r.Resync()
		<-r.Ready()
		drain(t, r)
		r.Close()
		<-r.Ready()
		if _, err := all(r); err != ErrClosed {
			t.Errorf("after Close: %v", err)
		}
		p.End(nil)
	})
}

func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0))
		slow, quick := h.play(PlayRequest{}), h.play(PlayRequest{})
		defer slow.Close()
		defer quick.Close()
		drain(t, slow)
		h.kinds()

		p.stream(40, 9_000)
		if got := drain(t, slow); got[0].DTS != ms(40) || slow.Drops() != 0 {
			t.Errorf("9 s behind: begins with %s, %d drops", describe(got[:1]), slow.Drops())
		}
		p.stream(9_000, 20_000)
		if got := drain(t, slow); got[0].DTS != ms(19_000) || !got[0].IsKey() {
			t.Errorf("11 s behind: begins with %s", describe(got[:1]))
		}
		if want := uint64(2 * 10_000 / 40); slow.Drops() != want {
			t.Errorf("10 s of frames skipped: %d drops, want %d", slow.Drops(), want)
		}
		if got := len(drain(t, quick)); got == 0 || quick.Drops() == 0 {
			t.Errorf("the other reader had %d frames, %d drops", got, quick.Drops())
		}
		h.kinds()

		// Two more within 30 s.
		p.stream(20_000, 31_000)
		if drain(t, slow); fmt.Sprint(fmt.Sprint(h.kinds())) != "[reader-skipped]" {
			t.Error("no event of the second jump")
		}
		p.stream(31_000, 42_000)
		if _, err := all(slow); err != ErrSlowReader {
			t.Errorf("third jump in 30 s: %v", err)
		}
		if _, err := all(slow); err != ErrSlowReader {
			t.Errorf("the error does not stay: %v", err)
		}
		if got := fmt.Sprint(fmt.Sprint(h.kinds())); got != "[reader-slow]" {
			t.Errorf("events: %v", got)
		}
		if i, _ := h.Stream("live/cam1"); i.Drops < slow.Drops() {
			t.Errorf("the stream counts %d drops", i.Drops)
		}
		p.End(nil)
	})
}

func TestReaderThatSkipsNowAndThenStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0))
		r := h.play(PlayRequest{})
		defer r.Close()
		drain(t, r)
		for i := range 6 {
			p.stream(40+i*16_000, 40+(i+1)*16_000)
			if got := drain(t, r); !got[0].IsKey() {
				t.Errorf("jump %d lands on %s", i, describe(got[:1]))
			}
		}
		if r.Drops() == 0 {
			t.Error("no drops")
		}
		p.End(nil)
	})
}

func TestReaderTooManyBytesBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0))
		r := h.play(PlayRequest{})
		defer r.Close()
		drain(t, r)
		for i := 1; i <= 20; i++ {
			f := key(i)
			f.Payload = make([]byte, 1<<20)
			p.write(f)
		}
		if got, want := describe(drain(t, r)), "K20 "; got != want {
			t.Errorf("20 MiB behind: got %s, want %s", got, want)
		}
		p.End(nil)
	})
}

// A GOP that is longer than a reader may lag is no reason to jump: there is
// nowhere to jump to.
func TestLagWithinOneGOP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0))
		r := h.play(PlayRequest{})
		defer r.Close()
		drain(t, r)
		for at := 40; at <= 15_000; at += 40 {
			p.write(inter(at))
			time.Sleep(40 * time.Millisecond)
		}
		if got := drain(t, r); len(got) != 15_000/40 || r.Drops() != 0 {
			t.Errorf("got %d frames, %d drops", len(got), r.Drops())
		}
		// And one who joins gets the key, 15 s old as it is, even if another comes
		// while the first burst goes out.
		late := h.play(PlayRequest{})
		defer late.Close()
		dst := make([]*media.Frame, 1)
		if n, err := late.Next(dst); n != 1 || err != nil || dst[0].DTS != 0 {
			t.Fatalf("Next: %d, %v", n, err)
		}
		p.write(key(15_040))
		if got := drain(t, late); len(got) != 15_040/40 || late.Drops() != 0 {
			t.Errorf("the late one got %d frames, %d drops", len(got), late.Drops())
		}
		p.End(nil)
	})
}

// Frames that come faster than they are due, as from a file, make nobody lag.
func TestBurstIsNoLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0))
		r := h.play(PlayRequest{})
		defer r.Close()
		drain(t, r)
		for at := 500; at <= 60_000; at += 500 {
			p.write(key(at))
			if at%4000 == 0 {
				drain(t, r)
			}
		}
		drain(t, r)
		if r.Drops() != 0 {
			t.Errorf("%d drops", r.Drops())
		}
		p.End(nil)
	})
}

func TestNextNeedsRoom(t *testing.T) {
	h := open(t, Options{})
	p := h.publish()
	p.write(key(0))
	r := h.play(PlayRequest{})
	defer r.Close()
	if _, err := r.Next(nil); err != io.ErrShortBuffer {
		t.Errorf("Next without room: %v", err)
	}
	p.End(nil)
}

// Metadata that changed in what a reader skipped is given to it; other metadata
// is not given twice.
func TestMetadataAfterASkip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(metadata(0, "1"), key(0))
		r := h.play(PlayRequest{})
		defer r.Close()
		drain(t, r)
		p.write(key(40), key(80))
		r.Resync()
		if got, want := describe(drain(t, r)), "K80 "; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		p.write(metadata(120, "2"), key(120), inter(160))
		r.Resync()
		if got, want := describe(drain(t, r)), "d:2@120 K120 v160 "; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// What comes after a pause waits as little as what comes first.
func TestResyncIsABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0))
		r := h.play(PlayRequest{Delivery: Economy})
		defer r.Close()
		drain(t, r)
		p.write(key(40), inter(80))
		r.Resync()
		if got, want := describe(drain(t, r)), "K40 v80 "; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// Sound that stopped long ago is no place to begin.
func TestJoinAfterTheSoundStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(sound(0))
		for at := 0; at < 30_000; at += 500 {
			p.write(inter(at))
		}
		r := h.play(PlayRequest{})
		defer r.Close()
		p.write(key(30_000))
		if got := describe(drain(t, r)); got != "K30000 " || r.Drops() != 0 {
			t.Errorf("got %s, %d drops", got, r.Drops())
		}
	})
}

// The key that a reader stands on may be trimmed while it looks for the newest.
func TestReaderNeverGoesBack(t *testing.T) {
	h := open(t, Options{})
	p := h.publish()
	p.write(key(0), key(40), inter(80))
	r := h.play(PlayRequest{})
	defer r.Close()
	drain(t, r)
	for _, seq := range []uint64{1, 2, r.cursor} {
		if r.move(seq); r.cursor != 4 {
			t.Errorf("moved to %d", r.cursor)
		}
	}
}
