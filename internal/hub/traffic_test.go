package hub

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/media"
)

func TestTrafficNeverFalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		first := h.publish()
		first.stream0(2000)
		rtmp := h.play(PlayRequest{Protocol: "rtmp"})
		rtmps := h.play(PlayRequest{Protocol: "rtmps", TLS: "1.3"})
		hls := h.play(PlayRequest{Protocol: "hls", FromOldest: true})
		hls.SetViewers(7)
		drain(t, rtmp)
		rtmp.Sent(500)
		hls.Sent(40)

		now := h.Traffic()
		if now.Streams[Live] != 1 || now.Out["rtmp"] != (Outflow{Players: 1, Viewers: 1, Bytes: 500}) ||
			now.Out["hls"] != (Outflow{Viewers: 7, Bytes: 40}) {
			t.Errorf("while it runs: %+v", now)
		}
		for c, want := range map[Connection]int{
			{Publisher, "rtmp", ""}: 1, {Player, "rtmp", ""}: 1, {Player, "rtmps", "1.3"}: 1, {Player, "hls", ""}: 0,
		} {
			if got := now.Connected[c]; got != want {
				t.Errorf("%d of %v, want %d", got, c, want)
			}
		}
		rtmps.Close()
		in := now.In["rtmp"]
		if in.Publishers != 1 || in.Frames[media.Video] != 50 || in.Frames[media.Audio] != 50 || in.Bytes != 100*100 {
			t.Errorf("came in: %+v", in)
		}
		if now.RingTime != 1960*time.Millisecond || now.RingMax != now.RingTime || now.RingBytes != 100*(100+frameOverhead) {
			t.Errorf("the ring keeps %v, %v, %d bytes", now.RingTime, now.RingMax, now.RingBytes)
		}

		// The broadcast is over, its players are not: what they take still counts.
		first.End(nil)
		rtmp.Sent(1)
		now = h.Traffic()
		if now.Streams[Live]+now.Streams[Ended] != 0 || now.RingBytes != 0 || now.Out["rtmp"].Bytes != 501 || now.Out["hls"].Viewers != 7 {
			t.Errorf("after the end: %+v", now)
		}
		rtmp.Close()
		hls.Close()
		second := h.publish()
		second.write(key(0))
		now = h.Traffic()
		in = now.In["rtmp"]
		if in.Publishers != 1 || in.Bytes != 101*100 || now.Out["rtmp"] != (Outflow{Bytes: 501}) || now.Out["hls"] != (Outflow{Bytes: 40}) {
			t.Errorf("in the next broadcast: %+v", now)
		}
		if n := len(h.held); n != 1 {
			t.Errorf("%d streams are held", n)
		}
	})
}

// stream0 sends as stream does, without the time that it takes.
func (s *session) stream0(to int) {
	for at := 0; at < to; at += 40 {
		f := inter(at)
		if at%1000 == 0 {
			f = key(at)
		}
		s.write(f, sound(at))
	}
}

func TestNamesThatOnlyWaitLeaveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{PlayWait: time.Second})
		waited := make(chan error)
		go func() {
			_, err := h.Play(t.Context(), PlayRequest{Stream: "live/none", Wait: true})
			waited <- err
		}()
		synctest.Wait()
		if now := h.Traffic(); now.Streams[Waiting] != 1 || now.Waiting != 1 {
			t.Errorf("while it waits: %+v", now)
		}
		<-waited
		if len(h.held) != 0 {
			t.Error("the name is held for ever")
		}
	})
}

func TestDropsCountOnceASkip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0))
		r := h.play(PlayRequest{Protocol: "rtmp"})
		drain(t, r)
		p.stream(40, 15_000)
		drain(t, r)
		now, _ := h.Stream("live/cam1")
		out := h.Traffic().Out["rtmp"]
		if out.Skips != 1 || out.Drops == 0 || out.Drops != r.Drops() || out.Drops != now.Drops {
			t.Errorf("%+v, and the reader counts %d", out, r.Drops())
		}
		r.Close()
	})
}

func TestJoinTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type join struct {
			protocol string
			after    time.Duration
		}
		var joins []join
		h := open(t, Options{Joined: func(protocol string, after time.Duration) {
			joins = append(joins, join{protocol, after})
		}})
		p := h.publish()
		p.write(sound(0))
		late := h.play(PlayRequest{Protocol: "http-flv"})
		p.write(inter(0))
		drain(t, late)
		time.Sleep(700 * time.Millisecond)
		p.write(key(700), inter(740), key(780))
		drain(t, late)
		prompt := h.play(PlayRequest{Protocol: "rtmp"})
		packager := h.play(PlayRequest{Protocol: "hls", FromOldest: true})
		drain(t, prompt)
		drain(t, packager)
		if len(joins) != 2 || joins[0] != (join{"http-flv", 700 * time.Millisecond}) || joins[1] != (join{"rtmp", 0}) {
			t.Errorf("%v", joins)
		}
		late.Close()
		prompt.Close()
		packager.Close()
	})
}

func TestBroadcastHasAName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0))
		r := h.play(PlayRequest{})
		name := p.Broadcast()
		if info, _ := h.Stream("live/cam1"); len(name) != 10 || info.Broadcast != name || r.Broadcast() != name {
			t.Errorf("the broadcast is %q, %q and %q", name, info.Broadcast, r.Broadcast())
		}
		p.End(errLost)
		back := h.publish()
		if back.Broadcast() != name {
			t.Errorf("a publisher that returned is in broadcast %q", back.Broadcast())
		}
		back.write(key(0))
		drain(t, r)
		back.stream(40, 15_000)
		drain(t, r)
		back.End(nil)
		r.Close()
		resumed := 0
		for _, e := range h.events {
			if e.Kind == StreamResumed {
				resumed++
			}
			if e.Broadcast != name {
				t.Errorf("%v is of broadcast %q", e.Kind, e.Broadcast)
			}
		}
		if resumed != 1 {
			t.Errorf("it went on %d times", resumed)
		}
		if next := h.publish(); next.Broadcast() == name {
			t.Error("the next broadcast has the same name")
		}
	})
}

// A label may not have as many values as publishers think up.
func TestTrackKindsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		avc := &media.AVCConfig{Picture: media.Picture{Width: 1919, Height: 1066}}
		set := (*media.TrackSet)(nil).With(&media.Track{Kind: media.Video, Codec: media.H264, Format: avc}).
			With(&media.Track{Kind: media.Audio, Codec: media.Opus})
		for i := range 60 {
			f := inter(i * 33)
			f.Tracks = set
			p.write(f)
			time.Sleep(33 * time.Millisecond)
		}
		kinds := h.Traffic().Tracks
		video := TrackKind{media.Video, media.H264, 1080, 30}
		if len(kinds) != 2 || kinds[video] != 1 || kinds[TrackKind{Kind: media.Audio, Codec: media.Opus}] != 1 {
			t.Errorf("tracks %v", kinds)
		}
		p.End(nil)
		if kinds = h.Traffic().Tracks; len(kinds) != 0 {
			t.Errorf("after the end: %v", kinds)
		}
	})
}
